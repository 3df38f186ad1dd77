"""The localnet's faucet. Network."""

import time

from waiaas.errors import Refused, Unavailable
from waiaas_solana.rpc import Rpc, RpcError, as_text
from waiaas_solana.sightings import is_settled, sightings_of

_PATIENCE_SECONDS = 20.0
_PAUSE_SECONDS = 0.05


def ask_faucet(rpc: Rpc, address: str, lamports: int) -> str:
    """Ask for lamports and wait until they are confirmed.

    :returns: the airdrop's id
    :raises Refused: with code FAUCET_REFUSED
    :raises Unavailable: when it is not confirmed in 20 seconds: slots may stand still
    """
    answer = rpc.try_call("requestAirdrop", address, lamports)
    if isinstance(answer, RpcError):
        raise Refused("FAUCET_REFUSED", f"the faucet does not give {lamports} lamports (error {answer.code})")
    signature = as_text(answer)
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        if is_settled(sightings_of(rpc.call("getSignatureStatuses", [signature]), 1)[0]):
            return signature
        time.sleep(_PAUSE_SECONDS)
    raise Unavailable("the airdrop was sent and is not confirmed yet: do the localnet's slots stand still?")
