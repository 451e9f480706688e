"""The capabilities that the configuration switches on. What is off is not imported: each costs start and memory."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bots.setting_rules.together import check_batch
from bots.wiring import Base, Queueing, desk_of, linking_of, models_of
from core.admission.operator_alerts import OperatorAlerts
from core.admission.spending.caps import SpendCaps
from core.aivax.keys import kind_of
from core.aivax.personal.memories import Memories
from core.batch.settings import RESERVED
from core.conversations.capabilities import Capabilities, CapabilityHandler, Follower, Upkeep
from core.domain import Frontend, Place, SettingRefused, Translator
from core.forms.checks import check as check_forms
from core.i18n import command_words, spoken_capability
from core.knowledge.learning.settings import check as check_learning
from core.knowledge.settings import check as check_knowledge
from core.media.settings import check as check_media
from core.rights.export import ExportHandler
from core.rights.possible import check_memory
from core.storage.history import HistoryStore
from core.storage.operations.pauses import PauseStore
from core.storage.spending import SpendingStore
from core.storage.summaries.store import SummaryStore
from core.storage.turns.intake import IntakeStore
from core.storage.turns.release import HeldTurnRelease
from core.util.log import log

if TYPE_CHECKING:
    from core.batch.handler import BatchHandler, BatchResultHandler
    from core.batch.watcher import Watcher
    from core.forms.handler import FormHandler
    from core.knowledge.learning.teacher import Teacher
    from core.rights.link_in_chat import LinkHandler, UnlinkHandler
    from core.scheduled.digests.runs import Planned
    from core.summaries.follow_up import SummaryFollowUp
    from core.summaries.making import SummaryMaking
    from core.summaries.word import SummaryWord


def capabilities_of(base: Base) -> Capabilities:
    """Build what people can have the bot do in place of asking the model.

    Raises:
        SettingRefused: one that could not work.
    """
    export = _export(base)
    unspoken: list[CapabilityHandler] = [export]
    upkeep: list[Upkeep] = [export.upkeep]
    handlers = [*_knowledge(base), *_media(base), *_learning(base), *_memory(base)]
    if base.settings.people.linking:
        link, unlink = _linking(base)
        handlers += [link, unlink]
        upkeep += [link.upkeep, unlink.upkeep]
    handlers += _account(base) if base.settings.account.enabled else ()
    if base.settings.operators.names:
        people, nudging = _people(base)
        upkeep.append(nudging)
        handlers += [*people, *_operations(base)]
    if base.places.enabled:
        handlers.append(_place_settings(base))
    if base.settings.batch.enabled:
        handler, result, watcher = _batch(base)
        handlers.append(handler)
        unspoken.append(result)
        upkeep.append(watcher.run)
    if base.settings.digests:
        spoken, made = _digests(base)
        handlers.append(spoken)
        unspoken.append(made)
    if base.settings.reminders.enabled:
        remind, runs = _reminders(base)
        handlers.append(remind)
        upkeep.append(runs)
    if base.settings.forms:
        from core.forms.listing import ListForms

        handlers.append(ListForms(base.settings.forms))
    followers: list[Follower] = []
    if base.settings.summaries.enabled:
        word, making, follow_up = _summaries(base)
        handlers.append(word)
        unspoken.append(making)
        upkeep.append(follow_up.run)
        followers.append(follow_up.begin)
    handlers += _forms(base, handlers)
    return Capabilities(handlers, unspoken=unspoken, upkeep=upkeep, followers=followers)


def upkeep_of(
    base: Base, capabilities: Capabilities, queueing: Queueing, alerts: OperatorAlerts
) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
    """Build what goes on beside the answers for what is switched on, each until cancelled."""
    return (*_keeping(base, capabilities), *_scheduled(base, queueing, alerts))


def _keeping(base: Base, capabilities: Capabilities) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
    if not base.settings.knowledge.learns:
        return ()
    from core.knowledge.learning.keeping import Keeper
    from core.knowledge.learning.learn import Learn
    from core.storage.learnt.follow_ups import FollowUps
    from core.storage.learnt.store import LearntStore

    learn = capabilities.handler(Learn.capability.name)
    assert isinstance(learn, Learn)  # noqa: S101  it is on
    store, follow_ups = LearntStore(base.database, base.now), FollowUps(base.database, base.now)
    return (Keeper(store, follow_ups, learn.teacher, base.frontends, base.settings.knowledge).run,)


def _scheduled(
    base: Base, queueing: Queueing, alerts: OperatorAlerts
) -> Iterator[Callable[[], Coroutine[Any, Any, None]]]:
    if base.settings.digests:
        from core.scheduled.digests.runs import DigestRuns, Telling
        from core.storage.scheduled.digests import DigestStore

        store, planned = DigestStore(base.database, base.now), planned_digests(base)
        for digest in {each.name: each for each in base.settings.digests}.values():
            if digest.platform not in base.frontends:
                log.warning(
                    "digest.off", digest=digest.name, platform=digest.platform, cause="not configured"
                )
        telling = Telling(queueing.pool.notify, queueing.turns.give_up, alerts)
        if planned:
            yield DigestRuns(planned, store, base.translators, base.now, queueing.leadership, telling).run


def planned_digests(base: Base) -> Sequence[Planned]:
    """The digests of platforms that run here, and where each is posted."""
    from core.scheduled.digests.runs import Planned
    from core.storage.scheduled.digests import Target

    found = []
    for digest in base.settings.digests:
        frontend = base.frontends.get(digest.platform)
        if frontend is None:
            continue
        channel = (digest.post_to or digest.channel).partition(":")[2]
        address = _address_of(frontend, channel)
        _address_of(frontend, digest.channel.partition(":")[2])
        place = Place(digest.platform, digest.workspace, channel)
        locale = digest.language or base.routes.of(place).locale or base.settings.replies.locale
        settings = digest.model_copy(update={"language": locale})
        found.append(Planned(settings, Target(place, address, locale)))
    return found


def _address_of(frontend: Frontend, channel: str) -> str:
    """A channel's address. Raises `SettingRefused`, in the name of digests."""
    try:
        return frontend.address_of(channel)
    except SettingRefused as refused:
        raise SettingRefused("[[digests]] channel", value=refused.value, fix=refused.fix) from None


