"""Forms as modals: drawn with an input for each option by its kind, and read when they are submitted. Pure.

Shapes: docs.slack.dev, "Input block", "Number input element", "Select menu element", "Date picker element",
`view_submission`, `shortcut`. A view has 100 blocks at most, a select 100 options of 75 characters, a text input 3,000.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from bots.slack import shortcuts
from bots.slack.events.mrkdwn import from_mrkdwn
from bots.slack.events.payloads import part_of, text_of
from core.domain import Capability, Option, Pressed, Translator, write_options
from core.i18n import Phrase, behind_word, spoken_capability
from core.util.text import shorten

FORM, CHOOSER = "aivax:form", "aivax:forms"
VALUE = "value"
"""The action_id of every input."""
CHOICE = "choice"
"""The block of the one input of the chooser."""
_MOST_TEXT, _LONG_TEXT, _MOST_OPTION, _MOST_OPTIONS = 3_000, 200, 75, 100
_NAME = "o:"
"""Begins the block_id of each option."""

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Where:
    """Where what is filled in is asked."""

    channel: str = ""
    """`""`: in the person's direct messages."""
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A submitted form."""

    form: Capability
    where: Where
    values: Mapping[str, str]
    """By the names of its options, as they were written; what was left out is missing."""

    @property
    def words(self) -> str:
        """As people would write it."""
        return f"{self.form.name} {write_options(self.values)}".strip()


def forms_of(capabilities: Sequence[Capability]) -> list[Capability]:
    """Those that ask for something, and are for everybody."""
    asked = [each for each in capabilities if each.options and each.asks_in_window]
    return [each for each in asked if not each.operators_only][:_MOST_OPTIONS]


def commanded_form(payload: Mapping[str, Any], capabilities: Sequence[Capability]) -> Capability | None:
    """The form that a slash command names without a word of what is to stand in it."""
    words = from_mrkdwn(text_of(payload, "text")).strip() if text_of(payload, "command") else ""
    wanted = spoken_capability(capabilities, words) if words else None
    has_window = wanted is not None and bool(wanted.options) and wanted.asks_in_window
    return wanted if wanted and has_window and not behind_word(wanted, words) else None


def opening(
    payload: Mapping[str, Any], pressed: Pressed | None, capabilities: Sequence[Capability]
) -> tuple[list[Capability], Where] | None:
    """Which forms somebody wants to see, and where what they fill in goes; None of anything else."""
    if (form := commanded_form(payload, capabilities)) is not None:
        return [form], Where(text_of(payload, "channel_id"))
    forms = forms_of(capabilities)
    if not forms:
        return None
    if pressed is not None:
        return forms, Where(pressed.place.channel, pressed.place.thread)
    is_ours = text_of(payload, "type") == "shortcut" and text_of(payload, "callback_id") == shortcuts.FORM
    return (forms, Where()) if is_ours else None


def view_of(forms: Sequence[Capability], where: Where, translator: Translator) -> View:
    """The form itself where it is one, else a choice of them."""
    return _form(forms[0], where, translator) if len(forms) == 1 else _chooser(forms, where, translator)


def chosen(payload: Mapping[str, Any], capabilities: Sequence[Capability]) -> tuple[Capability, Where] | None:
    """Read which form was chosen."""
    kept, values = _submitted(payload, CHOOSER)
    return _known(_value(values, CHOICE), kept, capabilities)


def filled(payload: Mapping[str, Any], capabilities: Sequence[Capability]) -> Filled | None:
    """Read what was filled in; None where the form isn't there any more."""
    kept, values = _submitted(payload, FORM)
    known = _known(text_of(kept, "form"), kept, capabilities)
    if known is None:
        return None
    form, where = known
    given = {each.name: _value(values, _NAME + each.name) for each in form.options}
    return Filled(form, where, {name: text for name, text in given.items() if text})


def errors_at(problems: Mapping[str, str]) -> dict[str, Any]:
    """The acknowledgement that keeps a form open, with what is wrong below each input, by the options' names."""
    errors = {_NAME + name: problem.replace("`", "") for name, problem in problems.items()}
    return {"response_action": "errors", "errors": errors}


