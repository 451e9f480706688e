"""Wires the core by constructor, a package of it at a time."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bots.settings import Settings
from core.admission.account import AccountWatch
from core.admission.account_alerts import AccountAlerts
from core.admission.admission import Admission
from core.admission.expiry import HeldTurnExpiry
from core.admission.fair_worklist import FairWorklist
from core.admission.liveness import CompletionsRoute, Liveness
from core.admission.operator_alerts import OperatorAlerts, alert_channel_of
from core.admission.prober import AccountProbe, Prober, ProbeTurns
from core.admission.quotas import Limits
from core.admission.rate_windows import Allowance
from core.admission.spending.caps import SpendCaps
from core.aivax.client import AivaxClient
from core.aivax.keys import check_model, kind_of
from core.aivax.personal.memories import Memories
from core.aivax.personal.records import Records
from core.aivax.personal.shell_files import ShellFiles
from core.aivax.services.chat_helpers import ChatHelpers
from core.conversations.capabilities import Capabilities
from core.conversations.file_memory import FileMemory
from core.conversations.history import History
from core.conversations.routes import Routes
from core.domain import Frontend
from core.domain.hooks import NO_HOOKS, Hooks
from core.domain.tracing import NO_TRACER, Tracer
from core.guard.guard import Guard
from core.i18n import Phrase, Translators, retired
from core.ingest.model_choice import Models
from core.ingest.service import StoringIntake, build_intake
from core.niceties.follow_up import Niceties
from core.operations.upkeep import Leadership
from core.places.choices import PlaceChoices
from core.places.rules import PlaceRules
from core.rights.possible import why_not
from core.rights.privacy import Features, PrivacyPage
from core.rights.remote_deletion import Logging, RemoteDeletion
from core.storage.alerts import AlertStore
from core.storage.db import Database, listen_notify
from core.storage.dispatch.jobs import Jobs
from core.storage.dispatch.schema import ENGINE
from core.storage.history import HistoryStore
from core.storage.operations.place_settings import PlaceSettingStore
from core.storage.ops.cluster_lease import ClusterLease
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.summaries.store import SummaryStore
from core.storage.turns.breakers import BreakerStore
from core.storage.turns.call_store import CallStore
from core.storage.turns.intake import IntakeStore
from core.storage.turns.release import HeldTurnRelease
from core.storage.turns.store import TurnStore
from core.turns.cancellation import Cancellations
from core.turns.position_notifier import PositionNotifier
from core.turns.surfaces import Surfaces
from core.turns.worker_pool import PoolSettings, WorkerPool
from core.util.clock import Clock
from core.util.log import log

if TYPE_CHECKING:
    from core.console.rollups import Rollups
    from core.operations.cluster import Cluster
    from core.operations.control import Control
    from core.rights.linking import Linking
    from core.rights.people import PeopleDesk
    from core.settings import StorageSettings

UPKEEP_LEASE_S = 20.0
"""How long a process may be silent before another does what is done once for all, where turns wait longer."""
CARRIED = {"sweep_interval_s": 30.0}
"""Where jobs carry the work, one process reads the rows for all; each does so itself only to be on the safe side."""


@dataclass(frozen=True, slots=True)
class Base:
    """What everything else is wired on."""

    settings: Settings
    database: Database
    aivax: AivaxClient
    frontends: Mapping[str, Frontend]
    now: Clock
    routes: Routes
    translators: Translators
    places: PlaceChoices
    history: History
    tracer: Tracer = NO_TRACER
    hooks: Hooks = NO_HOOKS

    @property
    def global_ids(self) -> frozenset[str]:
        """The platforms on which one user id is one person, in whichever workspace."""
        return global_ids_of(self.frontends)


def global_ids_of(frontends: Mapping[str, Frontend]) -> frozenset[str]:
    """The platforms on which one user id is one person, in whichever workspace."""
    return frozenset(name for name, frontend in frontends.items() if frontend.ids_are_global)


@dataclass(frozen=True, slots=True)
class Queueing:
    """Which turn runs next, and where."""

    turns: TurnStore
    calls: CallStore
    allowance: Allowance
    files: FileMemory
    cancellations: Cancellations
    pool: WorkerPool
    account: AccountWatch
    leadership: Leadership
    """Which of several processes does what is done once for all of them."""


@dataclass(frozen=True, slots=True)
class Admitting:
    """What lets calls to AIVAX through, and tells operators where it does not."""

    aivax: AivaxClient
    models: frozenset[str]
    account: AccountWatch
    alerts: OperatorAlerts
    account_alerts: AccountAlerts
    admission: Admission
    prober: Prober
    caps: SpendCaps
    places: PlaceChoices
    leadership: Leadership
    routes: Routes


def base_of(
    settings: Settings,
    database: Database,
    aivax: AivaxClient,
    frontends: Mapping[str, Frontend],
    now: Clock,
    tracer: Tracer = NO_TRACER,
) -> Base:
    """Begin the wiring: routes, and the bot's own sentences."""
    for name, instead in retired(settings.replies.sentences).items():
        fix = f"it is said no more; reword {instead}" if instead else "it is said no more: delete the line"
        log.warning("sentence.retired", setting=f"[replies.sentences] {name}", fix=fix)
    places = PlaceChoices(settings.place_admins, settings.limits, PlaceSettingStore(database, now))
    instructions, offered = settings.conversation.instructions, settings.place_admins.offered
    routes = Routes(
        settings.routes, settings.aivax, places.gateway, instructions=instructions, offered=offered
    )
    translators = Translators(
        locale_of=lambda place: routes.of(place).locale,
        following=settings.replies,
        chosen_for=places.language,
    )
    summaries = SummaryStore(database, now) if settings.summaries.enabled else None
    history = History(HistoryStore(database), settings.conversation, now, summaries=summaries)
    return Base(settings, database, aivax, frontends, now, routes, translators, places, history, tracer)


