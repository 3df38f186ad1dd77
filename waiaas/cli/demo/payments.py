"""Payments of every tier, and refusals."""

import time

from waiaas_sdk import Denied, Transaction

from waiaas.cli.demo.narrator import Narrator, Step
from waiaas.cli.demo.scene import Scene
from waiaas.cli.demo.setting import DAILY, DELAY_SECONDS
from waiaas.cli.output import at


def at_once(scene: Scene, narrator: Narrator) -> None:
    """INSTANT and NOTIFY."""
    people = scene.stage.chain.people
    for title, amount, tier, whom, address in (
        ("A small payment goes at once", "0.005", "INSTANT", "coffee shop", people.coffee_shop),
        ("A larger one goes too, and its person is told", "0.03", "NOTIFY", "landlord", people.landlord),
    ):
        with narrator.step(title) as step:
            units = scene.coins(amount)
            before = scene.balance(scene.address), scene.balance(address)
            scene.ask(step, units, whom, address)
            row = scene.final(_send(scene, address, units, f"for the {whom}"))
            scene.answered(step, row)
            step.expect(
                f"tier {tier}, paid", (row.tier, row.status) == (tier, "CONFIRMED"), f"{row.tier}, {row.status}"
            )
            scene.settled(step, row, whom, before)


def _send(scene: Scene, to: str, amount: int, words: str) -> Transaction:
    """With the words on chain, or for an approver's eyes where the chain carries none."""
    if scene.stage.chain.carries_memos:
        return scene.wallet.send(to=to, amount=amount, memo=words)
    return scene.wallet.send(to=to, amount=amount, note=words)


def simulated(scene: Scene, narrator: Narrator) -> None:
    """Asking first costs nothing."""
    supplier = scene.stage.chain.people.supplier
    with narrator.step("An agent can ask first what would happen") as step:
        before = scene.balance(scene.address)
        told = {}
        for amount in ("0.1", "0.5", "5"):
            answer = scene.wallet.simulate(to=supplier, amount=scene.coins(amount))
            told[amount] = answer.tier
            step.tell(f"{amount} {scene.unit.symbol}", f"would be {answer.tier}")
        wanted = {"0.1": "DELAY", "0.5": "APPROVAL", "5": "DENY"}
        step.expect("delay, approval, refusal", told == wanted, str(told))
        scene.unmoved(step, before)


def delayed(scene: Scene, narrator: Narrator) -> None:
    """DELAY, waited for."""
    supplier = scene.stage.chain.people.supplier
    with narrator.step("A larger payment waits, so that its person can stop it") as step:
        units, began = scene.coins("0.1"), time.monotonic()
        before = scene.balance(scene.address), scene.balance(supplier)
        scene.ask(step, units, "supplier", supplier)
        held = scene.wallet.send(to=supplier, amount=units, note="parts for the workshop")
        scene.answered(step, held)
        step.expect("it is held", (held.tier, held.status) == ("DELAY", "QUEUED"), f"{held.tier}, {held.status}")
        step.expect("nothing has left yet", scene.balance(scene.address) == before[0])
        row = scene.final(held)
        waited = time.monotonic() - began
        step.tell("later", f"{row.status}, {waited:.1f} s after it was asked for")
        step.expect(f"it was paid, and not before {DELAY_SECONDS} s", _was_delayed(row.status, waited), row.status)
        scene.settled(step, row, "supplier", before)


def _was_delayed(status: str, waited: float) -> bool:
    # the moment it is due is a whole second, so up to one less than asked for may pass
    return status == "CONFIRMED" and waited > DELAY_SECONDS - 1