def refused_at(payload: Mapping[str, Any], sentence: str) -> dict[str, Any] | None:
    """Likewise, below the first input, with why all of it is not taken; None where it is no form of these."""
    view = part_of(payload, "view")
    blocks = view.get("blocks")
    first = blocks[0] if isinstance(blocks, list) and blocks else None
    if text_of(view, "callback_id") != FORM or not text_of(first, "block_id"):
        return None
    return {"response_action": "errors", "errors": {text_of(first, "block_id"): sentence}}


def _known(
    name: str, kept: Mapping[str, Any], capabilities: Sequence[Capability]
) -> tuple[Capability, Where] | None:
    form = next((each for each in capabilities if name and each.name == name and each.options), None)
    where = Where(text_of(kept, "channel"), text_of(kept, "thread"))
    return (form, where) if form is not None else None


def _submitted(payload: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What a view of ours was opened with, and what stands in its inputs."""
    view = part_of(payload, "view")
    if text_of(payload, "type") != "view_submission" or text_of(view, "callback_id") != name:
        return {}, {}
    try:
        kept = json.loads(text_of(view, "private_metadata"))
    except (ValueError, RecursionError):
        kept = {}
    return kept if isinstance(kept, Mapping) else {}, part_of(part_of(view, "state"), "values")


def _value(values: Mapping[str, Any], block: str) -> str:
    told = part_of(part_of(values, block), VALUE)
    selected = text_of(part_of(told, "selected_option"), VALUE)
    return (selected or text_of(told, "selected_date") or text_of(told, "value")).strip()


def _form(form: Capability, where: Where, translator: Translator) -> View:
    kept = {"form": form.name, **asdict(where)}
    inputs = [_input(each, translator) for each in form.options]
    return _view(FORM, translator.say(form.word), translator.say(Phrase.FORM_SEND), kept, inputs, translator)


def _chooser(forms: Sequence[Capability], where: Where, translator: Translator) -> View:
    options = [_option(translator.say(each.description), each.name) for each in forms]
    block = {
        "type": "input",
        "block_id": CHOICE,
        "label": _plain(translator.say(Phrase.FORM_CHOOSE), 2_000),
        "element": {"type": "static_select", "action_id": VALUE, "options": options},
    }
    title, submit = translator.say(Phrase.FORM_MODAL_TITLE), translator.say(Phrase.FORM_NEXT)
    return _view(CHOOSER, title, submit, asdict(where), [block], translator)


def _view(
    name: str,
    title: str,
    submit: str,
    kept: Mapping[str, str],
    blocks: list[dict[str, Any]],
    translator: Translator,
) -> View:
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": json.dumps(kept, separators=(",", ":")),
        "title": _plain(title, 24),
        "submit": _plain(submit, 24),
        "close": _plain(translator.say(Phrase.FORM_CANCEL), 24),
        "blocks": blocks,
    }


def _input(option: Option, translator: Translator) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": _NAME + option.name,
        "label": _plain(option.help or option.name, 2_000),
        "optional": not option.required,
        "element": {"action_id": VALUE, **_element(option, translator)},
    }


def _element(option: Option, translator: Translator) -> dict[str, Any]:
    match option.kind:
        case "choice":
            return {"type": "static_select", "options": [_option(each, each) for each in option.choices]}
        case "boolean":
            said = (translator.say(Phrase.FORM_YES), translator.say(Phrase.FORM_NO))
            choices = [_option(word, value) for word, value in zip(said, ("true", "false"), strict=True)]
            return {"type": "static_select", "options": choices}
        case "date":
            return {"type": "datepicker"}
        case "integer" | "number":
            bounds = {"min_value": option.least, "max_value": option.most}
            told = {name: _written(bound) for name, bound in bounds.items() if bound is not None}
            return {"type": "number_input", "is_decimal_allowed": option.kind == "number", **told}
        case _:
            most = _MOST_TEXT if option.most is None else max(1, min(int(option.most), _MOST_TEXT))
            least = {"min_length": min(int(option.least), most)} if option.least else {}
            return {"type": "plain_text_input", "multiline": most > _LONG_TEXT, "max_length": most, **least}


def _option(said: str, value: str) -> dict[str, Any]:
    """A value of an option holds 150 characters, which is more than any of ours."""
    return {"text": _plain(said, _MOST_OPTION), "value": value}


def _written(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else format(Decimal(str(bound)), "f")


def _plain(text: str, most: int) -> dict[str, str]:
    return {"type": "plain_text", "text": shorten(text, most)}
