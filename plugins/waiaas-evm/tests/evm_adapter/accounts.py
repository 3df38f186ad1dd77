"""Keys and helpers that only tests have: coincurve signs, as the signer does."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import coincurve
from waiaas_evm.adapter import FORM, EvmAdapter
from waiaas_evm.addresses import address_bytes, checksummed
from waiaas_evm.erc20 import balance_data
from waiaas_evm.keccak import keccak256
from waiaas_evm.localnet import Anvil
from waiaas_evm.networks import BUILT_IN
from waiaas_evm.settings import EvmSettings

from waiaas.interfaces.chain import Account, Http, Network
from waiaas.interfaces.signing import PublicKey, Scheme, SigningPayload
from waiaas.testing.bench import Bench

from .contracts import deploy_token, mint

ETH = 10**18
GWEI = 10**9


def network(name: str) -> Network:
    """A built-in network by name."""
    return next(known.network for known in BUILT_IN if known.network.name == name)


LOCAL = network("local")


def adapter_over(http: Http, *, on: Network = LOCAL, **settings: object) -> EvmAdapter:
    """An adapter with these settings."""
    return EvmAdapter(on, EvmSettings.model_validate(settings), http)


DEEP = {
    "chain_id": 31338,
    "symbol": "TST",
    "rpc": "http://127.0.0.1:8545",
    "finality_depth": 2,
    "fee_max": 10**17,
    "block_milliseconds": 200,
}
"""Settings of a chain where a block is final two blocks later."""


def configured_adapter(http: Http, table: Mapping[str, object], **settings: object) -> EvmAdapter:
    """An adapter of a network that settings describe, named ``deep``."""
    read = EvmSettings.model_validate({"networks": {"deep": table}, **settings})
    on = next(one for one in EvmAdapter.networks(read) if one.name == "deep")
    return EvmAdapter(on, read, http)


def account_of(key: coincurve.PrivateKey) -> Account:
    """The account of a key."""
    public = PublicKey(scheme=Scheme.ECDSA_SECP256K1, data=key.public_key.format(compressed=True))
    address = checksummed(keccak256(key.public_key.format(compressed=False)[1:])[-20:])
    return Account(address=address, key=public, form=FORM)


@dataclass(frozen=True)
class Signer:
    """Signs payloads with a key: deterministic, low s, 65 bytes."""

    key: coincurve.PrivateKey

    def __call__(self, payload: SigningPayload) -> bytes:
        return self.key.sign_recoverable(keccak256(payload.preimage), hasher=None)


def new_address() -> str:
    """An address that nobody used."""
    return checksummed(secrets.token_bytes(20))


def _mixed_case_key() -> coincurve.PrivateKey:
    """A key in whose address one letter in the other case leaves letters of both cases: a checksum that can be wrong."""
    while True:
        key = coincurve.PrivateKey()
        digits = account_of(key).address[2:]
        if min(sum(map(str.isupper, digits)), sum(map(str.islower, digits))) > 1:
            return key


def bench_on(chain: Anvil, http: Http, adapter: EvmAdapter | None = None) -> Bench:
    """A funded account on a local chain."""
    key = _mixed_case_key()
    account = account_of(key)
    chain.call("anvil_setBalance", account.address, hex(100 * ETH))
    return Bench(
        adapter=adapter or adapter_over(http),
        chain=chain,
        http=http,
        account=account,
        sign=Signer(key),
        stranger_signs=Signer(coincurve.PrivateKey()),
        new_address=new_address,
        units=ETH // 1_000,
        foreign_addresses=(
            "9Hnb3bRj1Y4Xg7qqxqTqvkGfTnJvYwqS4bXv5QxkUu2a",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
            account.address[:-1],
            account.address + "0",
            account.address[2:],
            "0X" + account.address[2:],
            account.address[:-1] + "g",
            "0x" + "１" * 40,
        ),
        blocks_to_final=0,
        blocks_to_death=None,
        lists_tokens=False,
    )


def rival(bench: Bench, key: coincurve.PrivateKey) -> Bench:
    """The same bench with another account."""
    return replace(bench, account=account_of(key), sign=Signer(key))


def token_bench_on(chain: Anvil, http: Http, name: str = "Standard") -> Bench:
    """A bench that pays with one of the test tokens, of which the account holds plenty."""
    bench = bench_on(chain, http)
    token = deploy_token(chain, name)
    mint(chain, token, bench.account.address, 10**12)
    return paying_with(bench, chain, token)


def paying_with(bench: Bench, chain: Anvil, token: str) -> Bench:
    """The same bench with a token instead of native money."""
    asset = bench.adapter.parse_asset(token)
    return replace(bench, asset=asset, units=1_500_000, held=partial(held_of, chain, token))


def held_of(chain: Anvil, token: str, address: str) -> int:
    """Base units of a token, as its contract counts them."""
    return int(chain.call("eth_call", {"to": token, "data": f"0x{balance_data(address_bytes(address)).hex()}"}), 16)
