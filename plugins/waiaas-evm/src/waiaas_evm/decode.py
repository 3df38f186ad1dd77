"""What a transaction would do, read from its bytes alone (invariant 1). Pure."""

from waiaas.interfaces.chain import Effect, What
from waiaas_evm.addresses import address_bytes, checksummed
from waiaas_evm.erc20 import read_transfer
from waiaas_evm.names import token_id
from waiaas_evm.transaction import Transaction

_SHOWN_BYTES = 256


def chain_id_of(tx: Transaction) -> str:
    """CAIP-2 of the chain that the bytes are good for."""
    return f"eip155:{tx.chain}"


def claim_of(tx: Transaction) -> str:
    """What only one landed transaction of the account can use."""
    return f"nonce:{tx.nonce}"


def gas_fee(tx: Transaction) -> int:
    """Wei that are taken for gas at most; all of it must be there before the transaction starts."""
    return tx.gas * tx.max_fee


def effects_of(tx: Transaction, account: str, native: str) -> tuple[Effect, ...]:
    """What leaves the account, and whatever is not understood. A transfer to oneself is no effect.

    Understood are money without data, and ``transfer`` of a token without money. The token's contract is taken to do what its
    standard says of that call: that it does is for whoever allows the token.

    :param account: the sender's address, which only the signature will say
    :param native: id of the native asset
    """
    to = checksummed(tx.to)
    if not tx.data:
        return _money(tx, to, account, native)
    transfer = read_transfer(tx.data)
    if transfer is None or tx.value or tx.to == address_bytes(account):
        return (unread_call(tx),)
    recipient = checksummed(transfer.to)
    if recipient == account:
        return ()
    asset = token_id(chain_id_of(tx), to)
    return (Effect(what=What.OUT, asset=asset, units=transfer.units, to=recipient),)


def unread_call(tx: Transaction) -> Effect:
    """An effect that says only that there is one."""
    shown = tx.data[:_SHOWN_BYTES].hex()
    method = f"0x{tx.data[:4].hex()}" if tx.data else "fallback"
    return Effect(what=What.UNKNOWN, units=tx.value, to=checksummed(tx.to), method=method, data=f"0x{shown}")


def _money(tx: Transaction, to: str, account: str, native: str) -> tuple[Effect, ...]:
    if to == account:
        return ()
    if not tx.value:
        # no money and no data still runs the code of a contract
        return (unread_call(tx),)
    return (Effect(what=What.OUT, asset=native, units=tx.value, to=to),)
