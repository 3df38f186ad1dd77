"""An agent that pays one invoice: python agent.py ADDRESS AMOUNT INVOICE (amount in base units, such as lamports).

The invoice's number is the idempotency key: run it again, after a crash or a lost answer, and nothing is paid twice.
Exit codes: 0 paid, 1 failed, 2 refused by policy, 3 still waiting for time or for a person.
"""

import os
import sys

from waiaas_sdk import ChainRefused, Client, Denied, PaymentFields, WaiaasApiError, WaitTimeout

URL = os.environ.get("WAIAAS_URL", "http://127.0.0.1:3100")
TOKEN = os.environ["WAIAAS_SESSION_TOKEN"]
PATIENCE_SECONDS = float(os.environ.get("PATIENCE_SECONDS", "60"))


def pay(wallet: Client, to: str, amount: int, invoice: str) -> int:
    """Send, wait for the end, and say how it went."""
    fields = PaymentFields(to=to, amount=amount, note="weekly supplies")
    if "memo" in wallet.connect_info().capabilities:  # not every chain carries memos
        fields["memo"] = f"invoice {invoice}"
    try:
        payment = wallet.send(idempotency_key=f"invoice-{invoice}", **fields)
        if payment.status == "QUEUED":
            print(f"it waits: {payment.tier}, due at {payment.due_at}, approval {payment.approval}")
        paid = wallet.wait_for(payment.id, timeout=PATIENCE_SECONDS)
    except Denied as refusal:
        # The daemon says whether less or later would help. Repeating a refused payment unchanged never does.
        print(f"refused: {refusal.message}; {refusal.hint}; remaining {refusal.details.get('remaining')}")
        return 2
    except WaitTimeout:
        print("still waiting; run this again later, with the same invoice")
        return 3
    except ChainRefused as problem:
        print(f"the chain refused it: {problem.message}")
        return 1
    print(f"{paid.status}: {paid.tx_hash or paid.error}")
    return 0 if paid.status == "CONFIRMED" else 1


def main(to: str, amount: str, invoice: str) -> int:
    """Look at the wallet, then pay."""
    try:
        with Client(URL, token=TOKEN) as wallet:
            balance = wallet.balance()
            print(f"{balance.address} holds {balance.balance} base units of {balance.symbol}")
            return pay(wallet, to, int(amount), invoice)
    except WaiaasApiError as problem:
        print(f"{problem.code}: {problem.message}; {problem.hint}")
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
