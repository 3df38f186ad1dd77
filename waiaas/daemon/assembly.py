"""The one place that constructs everything, in order, each part from those before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waiaas.config import DataDir, Settings, write_private
from waiaas.engine.admin import Admin, Lifecycle
from waiaas.engine.adoption import Adoption
from waiaas.engine.agents import Agents
from waiaas.engine.approvals import Approvals
from waiaas.engine.audit import Audit
from waiaas.engine.backtests import Backtests
from waiaas.engine.backups import Backups
from waiaas.engine.catalogue import Catalogue
from waiaas.engine.chains import Chains
from waiaas.engine.channel_configs import ChannelConfigs
from waiaas.engine.channels import Channels
from waiaas.engine.checkpoints import Checkpoints
from waiaas.engine.failures import CredentialFailures
from waiaas.engine.guarded_clock import GuardedClock, TimeKeeping
from waiaas.engine.head import HeadKeeper
from waiaas.engine.ids import Ids
from waiaas.engine.journal import Journal
from waiaas.engine.judges import Judges
from waiaas.engine.keystore_folder import KeystoreFolder
from waiaas.engine.keystore_watch import KeystoreWatch
from waiaas.engine.kill_switch import KillSwitch
from waiaas.engine.limits import Limits
from waiaas.engine.live_channels import LiveChannels
from waiaas.engine.metrics import Metrics
from waiaas.engine.notices import Notices
from waiaas.engine.notifications import Notifications
from waiaas.engine.operator import Operator
from waiaas.engine.outcomes import Outcomes
from waiaas.engine.own_directory import OwnDirectory
from waiaas.engine.pipeline.acceptances import Acceptances
from waiaas.engine.pipeline.evaluate import Evaluator
from waiaas.engine.pipeline.gate import Gate
from waiaas.engine.pipeline.runner import Runner
from waiaas.engine.pipeline.stage import Bench, Observer
from waiaas.engine.pipeline.suspensions import Suspensions
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.policies import Policies
from waiaas.engine.price_sources import AssetIds, PriceSources, board_of, live_sources
from waiaas.engine.prices import PriceBoard
from waiaas.engine.recovery import Recovery
from waiaas.engine.restored import RestoreMark
from waiaas.engine.row_watch import RowWatch
from waiaas.engine.services import Services
from waiaas.engine.sessions import Sessions
from waiaas.engine.settings_watch import SettingsWatch
from waiaas.engine.stop_request import StopRequest
from waiaas.engine.tokens import Tokens
from waiaas.engine.transactions import Transactions
from waiaas.engine.wallet import Wallet
from waiaas.errors import NotReady
from waiaas.keystore.client import SignerClient
from waiaas.registry import Registry
from waiaas.store.database import Store
from waiaas.store.records import Transaction
from waiaas.workers.acceptor import Acceptor
from waiaas.workers.checkpointer import Checkpointer
from waiaas.workers.confirmer import Confirmer
from waiaas.workers.courier import Courier
from waiaas.workers.head_writer import HeadWriter
from waiaas.workers.lanes import Lanes
from waiaas.workers.notary import Notary
from waiaas.workers.pricer import Pricer
from waiaas.workers.sentinel import Sentinel
from waiaas.workers.thread import WorkerThread
from waiaas.workers.timekeeper import Timekeeper
from waiaas.workers.watchman import Watchman


@dataclass(slots=True, kw_only=True)
class House:
    """Everything that runs, assembled."""

    services: Services
    lanes: Lanes
    notifications: Notifications
    workers: list[WorkerThread]
    head: HeadKeeper
    recovery: Recovery
    outcomes: Outcomes
    acceptances: Acceptances
    lifecycle: Lifecycle
    chains: Chains
    journal: Journal
    checkpoints: Checkpoints
    store: Store
    prices: PriceSources
    judges: Judges


class _Bells:
    """Wake-ups of workers, named before the workers are: parts are built before what they wake."""

    def __init__(self) -> None:
        self.on_record: list[Callable[[], None]] = []
        self.on_stretch: list[Callable[[], None]] = []
        self.on_signed: list[Callable[[], None]] = []
        self.kill_switch: KillSwitch | None = None

    def hang(self, *, on_record: WorkerThread, on_signed: Sequence[WorkerThread]) -> None:
        """Let them wake these workers from now on."""
        self.on_record.append(on_record.wake)
        self.on_signed += [worker.wake for worker in on_signed]

    def recorded(self) -> None:
        """Something is to be told to people."""
        for wake in self.on_record:
            wake()

    def stretched(self) -> None:
        """Another hundred audit rows were written."""
        for wake in self.on_stretch:
            wake()

    def stops(self) -> KillSwitch:
        """For whoever is about to do what a stop forbids. :raises NotReady: before it is in place"""
        if self.kill_switch is None:
            raise NotReady("the kill switch is not in place yet", code="STOPPING")
        return self.kill_switch

    def signed(self) -> None:
        """Bytes were stored, or a row became final."""
        for wake in self.on_signed:
            wake()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the house is built on."""

    settings: Settings
    paths: DataDir
    store: Store
    signer: SignerClient
    registry: Registry
    clock: GuardedClock
    lifecycle: Lifecycle


