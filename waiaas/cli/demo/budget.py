"""The budget: one allowance for two agents, and a refusal that says what remains of it."""

import json

from waiaas_sdk import Client, Denied, Retry

from waiaas.cli.demo.narrator import Narrator, Step
from waiaas.cli.demo.scene import Scene

COLLEAGUE = "cook"
_LIMIT, _TOO_MUCH = "1", "0.16"


def shared_budget(scene: Scene, narrator: Narrator) -> None:
    """What one agent spent, the other cannot spend again."""
    supplier = scene.stage.chain.people.supplier
    with narrator.step("Two agents share a budget") as step:
        colleague = _set_up(scene, step)
        before, units = scene.balance(scene.address), scene.coins(_TOO_MUCH)
        left = scene.coins(_LIMIT) - sum(amount for _, amount, _ in scene.paid)
        scene.ask(step, units, "supplier", supplier)
        _refused(scene, step, supplier, units, left)
        scene.unmoved(step, before)
        with colleague:
            tier = colleague.simulate(to=supplier, amount=units).tier
        step.tell(f"the {COLLEAGUE} asks", "what would become of the same payment")
        step.expect(f"the {COLLEAGUE}, who spent nothing, is held by it too", tier == "DENY", tier)


def _set_up(scene: Scene, step: Step) -> Client:
    stage = scene.stage
    step.command(f"agent create {COLLEAGUE} --chain {stage.chain.name} --network {stage.chain.network}")
    other = stage.waiaas("agent", "create", COLLEAGUE, "--chain", stage.chain.name, "--network", stage.chain.network)
    rules = {
        "name": "household",
        "agents": [scene.agent_id, other["id"]],
        "asset": _native(scene),
        "limit": str(scene.coins(_LIMIT)),
        "window_seconds": 7 * 86_400,
    }
    step.command("policy create BUDGET --all-agents --rules ...")
    stage.waiaas("policy", "create", "BUDGET", "--all-agents", "--rules", json.dumps(rules))
    step.tell("a week", f"{_LIMIT} {scene.unit.symbol} for the two of them together")
    issued = stage.operator.sessions.issue(other["id"])
    return Client(stage.url, token=issued.token, retry=Retry(attempts=1))


def _native(scene: Scene) -> str:
    there = scene.stage.chain.name, scene.stage.chain.network
    return next(one.native.id for one in scene.stage.operator.catalogue.chains() if (one.chain, one.network) == there)


def _refused(scene: Scene, step: Step, to: str, units: int, left: int) -> None:
    try:
        row = scene.wallet.send(to=to, amount=units)
    except Denied as error:
        scene.refused(step, error)
        step.tell("remaining", scene.unit.show(int(error.details.get("remaining") or 0)))
        found = error.details.get("type"), str(error.details.get("remaining"))
        step.expect("BUDGET knows what is left", found == ("BUDGET", str(left)), str(error.details))
        return
    step.expect("it is refused", False, f"{row.status}, tier {row.tier}")
