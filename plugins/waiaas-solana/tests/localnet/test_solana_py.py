"""solana-py 0.41, unmodified, as a user of the localnet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.core import RPCException, TransactionExpiredBlockheightExceededError
from solana.rpc.models import TokenAccountOpts, TxOpts
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.rpc.errors import SendTransactionPreflightFailureMessage
from solders.transaction_status import TransactionConfirmationStatus, TransactionErrorFieldless
from waiaas_solana.localnet import GENESIS_HASH, Localnet

from .client import SOL, payment

QUICK = 0.01  # seconds between solana-py's questions for a status


@pytest.fixture
def running() -> Localnet:
    """A localnet on quick slots of its own clock."""
    return Localnet(slot_seconds=0.05, finality_slots=8)


def talk(localnet: Localnet, story: Callable[[AsyncClient], Awaitable[None]]) -> None:
    """Run a story with a client, then close the localnet."""

    async def told() -> None:
        async with AsyncClient(localnet.url, commitment=Confirmed) as client:
            await story(client)

    with localnet:
        asyncio.run(told())


def test_airdrop_transfer_confirm(running: Localnet) -> None:
    """The whole life of a payment: airdrop, blockhash, send, confirm to finality, balances, history."""

    async def story(client: AsyncClient) -> None:
        payer, recipient = Keypair(), Keypair().pubkey()
        drop = await client.request_airdrop(payer.pubkey(), 2 * SOL)
        await client.confirm_transaction(drop.value, Confirmed, sleep_seconds=QUICK)
        assert (await client.get_balance(payer.pubkey())).value == 2 * SOL
        latest = (await client.get_latest_blockhash(Confirmed)).value
        sent = payment(payer, recipient, SOL, latest.blockhash)
        options = TxOpts(preflight_commitment=Confirmed, last_valid_block_height=latest.last_valid_block_height)
        signature = (await client.send_transaction(sent, options)).value
        assert signature == sent.signatures[0]
        height = latest.last_valid_block_height
        statuses = await client.confirm_transaction(signature, Finalized, QUICK, last_valid_block_height=height)
        assert statuses.value[0] is not None
        assert statuses.value[0].confirmation_status == TransactionConfirmationStatus.Finalized
        assert (await client.get_balance(recipient)).value == SOL
        found = (await client.get_transaction(signature, "base64", Finalized, 0)).value
        assert found is not None
        assert found.transaction.meta is not None
        assert (found.transaction.meta.fee, found.transaction.transaction) == (5_000, sent)
        listed = (await client.get_signatures_for_address(recipient, limit=5)).value
        assert [row.signature for row in listed] == [signature]
        parsed = (await client.get_transaction(signature, "jsonParsed", Finalized, 0)).value
        assert parsed is not None

    talk(running, story)


def test_payment_expires(running: Localnet) -> None:
    """A swallowed payment is reported as expired once the height has passed its last valid one."""

    async def story(client: AsyncClient) -> None:
        payer = Keypair()
        running.fund(str(payer.pubkey()), 2 * SOL)
        latest = (await client.get_latest_blockhash(Confirmed)).value
        running.faults.swallow()
        options = TxOpts(preflight_commitment=Confirmed)
        sent = payment(payer, Keypair().pubkey(), SOL, latest.blockhash)
        signature = (await client.send_transaction(sent, options)).value
        height = latest.last_valid_block_height
        running.advance(149)
        with pytest.raises(TransactionExpiredBlockheightExceededError):
            await client.confirm_transaction(signature, Confirmed, QUICK, last_valid_block_height=height)

    talk(running, story)


def test_preflight_failure_is_understood(running: Localnet) -> None:
    """The error of a refused payment arrives as solana-py's own type with error and logs."""

    async def story(client: AsyncClient) -> None:
        payer = Keypair()
        running.fund(str(payer.pubkey()), 2 * SOL)
        blockhash = (await client.get_latest_blockhash(Confirmed)).value.blockhash
        with pytest.raises(RPCException) as refused:
            await client.send_transaction(payment(payer, Keypair().pubkey(), 3 * SOL, blockhash))
        failure = refused.value.args[0]
        assert isinstance(failure, SendTransactionPreflightFailureMessage)
        assert failure.data.logs
        old = payment(payer, Keypair().pubkey(), SOL, blockhash)
        running.advance(200)
        with pytest.raises(RPCException) as expired:
            await client.send_transaction(old)
        assert expired.value.args[0].data.err == TransactionErrorFieldless.BlockhashNotFound

    talk(running, story)


