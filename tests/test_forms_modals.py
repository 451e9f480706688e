"""Forms as modals of Slack, over the wire: opened in three ways, checked at their fields, asked where they belong."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bots.slack.events.form_modals import Where, view_of
from core.forms.handler import FormHandler, capability_of
from core.forms.listing import ListForms
from core.i18n import Translators
from tests.forms_samples import TICKET, form
from tests.platforms.slack import FakeSlack, Person
from tests.platforms.slack.methods.views import checked_view
from tests.platforms.slack.state import View
from tests.test_slack_whole import Town, town

ORDER = form(
    name="order",
    prompt="{text} {size} {share} {fast} {colour} {day}",
    description="Order something",
    inputs=[
        {"name": "text", "help": "What to order", "least": 2, "most": 9_000},
        {"name": "size", "help": "How large", "kind": "integer", "least": 1, "most": 9},
        {"name": "share", "help": "How much", "kind": "number", "most": 1.5, "required": False},
        {"name": "fast", "help": "Is it urgent", "kind": "boolean", "required": False},
        {
            "name": "colour",
            "help": "Which",
            "kind": "choice",
            "choices": ["red", "dark blue"],
            "required": False,
        },
        {"name": "day", "help": "Until when", "kind": "date", "required": False},
    ],
    result=TICKET["result"],
)
PLAIN = form()


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


def handlers() -> list[Any]:
    return [FormHandler(ORDER), FormHandler(PLAIN), ListForms([ORDER, PLAIN])]


def written(**values: str) -> dict[str, Any]:
    """What stands in the inputs, in the shape of each kind."""
    kinds = {"fast": "static_select", "colour": "static_select", "day": "datepicker", "size": "number_input"}
    state: dict[str, Any] = {}
    for name, value in values.items():
        kind = kinds.get(name, "plain_text_input")
        told: dict[str, Any] = {"type": kind, "value": value}
        if kind == "static_select":
            told = {"type": kind, "selected_option": {"value": value}}
        if kind == "datepicker":
            told = {"type": kind, "selected_date": value}
        state[f"o:{name}"] = {"value": told}
    return state


async def opened(there: Town, person: Person, callback: str) -> View:
    def found() -> View | None:
        view = there.slack.modal(person)
        return view if view is not None and view.body["callback_id"] == callback else None

    view: View = await there.slack.until(found)
    return view


def test_each_kind_has_an_input_of_its_own_that_slack_takes() -> None:
    view = checked_view(view_of([capability_of(ORDER)], Where("C1"), Translators().of("en")))

    told = {block["block_id"]: block for block in view["blocks"]}
    assert [each["element"]["type"] for each in told.values()] == [
        "plain_text_input",
        "number_input",
        "number_input",
        "static_select",
        "static_select",
        "datepicker",
    ]
    assert told["o:size"]["element"]["min_value"] == "1"
    assert told["o:share"]["element"] == {
        "action_id": "value",
        "type": "number_input",
        "is_decimal_allowed": True,
        "max_value": "1.5",
    }
    assert told["o:text"]["element"]["max_length"] == 3_000
    assert [block["optional"] for block in told.values()] == [False, False, True, True, True, True]


async def test_the_command_alone_opens_the_form_and_what_is_wrong_stands_at_its_field(
    slack: FakeSlack, url: str
) -> None:
    async with town(slack, url, handlers()) as there:
        await slack.command(there.ana, there.general, "/aivax", "order")
        await opened(there, there.ana, "aivax:form")
        wrong = await slack.submit_view(there.ana, written(text="lamps", size="99", day="2026-02-30"))
        await slack.until(lambda: wrong.acked)
        good = written(text="two\nlamps", size="3", fast="true", colour="dark blue", day="2026-12-31")
        await slack.submit_view(there.ana, good)
        asked = await there.says(there.general, "order text=")
        await there.says(there.general, "3  yes dark blue 2026-12-31", asked.ts)

        assert wrong.answer is not None
        assert wrong.answer["response_action"] == "errors"
        assert set(wrong.answer["errors"]) == {"o:size", "o:day"}
        assert "a whole number from 1 to 9" in wrong.answer["errors"]["o:size"]
        assert slack.modal(there.ana) is None


async def test_the_shortcut_lets_choose_a_form_and_answers_in_direct_messages(
    slack: FakeSlack, url: str
) -> None:
    async with town(slack, url, handlers()) as there:
        await slack.global_shortcut(there.ana, "form")
        chooser = await opened(there, there.ana, "aivax:forms")
        listed = chooser.body["blocks"][0]["element"]["options"]
        choice = {"value": {"type": "static_select", "selected_option": {"value": "ticket"}}}
        await slack.submit_view(there.ana, {"choice": choice})
        shown = await opened(there, there.ana, "aivax:form")
        await slack.submit_view(there.ana, written(text="the lamp is broken", floor="3"))
        asked = await there.says(slack.dm(there.ana), "ticket text=")
        await there.says(slack.dm(there.ana), "the lamp is broken", asked.ts)

        assert [each["value"] for each in listed] == ["order", "ticket"]
        assert shown.body["title"]["text"] == "ticket"


async def test_the_button_below_the_list_of_forms_asks_in_its_thread(slack: FakeSlack, url: str) -> None:
    async with town(slack, url, [FormHandler(PLAIN), ListForms([PLAIN])]) as there:
        ts = await slack.say(there.ana, there.general, "<@BOT> forms")
        listed = await there.says(there.general, "Make a ticket of a complaint", ts)
        await there.rows("SELECT 1")  # until it is whole, its button too
        await slack.click(there.ana, listed, "aivax:form", channel=there.general)
        await opened(there, there.ana, "aivax:form")
        await slack.submit_view(there.ana, written(text="the lamp is broken"))
        await there.says(there.general, "What is wrong", ts)

        assert len(await there.rows("SELECT id FROM turns WHERE capability = 'ticket'")) == 1
