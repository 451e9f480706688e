"""What is kept from the gateway: what is found, what is not, in how much time, and where it is put back."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql
from structlog.testing import capture_logs

from core.domain import Attachment, Blob, Place, Quote
from core.guard.finders import MARGIN
from core.guard.masking import WINDOW, Masks, Restoring, masked
from core.guard.settings import Kind
from core.storage.db import Database
from tests.samples import ANA, BEN, CHANNEL, said
from tests.stage import FakePlatform, Stage, staged

ALL: tuple[Kind, ...] = ("email", "phone", "card", "token")
MAIL, PHONE, CARD = "ana.b+c@mail.example.com", "+34 612 34 56 78", "4111 1111 1111 1111"
KEY = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
GUARD = {"mask": ALL}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"write to {MAIL}.", "write to [EMAIL]."),
        ("<josé@exämple.com>", "<[EMAIL]>"),
        ("call +1 (555) 123-4567, 612345678 or (11) 91234-5678", "call [PHONE], [PHONE] or [PHONE]"),
        ("0012025550123 and 555-123-4567", "[PHONE] and [PHONE]"),
        (f"{CARD}, 4111111111111111, 3782 822463 10005", "[CARD], [CARD], [CARD]"),
        (f"order 555 {CARD} now", "order 555 [CARD] now"),
        (f"key {KEY}!", "key [TOKEN]!"),
        ("sk-aiv-acc-0123456789abcdef", "[TOKEN]"),
        ("password: hunter2!!, senha = abc123xyz", "password: [TOKEN] senha = [TOKEN]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def", "[TOKEN]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIab+/=\n-----END RSA PRIVATE KEY-----", "[TOKEN]"),
        ("aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF", "[TOKEN]"),
    ],
)
def test_what_looks_like_a_secret_is_found(text: str, seen: str) -> None:
    assert masked(text, ALL) == seen


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-11-29 10:15 at 192.168.100.200",
        "pi is 3.14159265358, we paid 1.234.567.890",
        "order 12345678, invoice 2026/1234, 4111 1111 1111 1112",
        "the_name_of_a_function_that_is_rather_long",
        "f6a0c1d2e3b4f6a0c1d2e3b4f6a0c1d2e3b4f6a0 and 123e4567-e89b-12d3-a456-426614174000",
        "a password is needed; @ana said so, see a@b",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert masked(text, ALL) == text


def test_only_what_is_named_is_masked() -> None:
    assert masked(f"{MAIL} {PHONE}", ("phone",)) == f"{MAIL} [PHONE]"


@settings(max_examples=15)
@given(st.integers(0, 3), st.text("ab1 @.+-", max_size=40), st.text("ab1 @.+-", max_size=40))
async def test_a_value_is_found_wherever_windows_are_cut(shift: int, before: str, after: str) -> None:
    """What stands around it at a cut changes nothing: the value itself never goes out."""
    for value in (MAIL, CARD, KEY):
        filler = "word " * ((WINDOW + MARGIN) // 5)
        text = f"{filler[: WINDOW - len(value) // 2 + shift - len(before)]}{before} {value} {after}"

        assert value not in await Masks(ALL).mask(text)


@given(st.text(st.sampled_from("a1 @.[]_EMAIL+-()=:/4\n"), max_size=300))
async def test_what_is_masked_and_restored_is_what_was_written(text: str) -> None:
    masks = Masks(ALL)
    masks.reserve(text)
    out = await masks.mask(text)
    await masks.restore_what(text)
    restoring = Restoring(masks.restored)

    assert "".join(map(restoring.feed, out)) + restoring.rest() == text


@given(st.lists(st.text("[]EMAIL_123 x", max_size=6)))
def test_restoring_holds_back_no_more_than_a_placeholder_and_loses_nothing(pieces: list[str]) -> None:
    restoring = Restoring({"[EMAIL_1]": "a@b.co"})
    shown, whole = "", ""
    for piece in pieces:
        shown, whole = shown + restoring.feed(piece), whole + piece
        assert len(whole.replace("[EMAIL_1]", "a@b.co")) - len(shown) < 16

    assert shown + restoring.rest() == whole.replace("[EMAIL_1]", "a@b.co")


HOSTILE = (
    "a",
    "1",
    "4 1 ",
    "@",
    "a@",
    "a.",
    "+1",
    "1(",
    "-",
    "sk-",
    "password ",
    "eyJ",
    "aA1",
    "4111 ",
    "5. ",
    "1-",
    "[EMAIL_1",
    "a@b.co ",
    "-----BEGIN PRIVATE KEY-----",
    "token=",
    "/+a",
    ".@-",
    "(1)",
    "token " + " " * 50,
)


@pytest.mark.parametrize("piece", HOSTILE)
async def test_hostile_text_never_holds_the_loop(piece: str) -> None:
    """The watchdog of tests (tests/watchdog.py) fails this where one step takes long."""
    text = piece * (200_000 // len(piece))
    steps = []

    async def other() -> None:
        async with asyncio.timeout(60):
            while not masking.done():
                steps.append(1)
                await asyncio.sleep(0)

    masking = asyncio.ensure_future(Masks(ALL).mask(text))
    await asyncio.gather(masking, other())

    assert len(steps) >= 20


async def test_nothing_of_question_history_files_and_surroundings_reaches_the_gateway(
    migrated_url: str,
) -> None:
    platform = FakePlatform()
    platform.files["ref"] = Blob(f"the list: {CARD}".encode(), "text/plain")
    platform.around["general"] = (Quote("o-1", BEN.name, f"ask {PHONE}"),)
    with capture_logs() as log:
        async with staged(migrated_url, platform=platform, guard=GUARD) as stage:
            await stage.hear(said(f"I am {MAIL}, key {KEY}", at=CHANNEL))
            file = Attachment("ref", f"{MAIL}.txt", "text/plain", 50)
            await stage.hear(said(f"and {MAIL} again", at=CHANNEL, attachments=(file,)))
            sent = json.dumps(stage.asked)
            found = await _where_stored(stage, MAIL)

    assert not any(each in sent for each in (MAIL, PHONE, CARD, KEY))
    last = json.dumps(stage.asked[-1]["messages"])
    assert last.count("[EMAIL_1]") >= 3
    assert "[CARD_1]" in last
    assert "[PHONE_1]" in last
    assert not any(MAIL in str(line) for line in log)
    assert found == {"messages"}


async def test_who_wrote_a_value_reads_it_again_while_the_answer_streams(migrated_url: str) -> None:
    async with staged(migrated_url, guard=GUARD) as stage:
        await stage.hear(said(f"say {MAIL}"))
        shown = stage.platform.visible("D-ana")[0]

    assert MAIL in shown
    assert "[EMAIL_1]" not in shown
    assert MAIL not in json.dumps(stage.asked)


async def test_what_others_wrote_is_not_put_back(migrated_url: str) -> None:
    """In a conversation of several, Ben's question has the model write what Ana wrote: a placeholder stays one."""
    async with staged(migrated_url, guard=GUARD, conversation={"scope": "thread"}) as stage:
        await stage.hear(said(f"I am {MAIL}", at=CHANNEL))
        await stage.hear(said("say [EMAIL_1] and ben@example.com", by=BEN, at=CHANNEL))
        shown = stage.platform.visible("general")[-1]

    assert MAIL not in shown
    assert "ben@example.com" in shown


