"""The word `gateways`: which there are, what one is made of, and which one answers here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from core.account.quoting import code
from core.aivax.account_routes.gateways import Gateway, GatewayList
from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, Place, Translator
from core.i18n import LANGUAGES, Phrase, sentences

MOST_LISTED = 40
Choose = Callable[[Place, str, Translator], Awaitable[str]]
"""Has a place's questions answered by a gateway from now on; the sentence that tells so, or why not."""


class GatewaysHandler:
    """Carries `gateways`, `gateways NAME` and `gateways use NAME` out."""

    capability = Capability(
        "gateways",
        Phrase.GATEWAYS_NAME,
        Phrase.GATEWAYS_COMMAND,
        takes="words",
        argument=Phrase.GATEWAY_NAME,
        argument_help=Phrase.GATEWAYS_OPTION,
        operators_only=True,
        begins_sentences=True,
        free=True,
    )

    def __init__(self, gateways: GatewayList, model_of: Callable[[Place], str], choose: Choose) -> None:
        """`model_of` tells what a place is configured to ask."""
        self._gateways = gateways
        self._model_of = model_of
        self._choose = choose

    async def run(self, run: CapabilityRun) -> None:
        """List, describe or choose. Only what is there can be chosen, and to choose it twice does no harm."""
        translator, (verb, name) = run.translator, _parted(run.words)
        listed = await self._gateways.all()
        if not name:
            asked = run.turn.chosen_model or self._model_of(run.turn.place)
            await run.write(_list(listed, asked, translator))
            return
        found = next((each for each in listed if each.is_called(name)), None)
        if found is None:
            word = translator.say(Phrase.GATEWAYS_NAME)
            await run.write(translator.say(Phrase.GATEWAYS_UNKNOWN, name=code(name), word=word))
        elif verb:
            told = await self._choose(run.turn.place, found.slug or found.id, translator)
            await run.write(told)
        else:
            await run.write(_description(await self._gateways.described(found), translator))


def _parted(words: str) -> tuple[bool, str]:
    """Whether something is to be chosen, and what: the word for it in any language comes first."""
    first, _, rest = words.strip().partition(" ")
    key = Phrase.GATEWAYS_USE.key
    verbs = {sentences(each).get(key, Phrase.GATEWAYS_USE.value) for each in LANGUAGES}
    is_verb = first.casefold() in {*verbs, Phrase.GATEWAYS_USE.value}
    return (True, rest.strip()) if is_verb and rest.strip() else (False, words.strip())


def _list(listed: Sequence[Gateway], asked: str, translator: Translator) -> str:
    if not listed:
        return translator.say(Phrase.GATEWAYS_NONE)
    lines = [_line(each, translator) for each in listed[:MOST_LISTED]]
    if rest := len(listed) - len(lines):
        lines.append(translator.say(Phrase.LIST_MORE, count=rest))
    shown = "\n".join(f"- {each}" for each in lines)
    return f"{translator.say(Phrase.MODEL_SHOWN, model=code(asked).strip('`'))}\n\n{shown}"


def _line(gateway: Gateway, translator: Translator) -> str:
    name = code(gateway.slug or gateway.name or gateway.id)
    if not gateway.model:
        return name
    told = translator.say(Phrase.GATEWAYS_ASKS, gateway=name, model=code(gateway.model))
    return f"{told} ({code(gateway.server)})" if gateway.server else told


def _description(gateway: Gateway, translator: Translator) -> str:
    lines = [_line(gateway, translator), f"- `id`: {code(gateway.id)}"]
    lines += [f"- {code(name)}: {code(value, 120)}" for name, value in gateway.settings]
    if gateway.instruction_chars:
        count = gateway.instruction_chars
        lines.append(f"- {translator.say(Phrase.GATEWAYS_INSTRUCTION, count=count)}")
    return "\n".join(lines)