def assemble(ground: Ground, *, observe: Observer, stop: Callable[[], None], on_death: Callable[[str], None]) -> House:
    """Build the house. Starts nothing.

    :param observe: told of each durable step
    :param stop: asks the daemon to drain and end
    :param on_death: told of a worker that died
    """
    (settings, paths, store, signer), (registry, clock, lifecycle, bells) = (
        (ground.settings, ground.paths, ground.store, ground.signer),
        (ground.registry, ground.clock, ground.lifecycle, _Bells()),
    )
    journal = Journal(
        clock,
        notifications_enabled=settings.notifications.enabled,
        dedup_ttl=settings.notifications.dedup_ttl,
        after_record=bells.recorded,
        after_stretch=bells.stretched,
    )
    checkpoints = Checkpoints(store=store, signer=signer, journal=journal, clock=clock, lifecycle=lifecycle)
    chains = Chains(registry, settings, clock)
    board, prices = _prices(ground, chains, journal)
    outcomes, judges = Outcomes(), Judges(registry)
    acceptances = Acceptances(store, outcomes, clock, observe)
    directory = _own_directory(ground, chains, journal)
    bench = Bench(
        store=store,
        chains=chains,
        signer=signer,
        evaluator=Evaluator(store, judges, chains, settings, clock, prices=board.fresh),
        transitions=Transitions(journal, clock),
        outcomes=outcomes,
        gate=(gate := Gate()),
        suspensions=Suspensions(journal, clock, gate),
        acceptances=acceptances,
        settings=settings,
        clock=clock,
        observe=observe,
        on_signed=bells.signed,
        heed_stop=lambda: bells.stops().heed(),
        require_no_stop=lambda: bells.stops().require_no_order(),
        hold_stop=lambda actor, order: bells.stops().hold(actor, order),
        is_open=lambda: lifecycle.is_open,
    )
    lanes = Lanes(Runner(bench).advance, on_death)

    def wake(row: Transaction) -> None:
        lanes.submit((row.chain, row.network), row.agent_id, row.id)

    def wake_first(row: Transaction) -> None:
        lanes.submit((row.chain, row.network), row.agent_id, row.id, is_first=True)

    failures = CredentialFailures(store, journal, clock)
    sessions = Sessions(bench=bench, journal=journal, failures=failures)
    configs = ChannelConfigs(store=store, registry=registry, signer=signer, journal=journal, clock=clock)
    keystore = _keystore_folder(ground, chains, journal)
    recovery = Recovery(
        bench=bench,
        journal=journal,
        sessions=sessions,
        directory=directory,
        configs=configs,
        lifecycle=lifecycle,
        keystore=keystore,
        wake=wake,
    )
    kill_switch = _kill_switch(bench, journal, sessions, StopRequest(paths.stop_request), recovery, bells)
    live = LiveChannels(registry, configs.unseal, store.seals.holds)
    notifications = _notifications(ground, live, Notices(chains.native), journal)
    services = Services(
        agents=Agents(bench=bench, sessions=sessions, journal=journal, wake=recovery.wake_agent),
        adoption=keystore.adoption,
        sessions=sessions,
        transactions=Transactions(bench, wake, wake_first),
        policies=(policies := Policies(store=store, judges=judges, chains=chains, journal=journal, clock=clock)),
        backtests=Backtests(store=store, evaluator=bench.evaluator, policies=policies, clock=clock),
        limits=(limits := Limits(store=store, judges=judges, chains=chains, clock=clock, prices=board.fresh)),
        channels=_channels(ground, configs, live, journal, notifications.mended),
        approvals=Approvals(bench, journal, wake),
        operator=Operator(
            store=store,
            signer=signer,
            journal=journal,
            failures=failures,
            settings=settings,
            clock=clock,
            on_unlocked=recovery.after_unlock,
            watch=keystore.watch,
        ),
        audit=Audit(store, paths.database, directory.head, checkpoints, lifecycle.instance_id),
        backups=Backups(store=store, signer=signer, journal=journal, clock=clock, paths=paths, checkpoints=checkpoints),
        wallet=Wallet(bench, limits),
        tokens=Tokens(store=store, chains=chains, journal=journal, clock=clock),
        admin=Admin(
            store=store,
            signer=signer,
            chains=chains,
            lifecycle=lifecycle,
            clock=clock,
            prices=prices.report,
            stop=stop,
            is_stopped=lambda: kill_switch.is_stopped,
        ),
        catalogue=Catalogue(registry, chains),
        ids=Ids(store),
        metrics=Metrics(store, lanes.sizes, chains.node_requests, lambda: signer.is_unlocked, prices.ages),
        kill_switch=kill_switch,
        rows=directory.rows,
    )
    confirmers = [WorkerThread(Confirmer(bench, *name, wake_first), on_death) for name in chains.names()]
    courier = WorkerThread(Courier(notifications, clock), on_death)
    head_writer = WorkerThread(HeadWriter(directory.head, clock), on_death)
    acceptor = WorkerThread(Acceptor(acceptances), on_death)
    acceptances.on_add = acceptor.wake
    bells.hang(on_record=courier, on_signed=[head_writer, *confirmers])
    return House(
        services=services,
        lanes=lanes,
        notifications=notifications,
        workers=[
            *confirmers,
            acceptor,
            courier,
            head_writer,
            _sentinel(ground, directory, head_writer, on_death),
            WorkerThread(Timekeeper(bench, failures, wake), on_death),
            WorkerThread(Checkpointer(store, settings.database.wal_checkpoint_interval), on_death),
            WorkerThread(Watchman(kill_switch), on_death),
            _notary(ground, checkpoints, bells, on_death),
            *(WorkerThread(Pricer(prices, one), on_death) for one in prices.live),
        ],
        head=directory.head,
        recovery=recovery,
        outcomes=outcomes,
        acceptances=acceptances,
        lifecycle=lifecycle,
        chains=chains,
        journal=journal,
        checkpoints=checkpoints,
        store=store,
        prices=prices,
        judges=judges,
    )


