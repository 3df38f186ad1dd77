"""The built-in networks as facts: CAIP-2 ids, native money, finality, fees, explorers, well-known tokens.

Finality is the node's block ``finalized`` wherever that word rests on the chain's own rule and not on a count of blocks:
Casper on Ethereum, the first layer's finality of what was posted there on rollups, votes of the validators on Polygon and BNB
Smart Chain, and on Avalanche acceptance, which comes with the block.
"""

from dataclasses import KW_ONLY, dataclass

from waiaas.interfaces.chain import Asset, Network
from waiaas.interfaces.ids import asset_id
from waiaas_evm.names import token_id
from waiaas_evm.traits import FINALIZED, ON_INCLUSION, Finality, Rollup, Traits

LOCAL = "local"
LOCAL_CHAIN = 31337
LOCAL_RPC = "http://127.0.0.1:8545"

_MILLI = 10**15
"""A thousandth of a coin of 18 decimals, in wei."""
_GWEI = 10**9
_PENDING_SLOTS = 16
"""Transactions of one account that the usual pool keeps whatever happens (geth's ``txpool.accountslots``)."""

_ETH, _POL, _BNB, _AVAX = ("ETH", 60), ("POL", 966), ("BNB", 714), ("AVAX", 9005)
"""Symbols with their coin types of SLIP-44."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A network with its traits."""

    network: Network
    traits: Traits


def native_asset(chain_id: str, symbol: str, coin_type: int, decimals: int = 18) -> Asset:
    """The asset that fees are paid in. :param coin_type: of SLIP-44"""
    return Asset(id=asset_id(chain_id, "slip44", str(coin_type)), symbol=symbol, decimals=decimals, native=True)


@dataclass(frozen=True, slots=True)
class _Facts:
    """One line of the table below.

    :param number: chain id of EIP-155; :param coin: symbol and coin type; :param explorer: host of pages about transactions
    :param floor: of tips, in wei for one unit of gas; :param block: milliseconds between blocks
    """

    name: str
    number: int
    coin: tuple[str, int]
    rpc: str
    explorer: str
    _: KW_ONLY
    fee_max: int
    floor: int
    block: int
    tokens: tuple[str, ...] = ()
    is_test: bool = False
    rollup: Rollup = "none"
    finality: Finality = FINALIZED
    max_in_flight: int | None = _PENDING_SLOTS

    def known(self) -> Known:
        """As the rest of the plugin has it."""
        return Known(network=self._network(f"eip155:{self.number}"), traits=self._traits())

    def _network(self, chain_id: str) -> Network:
        return Network(
            name=self.name,
            chain_id=chain_id,
            native=native_asset(chain_id, *self.coin),
            rpc=(self.rpc,),
            max_in_flight=self.max_in_flight,
            finality=str(self.finality),
            fee_max=self.fee_max,
            is_test=self.is_test,
            block_milliseconds=self.block,
            explorer=f"https://{self.explorer}/tx/{{tx}}" if self.explorer else "",
            tokens=tuple(token_id(chain_id, token) for token in self.tokens),
        )

    def _traits(self) -> Traits:
        return Traits(
            number=self.number,
            finality=self.finality,
            priority_floor=self.floor,
            rollup=self.rollup,
            keeps_everything=self.finality is ON_INCLUSION,
        )


_WRAPPED_ON_OP = "0x4200000000000000000000000000000000000006"