def cancelled(scene: Scene, narrator: Narrator) -> None:
    """DELAY, called off."""
    builder = scene.stage.chain.people.builder
    with narrator.step("Another one waits, and is called off") as step:
        before = scene.balance(scene.address)
        scene.ask(step, scene.coins("0.15"), "builder", builder)
        held = scene.wallet.send(to=builder, amount=scene.coins("0.15"))
        scene.answered(step, held)
        row = scene.stage.operator.transactions.cancel(held.id)
        step.tell("its person", f"cancels it: {row.status}")
        step.expect("it is cancelled", row.status == "CANCELLED", row.status)
        _let_it_pass(scene, held.due_at)
        now = scene.wallet.transaction(held.id)
        step.expect("it stays so when its time comes", now.status == "CANCELLED", now.status)
        scene.unmoved(step, before)


def _let_it_pass(scene: Scene, due_at: int | None) -> None:
    """Until the moment at which the held payment would have gone out is over."""
    while due_at is not None and time.time() < due_at + 0.5:
        time.sleep(0.05)


def by_approval(scene: Scene, narrator: Narrator) -> None:
    """APPROVAL."""
    builder = scene.stage.chain.people.builder
    with narrator.step("A large payment needs a person's approval") as step:
        units = scene.coins("0.5")
        before = scene.balance(scene.address), scene.balance(builder)
        scene.ask(step, units, "builder", builder)
        held = scene.wallet.send(to=builder, amount=units, note="first instalment")
        scene.answered(step, held)
        waiting = [item["subjectId"] for item in scene.stage.operator.approvals.list().items]
        is_held = (held.tier, held.status) == ("APPROVAL", "QUEUED") and held.id in waiting
        step.expect("it waits for a person", is_held, f"{held.tier}, {held.status}")
        step.command(f"tx approve {held.id}")
        scene.stage.waiaas("tx", "approve", held.id)
        row = scene.final(held)
        step.tell("then", row.status)
        step.expect("it was paid after the approval", row.status == "CONFIRMED", row.error or row.status)
        scene.settled(step, row, "builder", before)


def forbidden(scene: Scene, narrator: Narrator) -> None:
    """A recipient on no list."""
    stranger = scene.stage.chain.people.stranger
    with narrator.step("A payment to a stranger is refused, with the reason") as step:
        before = scene.balance(scene.address)
        scene.ask(step, scene.coins("0.005"), "stranger", stranger)
        error = _denied(scene, step, stranger, scene.coins("0.005"))
        if error is not None:
            found = error.details.get("type")
            step.expect("ALLOWED_ADDRESSES refused it", found == "ALLOWED_ADDRESSES", str(found))
            row = scene.wallet.transaction(str(error.details.get("transactionId")))
            step.expect("the refusal is on record", row.tier == "DENY", f"{row.tier}, {row.status}")
        scene.unmoved(step, before)


def past_the_limit(scene: Scene, narrator: Narrator) -> None:
    """The daily limit."""
    landlord = scene.stage.chain.people.landlord
    with narrator.step("So is one past the daily limit, with what remains") as step:
        before, units = scene.balance(scene.address), scene.coins("0.4")
        left = scene.coins(DAILY) - sum(amount for _, amount, _ in scene.paid)
        scene.ask(step, units, "landlord", landlord)
        error = _denied(scene, step, landlord, units)
        if error is not None:
            details = error.details
            step.tell("remaining", scene.unit.show(int(details.get("remaining") or 0)))
            found = details.get("type"), str(details.get("remaining"))
            step.expect("SPENDING_LIMIT knows what is left", found == ("SPENDING_LIMIT", str(left)), str(details))
            resets = details.get("resetsAt")
            step.tell("resets", at(resets) if isinstance(resets, int) else "-")
            is_later = isinstance(resets, int) and time.time() < resets <= time.time() + 86_400 + 1
            step.expect("and says when there will be more, within a day", is_later, str(resets))
        scene.unmoved(step, before)


def _denied(scene: Scene, step: Step, to: str, amount: int) -> Denied | None:
    try:
        row = scene.wallet.send(to=to, amount=amount)
    except Denied as error:
        scene.refused(step, error)
        step.expect("it is refused", error.code == "POLICY_DENIED", error.code)
        return error
    step.expect("it is refused", False, f"{row.status}, tier {row.tier}")
    return None
