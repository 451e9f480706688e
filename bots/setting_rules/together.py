"""Settings that are right each by itself, and wrong together: what keeps the bot from starting.

`aivax-bots config check` tells all of it at once; the start refuses the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from bots.hooks.settings import check_hooks
from bots.tools.settings import check_tools
from bots.tracing.settings import check_otel
from bots.web.console.settings import check_console
from core.aivax.keys import kind_of, require_private_key
from core.aivax.options import Check, checks_of
from core.domain import SettingRefused
from core.knowledge.learning.settings import check as check_learning
from core.knowledge.settings import check as check_knowledge
from core.media.settings import check as check_media
from core.places.settings import check as check_place_admins
from core.rights.possible import check_memory
from core.summaries.settings import check as check_summaries

if TYPE_CHECKING:
    from bots.frontends import Plugin
    from bots.settings import Settings


def checks_before_start(settings: Settings) -> Iterator[Check]:
    """What the core is checked by before anything listens; each raises `SettingRefused`."""
    yield partial(_check_model, settings)
    yield partial(_check_fallback, settings)
    if settings.account.enabled:
        yield partial(require_private_key, settings.aivax, "[account] enabled")
    if settings.aivax.model:  # that it is missing is said already
        yield from checks_of(settings.aivax, _models(settings), settings.routes)
    if settings.replies.suggestions:
        from core.niceties.follow_up import check as check_niceties  # takes the client along

        yield partial(check_niceties, settings.replies, settings.aivax)
    if settings.limits.person_daily_tools:
        from core.media import tool_caps  # takes the database along

        yield partial(tool_caps.check, settings.limits, settings.aivax, settings.routes)
    yield partial(check_tools, settings.tools, settings.aivax)
    if settings.otel.enabled:
        yield partial(check_otel, settings.otel)
    yield partial(check_hooks, settings.hooks)
    yield partial(check_summaries, settings.summaries, settings.conversation, kind_of(settings.aivax.api_key))
    yield partial(check_place_admins, settings.place_admins)
    if settings.digests or settings.reminders.enabled:
        from core.scheduled.settings import check as check_scheduled

        yield partial(
            check_scheduled, settings.digests, [("[reminders] time_zone", settings.reminders.time_zone)]
        )


def all_checks(settings: Settings, plugins: Mapping[str, Plugin]) -> Iterator[Check]:
    """Those, and what else is refused on the way to a running bot; no part of it is started."""
    aivax = settings.aivax
    yield partial(check_frontends, settings, plugins)
    yield from checks_before_start(settings)
    yield partial(check_knowledge, settings.knowledge, kind_of(aivax.api_key), aivax.base_url)
    yield partial(check_learning, settings.knowledge.learns, aivax)
    yield partial(check_media, settings.media, aivax)
    yield partial(check_memory, settings.memory, aivax, settings.routes)
    yield partial(check_batch, settings)
    if settings.web.console.enabled:
        yield partial(check_console, settings.web.console, settings.web.host)
    if settings.forms:
        yield partial(_check_forms, settings)


def refusals(checks: Iterable[Check]) -> Iterator[SettingRefused]:
    """What the checks refuse, each thing once."""
    seen: set[str] = set()
    for check in checks:
        try:
            check()
        except SettingRefused as refused:
            if str(refused) not in seen:
                seen.add(str(refused))
                yield refused


def check_frontends(settings: Settings, plugins: Mapping[str, Plugin]) -> None:
    """Refuse a configuration with nobody to talk with."""
    if not any(settings.frontend(name).wanted for name in plugins):
        ways = "; or ".join(plugin.to_set for plugin in plugins.values())
        fix = f"set {ways} in config.toml (see config.example.toml), or try `aivax-bots chat --sandbox`"
        raise SettingRefused("no frontend is configured", fix=fix)


def check_batch(settings: Settings) -> None:
    """Refuse batches of no form."""
    if settings.batch.enabled and not settings.forms:
        fix = "there is no form to be filled in: write one ([[forms]]), or set enabled = false"
        raise SettingRefused("[batch] enabled", value="true", fix=fix)


def _models(settings: Settings) -> list[str]:
    """Every gateway that can be asked."""
    aivax, routes = settings.aivax, settings.routes
    named = [*(each.model for each in routes), *(each.fallback_model for each in routes)]
    named += [aivax.model, aivax.fallback_model, *settings.place_admins.offered]
    return sorted({*named} - {""})


def _check_model(settings: Settings) -> None:
    if not settings.aivax.model:
        fix = "name the gateway that answers, such as my-gateway:50c3 (AIVAX console, AI gateways)"
        raise SettingRefused("[aivax] model", fix=fix)


def _check_fallback(settings: Settings) -> None:
    has_fallback = settings.aivax.fallback_model or any(each.fallback_model for each in settings.routes)
    if settings.limits.fallback_at_cap and not has_fallback:
        fix = "there is nothing to fall back to: name a model in [aivax] fallback_model, or write false"
        raise SettingRefused("[limits] fallback_at_cap", value="true", fix=fix)


def _check_forms(settings: Settings) -> None:
    from core.forms.checks import check  # only who has forms pays
    from core.i18n import command_words

    check(settings.forms, settings.aivax, taken=command_words())
