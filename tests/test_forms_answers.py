"""Forms through the whole core and the sandbox: what is asked, what people see, what is never paid for twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import structlog

from core.aivax.request import AnswerSchema, Dialect, build_body
from core.domain import Attachment, Blob, Command, Commanded, SchemaUnmet
from core.i18n import Phrase, Translators
from sandbox.shapes import Shapes
from tests.forms_samples import LIST, TICKET
from tests.samples import ANA, BEN, DIRECT, PNG, said
from tests.scripted_aivax import QUESTION, Scripted, answer_of, client, refusal, reply, settings
from tests.scripted_aivax import said as answering
from tests.stage import FakePlatform, Stage, staged

EN = Translators().of("en")
PLACE = "D-ana"
UNMET = EN.say(Phrase.SCHEMA_UNMET, reference="|").partition("|")[0]


@asynccontextmanager
async def with_forms(url: str, *forms: dict[str, Any], **sections: Any) -> AsyncIterator[Stage]:
    async with staged(url, forms=forms, **sections) as stage:  # type: ignore[arg-type]
        yield stage


async def answer_to(stage: Stage, text: str, **more: Any) -> str:
    """What people see after a message, all of it."""
    before = len(stage.platform.visible(PLACE))
    await stage.hear(said(text, **more))
    return "\n".join(stage.platform.visible(PLACE)[before:])


async def test_a_form_asks_its_prompt_with_its_schema_and_shows_the_fields(migrated_url: str) -> None:
    async with with_forms(migrated_url, TICKET | {"max_attempts": 4}, aivax={"tries": 3}) as stage:
        seen = await answer_to(stage, 'ticket text="the *lamp* is broken" floor=3')

        (body,) = stage.asked
    assert body["messages"] == [{"role": "user", "content": "A complaint from floor 3: the *lamp* is broken"}]
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"schema": TICKET["result"], "healing_options": {"max_attempts": 4}},
    }
    assert "- **What is wrong**: A complaint from floor 3: the \\*lamp\\* is broken" in seen
    assert "- **urgent**: yes\n- **level**: 3" in seen


async def test_without_a_number_of_tries_the_schema_goes_alone(migrated_url: str) -> None:
    async with with_forms(migrated_url, TICKET | {"model": "@sandbox/echo"}) as stage:
        await answer_to(stage, "ticket the lamp is broken")

        (body,) = stage.asked
    assert body["response_schema"] == TICKET["result"]
    assert "response_format" not in body
    assert body["model"] == "@sandbox/echo"


async def test_a_table_is_shown_and_attached_where_it_is_asked_for(migrated_url: str) -> None:
    async with with_forms(migrated_url, LIST | {"file": "csv"}) as stage:
        seen = await answer_to(stage, "parts a bicycle, rows 3")

    assert "| name | count |\n| --- | ---: |" in seen
    assert "| List the parts of a bicycle, rows 3 2 | 2 |" in seen
    assert "<parts.csv: " in seen


async def test_a_table_that_is_cut_is_attached_whole_and_a_short_one_is_not(migrated_url: str) -> None:
    async with with_forms(migrated_url, LIST) as stage:
        short = await answer_to(stage, "parts rows 3")
        long = await answer_to(stage, "parts rows 60")

    assert "<parts.csv" not in short
    assert "not shown here: 10. The file has all" in long
    assert "<parts.csv: " in long


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ticket", 'I need `text` as well: What the complaint says. Write it like this: `ticket text="..."`'),
        ('ticket text="the lamp" floor=12', "`floor` can't be `12`: it takes a whole number from 1 to 9."),
    ],
)
async def test_what_can_t_be_used_is_told_and_nothing_is_asked(
    migrated_url: str, text: str, told: str
) -> None:
    async with with_forms(migrated_url, TICKET) as stage:
        assert told in await answer_to(stage, text)
        assert stage.times_asked == 0


@pytest.mark.parametrize("rejected", ["hidden", "streamed"])
async def test_attempts_that_did_not_fit_are_never_seen(migrated_url: str, rejected: Any) -> None:
    async with with_forms(migrated_url, TICKET | {"max_attempts": 5}) as stage:
        stage.sandbox.state.shapes = Shapes(rejected_attempts=rejected)
        seen = await answer_to(stage, "ticket misfit 3")

        assert seen.count("misfit 3") == 1
        assert "- **What is wrong**: A complaint from floor : misfit 3" in seen
        assert stage.times_asked == 1


@pytest.mark.parametrize("exhausted", ["400", "500", "chunk"])
@pytest.mark.parametrize("rejected", ["hidden", "streamed"])
async def test_the_end_of_all_attempts_is_said_once_and_never_paid_again(
    migrated_url: str, rejected: Any, exhausted: Any
) -> None:
    async with with_forms(migrated_url, TICKET, aivax={"tries": 3}) as stage:
        stage.sandbox.state.shapes = Shapes(rejected_attempts=rejected, healing_exhausted=exhausted)
        with structlog.testing.capture_logs() as logs:
            seen = await answer_to(stage, "ticket misfit")
        other = await answer_to(stage, "ticket the lamp", by=BEN)

        assert UNMET in seen
        assert "{" not in seen
        assert stage.times_asked == 2
        assert "the lamp" in other
    (line,) = [line for line in logs if line["event"] == "turn.failed"]
    assert line["error"] == "SchemaUnmet"


async def test_a_file_goes_along_and_a_form_without_inputs_needs_no_words(migrated_url: str) -> None:
    scan = TICKET | {"name": "scan", "inputs": [], "prompt": "Make a ticket of what the file shows"}
    platform = FakePlatform()
    platform.files = {"png": Blob(PNG, "image/png"), "txt": Blob(b"the lamp is broken", "text/plain")}
    files = (
        Attachment("png", "a.png", "image/png", len(PNG)),
        Attachment("txt", "b.txt", "text/plain", 18),
    )
    async with with_forms(migrated_url, scan, platform=platform) as stage:
        await answer_to(stage, "ask me later")
        await answer_to(stage, "scan", attachments=files)
        alone = await answer_to(stage, "scan")

        _, with_files, without = stage.asked
    prompt, picture, text = with_files["messages"][-1]["content"]
    assert prompt["text"] == "Make a ticket of what the file shows"
    assert picture["type"] == "image_url"
    assert "the lamp is broken" in text["text"]
    assert without["messages"] == [{"role": "user", "content": prompt["text"]}]
    assert "What is wrong" in alone


async def test_what_was_said_before_and_by_others_is_no_part_of_a_form(migrated_url: str) -> None:
    instructed: Any = {"instructions": "Be brief."}
    async with with_forms(migrated_url, TICKET, conversation=instructed) as stage:
        await answer_to(stage, "the secret word is rhubarb")
        await answer_to(stage, "ticket the lamp is broken")

        body = stage.asked[-1]
    assert [each["role"] for each in body["messages"]] == ["system", "user"]
    assert "rhubarb" not in str(body)
    assert body["messages"][0]["content"] == "Be brief."


async def test_a_form_has_its_own_daily_limit_for_each_person(migrated_url: str) -> None:
    async with with_forms(migrated_url, TICKET | {"daily": 1}) as stage:
        await answer_to(stage, "ticket the lamp is broken")
        again = await answer_to(stage, "ticket the door is broken")
        await answer_to(stage, "ticket the roof is broken", by=BEN)

        assert "`ticket`" in again
        assert stage.times_asked == 2


async def test_the_help_names_the_forms(migrated_url: str) -> None:
    async with with_forms(migrated_url, TICKET, LIST) as stage:
        await stage.hear(Commanded(("c",), ANA, DIRECT, Command.HELP, address="D-ana/c"))
        seen = "\n".join(stage.platform.visible(PLACE))

    assert "- `ticket`: Make a ticket of a complaint" in seen
    assert "- `parts`: List the parts of a thing" in seen


# The call


WITH_SCHEMA = replace(QUESTION, answer_schema=AnswerSchema({"type": "object"}))


@pytest.mark.parametrize("dialect", [Dialect.PUBLIC, Dialect.PLAIN, Dialect.BARE])
def test_a_schema_goes_to_aivax_with_a_private_key_alone(dialect: Dialect) -> None:
    assert "response_schema" in build_body(WITH_SCHEMA, settings(), Dialect.AIVAX)
    assert "response_schema" not in build_body(WITH_SCHEMA, settings(), dialect)


@pytest.mark.parametrize(
    "failure",
    [
        refusal(400, "invalid_request_error", "no answer fitted"),
        refusal(422, "", "no answer fitted"),
        refusal(500, "server_error", "Internal error."),
        reply(status=500),
    ],
)
async def test_a_failure_that_may_end_the_attempts_is_not_tried_again(failure: Any) -> None:
    server = Scripted(failure)
    with pytest.raises(SchemaUnmet):
        await answer_of(client(server, tries=3), WITH_SCHEMA)

    assert len(server.asked) == 1


@pytest.mark.parametrize("failure", [refusal(503, "service_unavailable"), refusal(429), refusal(502)])
async def test_a_failure_that_passes_is_tried_again_as_for_any_question(failure: Any) -> None:
    server = Scripted(failure, reply(*answering("{}")))
    await answer_of(client(server, tries=3), WITH_SCHEMA)

    assert len(server.asked) == 2
