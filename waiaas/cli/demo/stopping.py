"""The stop: everything at once, without a password; a person lifts it and chooses what goes on."""

from waiaas_sdk import Stopped, Transaction

from waiaas.cli.demo.narrator import Narrator, Step
from waiaas.cli.demo.scene import Scene

_AMOUNT = "0.21"
"""Above what goes without a person."""


def stopped(scene: Scene, narrator: Narrator) -> None:
    """Two payments wait for approval when everything is stopped; one of them is let go on, and is then approved."""
    people = scene.stage.chain.people
    with narrator.step("Something is wrong: everything stops at once") as step:
        before = scene.balance(scene.address), scene.balance(people.supplier)
        wanted, unwanted = _held(scene, step, "supplier"), _held(scene, step, "builder")
        step.command("kill-switch activate")
        told = scene.stage.waiaas("kill-switch", "activate", "--reason", "the agent acts oddly")
        step.tell("answer", f"{told['state']}, without a password; the last signature was made")
        _refused(scene, step, people.coffee_shop)
        step.expect("reading goes on", scene.wallet.transaction(wanted.id).status == "QUEUED")
        scene.unmoved(step, before[0])
    with narrator.step("Its person lifts the stop, and chooses what goes on") as step:
        _recovered(scene, step, wanted, unwanted)
        other = scene.wallet.transaction(unwanted.id)
        step.expect("what was not named is cancelled", other.status == "CANCELLED", other.status)
        step.command(f"tx approve {wanted.id}")
        scene.stage.waiaas("tx", "approve", wanted.id)
        row = scene.final(wanted)
        step.expect("what was named is paid once it is approved", row.status == "CONFIRMED", row.error or row.status)
        scene.settled(step, row, "supplier", before)


def _held(scene: Scene, step: Step, whom: str) -> Transaction:
    units, address = scene.coins(_AMOUNT), str(getattr(scene.stage.chain.people, whom))
    scene.ask(step, units, whom, address)
    return scene.wallet.send(to=address, amount=units)


def _refused(scene: Scene, step: Step, to: str) -> None:
    try:
        row = scene.wallet.send(to=to, amount=scene.coins("0.005"))
    except Stopped as error:
        step.tell("agent sees", f"{error.status} {error.code}: {error.message}")
        step.expect("its smallest payment is refused too", error.code == "KILL_SWITCH", error.code)
        return
    step.expect("its smallest payment is refused too", False, f"{row.status}, tier {row.tier}")


def _recovered(scene: Scene, step: Step, wanted: Transaction, unwanted: Transaction) -> None:
    step.command(f"kill-switch recover --release {wanted.id}")
    done = scene.stage.waiaas("kill-switch", "recover", "--release", wanted.id)
    is_chosen = (done["released"], done["cancelled"]) == ([wanted.id], [unwanted.id])
    step.expect("it takes the password, and one payment goes on", is_chosen, str(done))