def _digests(base: Base) -> tuple[CapabilityHandler, CapabilityHandler]:
    from core.admission.access import Access
    from core.scheduled.digests.handler import Bounds, DigestHandler
    from core.scheduled.digests.opting import DigestsHandler
    from core.settings import AccessSettings
    from core.storage.scheduled.digests import DigestStore
    from core.storage.scheduled.left_out import LeftOutStore

    settings, store = base.settings, DigestStore(base.database, base.now)
    left_out = LeftOutStore(base.database, base.now)
    access = Access(AccessSettings(block_users=settings.access.block_users))
    caps, spending = SpendCaps(settings.limits), SpendingStore(base.database)
    only_agreed = settings.privacy.consent == "agree"
    bounds = Bounds(left_out, caps, spending, base.now, access, only_agreed=only_agreed)
    planned = {each.settings.name: each.settings for each in planned_digests(base)}
    return DigestsHandler(left_out), DigestHandler(planned, store, bounds)


def _reminders(base: Base) -> tuple[CapabilityHandler, Upkeep]:
    from core.admission.access import Access, beside_messages
    from core.scheduled.reminders.handler import RemindHandler
    from core.scheduled.reminders.runs import ReminderRuns
    from core.storage.scheduled.reminders import ReminderStore

    store, access = ReminderStore(base.database, base.now), Access(beside_messages(base.settings.access))
    runs = ReminderRuns(store, base.translators, base.now, access)
    return RemindHandler(store, base.settings.reminders, base.now, runs.look_soon), runs.run