_TABLE = (
    _Facts(
        "ethereum",
        1,
        _ETH,
        "https://ethereum-rpc.publicnode.com",
        "etherscan.io",
        fee_max=20 * _MILLI,
        floor=10_000_000,
        block=12_000,
        tokens=(
            "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",  # USDC
            "0xdAC17F958D2ee523a2206206994597C13D831ec7",  # USDT
            "0x6B175474E89094C44Da98b954EedeAC495271d0F",  # DAI
            "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",  # WETH
        ),
    ),
    _Facts(
        "sepolia",
        11155111,
        _ETH,
        "https://ethereum-sepolia-rpc.publicnode.com",
        "sepolia.etherscan.io",
        fee_max=100 * _MILLI,
        floor=10_000_000,
        block=12_000,
        tokens=("0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238",),  # USDC
        is_test=True,
    ),
    _Facts(
        "base",
        8453,
        _ETH,
        "https://mainnet.base.org",
        "basescan.org",
        fee_max=2 * _MILLI,
        floor=1_000_000,
        block=2_000,
        tokens=("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", _WRAPPED_ON_OP),  # USDC, WETH
        rollup="op-stack",
    ),
    _Facts(
        "base-sepolia",
        84532,
        _ETH,
        "https://sepolia.base.org",
        "sepolia.basescan.org",
        fee_max=10 * _MILLI,
        floor=1_000_000,
        block=2_000,
        tokens=("0x036CbD53842c5426634e7929541eC2318f3dCF7e", _WRAPPED_ON_OP),  # USDC, WETH
        is_test=True,
        rollup="op-stack",
    ),
    _Facts(
        "polygon",
        137,
        _POL,
        "https://polygon-bor-rpc.publicnode.com",
        "polygonscan.com",
        fee_max=1_000 * _MILLI,
        floor=30 * _GWEI,
        block=2_000,
        tokens=(
            "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359",  # USDC
            "0xc2132D05D31c914a87C6611C10748AEb04B58e8F",  # USDT
            "0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270",  # WPOL
        ),
    ),
    _Facts(
        "polygon-amoy",
        80002,
        _POL,
        "https://rpc-amoy.polygon.technology",
        "amoy.polygonscan.com",
        fee_max=1_000 * _MILLI,
        floor=30 * _GWEI,
        block=2_000,
        tokens=("0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582",),  # USDC
        is_test=True,
    ),
    _Facts(
        "arbitrum",
        42161,
        _ETH,
        "https://arb1.arbitrum.io/rpc",
        "arbiscan.io",
        fee_max=2 * _MILLI,
        floor=0,
        block=250,
        tokens=(
            "0xaf88d065e77c8cC2239327C5EDb3A432268e5831",  # USDC
            "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9",  # USDT
            "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1",  # WETH
        ),
    ),
    _Facts(
        "arbitrum-sepolia",
        421614,
        _ETH,
        "https://sepolia-rollup.arbitrum.io/rpc",
        "sepolia.arbiscan.io",
        fee_max=10 * _MILLI,
        floor=0,
        block=250,
        tokens=("0x75faf114eafb1BDbe2F0316DF893fd58CE46AA4d",),  # USDC
        is_test=True,
    ),
    _Facts(
        "optimism",
        10,
        _ETH,
        "https://mainnet.optimism.io",
        "optimistic.etherscan.io",
        fee_max=2 * _MILLI,
        floor=1_000_000,
        block=2_000,
        tokens=(
            "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85",  # USDC
            "0x94b008aA00579c1307B0EF2c499aD98a8ce58e58",  # USDT
            _WRAPPED_ON_OP,
        ),
        rollup="op-stack",
    ),
    _Facts(
        "optimism-sepolia",
        11155420,
        _ETH,
        "https://sepolia.optimism.io",
        "sepolia-optimism.etherscan.io",
        fee_max=10 * _MILLI,
        floor=1_000_000,
        block=2_000,
        tokens=("0x5fd84259d66Cd46123540766Be93DFE6D43130D7", _WRAPPED_ON_OP),  # USDC, WETH
        is_test=True,
        rollup="op-stack",
    ),
    _Facts(
        "bnb",
        56,
        _BNB,
        "https://bsc-dataseed.bnbchain.org",
        "bscscan.com",
        fee_max=5 * _MILLI,
        floor=100_000_000,
        block=750,
        tokens=(
            "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d",  # USDC
            "0x55d398326f99059fF775485246999027B3197955",  # USDT
            "0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c",  # WBNB
        ),
    ),
    _Facts(
        "avalanche",
        43114,
        _AVAX,
        "https://api.avax.network/ext/bc/C/rpc",
        "snowtrace.io",
        fee_max=100 * _MILLI,
        floor=0,
        block=2_000,
        tokens=(
            "0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E",  # USDC
            "0x9702230A8Ea53601f5cD2dc00fDBc13d4dF4A8c7",  # USDT
            "0xB31f66AA3C1e785363F0875A1B74E27b85FD66c7",  # WAVAX
        ),
    ),
    _Facts(
        LOCAL,
        LOCAL_CHAIN,
        _ETH,
        LOCAL_RPC,
        "",
        fee_max=20 * _MILLI,
        floor=0,
        block=200,
        is_test=True,
        finality=ON_INCLUSION,
        max_in_flight=None,
    ),
)

BUILT_IN = tuple(facts.known() for facts in _TABLE)
