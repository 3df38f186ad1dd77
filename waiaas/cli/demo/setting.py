"""The setting: a chain, a daemon, an agent with funds, policies, a session."""

import json

from waiaas_sdk import Client, Retry

from waiaas.cli.amounts import Unit
from waiaas.cli.demo.narrator import Narrator
from waiaas.cli.demo.scene import Scene
from waiaas.cli.demo.stage import Stage
from waiaas.cli.exits import Failure

AGENT = "shopper"
INSTANT, NOTIFY, DELAY, DAILY, FUNDS = "0.01", "0.05", "0.2", "1.2", "10"
DELAY_SECONDS = 3


def set_up(stage: Stage, narrator: Narrator) -> Scene:
    """Everything before the first payment."""
    _chain(stage, narrator)
    _daemon(stage, narrator)
    agent, unit, funded = _agent(stage, narrator)
    _policies(stage, narrator, unit)
    return Scene(
        stage=stage,
        wallet=_session(stage, narrator, agent["address"]),
        unit=unit,
        agent_id=agent["id"],
        address=agent["address"],
        funded=funded,
    )


def _chain(stage: Stage, narrator: Narrator) -> None:
    with narrator.step(f"A chain of its own: {stage.chain.title}") as step:
        step.command(f"localnet {stage.chain.name} --port 0 --block-seconds {stage.chain.block_seconds}")
        step.tell("serves at", stage.start_chain())


def _daemon(stage: Stage, narrator: Narrator) -> None:
    with narrator.step("A data directory and a daemon") as step:
        step.command("init")
        made = stage.init()
        step.tell("trusted", ", ".join(made["plugins"]))
        step.command("start --detach")
        started = stage.start_daemon()
        step.tell("listens at", f"{started['url']}, process {started['pid']}")
        health = stage.operator.health()
        step.expect("the daemon is ready", health.ready, health.status)


def _agent(stage: Stage, narrator: Narrator) -> tuple[dict[str, str], Unit, int]:
    with narrator.step("An agent gets a wallet; nobody ever sees its key") as step:
        step.command(f"agent create {AGENT} --chain {stage.chain.name} --network {stage.chain.network}")
        agent = stage.waiaas("agent", "create", AGENT, "--chain", stage.chain.name, "--network", stage.chain.network)
        step.tell("address", agent["address"])
        unit = _unit(stage)
        step.command(f"agent fund {AGENT} {FUNDS}{unit.symbol}")
        funded = int(stage.waiaas("agent", "fund", AGENT, f"{FUNDS}{unit.symbol}")["amount"])
        held = stage.witness.balance(agent["address"])
        step.expect(f"the chain shows {unit.show(funded)}", held == funded, f"it shows {held}")
    return agent, unit, funded


def _unit(stage: Stage) -> Unit:
    for chain in stage.operator.catalogue.chains():
        if (chain.chain, chain.network) == (stage.chain.name, stage.chain.network):
            return Unit(chain.native.symbol, chain.native.decimals)
    raise Failure(f"the daemon does not know {stage.chain.name}/{stage.chain.network}", hint="see: waiaas plugins list")


def _policies(stage: Stage, narrator: Narrator, unit: Unit) -> None:
    def coins(text: str) -> str:
        return str(unit.read(f"{text}{unit.symbol}"))

    people = stage.chain.people
    limits = {
        "instant_max": coins(INSTANT),
        "notify_max": coins(NOTIFY),
        "delay_max": coins(DELAY),
        "delay_seconds": DELAY_SECONDS,
        "daily_limit": coins(DAILY),
    }
    friends = {"addresses": [people.coffee_shop, people.landlord, people.supplier, people.builder, people.courier]}
    with narrator.step("Its person sets the rules") as step:
        step.command(f"policy create SPENDING_LIMIT --agent {AGENT} --rules ...")
        step.tell("at once", f"up to {INSTANT} {unit.symbol}; told of it up to {NOTIFY}")
        step.tell("after a while", f"up to {DELAY} ({DELAY_SECONDS} s to change one's mind); more needs approval")
        step.tell("a day", f"{DAILY} {unit.symbol} in all")
        # priority decides which of two equally strict policies is named: the one that speaks for the amount
        named = ("--priority", "10")
        stage.waiaas("policy", "create", "SPENDING_LIMIT", "--agent", AGENT, "--rules", json.dumps(limits), *named)
        step.command(f"policy create ALLOWED_ADDRESSES --agent {AGENT} --rules ...")
        step.tell("to whom", f"{len(friends['addresses'])} known addresses, nobody else")
        stage.waiaas("policy", "create", "ALLOWED_ADDRESSES", "--agent", AGENT, "--rules", json.dumps(friends))
        stored = stage.operator.policies.list().items
        step.expect("both are in force", sum(policy.enabled for policy in stored) == 2, f"{len(stored)} are")


def _session(stage: Stage, narrator: Narrator, address: str) -> Client:
    with narrator.step("The agent's program gets a session: a token that expires") as step:
        step.command(f"session issue {AGENT} --ttl 3600")
        issued = stage.waiaas("session", "issue", AGENT, "--ttl", "3600")
        step.tell("token", "wai_sess_…, shown once, kept as a hash")
        wallet = Client(stage.url, token=issued["token"], retry=Retry(attempts=1))
        found = wallet.address().address
        step.expect("it opens this wallet and no other", found == address, found)
    return wallet
