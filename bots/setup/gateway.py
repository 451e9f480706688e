"""What `init` asks about AIVAX: the key, which is tried, and the gateway, from a list of what the account has."""

from __future__ import annotations

from collections.abc import Sequence

from bots.doctor.gateway import GatewayCheck, finding_of
from bots.setup.interview import Conversation
from bots.setup.ports import AnswerRefusedError, Choice, Question
from core.aivax import keys
from core.aivax.account import is_listed
from core.aivax.account_routes.gateways import GatewayList
from core.aivax.client import AivaxClient
from core.aivax.keys import KeyKind
from core.domain import AivaxError, SettingRefused, Unavailable
from core.domain.checks import CheckState
from core.settings import AivaxSettings

MOST_LISTED = 40
KEY = Question(
    "aivax.api_key",
    "The key of your AIVAX account (a private one: sk-aiv-acc...)",
    "The AIVAX console, API keys. A private key (sk-aiv-acc...) can do everything that the bot needs.",
    is_secret=True,
)
GATEWAY_HELP = "What answers: a gateway (name:50c3, or its UUID) or a hosted model (@vendor/name)."


async def ask_for_gateway(conversation: Conversation) -> None:
    """Ask for the key, and for the gateway that answers."""
    await conversation.ask(KEY, _try_key)
    choices = await _choices(conversation.settings.aivax)
    text = (
        "Which gateway answers?" if choices else "Which gateway answers: its name (my-gateway:50c3) or UUID?"
    )
    question = Question("aivax.model", text, GATEWAY_HELP, choices=tuple(choices), takes_others=True)
    await conversation.ask(question, _try_model)


async def _try_key(settings: AivaxSettings) -> str:
    kind = keys.kind_of(settings.api_key)
    if kind is KeyKind.NONE:
        raise AnswerRefusedError("an answer is needed", KEY.help)
    try:
        async with AivaxClient(settings.model_copy(update={"tries": 1})) as aivax:
            listed, balance = await aivax.account.models(), await aivax.account.balance()
    except SettingRefused as refused:
        raise AnswerRefusedError(f"the key {refused.fix}") from None
    except AivaxError as error:
        raise _refused(error) from None
    if kind is KeyKind.PUBLIC:
        return "a public key: it is tried with the gateway, which has to be named by its UUID"
    has = "" if balance is None or balance.balance_usd is None else f", {balance.balance_usd:.2f} USD"
    return f"the key is taken; {len(listed)} gateways and models can be asked{has}"


async def _choices(settings: AivaxSettings) -> Sequence[Choice]:
    """The account's own gateways; where there are none, what else can be asked."""
    try:
        async with AivaxClient(settings.model_copy(update={"tries": 1})) as aivax:
            if aivax.speaks_aivax and (gateways := await GatewayList(aivax.admin).all()):
                return [
                    Choice(
                        each.slug or each.id, " - ".join(filter(None, (each.slug or each.name, each.model)))
                    )
                    for each in gateways[:MOST_LISTED]
                ]
            return [Choice(each, each) for each in (await aivax.account.models())[:MOST_LISTED]]
    except (AivaxError, SettingRefused):
        return []


async def _try_model(settings: AivaxSettings) -> str:
    kind = keys.kind_of(settings.api_key)
    try:
        keys.check_settings(settings)
        async with AivaxClient(settings.model_copy(update={"tries": 1})) as aivax:
            listed = await aivax.account.models()
    except SettingRefused as refused:
        raise AnswerRefusedError(f"{refused.setting} {refused.value!r}", refused.fix) from None
    except AivaxError as error:
        raise _refused(error) from None
    exact = keys.speaks_aivax(kind, settings.base_url)
    if listed and not keys.is_uuid(settings.model) and not is_listed(settings.model, listed, exact=exact):
        raise AnswerRefusedError(f"there is no gateway or model {settings.model!r}", GATEWAY_HELP)
    return settings.model if listed else await _answer(settings)


async def _answer(settings: AivaxSettings) -> str:
    """Where nothing can be listed, a real question alone tells."""
    for finding in await GatewayCheck(settings, ()).run():
        if finding.state is CheckState.FAILED:
            raise AnswerRefusedError(finding.cause, finding.cure)
    return settings.model


def _refused(error: AivaxError) -> AnswerRefusedError:
    finding = finding_of(error)
    return AnswerRefusedError(finding.cause, finding.cure, passing=isinstance(error, Unavailable))
