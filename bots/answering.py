"""Wires what runs turns. A bot that nobody asks does without it, and without all that it imports."""

from __future__ import annotations

from bots.wiring import Admitting, Base, Queueing
from core.admission.fair_worklist import Permits
from core.conversations.capabilities import Capabilities
from core.conversations.composer import Composer
from core.domain.tracing import NO_TRACER
from core.guard.guard import Guard
from core.media.interpreting import MediaInterpreter
from core.media.tool_caps import ToolCaps
from core.niceties.follow_up import Niceties
from core.storage.spending import SpendingStore
from core.storage.uses import UseStore
from core.turns.asking.fallback import Fallback
from core.turns.asking.hooked import TurnHooks
from core.turns.endings import Endings
from core.turns.generation import Calling, Generation
from core.turns.holds import Holds
from core.turns.runner import Runner
from core.turns.surfaces import Surfaces
from core.turns.traced_turn import TracedRunner
from core.turns.worker_pool import TurnRunner


def runner_of(
    base: Base,
    queueing: Queueing,
    admitting: Admitting,
    surfaces: Surfaces,
    capabilities: Capabilities,
    niceties: Niceties,
) -> TurnRunner:
    """Wire what runs a turn."""
    settings, limits, turns = base.settings, base.settings.limits, queueing.turns
    uses = UseStore(base.database, base.now)
    tool_caps = ToolCaps(limits, uses)
    composer = Composer(
        base.history,
        base.routes,
        settings.conversation,
        limits,
        queueing.files,
        MediaInterpreter(settings.media, base.aivax.media, uses),
        queueing.pool.sweep_soon,
    )
    permits = Permits(queueing.calls, queueing.allowance, base.now)
    show_tools = settings.replies.show_tools
    hooks = TurnHooks(base.hooks, composer, lambda: base.routes.models)
    fallback = Fallback(
        base.routes, admitting.caps, SpendingStore(base.database), base.now, base.places.newly_gone
    )
    generation = Generation(
        composer,
        Calling(base.aivax, admitting.admission, permits, tool_caps, hooks, Guard(settings.guard)),
        turns,
        limits,
        fallback,
        show_tools=show_tools,
        capabilities=capabilities,
    )
    followers = (niceties.begin, *capabilities.followers)
    endings = Endings(turns, surfaces, settings.replies, followers, hooks)
    holds = Holds(turns, surfaces, endings, limits, base.now, queueing.pool.sweep_soon)
    runner = Runner(turns, surfaces, generation, endings, holds, queueing.cancellations, limits)
    return runner if base.tracer is NO_TRACER else TracedRunner(runner, base.tracer)
