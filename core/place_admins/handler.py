"""Carries `settings` out: judges who asks, checks what they write, and has it stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.conversations.capabilities import CapabilityRun
from core.domain import (
    SETTINGS,
    Administers,
    Capability,
    PlaceSetting,
    PlatformError,
    Scope,
    scopes_of,
)
from core.domain.audit import in_chat
from core.forms.inputs import problems_in
from core.i18n import PlacesPhrase
from core.markdown.literal import code
from core.place_admins.page import SettingsPage
from core.place_admins.words import (
    ALL,
    CHANNEL,
    SERVER,
    Wanted,
    allowed_settings,
    as_stored,
    is_about_settings,
    option_of,
    options_of,
    read_words,
)
from core.places.choices import PlaceChoices
from core.util.log import log
from core.util.text import shorten

_MOST_SHOWN = 60


class PlaceSettingsHandler:
    """Shows and changes what holds in the place where it is asked."""

    def __init__(self, choices: PlaceChoices, page: SettingsPage) -> None:
        self._choices = choices
        self._page = page
        self.capability = Capability(
            SETTINGS,
            PlacesPhrase.SETTINGS_WORD,
            PlacesPhrase.SETTINGS_COMMAND,
            takes="words",
            alone=True,
            private=True,
            options=options_of(choices),
            fits=is_about_settings,
            asks_in_window=False,
            admins_only=True,
            free=True,
        )

    async def run(self, run: CapabilityRun) -> None:
        """See `core.conversations.capabilities.CapabilityHandler`."""
        say, place = run.translator.say, run.turn.place
        if not scopes_of(place):
            await run.write(say(PlacesPhrase.SETTINGS_NOWHERE))
            return
        try:
            may = run.turn.administers or await run.frontend.administers(run.turn.author.identity, place)
        except PlatformError as error:
            log.warning("place_settings.admin_unknown", platform=place.platform, cause=str(error))
            await run.write(say(PlacesPhrase.SETTINGS_ASK_LATER))
            return
        if may is Administers.NOTHING or (place.private and not may.whole_server):
            await run.write(say(PlacesPhrase.SETTINGS_ADMINS_ONLY))
            return
        wanted = read_words(run.words)
        scope = _scope_of(wanted, scopes_of(place))
        if (problem := self._problem(wanted, scope, may, run)) is not None:
            await run.write(problem)
        elif wanted.changes_nothing:
            await run.write(self._page.of(run.turn, run.translator, whole_server=may.whole_server))
        else:
            await run.write(await self._change(run, scope, wanted))

    def _problem(self, wanted: Wanted, scope: Scope, may: Administers, run: CapabilityRun) -> str | None:
        """Why nothing of it can be done; None where all of it can."""
        say = run.translator.say
        allowed = allowed_settings(self._choices)
        if wanted.strange:
            words = code(shorten(wanted.strange, _MOST_SHOWN))
            names = ", ".join(code(each.value) for each in allowed)
            return say(PlacesPhrase.SETTINGS_UNKNOWN, words=words, options=names)
        for name in wanted.values:
            is_fixed = name == PlaceSetting.GATEWAY and bool(run.turn.chosen_model) and bool(scope.channel)
            if is_fixed or PlaceSetting(name) not in allowed:
                return say(PlacesPhrase.SETTINGS_NOT_ALLOWED, option=code(name))
        if wanted.scope == CHANNEL and not scope.channel:
            return say(PlacesPhrase.SETTINGS_NOWHERE)
        if not scope.channel and not may.whole_server and not wanted.changes_nothing:
            return say(PlacesPhrase.SETTINGS_SERVER_ONLY)
        return "\n".join(self._wrong(wanted.values, run)) or None

    def _wrong(self, values: Mapping[str, str], run: CapabilityRun) -> Sequence[str]:
        """What is wrong with each value, and what could be written."""
        empty = [PlaceSetting(name) for name, value in values.items() if not value]
        lines = [f"{code(each.value)}: {self._page.takes(each, run.turn, run.translator)}" for each in empty]
        options = [option_of(PlaceSetting(name), self._choices) for name, value in values.items() if value]
        return [*lines, *problems_in(options, values, run.translator).values()]

    async def _change(self, run: CapabilityRun, scope: Scope, wanted: Wanted) -> str:
        values = self._values(wanted)
        before = await self._choices.change(scope, values, in_chat(run.turn.author.identity))
        changed = {name: value for name, value in values.items() if before[name] != value}
        who = run.turn.author.identity
        for name, value in changed.items():
            log.info(
                "place_settings.changed",
                place=str(scope),
                setting=name.value,
                before=before[name] or "",
                after=value or "",
                by=f"{who.platform}:{who.user}",
            )
        return "\n".join(self._told(run, scope, changed, wanted))

    def _values(self, wanted: Wanted) -> dict[PlaceSetting, str | None]:
        """What is stored for each; None: it goes back to how it is configured."""
        allowed = allowed_settings(self._choices)
        gone = [each for each in allowed if wanted.reset in (ALL, each.value)]
        values = {PlaceSetting(name): value for name, value in wanted.values.items()}
        kept = {name: as_stored(name, value, self._choices) for name, value in values.items()}
        return {**dict.fromkeys(gone), **kept}

    def _told(
        self, run: CapabilityRun, scope: Scope, changed: Mapping[PlaceSetting, str | None], wanted: Wanted
    ) -> Sequence[str]:
        say = run.translator.say
        lines = []
        put_back = [code(name.value) for name, value in changed.items() if value is None]
        if put_back:
            lines.append(say(PlacesPhrase.SETTINGS_PUT_BACK, options=", ".join(put_back)))
        elif wanted.reset:
            lines.append(say(PlacesPhrase.SETTINGS_NOTHING_SET))
        where = PlacesPhrase.SETTINGS_SET_CHANNEL if scope.channel else PlacesPhrase.SETTINGS_SET_SERVER
        for name, value in changed.items():
            if value is None:
                continue
            shown = self._page.shown(name, value, run.translator)
            lines.append(say(where, option=code(name.value), value=shown))
            found = self._choices.found(run.turn.place, name)
            if found is not None and found[0] != scope:
                lines.append(say(PlacesPhrase.SETTINGS_CHANNEL_WINS, option=code(name.value)))
        return lines or [say(PlacesPhrase.SETTINGS_SAME)]


def _scope_of(wanted: Wanted, scopes: Sequence[Scope]) -> Scope:
    """Where it is to hold: here, unless the whole server is named; in a direct message only that can be meant."""
    return scopes[-1] if wanted.scope == SERVER else scopes[0]
