"""The proof: chain, database and audit trail agree."""

from waiaas.cli.demo.narrator import Narrator
from waiaas.cli.demo.scene import Scene


def proof(scene: Scene, narrator: Narrator) -> None:
    """Counted from outside: the chain against the database, and the audit trail against itself."""
    with narrator.step("The books: chain, database and audit trail agree") as step:
        rows = scene.stage.operator.transactions.list(limit=100).items
        confirmed = {row.id for row in rows if row.status == "CONFIRMED"}
        told = {transaction for _, _, transaction in scene.paid}
        step.expect(f"{len(told)} payments, all known", confirmed == told, f"{len(confirmed)} are confirmed")
        hashes = {row.tx_hash for row in rows if row.tx_hash}
        spent = [entry for entry in scene.stage.witness.arrivals(scene.address) if entry in hashes]
        touched = scene.stage.witness.arrivals(scene.address)
        is_same = len(spent) == len(told) and len(touched) == len(told) + 1
        step.expect("on chain the same, and the funding", is_same, f"{len(spent)} of {len(touched)} are known here")
        held = scene.stage.operator.admin.status()["counts"]["reservations"]
        step.expect("no money is held back for anything", held == 0, f"{held} reservations are left")
        step.command("audit verify")
        report = scene.stage.waiaas("audit", "verify")
        step.tell("audit", f"{report['rows']} rows, each chained to the one before")
        step.expect("the audit trail is intact", report["intact"] is True, str(report["problems"]))
