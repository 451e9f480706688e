"""What holds in a place, where each value comes from, what may be changed, and how: as admins read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.conversations.routes import Routes
from core.domain import PLACE_LIMITS, Place, PlaceSetting, Scope, Sentence, Translator, Turn, scopes_of
from core.i18n import LANGUAGES, Phrase, PlacesPhrase, nearest
from core.i18n.settings import RepliesSettings
from core.markdown.literal import code
from core.place_admins.words import ALL, FOR, RESET, SERVER, allowed_settings, option_of
from core.places.choices import OFF, PlaceChoices

MOST_LISTED = 20


class SettingsPage:
    """Writes the page."""

    def __init__(self, choices: PlaceChoices, routes: Routes, replies: RepliesSettings) -> None:
        self._choices = choices
        self._routes = routes
        self._replies = replies

    def of(self, turn: Turn, translator: Translator, *, whole_server: bool) -> str:
        """The page for a turn's place; `whole_server`: its reader may set that, too."""
        say = translator.say
        lines = [say(PlacesPhrase.SETTINGS_TITLE)]
        lines += [f"- {line}" for line in self._lines(turn, translator)]
        server = scopes_of(turn.place)[-1]
        channels = [each for each in self._choices.channels_of(server) if each != turn.place.channel]
        if channels and whole_server:
            names = ", ".join(code(each) for each in channels[:MOST_LISTED])
            lines.append(f"- {say(PlacesPhrase.SETTINGS_CHANNELS, options=names)}")
        return "\n".join([*lines, "", self._how(turn.place, translator, whole_server=whole_server)])

    def shown(self, setting: PlaceSetting, value: str, translator: Translator) -> str:
        """A value as people read it."""
        if setting is PlaceSetting.LANGUAGE:
            return LANGUAGES.get(value, value)
        if setting is PlaceSetting.ANSWERS:
            return translator.say(PlacesPhrase.SETTINGS_OFF if value == OFF else PlacesPhrase.SETTINGS_ON)
        return code(value)

    def takes(self, setting: PlaceSetting, turn: Turn, translator: Translator) -> str:
        """What may be written for a setting in a turn's place."""
        is_fixed = setting is PlaceSetting.GATEWAY and bool(turn.chosen_model)
        if is_fixed or not self._choices.settings.allows(setting):
            return translator.say(PlacesPhrase.SETTINGS_FIXED)
        option = option_of(setting, self._choices)
        if option.kind == "choice":
            choices = ", ".join(map(code, option.choices))
            allowed = translator.say(Phrase.FORM_ALLOWED_CHOICES, choices=choices)
        else:
            bounds = {"least": int(option.least or 0), "most": int(option.most or 0)}
            allowed = translator.say(Phrase.FORM_ALLOWED_WHOLE_BETWEEN, **bounds)
        return translator.say(PlacesPhrase.SETTINGS_TAKES, allowed=allowed)

    def _lines(self, turn: Turn, translator: Translator) -> Iterator[str]:
        for setting in PlaceSetting:
            held = ", ".join(
                f"{value} ({translator.say(origin)})"
                for value, origin in self._held(setting, turn, translator)
            )
            yield f"{code(setting.value)}: {held}; {self.takes(setting, turn, translator)}"

    def _held(
        self, setting: PlaceSetting, turn: Turn, translator: Translator
    ) -> Sequence[tuple[str, Sentence]]:
        """What holds, and where it is set: of limits each that is counted."""
        if setting is PlaceSetting.GATEWAY and turn.chosen_model:
            return [(translator.say(PlacesPhrase.SETTINGS_OPERATOR_GATEWAY), _origin(None))]
        found = [
            (self._in_force(setting, value), scope)
            for scope in scopes_of(turn.place)
            if (value := self._choices.set_in(scope, setting)) is not None
        ]
        if setting not in PLACE_LIMITS:
            found = found[:1]
        if not found:
            return [(self._configured(setting, turn.place, translator), _origin(None))]
        return [(self.shown(setting, value, translator), _origin(scope)) for value, scope in found]

    def _in_force(self, setting: PlaceSetting, value: str) -> str:
        """A limit that was set when operators allowed more is theirs by now."""
        return str(min(int(value), self._choices.most(setting))) if setting in PLACE_LIMITS else value

    def _configured(self, setting: PlaceSetting, place: Place, translator: Translator) -> str:
        if setting is PlaceSetting.LANGUAGE:
            known = nearest(self._routes.of(place).locale) or nearest(self._replies.locale)
            return LANGUAGES[known.language if known else "en"]
        if setting is PlaceSetting.ANSWERS:
            return translator.say(PlacesPhrase.SETTINGS_ON)
        if setting is PlaceSetting.GATEWAY:
            return translator.say(PlacesPhrase.SETTINGS_USUAL_GATEWAY)
        most = self._choices.operators_limit(setting)
        return code(str(most)) if most else translator.say(PlacesPhrase.SETTINGS_NO_LIMIT)

    def _how(self, place: Place, translator: Translator, *, whole_server: bool) -> str:
        word = translator.say(PlacesPhrase.SETTINGS_WORD)
        first = option_of(allowed_settings(self._choices)[0], self._choices)
        value = first.choices[-1] if first.choices else str(int(first.most or 1))
        told = {
            "example": code(f"{word} {first.name}={value}"),
            "one": code(f"{word} {RESET}={first.name}"),
            "every": code(f"{word} {RESET}={ALL}"),
        }
        if whole_server and not place.private:
            whole = code(f"{FOR}={SERVER}")
            return translator.say(PlacesPhrase.SETTINGS_HOW, whole=whole, **told)
        return translator.say(PlacesPhrase.SETTINGS_HOW_CHANNEL, **told)


def _origin(scope: Scope | None) -> PlacesPhrase:
    if scope is None:
        return PlacesPhrase.SETTINGS_FROM_OPERATOR
    return PlacesPhrase.SETTINGS_FROM_CHANNEL if scope.channel else PlacesPhrase.SETTINGS_FROM_SERVER