def _own_directory(ground: Ground, chains: Chains, journal: Journal) -> OwnDirectory:
    paths, store = ground.paths, ground.store
    mark, time = RestoreMark(paths.restored), TimeKeeping(ground.clock, store, journal)
    chains.on_disagreement = time.disagreed
    return OwnDirectory(
        head=HeadKeeper(paths.head, paths.database, store, write_private, mark),
        rows=RowWatch(store, journal),
        time=time,
        settings=SettingsWatch(
            settings=ground.settings,
            registry=ground.registry,
            networks=tuple(chains.names()),
            store=store,
            journal=journal,
        ),
    )


def _sentinel(
    ground: Ground, directory: OwnDirectory, head_writer: WorkerThread, on_death: Callable[[str], None]
) -> WorkerThread:
    sentinel = WorkerThread(Sentinel(directory.rows, directory.time), on_death)
    directory.rows.on_doubt, ground.store.seals.on_change = sentinel.wake, head_writer.wake
    return sentinel


def _prices(ground: Ground, chains: Chains, journal: Journal) -> tuple[PriceBoard, PriceSources]:
    ids = AssetIds(chains)
    board = board_of(ground.settings, ids, ground.clock)
    sources = PriceSources(
        store=ground.store,
        journal=journal,
        clock=ground.clock,
        board=board,
        ids=ids,
        live=live_sources(ground.settings, ground.registry),
        refresh_seconds=ground.settings.prices.refresh_seconds,
    )
    return board, sources


def _notary(ground: Ground, checkpoints: Checkpoints, bells: _Bells, on_death: Callable[[str], None]) -> WorkerThread:
    lifecycle, signer = ground.lifecycle, ground.signer
    notary = WorkerThread(Notary(checkpoints, lambda: lifecycle.is_open and signer.is_unlocked), on_death)
    bells.on_stretch.append(notary.wake)
    return notary


def _kill_switch(
    bench: Bench, journal: Journal, sessions: Sessions, request: StopRequest, recovery: Recovery, bells: _Bells
) -> KillSwitch:
    bells.kill_switch = KillSwitch(
        bench=bench,
        journal=journal,
        sessions=sessions,
        request=request,
        wake_all=recovery.wake_all,
        wake_agent=recovery.wake_agent,
    )
    return bells.kill_switch


def _keystore_folder(ground: Ground, chains: Chains, journal: Journal) -> KeystoreFolder:
    store, signer, clock, path = ground.store, ground.signer, ground.clock, ground.paths.keystore
    return KeystoreFolder(
        path=path,
        adoption=Adoption(store=store, chains=chains, signer=signer, journal=journal, clock=clock, keystore=path),
        watch=KeystoreWatch(store=store, signer=signer, journal=journal, clock=clock, keystore=path),
    )


def _notifications(ground: Ground, live: LiveChannels, notices: Notices, journal: Journal) -> Notifications:
    return Notifications(
        store=ground.store,
        registry=ground.registry,
        live=live,
        notices=notices,
        journal=journal,
        clock=ground.clock,
        retention_days=ground.settings.notifications.log_retention_days,
        dedup_ttl=ground.settings.notifications.dedup_ttl,
    )


def _channels(
    ground: Ground,
    configs: ChannelConfigs,
    live: LiveChannels,
    journal: Journal,
    on_mended: Callable[[str], None],
) -> Channels:
    return Channels(
        store=ground.store,
        registry=ground.registry,
        configs=configs,
        live=live,
        journal=journal,
        clock=ground.clock,
        at_least=ground.settings.notifications.min_channels,
        on_mended=on_mended,
    )
