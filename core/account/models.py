"""The word `models`: what can be asked, with its context window and its price."""

from __future__ import annotations

from collections.abc import Sequence

from core.account.quoting import code
from core.aivax.account import AccountClient
from core.aivax.account_routes.model_list import ListedModel
from core.conversations.capabilities import CapabilityRun
from core.domain import Capability, Translator
from core.i18n import Phrase

MOST_LISTED = 30
MOST_PRICES = 3


class ModelsHandler:
    """Carries `models` and `models FILTER` out."""

    capability = Capability(
        "models",
        Phrase.MODELS_NAME,
        Phrase.MODELS_COMMAND,
        takes="words",
        argument=Phrase.FILTER_NAME,
        argument_help=Phrase.MODELS_OPTION,
        operators_only=True,
        begins_sentences=True,
        free=True,
    )

    def __init__(self, client: AccountClient) -> None:
        self._client = client

    async def run(self, run: CapabilityRun) -> None:
        """List those whose name holds every word of the filter, so many at most."""
        wanted = run.words.casefold().split()
        listed = await self._client.described_models()
        found = [each for each in listed if all(part in each.name.casefold() for part in wanted)]
        if not found:
            phrase = Phrase.MODELS_NONE if wanted else Phrase.MODELS_UNTOLD
            await run.write(run.translator.say(phrase, filter=code(run.words)))
            return
        await run.write("\n".join(_lines(found, run.translator)))


def _lines(found: Sequence[ListedModel], translator: Translator) -> list[str]:
    lines = [f"- {_line(each, translator)}" for each in found[:MOST_LISTED]]
    if rest := len(found) - len(lines):
        lines.append(f"- {translator.say(Phrase.MODELS_MORE, count=rest)}")
    return lines


def _line(model: ListedModel, translator: Translator) -> str:
    told = []
    if model.base_model:
        told.append(translator.say(Phrase.MODELS_ASKS, model=code(model.base_model)))
    if model.context_tokens:
        told.append(translator.say(Phrase.MODELS_CONTEXT, count=model.context_tokens))
    for price in model.prices[:MOST_PRICES]:
        unit = f" / {code(price.unit, 30)}" if price.unit else ""
        told.append(f"{code(price.what, 30)} {translator.money(price.usd)}{unit}")
    name = code(model.name)
    return f"{name}: {', '.join(told)}" if told else name
