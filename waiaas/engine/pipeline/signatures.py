"""Signatures: the rounds between adapter and signer that make bytes complete. The bytes were decoded and compared before."""

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.stage import Bench
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Account, Signed, Unsigned

_MAX_ROUNDS = 16


def sign_bytes(
    bench: Bench, chain: Chain, account: Account, agent_id: str, unsigned: Unsigned, stop_epoch: int
) -> Signed:
    """Every signature the adapter asks for, from the agent's own key alone. Deterministic; nothing is stored.

    :param stop_epoch: the one under which it was found to be let through; the signer refuses an older one
    :raises Malformed: when the adapter asks for another key or never ends
    :raises NotReady, Stopped, Denied, StartRefused: what the signer says
    """
    done = list[bytes]()
    for _ in range(_MAX_ROUNDS):
        payloads = chain.call(chain.adapter.signing_payloads, unsigned, account, tuple(done))
        if not payloads:
            return chain.call(chain.adapter.attach, unsigned, account, tuple(done))
        for payload in payloads:
            if payload.key != account.key:
                raise Malformed("the adapter asks for another key's signature")
            done.append(
                bench.signer.sign(
                    agent_id=agent_id,
                    kind=payload.kind,
                    preimage=payload.preimage,
                    hash=payload.hash,
                    stop_epoch=stop_epoch,
                )
            )
    raise Malformed("the adapter never stops asking for signatures")
