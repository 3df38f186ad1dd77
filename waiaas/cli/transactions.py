"""``waiaas tx``: transactions."""

import json
import sys
from pathlib import Path
from typing import TypedDict, Unpack

import click
from waiaas_sdk import Client, Operator, Page, PaymentFields, Transaction

from waiaas.cli.agent_names import agent_names
from waiaas.cli.amounts import Unit, Units, is_base_units
from waiaas.cli.connections import agent, operator
from waiaas.cli.exits import USAGE, Failure
from waiaas.cli.ids import whole, whole_agent
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import TRANSACTION_STATUSES, json_option, more, one_of, paging, token_file
from waiaas.cli.output import Column, at, print_facts, print_json, print_table, say
from waiaas.cli.reasons import why
from waiaas.engine.rules.text import clean


class _Wishes(TypedDict):
    """Options of a send that only pass through."""

    memo: str | None
    note: str | None
    idempotency_key: str | None
    wait: int | None


@click.group()
def tx() -> None:
    """Transactions of all agents."""


@tx.command("list")
@click.option("--agent", "agent_name", help="Only this agent's.")
@one_of(TRANSACTION_STATUSES)
@paging
@json_option
@click.pass_obj
def list_(
    invocation: Invocation,
    agent_name: str | None,
    status: str | None,
    limit: int | None,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List transactions, newest first."""
    with operator(invocation, several=True) as daemon:
        agent_id = daemon.agents.show(whole_agent(daemon, agent_name)).id if agent_name else None
        page = daemon.transactions.list(agent_id=agent_id, status=status, limit=limit, cursor=cursor)
        _print_page(daemon, page, as_json, f"No transaction is {status}." if status else "No transactions.")


@tx.command()
@paging
@json_option
@click.pass_obj
def pending(invocation: Invocation, limit: int | None, cursor: str | None, as_json: bool) -> None:
    """List transactions that are not final: waiting, held, on their way."""
    with operator(invocation, several=not as_json) as daemon:
        page = daemon.transactions.pending(limit=limit, cursor=cursor)
        _print_page(daemon, page, as_json, "Nothing waits and nothing is on its way.")


@tx.command()
@click.argument("transaction", metavar="TX")
@json_option
@click.pass_obj
def show(invocation: Invocation, transaction: str, as_json: bool) -> None:
    """Show one transaction, with what decided it."""
    with operator(invocation, several=not as_json) as daemon:
        _print(daemon, daemon.transactions.show(whole(daemon, "transaction", transaction)), as_json)


@tx.command()
@click.argument("transaction", metavar="TX")
@json_option
@click.pass_obj
def approve(invocation: Invocation, transaction: str, as_json: bool) -> None:
    """Let a transaction that waits for approval go on."""
    with operator(invocation, several=not as_json) as daemon:
        row = daemon.transactions.approve(whole(daemon, "transaction", transaction))
        if as_json:
            return print_json(row)
        row = daemon.transactions.show(row.id)
        _print(daemon, row, as_json)
    return say(f"{_goes_on(row)} What becomes of it: waiaas tx show {row.id}")


def _goes_on(approved: Transaction) -> str:
    if approved.waiting is None:
        return "It is approved and goes on now."
    return f"It is approved, and waits all the same: {approved.waiting.reason}; {approved.waiting.hint}."


@tx.command()
@click.argument("transaction", metavar="TX")
@json_option
@click.pass_obj
def reject(invocation: Invocation, transaction: str, as_json: bool) -> None:
    """Refuse a transaction that waits for approval."""
    with operator(invocation, several=not as_json) as daemon:
        _print(daemon, daemon.transactions.reject(whole(daemon, "transaction", transaction)), as_json)


@tx.command()
@click.argument("transaction", metavar="TX")
@json_option
@click.pass_obj
def cancel(invocation: Invocation, transaction: str, as_json: bool) -> None:
    """Cancel a transaction that is PENDING or QUEUED."""
    with operator(invocation, several=not as_json) as daemon:
        _print(daemon, daemon.transactions.cancel(whole(daemon, "transaction", transaction)), as_json)


_MAX_FEE = click.option(
    "--max-fee",
    help="The most that the network may take: base units, or 0.001ETH [twice the dearest so far].",
)
_WAIT = click.option("--wait", type=click.IntRange(0, 30), help="Seconds to wait until a node has the new bytes [10].")


@tx.command("speed-up")
@click.argument("transaction", metavar="TX")
@_MAX_FEE
@_WAIT
@json_option
@click.pass_obj
def speed_up(invocation: Invocation, transaction: str, max_fee: str | None, wait: int | None, as_json: bool) -> None:
    """Sign a SUBMITTED transaction again with a larger fee."""
    with operator(invocation, several=True) as daemon:
        tx_id = whole(daemon, "transaction", transaction)
        most = _fee(daemon, tx_id, max_fee)
        _print(daemon, daemon.transactions.speed_up(tx_id, max_fee=most, wait=wait), as_json)


@tx.command("cancel-onchain")
@click.argument("transaction", metavar="TX")
@_MAX_FEE
@_WAIT
@json_option
@click.pass_obj
def cancel_onchain(
    invocation: Invocation, transaction: str, max_fee: str | None, wait: int | None, as_json: bool
) -> None:
    """Sign bytes that give a SUBMITTED transaction up; whichever lands is the truth."""
    with operator(invocation, several=True) as daemon:
        tx_id = whole(daemon, "transaction", transaction)
        most = _fee(daemon, tx_id, max_fee)
        _print(daemon, daemon.transactions.cancel_onchain(tx_id, max_fee=most, wait=wait), as_json)


def _fee(daemon: Operator, transaction: str, text: str | None) -> int | None:
    """Native base units of what was given as --max-fee; written with a symbol, the transaction's network says how many."""
    if text is None or is_base_units(text):
        return None if text is None else int(text)
    row = daemon.transactions.show(transaction)
    unit = Units.of(daemon).native(row.chain, row.network)
    if unit is None:
        raise Failure(f"the plugin of {row.chain} is not loaded", hint="write base units", exit_code=USAGE)
    units = unit.read(text)
    print(f"max fee: {unit.display(units)} = {units} base units", file=sys.stderr)
    return units


@tx.command()
@click.argument("to")
@click.argument("amount")
@click.option("--token", help="The token's address; left out it is the native asset.")
@click.option("--memo", help="Goes on chain.")
@click.option("--note", help="Why, for the approver.")
@click.option("--idempotency-key", help="The same key and payment again never pays twice.")
@click.option("--wait", type=click.IntRange(0, 30), help="Seconds to wait for the outcome [10].")
@click.option("--dry-run", is_flag=True, help="Only say what would be decided, as JSON; nothing is stored.")
@token_file
@json_option
@click.pass_obj
def send(
    invocation: Invocation,
    /,
    to: str,
    amount: str,
    *,
    token: str | None,
    token_file: Path | None,
    dry_run: bool,
    as_json: bool,
    **wishes: Unpack[_Wishes],
) -> None:
    """Pay AMOUNT to the address TO as an agent: base units (10000000), or with the symbol (0.01SOL).

    With --token the amount is the token's: base units, or with the symbol that the token has on the chain.

    The session's token is read from WAIAAS_SESSION_TOKEN or --token-file.
    """
    with agent(invocation, token_file) as wallet:
        unit = None if is_base_units(amount) else _unit(wallet, token)
        units = int(amount) if unit is None else unit.read(amount)
        payment = PaymentFields(to=to, amount=units)
        if token is not None:
            payment["token"] = {"address": token} if unit is None else {"address": token, "decimals": unit.decimals}
        if wishes["memo"] is not None:
            payment["memo"] = wishes["memo"]
        if wishes["note"] is not None:
            payment["note"] = wishes["note"]
        if dry_run:
            return print_json(wallet.simulate(**payment))
        sent = wallet.send(idempotency_key=wishes["idempotency_key"], wait=wishes["wait"], **payment)
    if as_json:
        return print_json(sent)
    return _print_facts(sent, f"{sent.display} ({units})" if sent.display else f"{units}", sent.wallet_id)


def _unit(wallet: Client, token: str | None) -> Unit:
    """How amounts of the asset are written. What is sent along is the decimals that the amount was read with."""
    balance = wallet.balance(token)
    return Unit(balance.symbol, balance.decimals)


def _print_page(daemon: Operator, page: Page[Transaction], as_json: bool, empty: str) -> None:
    if as_json:
        return print_json(page)
    units, names = Units.of(daemon), agent_names(daemon)
    columns = [
        Column("id", is_whole=True),
        Column("status", is_whole=True),
        Column("tier", is_whole=True),
        Column("amount", is_whole=True),
        Column("agent"),
        Column("to", is_whole=True),
        Column("created", is_whole=True),
    ]
    rows = [
        (
            row.id,
            row.status,
            row.tier,
            units.brief(row),
            names.get(row.wallet_id, row.wallet_id),
            row.to_address,
            at(row.created_at),
        )
        for row in page.items
    ]
    print_table(columns, rows, empty=empty)
    if line := more(page.cursor, page.has_more):
        say(line)
    return None


def _print(daemon: Operator, row: Transaction, as_json: bool) -> None:
    if as_json:
        return print_json(row)
    return _print_facts(row, Units.of(daemon).show(row), daemon.agents.show(row.wallet_id).name)


def _print_facts(row: Transaction, amount: str, agent: str) -> None:
    print_facts(
        {
            "id": row.id,
            "agent": agent,
            "what": f"{row.type} on {row.chain}/{row.network}",
            "amount": amount,
            "asset": row.asset if row.type == "TOKEN_TRANSFER" else None,
            "to": row.to_address,
            "careful": "\n".join([*(str(one.get("text")) for one in row.cautions), *row.warnings]) or None,
            "status": row.status,
            "tier": row.tier,
            "because": why(row),
            "goes on at": at(row.due_at) if row.due_at and not row.is_final else None,
            "approval": _approval(row),
            "tx hash": row.tx_hash,
            "explorer": row.explorer_url,
            "bytes": _variants(row),
            "proof": "\n".join(dict.fromkeys(one.proof for one in row.variants if one.proof)) or None,
            **_troubles(row),
            "created": at(row.created_at),
            "memo": _of_agent(row.memo),
            "note": _of_agent(row.note),
        }
    )


def _of_agent(words: str | None) -> str | None:
    """Text that decides nothing and may say anything, quoted so that it passes for no line of ours."""
    tidy = clean(words or "")
    return f"the agent's own words, unchecked: {json.dumps(tidy, ensure_ascii=False)}" if tidy else None


def _troubles(row: Transaction) -> dict[str, str | None]:
    """What it waits for, since when, and what helps; or what went wrong."""
    if row.waiting is None:
        return {"waits" if row.error is None else "error": trouble(row)}
    waiting = row.waiting
    return {"waits": f"{waiting.code}: {waiting.reason}", "waits since": at(waiting.since), "what helps": waiting.hint}


def trouble(row: Transaction) -> str | None:
    """What went wrong; or only its code, where nothing did yet and the payment waits for it to pass."""
    return ": ".join(word for word in (row.error_code, row.error) if word) or None


def _variants(row: Transaction) -> str | None:
    """Where there are several: each with what it may cost and where it was seen last."""
    if len(row.variants) < 2:
        return None
    return ", ".join(f"{one.n} {one.kind} (fee up to {one.fee_cap}) {one.last_status}" for one in row.variants)


def _approval(row: Transaction) -> str | None:
    if row.approval is None or row.is_final:
        return None
    expires = row.approval.get("expiresAt")
    return f"waiaas tx approve {row.id}" + (f" until {at(expires)}" if isinstance(expires, int) else "")