async def test_without_restoring_the_answer_keeps_the_placeholder_on_the_screen_and_in_the_database(
    migrated_url: str,
) -> None:
    async with staged(migrated_url, guard={**GUARD, "restore": False}) as stage:
        await stage.hear(said(f"say {MAIL}"))
        shown = stage.platform.visible("D-ana")[0]
        answers = await stage.rows("SELECT text FROM messages WHERE role = 'assistant'")
        questions = await stage.rows("SELECT text FROM messages WHERE role = 'user'")

    assert "[EMAIL_1]" in shown
    assert MAIL not in answers[0]
    assert questions == [f"say {MAIL}"]


async def test_channels_that_are_not_named_are_left_alone_and_direct_messages_never(
    migrated_url: str,
) -> None:
    guard = {**GUARD, "channels": ["fake:elsewhere"]}
    elsewhere = Place("fake", "W1", "elsewhere", "t")
    async with staged(migrated_url, guard=guard) as stage:
        for place in (CHANNEL, elsewhere, said().place):
            await stage.hear(said(f"say {MAIL}", at=place))

    assert [MAIL in json.dumps(each) for each in stage.asked] == [True, False, False]


async def test_the_operators_instructions_are_not_masked(migrated_url: str) -> None:
    conversation = {"instructions": "Send complaints to help@example.com."}
    async with staged(migrated_url, guard=GUARD, conversation=conversation) as stage:
        await stage.hear(said(f"I am {MAIL}"))

    system = stage.asked[0]["messages"][0]
    assert system["role"] == "system"
    assert "help@example.com" in system["content"]
    assert "stand for values that are kept from you" in system["content"]


async def test_people_at_once_read_their_own_values_alone(migrated_url: str) -> None:
    places = [Place("fake", "W1", f"D-{n}", private=True) for n in range(8)]
    async with staged(migrated_url, guard=GUARD) as stage:
        await asyncio.gather(
            *(
                stage.core.intake.receive(said(f"say p{n}@example.com", at=each))
                for n, each in enumerate(places)
            )
        )
        await stage.rest()
        shown = ["".join(stage.platform.visible(each.channel)) for each in places]

    assert [set(re.findall(r"p\d@example\.com", each)) for each in shown] == [
        {f"p{n}@example.com"} for n in range(8)
    ]


async def _where_stored(stage: Stage, value: str) -> set[str]:
    """The tables in which any row holds a value."""
    found = set()
    async with Database(stage.settings.storage.url) as database, database.read() as connection:
        names = await connection.run_sync(_tables)
        for name in names:
            rows: list[Any] = list(await connection.execute(sql(f'SELECT * FROM "{name}"')))  # noqa: S608
            if any(value in str(row) for row in rows):
                found.add(name)
    return found


def _tables(connection: Any) -> list[str]:
    from sqlalchemy import inspect

    return list(inspect(connection).get_table_names())


def test_the_example_of_the_page_is_python_that_loads() -> None:
    page = (Path(__file__).parents[1] / "docs" / "guard.md").read_text(encoding="utf-8")
    source = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert source is not None
    module: dict[str, Any] = {"__name__": "customers"}
    exec(source[1], module)  # noqa: S102  it is the page's own
    from aivax_bots.hooks import Call, CallMessage

    call = Call(ANA, CHANNEL, "m", (CallMessage("user", ("I am K-123456.",)),))
    assert module["customer_numbers"](call).messages[0].texts == ("I am [CUSTOMER].",)