def test_simulation_and_fee_are_understood(running: Localnet) -> None:
    """Simulations and fees parse."""

    async def story(client: AsyncClient) -> None:
        payer, recipient = Keypair(), Keypair().pubkey()
        running.fund(str(payer.pubkey()), 2 * SOL)
        sent = payment(payer, recipient, SOL, (await client.get_latest_blockhash(Processed)).value.blockhash)
        value = (await client.simulate_transaction(sent, True, Processed, accounts_addresses=[recipient])).value
        assert value.err is None
        assert value.units_consumed == 150
        assert value.accounts is not None
        assert value.accounts[0] is not None
        assert value.accounts[0].lamports == SOL
        replaced = await client.simulate_transaction(sent, False, Processed, replace_recent_blockhash=True)
        assert replaced.value.replacement_blockhash is not None
        assert isinstance(sent.message, MessageV0)
        assert (await client.get_fee_for_message(sent.message, Processed)).value == 5_000

    talk(running, story)


def test_questions_about_the_cluster_are_understood(running: Localnet) -> None:
    """Every answer about cluster, accounts and blocks parses into solana-py's types."""

    async def story(client: AsyncClient) -> None:
        key = Keypair().pubkey()
        running.fund(str(key), SOL)
        assert str((await client.get_genesis_hash()).value) == GENESIS_HASH
        assert await client.is_connected()
        slot = (await client.get_slot(Finalized)).value
        assert (await client.get_block_height(Finalized)).value < slot
        assert (await client.get_epoch_info()).value.slots_in_epoch == 432_000
        assert (await client.get_version()).value.solana_core
        assert (await client.get_account_info(key)).value is not None
        assert [one is not None for one in (await client.get_multiple_accounts([key, Pubkey([7] * 32)])).value] == [
            True,
            False,
        ]
        assert (await client.get_minimum_balance_for_rent_exemption(0)).value == 890_880
        assert (await client.get_blocks(slot - 3, slot)).value == [slot - 3, slot - 2, slot - 1, slot]
        block = (await client.get_block(slot, "base64", 0)).value
        assert block is not None
        assert block.block_height is not None
        assert (await client.get_block_time(slot)).value
        assert (await client.get_first_available_block()).value < slot
        assert (await client.get_minimum_ledger_slot()).value < slot
        assert (await client.get_transaction_count()).value >= 0
        tokens = TokenAccountOpts(program_id=Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"))
        assert (await client.get_token_accounts_by_owner(key, tokens)).value == []

    talk(running, story)


def test_dropped_answer_is_repeated_by_the_client(running: Localnet) -> None:
    """solana-py repeats a request whose answer was lost: the repetition is known as processed, and one payment is made."""

    async def story(client: AsyncClient) -> None:
        payer, recipient = Keypair(), Keypair().pubkey()
        running.fund(str(payer.pubkey()), 3 * SOL)
        sent = payment(payer, recipient, SOL, (await client.get_latest_blockhash(Confirmed)).value.blockhash)
        running.faults.drop_answer()
        with pytest.raises(RPCException) as refused:
            await client.send_transaction(sent)
        assert refused.value.args[0].data.err == TransactionErrorFieldless.AlreadyProcessed
        assert running.balance(str(recipient)) == SOL

    talk(running, story)


def test_node_that_is_away_is_an_error(running: Localnet) -> None:
    """A node that is away is solana-py's transport error."""

    async def story(client: AsyncClient) -> None:
        running.faults.away()
        with pytest.raises(SolanaRpcException):
            await client.get_slot()

    talk(running, story)