def queueing_of(base: Base) -> Queueing:
    """Wire the stores of turns and calls, and the worker pool over them."""
    limits, lease_s = base.settings.limits, base.settings.storage.worker_lost_after_s
    is_carried = base.settings.storage.dispatch == ENGINE
    files = FileMemory(limits.attachment_memory_bytes, limits.person_share)
    turns = TurnStore(
        base.database,
        base.now,
        _process_name(),
        lease_s=lease_s,
        person_running=limits.running_of_person,
        roomless=files.roomless,
    )
    kind = kind_of(base.settings.aivax.api_key)
    allowance = Allowance(limits.requests_per_minute, kind, base.aivax.account.balance)
    calls = CallStore(base.database, turns, base.now, person_share=limits.person_share)
    cancellations = Cancellations(turns)
    pool = WorkerPool(
        FairWorklist(turns, calls, allowance, base.now, base.database.meter),
        frozenset(base.frontends),
        PoolSettings(
            running_turns=limits.running_turns,
            person_running=limits.running_of_person,
            grace_s=limits.shutdown_grace_s,
            renew_interval_s=lease_s / 4,
            **(CARRIED if is_carried else {}),
        ),
        look=cancellations.look,
        carrier=Jobs(base.database, alive_s=lease_s / 2) if is_carried else None,
        hears=lambda: base.database.server is not None and base.database.server.listening_url is not None,
    )
    account = AccountWatch(base.aivax.account.balance, base.now)
    leadership = _leadership_of(base, turns.owner, account)
    return Queueing(turns, calls, allowance, files, cancellations, pool, account, leadership)


