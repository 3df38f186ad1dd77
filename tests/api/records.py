"""Credentials, ids and records that the played engine knows."""

from waiaas.engine.channels import ChannelView
from waiaas.engine.tokens import TokenView
from waiaas.engine.views import AgentView
from waiaas.interfaces.chain import Asset
from waiaas.store.records import Agent, Channel, Policy, Session, Token, Transaction

PASSWORD = "correct horse battery staple ü"
SESSION_TOKEN = "wai_sess_" + "A" * 43
OTHER_SESSION_TOKEN = "wai_sess_" + "B" * 43
OPERATOR_TOKEN = "wai_op_" + "C" * 43
AGENT_ID = "01890000-0000-7000-8000-00000000000a"
OTHER_AGENT_ID = "01890000-0000-7000-8000-00000000000b"
SESSION_ID = "01890000-0000-7000-8000-0000000000a1"
OTHER_SESSION_ID = "01890000-0000-7000-8000-0000000000b1"
TX_ID = "01890000-0000-7000-8000-0000000000c1"
CHANNEL_ID = "01890000-0000-7000-8000-0000000000e1"
POLICY_ID = "01890000-0000-7000-8000-0000000000d1"
NOW = 1_760_000_000
COIN = Asset(id="solana:test/slip44:501", symbol="SOL", decimals=9, native=True)
MINT = Asset(id="solana:test/token:Mint", symbol="USD", name="A Dollar", decimals=6, native=False)


def agent(id: str = AGENT_ID, name: str = "alice") -> Agent:
    return Agent(
        id=id,
        created_at=NOW,
        updated_at=NOW,
        name=name,
        chain="solana",
        network="localnet",
        form="plain",
        key_scheme="ed25519",
        public_key="ab" * 32,
        address="4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM",
        status="ACTIVE",
    )


def session(id: str = SESSION_ID, agent_id: str = AGENT_ID) -> Session:
    return Session(
        id=id,
        created_at=NOW,
        agent_id=agent_id,
        token_hash="00" * 32,
        expires_at=NOW + 3600,
        absolute_expires_at=NOW + 86400,
        constraints='{"maxAmount":"5"}',
        usage_stats='{"transactions":1}',
    )


def transaction(status: str = "CONFIRMED") -> Transaction:
    return Transaction(
        id=TX_ID,
        created_at=NOW,
        agent_id=AGENT_ID,
        session_id=SESSION_ID,
        chain="solana",
        network="localnet",
        type="TRANSFER",
        status=status,
        tier="INSTANT",
        intent='{"resolved":{"intent":{"memo":"hello"}}}',
        decision='{"tier":"INSTANT"}',
        updated_at=NOW,
        asset="native",
        amount=1_000_000,
        to_address="4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM",
        tx_hash="5" * 64,
    )


def policy() -> Policy:
    rules = '{"asset":"native","instant_max":"5"}'
    return Policy(id=POLICY_ID, created_at=NOW, updated_at=NOW, type="SPENDING_LIMIT", rules=rules, agent_id=AGENT_ID)


def channel_view() -> ChannelView:
    stored = Channel(id=CHANNEL_ID, created_at=NOW, type="TELEGRAM", config="{}")
    return ChannelView(channel=stored, config={"chat_id": "1"}, waiting=2, trouble="away")


def view(of: Agent | None = None) -> AgentView:
    return AgentView(agent=of or agent(), chain_id="solana:localnet")


def listed_token() -> TokenView:
    stored = Token(
        id=7,
        created_at=NOW,
        chain="solana",
        network="localnet",
        asset=MINT.id,
        symbol="USD",
        name="A Dollar",
        decimals=6,
    )
    return TokenView(chain="solana", network="localnet", asset=MINT.id, token=stored)