def _knowledge(base: Base) -> Iterator[CapabilityHandler]:
    settings, aivax = base.settings.knowledge, base.settings.aivax
    check_knowledge(settings, kind_of(aivax.api_key), aivax.base_url)
    if settings.places:
        from core.knowledge.places import KnowledgePlaces
        from core.knowledge.search import SearchHandler
        from core.knowledge.searching import Searching
        from core.knowledge.sources import SourcesHandler

        searching = Searching(base.aivax.knowledge, KnowledgePlaces(settings.places))
        yield SearchHandler(searching, daily=settings.daily_searches)
        yield SourcesHandler(searching, daily=settings.daily_searches)


def _export(base: Base) -> ExportHandler:
    store = IntakeStore(base.database, base.now, base.global_ids)
    memories = Memories(base.aivax.knowledge).of if base.settings.memory.enabled else None
    most_bytes = base.settings.limits.answer_file_bytes
    return ExportHandler(store, base.global_ids, memories, most_bytes=most_bytes)


def _people(base: Base) -> tuple[Sequence[CapabilityHandler], Upkeep]:
    from core.rights.people_in_chat import BlockHandler, Nudges, PeopleHandler, UnblockHandler

    desk, nudges = desk_of(base.database, base.now, base.frontends), Nudges()
    operators = base.settings.operators.names
    kinds = (BlockHandler, UnblockHandler, PeopleHandler)
    return [kind(desk, operators, nudges) for kind in kinds], nudges.upkeep


def _place_settings(base: Base) -> CapabilityHandler:
    from core.place_admins.handler import PlaceSettingsHandler
    from core.place_admins.page import SettingsPage

    return PlaceSettingsHandler(base.places, SettingsPage(base.places, base.routes, base.settings.replies))


def _linking(base: Base) -> tuple[LinkHandler, UnlinkHandler]:
    from core.rights.link_in_chat import LinkHandler, UnlinkHandler

    linking = linking_of(base)
    assert linking is not None  # noqa: S101  it is on
    store = IntakeStore(base.database, base.now, base.global_ids)
    return LinkHandler(linking, store), UnlinkHandler(linking, store)


def _memory(base: Base) -> Iterator[CapabilityHandler]:
    settings = base.settings
    check_memory(settings.memory, settings.aivax, settings.routes)
    if settings.memory.enabled:
        from core.rights.memory import MemoryHandler
        from core.storage.personal_data.memory_lists import MemoryLists

        lists = MemoryLists(base.database, base.now)
        yield MemoryHandler(Memories(base.aivax.knowledge), lists, settings.memory)


def _media(base: Base) -> Iterator[CapabilityHandler]:
    check_media(base.settings.media, base.settings.aivax)
    media, aivax, most_bytes = base.settings.media, base.aivax, base.settings.limits.answer_file_bytes
    if media.draw:
        from core.media.draw import Drawing

        yield Drawing(media, aivax.media, aivax.links, most_bytes=most_bytes)
    if media.speak:
        from core.media.speak import Speaking

        yield Speaking(media, aivax.media, HistoryStore(base.database), most_bytes=most_bytes)


def _learning(base: Base) -> Iterator[CapabilityHandler]:
    settings = base.settings.knowledge
    check_learning(settings.learns, base.settings.aivax)
    if settings.learns:
        from core.knowledge.learning.learn import Learn
        from core.knowledge.learning.unlearn import ListLearnt, Unlearn
        from core.knowledge.places import KnowledgePlaces
        from core.storage.learnt.follow_ups import FollowUps
        from core.storage.learnt.store import LearntStore

        store, teacher = LearntStore(base.database, base.now), _teacher_of(base)
        into = KnowledgePlaces(settings.places, learn_into=settings.learn_into).learn_into
        yield Learn(teacher, store, settings, into)
        yield ListLearnt(store, into)
        yield Unlearn(store, FollowUps(base.database, base.now), teacher.lessons, into)


