"""Keys and helpers that only tests have: solders' keypair is the oracle that signs."""

from dataclasses import dataclass, replace
from functools import partial

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from waiaas_solana.adapter import FORM, SolanaAdapter
from waiaas_solana.localnet import Localnet, MintKind
from waiaas_solana.networks import NETWORKS
from waiaas_solana.settings import SolanaSettings

from waiaas.interfaces.chain import Account, Http, Network
from waiaas.interfaces.signing import PublicKey, Scheme, SigningPayload
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp

SOL = 1_000_000_000
PLENTY = 10**12
TOKEN_2022 = "spl-token-2022"
MAINNET_GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
CONFIRMED_SLOTS, FINALITY_SLOTS, LIFETIME = 1, 32, 150

LOCAL = next(network for network in NETWORKS if network.name == "localnet")


def network(name: str) -> Network:
    """A network by name."""
    return next(one for one in NETWORKS if one.name == name)


def adapter_over(http: Http, *, on: Network = LOCAL, **settings: int | str) -> SolanaAdapter:
    """An adapter with these settings."""
    return SolanaAdapter(on, SolanaSettings.model_validate(settings), http)


def account_of(key: Keypair) -> Account:
    """The account of a key."""
    data = bytes(key.pubkey())
    return Account(address=str(key.pubkey()), key=PublicKey(scheme=Scheme.ED25519, data=data), form=FORM)


@dataclass(frozen=True)
class Signer:
    """Signs payloads with a keypair."""

    key: Keypair

    def __call__(self, payload: SigningPayload) -> bytes:
        return bytes(self.key.sign_message(payload.preimage))


def new_address() -> str:
    """An address that nobody used."""
    return str(Keypair().pubkey())


def bench_on(chain: Localnet, http: Http, adapter: SolanaAdapter | None = None) -> Bench:
    """A funded account on a localnet, ten blocks old."""
    key = Keypair()
    chain.fund(str(key.pubkey()), 100 * SOL)
    chain.advance(10)
    return Bench(
        adapter=adapter or adapter_over(http),
        chain=chain,
        http=http,
        account=account_of(key),
        sign=Signer(key),
        stranger_signs=Signer(Keypair()),
        new_address=new_address,
        units=2_000_000,
        foreign_addresses=(
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
            str(key.pubkey())[:-12],
            str(key.pubkey()) + "1" * 12,
            "1" * 31,
            "1" * 33,
            "１" * 32,
            "O" * 44,
        ),
        blocks_to_final=FINALITY_SLOTS,
        # made with the blockhash of a confirmed block, whose life has to be over at finality
        blocks_to_death=LIFETIME - CONFIRMED_SLOTS + FINALITY_SLOTS + 1,
        replica=lambda *slots: DirectHttp(chain.replica_url(*slots)),
        liar=DirectHttp(chain.lying_url),
        release=chain.release,
    )


def token_bench_on(
    chain: Localnet, http: Http, kind: MintKind | None = None, adapter: SolanaAdapter | None = None
) -> Bench:
    """The same, paying with a token of which the account holds plenty."""
    bench = bench_on(chain, http, adapter)
    mint = chain.issuer.mint(kind or MintKind())
    chain.issuer.issue(mint, bench.account.address, PLENTY)
    chain.advance(2)
    return replace(bench, asset=f"{LOCAL.chain_id}/token:{mint}", held=partial(chain.tokens, mint))


def mint_of(bench: Bench) -> str:
    """The mint of a token bench."""
    return (bench.asset or "").rpartition(":")[2]


def rival(bench: Bench, key: Keypair) -> Bench:
    """The same bench with another account."""
    return replace(bench, account=account_of(key), sign=Signer(key))


def pubkey(text: str) -> Pubkey:
    """An address as solders has it."""
    return Pubkey.from_string(text)