def _process_name() -> str:
    """What this process is called in rows that are its own."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def cluster_of(settings: StorageSettings, database: Database) -> Cluster | None:
    """Wire what frontends share with those of other processes; a process that has the database alone has no others."""
    if database.is_sqlite or not settings.share_platforms:
        return None
    from core.operations.cluster import Cluster  # only who shares pays

    return Cluster(database, _process_name(), lease_s=min(UPKEEP_LEASE_S, settings.worker_lost_after_s))


def _leadership_of(base: Base, owner: str, account: AccountWatch) -> Leadership:
    """Wire what decides which of several processes does what is done once for all of them."""
    if base.database.is_sqlite:
        return Leadership(None, account)
    lease_s = min(UPKEEP_LEASE_S, base.settings.storage.worker_lost_after_s)
    return Leadership(ClusterLease(base.database, base.now, owner, lease_s=lease_s), account)


def hearing_of(base: Base, queueing: Queueing) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
    """Wire what tells the pool of work that other processes stored: notices, and jobs where they carry it."""
    storage, pool = base.settings.storage, queueing.pool
    hear = partial(listen_notify.hear, base.database, base.frontends, pool.heard, pool.sweep_soon)
    if storage.dispatch != ENGINE:
        return (hear,)
    from core.turns.dispatch.job_worker import JobWorker  # comes with the extra `procrastinate` only

    worker = JobWorker(base.database, base.frontends, pool, stalled_after_s=storage.worker_lost_after_s)
    return (hear, worker.run)


def admitting_of(base: Base, queueing: Queueing) -> Admitting:
    """Wire the circuit breakers, their probes, and what operators are told."""
    settings, limits, operators, now = base.settings, base.settings.limits, base.settings.operators, base.now
    pool, turns = queueing.pool, queueing.turns
    release = HeldTurnRelease(base.database, now, most=limits.release_batch)
    breakers, account = BreakerStore(base.database, now, release), queueing.account
    liveness = Liveness(base.aivax.account.answers, now)
    alerts = OperatorAlerts(
        AlertStore(base.database, now),
        base.translators.of(""),
        alert_channel_of(operators.channel, base.frontends),
        pool.notify,
    )
    watches_balance = bool(operators.channel or operators.balance_thresholds)
    account_alerts = AccountAlerts(
        alerts,
        breakers,
        account,
        now,
        thresholds=operators.balance_thresholds,
        balance_interval_s=settings.aivax.balance_interval_s if watches_balance else None,
        models=base.routes.instead_of,
    )
    admission = Admission(
        breakers,
        account,
        liveness,
        now,
        account_alerts=account_alerts,
        limits=limits,
        sweep_soon=pool.sweep_soon,
    )
    expiry = HeldTurnExpiry(
        turns,
        now,
        timedelta(hours=limits.held_hours),
        give_up=lambda turn, locale, place: turns.give_up(
            turn, base.translators.for_reader(locale, place).say(Phrase.KEPT_TOO_LONG)
        ),
    )
    prober = Prober(
        breakers,
        ProbeTurns(
            breakers, release, liveness, CompletionsRoute(base.aivax.account.completions_answer, now), now
        ),
        AccountProbe(breakers, admission, account, now),
        expiry,
        account_alerts,
        pool.sweep_soon,
        pool.activity,
    )
    caps = SpendCaps(limits, lambda: account.usage_24h_usd)
    models = frozenset(base.routes.models)
    leading, routes = queueing.leadership, base.routes
    told = (account, alerts, account_alerts, admission, prober, caps)
    return Admitting(base.aivax, models, *told, base.places, leading, routes)


def surfaces_of(base: Base, queueing: Queueing) -> Surfaces:
    """Wire what opens the place of an answer."""
    return Surfaces(
        queueing.turns, base.frontends, base.translators, timeout_s=base.settings.limits.turn_timeout_s
    )


def niceties_of(base: Base, surfaces: Surfaces) -> Niceties:
    """Wire what follows answers."""
    is_askable = why_not(base.settings.aivax.model_copy(update={"forget_remotely": True})) is None
    helpers = ChatHelpers(base.aivax.admin) if is_askable else None
    guard, store = Guard(base.settings.guard), HistoryStore(base.database)
    return Niceties(base.settings.replies, helpers, store, surfaces.frontend, guard)


def notifier_of(base: Base, queueing: Queueing, surfaces: Surfaces) -> PositionNotifier:
    """Wire what tells people their place in the queue."""
    return PositionNotifier(
        queueing.turns,
        queueing.calls,
        queueing.allowance,
        surfaces,
        queueing.pool,
        silent_wait_s=base.settings.limits.silent_wait_s,
        now=base.now,
    )


def models_of(base: Base) -> Models:
    """Wire what knows and chooses the gateways of places."""
    kind = kind_of(base.settings.aivax.api_key)
    return Models(
        base.routes,
        base.settings.operators.names,
        lambda model: check_model(kind, model, "model"),
        base.aivax.account.models,
    )


def intake_of(
    base: Base, pool: WorkerPool, caps: SpendCaps, scrubber: Scrubber, capabilities: Capabilities
) -> StoringIntake:
    """Wire what takes events in."""
    settings, models = base.settings, models_of(base)
    return build_intake(
        IntakeStore(base.database, base.now, base.global_ids, base.tracer),
        pool,
        Limits(
            settings.limits,
            settings.access,
            caps,
            lambda place: caps.fall_back and bool(base.routes.of(place).fallback_model),
            tuple(capabilities),
            models.may_choose,
            PlaceRules(base.places),
        ),
        base.translators,
        models,
        conversation=settings.conversation,
        privacy=PrivacyPage(
            settings.storage,
            settings.conversation,
            settings.aivax,
            settings.routes,
            Features(
                memory=settings.memory.enabled,
                learning=settings.knowledge.learns,
                linking=settings.people.linking,
                summaries=settings.summaries.enabled,
            ),
            _logging_of(base),
        ),
        rights=settings.privacy,
        scrubber=scrubber,
        frontends=base.frontends,
        why_not_remotely=why_not(settings.aivax),
        hooks=base.hooks,
        linking=linking_of(base),
    )


def linking_of(base: Base) -> Linking | None:
    """Wire what links accounts; None where it is off."""
    if not base.settings.people.linking:
        return None
    from core.rights.linking import Linking  # who has it switched off does not load it

    return Linking(base.settings.people, base.translators)


def control_of(
    settings: Settings,
    database: Database,
    now: Clock,
    pool: WorkerPool | None = None,
    places: PlaceChoices | None = None,
) -> Control:
    """Wire what operators do beside the chat; without `pool` and `places`, to a database that no process uses here."""
    from core.operations.control import Control  # who serves no pages does not load it
    from core.storage.operations.pauses import PauseStore
    from core.storage.operations.turn_changes import TurnChanges

    release = HeldTurnRelease(database, now, most=settings.limits.release_batch)
    pauses, changes = PauseStore(database, now, release), TurnChanges(database, now)
    translators = Translators(following=settings.replies)
    clearing = places or PlaceSettingStore(database, now)
    if pool is None:
        return Control(pauses, changes, translators, places=clearing)
    return Control(pauses, changes, translators, pool.notify, pool.sweep_soon, clearing)


def rollups_of(base: Base, account: AccountWatch) -> Rollups:
    """Wire what counts days for the web console."""
    from core.console.rollups import Rollups  # only who has the console pays
    from core.storage.rollups.counting import RollupStore

    store = RollupStore(base.database, base.settings.web.console.time_zone)
    return Rollups(store, account, base.now)


def desk_of(database: Database, now: Clock, frontends: Mapping[str, Frontend]) -> PeopleDesk:
    """Wire what operators do about people."""
    from core.rights.people import PeopleDesk

    global_ids = global_ids_of(frontends)
    return PeopleDesk(IntakeStore(database, now, global_ids), global_ids)


def remote_deletion_of(base: Base, pool: WorkerPool) -> RemoteDeletion:
    """Wire what deletes at AIVAX. Requests that were taken in are carried out, though the setting is off by now."""
    admin = base.aivax.admin
    return RemoteDeletion(
        {"memories": Memories(base.aivax.knowledge), "records": Records(admin), "files": ShellFiles(admin)},
        IntakeStore(base.database, base.now),
        base.translators,
        pool.notify,
        _logging_of(base),
    )


def _logging_of(base: Base) -> Logging:
    return Logging(is_on=base.settings.aivax.allow_logging, plan=lambda: base.aivax.account.plan)