def _teacher_of(base: Base) -> Teacher:
    from core.aivax.services.web_fetch import WebFetch
    from core.knowledge.learning.extraction import Extraction
    from core.knowledge.learning.lesson import Lessons
    from core.knowledge.learning.pdf import PdfBounds
    from core.knowledge.learning.teacher import Teacher
    from core.storage.learnt.store import LearntStore

    settings, store = base.settings.knowledge, LearntStore(base.database, base.now)
    extraction = Extraction(WebFetch(base.aivax.admin), PdfBounds(pages=settings.learn_pages))
    return Teacher(store, Lessons(base.aivax.knowledge, store), extraction, settings)


def _account(base: Base) -> list[CapabilityHandler]:
    from core.account.gateways import GatewaysHandler
    from core.account.models import ModelsHandler
    from core.account.overview import Account, Overview
    from core.admission.spending.caps import price_of
    from core.aivax.account_routes.gateways import GatewayList
    from core.storage.spenders import Spenders

    aivax, models, intake = base.aivax, models_of(base), IntakeStore(base.database, base.now)

    async def choose(place: Place, model: str, translator: Translator) -> str:
        async with intake.transaction() as transaction:
            return await models.choose(transaction, place, model, translator)

    spenders = Spenders(base.database, price_of(base.settings.limits))
    account = Account(aivax.account, aivax.admin, spenders, base.now)
    return [
        Overview(base.settings.account, account),
        GatewaysHandler(GatewayList(aivax.admin), lambda place: base.routes.of(place).model, choose),
        ModelsHandler(aivax.account),
    ]


def _summaries(base: Base) -> tuple[SummaryWord, SummaryMaking, SummaryFollowUp]:
    from core.summaries.follow_up import SummaryFollowUp
    from core.summaries.making import SummaryMaking
    from core.summaries.word import SummaryWord

    settings, limits = base.settings.summaries, base.settings.limits
    store, caps = SummaryStore(base.database, base.now), SpendCaps(limits)
    intake = IntakeStore(base.database, base.now)
    at_once = max(1, limits.running_turns // 4)
    follow_up = SummaryFollowUp(intake, store, base.history, settings, caps, at_once=at_once)
    making = SummaryMaking(
        store,
        base.history,
        settings,
        base.now,
        model_of=lambda turn: turn.chosen_model or base.routes.of(turn.place).model,
        options_of=base.routes.options_of,
        made=follow_up.look,
    )
    return SummaryWord(store, settings, caps.price), making, follow_up


def _operations(base: Base) -> list[CapabilityHandler]:
    from core.operations.pausing import PauseHandler, ResumeHandler

    release = HeldTurnRelease(base.database, base.now, most=base.settings.limits.release_batch)
    pauses = PauseStore(base.database, base.now, release)
    return [PauseHandler(pauses), ResumeHandler(pauses)]


def _forms(base: Base, others: list[CapabilityHandler]) -> list[FormHandler]:
    """The forms; none may be called by a word that means something else already."""
    forms, spoken = base.settings.forms, [each.capability for each in others]
    taken = {form.name for form in forms if spoken_capability(spoken, form.name) is not None}
    check_forms(forms, base.settings.aivax, taken=command_words() | taken | set(RESERVED))
    if not forms:
        return []
    from core.forms.handler import FormHandler

    return [FormHandler(form) for form in forms]


def _batch(base: Base) -> tuple[BatchHandler, BatchResultHandler, Watcher]:
    from core.batch.budget import Budget
    from core.batch.handler import BatchHandler, BatchResultHandler
    from core.batch.watcher import Watcher
    from core.storage.batches import BatchStore

    settings = base.settings
    check_batch(settings)
    model = settings.aivax.model
    forms = {each.name: each.model_copy(update={"model": each.model or model}) for each in settings.forms}
    store = BatchStore(base.database, base.now)
    watcher = Watcher(store, base.aivax.batch, forms, settings.batch, base.translators, base.now)
    caps, spending = SpendCaps(settings.limits), SpendingStore(base.database)
    budget = Budget(caps, spending, settings.limits, settings.batch, base.now)
    handler = BatchHandler(list(forms.values()), settings.batch, store, budget, watcher.look_soon)
    return handler, BatchResultHandler(store), watcher
