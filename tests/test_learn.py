"""What operators have the bot learn: through the whole core and the sandbox, from the file to the document found."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.app import Core
from core.aivax.client import AivaxClient
from core.domain import (
    Action,
    Attachment,
    Author,
    Blob,
    Deleted,
    Edited,
    FileGone,
    Identity,
    PlatformError,
    Pressed,
    Quote,
    Said,
)
from core.knowledge.learning.keeping import Keeper
from core.knowledge.learning.telling import bar, quoted
from sandbox.faults import Fault
from sandbox.server import Sandbox, serve
from sandbox.shapes import Shapes
from tests.pdfs import pdf
from tests.samples import WallClock, said
from tests.stage import FakePlatform, Stage, staged
from tests.test_learn_extraction import docx, xlsx

ROOT = Author(Identity("discord", "W1", "7"), "Root")
EVE = Author(Identity("discord", "W1", "8"), "Eve")
THREAD = replace(said().place, platform="discord", channel="general", thread="t1", private=False)
OPERATORS = {"discord_users": ["7"]}
FILLER = "Nothing else of interest stands on this sheet, so that it is long enough to be a piece. "
OUR_PRICES = {"balance": 100.0}


class School:
    """A bot that may learn, on a stage, with a clock that the test moves."""

    def __init__(self, stage: Stage, clock: WallClock, collection: str) -> None:
        self.stage = stage
        self.clock = clock
        self.collection = collection

    @property
    def platform(self) -> FakePlatform:
        return self.stage.platform

    @property
    def shown(self) -> str:
        """The newest message in the channel."""
        return self.platform.visible("general")[-1]

    @property
    def documents(self) -> dict[str, str]:
        """What the collection holds: its documents' texts by their names."""
        found = self.stage.sandbox.state.knowledge.library.collections[self.collection].documents.values()
        return {each.name: each.contents for each in found}

    async def learn(self, *files: tuple[str, bytes], by: Author = ROOT, text: str = "learn") -> Said:
        for name, data in files:
            self.platform.files[name] = Blob(data, "application/octet-stream")
        attachments = tuple(Attachment(name, name, size_bytes=len(data)) for name, data in files)
        event = said(text, by=by, at=THREAD, attachments=attachments)
        await self.stage.hear(event)
        return event

    async def say(self, text: str, *, by: Author = ROOT) -> str:
        await self.stage.hear(said(text, by=by, at=THREAD))
        return self.shown

    async def keep(self) -> None:
        """Carry out what events left to be done, as the process does every half minute."""
        await keeper_of(self.stage.core).carry_on()

    async def indexed(self) -> None:
        """Have the sandbox index what it was sent: it does so when it is looked at."""
        async with AivaxClient(self.stage.settings.aivax) as aivax:
            await aivax.knowledge.progress(self.collection)


def keeper_of(core: Core) -> Keeper:
    owners = (getattr(part, "__self__", None) for part in core.upkeep)
    return next(owner for owner in owners if isinstance(owner, Keeper))


@asynccontextmanager
async def school(
    url: str,
    *,
    sandbox: Sandbox | None = None,
    platform: FakePlatform | None = None,
    plan: Any = "max",
    **knowledge: Any,
) -> AsyncIterator[School]:
    if sandbox is None:
        async with (
            serve(plan=plan, **OUR_PRICES) as own,
            school(url, sandbox=own, platform=platform, **knowledge) as it,
        ):
            yield it
        return
    library, clock = sandbox.state.knowledge.library, WallClock()
    known = next(iter(library.collections.values()), None) or library.create("handbooks", 0.0)
    if platform is None:
        platform = FakePlatform()
        platform.platform = "discord"  # type: ignore[misc]
    places = [{"collections": [known.id], "learn_into": known.id, "channel": "general"}]
    settings = {"learn_wait_s": 0.0, "places": places, **knowledge}
    async with staged(
        url, platform=platform, sandbox=sandbox, now=clock, operators=OPERATORS, knowledge=settings
    ) as stage:
        yield School(stage, clock, known.id)


def handbook(pages: int = 200, *, changed: int = 0) -> bytes:
    return pdf(
        [
            f"{FILLER}{FILLER}\nThe code of locker {page} is {'new' if page == changed else 'old'}{page}x."
            for page in range(1, pages + 1)
        ]
    )


# Learning


async def test_a_question_about_page_150_of_200_finds_that_page(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        await it.learn(("handbook.pdf", handbook()))

        assert len(it.documents) == 200
        assert (
            "`handbook.pdf`: pieces: 200, of which 200 are new and 0 were there already. Pages: 200."
            in it.shown
        )
        assert "This cost $" in it.shown
        await it.indexed()
        for word in ("search", "sources"):
            assert "handbook.pdf, p. 150" in await it.say(f"{word} code of locker old150x?", by=EVE)
        documents = it.stage.sandbox.state.knowledge.library.collections[it.collection].documents.values()
        told = next(each.metadata for each in documents if "old150x" in each.contents)
        assert (told["source"], told["page"]) == ("handbook.pdf", "150")
        assert set(told) == {"source", "page", "learnt_by", "place", "platform", "workspace", "channel"}
        assert "Root" not in str(told)


async def test_it_is_told_how_far_it_is(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    async def status(_: object, text: str) -> None:
        lines.append(text)

    monkeypatch.setattr("core.turns.capability_run._Run.status", status)
    monkeypatch.setattr("core.knowledge.learning.lesson.POLL_S", 0.0)
    async with school(sqlite_url, learn_wait_s=60.0) as it:
        it.stage.sandbox.state.knowledge.library.index_after_polls = 2
        await it.learn(("handbook.pdf", handbook(40)))

        assert "still indexing" not in it.shown
        await it.say("unlearn handbook.pdf")
    assert [line for line in lines if "20" in line or "AIVAX" in line or "Sending" in line] == [
        "Reading `handbook.pdf`  ▰▰▰▰▰▱▱▱▱▱  20 of 40",
        "Sending `handbook.pdf`  ▱▱▱▱▱▱▱▱▱▱  0 of 40",
        "Sending `handbook.pdf`  ▰▰▰▰▰▰▰▰▰▰  40 of 40",
        "AIVAX is indexing  ▱▱▱▱▱▱▱▱▱▱  40 left",
        "Forgetting `handbook.pdf`  ▰▰▰▰▰▱▱▱▱▱  20 of 40",
    ]


async def test_a_newer_version_sends_what_changed_and_deletes_what_is_gone(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        await it.learn(("handbook.pdf", handbook(5)))
        await it.learn(("handbook.pdf", handbook(4, changed=3)))

        assert "pieces: 4, of which 1 are new and 3 were there already." in it.shown
        assert "older version that I have forgotten: 2." in it.shown
        assert len(it.documents) == 4
        assert sum("new3x" in text for text in it.documents.values()) == 1
        assert not any("old3x" in text or "old5x" in text for text in it.documents.values())


@pytest.mark.parametrize(
    "shapes", [Shapes(), replace(Shapes(), lists="paged", web_fetch="bare", refusal="message")]
)
async def test_office_files_are_learnt_in_whatever_form_aivax_answers(
    sqlite_url: str, shapes: Shapes
) -> None:
    async with (
        serve(plan="max", shapes=shapes, **OUR_PRICES) as sandbox,
        school(sqlite_url, sandbox=sandbox) as it,
    ):
        await it.learn(
            ("rules.docx", docx("The harbour opens at six.", "It closes at nine.")),
            ("prices.xlsx", xlsx("Mooring", "12 euros")),
            ("crew.csv", b"name;role\nDana;skipper\n"),
            ("rules.docx", docx("The harbour opens at seven.")),
        )

        texts = "\n".join(it.documents.values())
        assert all(each in texts for each in ("opens at seven", "12 euros", "Dana;skipper"))
        assert "opens at six" not in texts
        assert len(it.documents) == 3
        assert it.shown.count("I have learnt") == 4


async def test_a_file_that_can_t_be_learnt_keeps_none_of_the_others_back(sqlite_url: str) -> None:
    async with school(sqlite_url, learn_bytes=50_000, learn_pages=3) as it:
        await it.learn(
            ("all`*@everyone*.zip", b"PK\x03\x04"),
            ("large.txt", b"x" * 50_001),
            ("long.pdf", handbook(4)),
            ("notes.txt", b"The spare key hangs behind the door."),
        )

        assert "`all’*@everyone*.zip` is left out: I can't read files of this kind." in it.shown
        assert "`large.txt` is left out: I may learn files of up to 0 MB." in it.shown
        assert "`long.pdf` is left out: I may learn files of up to 3 pages." in it.shown
        assert [text.split("\n")[1] for text in it.documents.values()] == [
            "The spare key hangs behind the door."
        ]


async def test_a_thread_is_learnt_without_what_the_bot_said(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        it.platform.around["general"] = (
            Quote("m1", "Dana", "How do we moor?", author="1"),
            Quote("m2", "Bot", "I guess with ropes.", author="9", own=True),
            Quote("m3", "Lee", "Bow line first.\nThen the stern.", author="2"),
        )
        await it.say("learn")

        (text,) = it.documents.values()
        assert text == "[How do we moor?]\nDana: How do we moor?\n\nLee: Bow line first.\nThen the stern."
        assert "I have learnt `How do we moor?`" in it.shown


async def test_where_no_collection_is_named_nothing_is_learnt(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        await it.stage.hear(said("learnt", by=ROOT, at=replace(THREAD, channel="elsewhere")))

        assert "[knowledge] learn_into" in it.platform.visible("elsewhere")[-1]


async def test_without_files_and_thread_its_use_is_told(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        assert "Attach the files" in await it.say("aprender")
        assert it.documents == {}


async def test_only_operators_teach_list_and_forget(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        await it.learn(("a.txt", b"A secret."), by=EVE)
        refused = it.shown
        assert it.documents == {}
        assert "Only the people who run me" in refused
        for each in ("learnt", "unlearn a.txt"):
            assert "Only the people" in await it.say(each, by=EVE)


async def test_what_was_learnt_is_listed_and_forgotten(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        assert await it.say("learnt") == "I have learnt nothing here yet."
        await it.learn(("handbook.pdf", handbook(3)), ("notes.txt", b"The spare key hangs behind the door."))

        listed = await it.say("learnt")
        assert "- [handbook.pdf](https://chat.example/general/" in listed
        assert "): 3 pieces, 2026-09-01, by `Root`" in listed
        assert await it.say("unlearn Handbook.PDF") == "I have forgotten `handbook.pdf`: 3 pieces."
        assert len(it.documents) == 1
        assert "handbook" not in await it.say("learnt")
        assert "nothing named `x`" in await it.say("unlearn x")
        assert "Write the name" in await it.say("unlearn")


# Limits


async def test_one_person_s_pieces_of_a_day_are_limited(sqlite_url: str) -> None:
    async with school(sqlite_url, learn_pieces_daily=5) as it:
        await it.learn(("a.pdf", handbook(3)))
        await it.learn(("b.pdf", handbook(3)))
        assert (
            "it makes 3 new pieces, and you may have 5 a day learnt; there is room for 2 today." in it.shown
        )
        assert len(it.documents) == 3

        await it.learn(("a.pdf", handbook(3)))
        assert "3 were there already" in it.shown
        it.clock.advance(hours=25)
        await it.learn(("b.pdf", handbook(3)))
        assert len(it.documents) == 6


@pytest.mark.parametrize("status", ["429", "400"])
async def test_the_plan_s_limit_is_told_with_what_was_learnt_so_far(sqlite_url: str, status: Any) -> None:
    shapes = replace(Shapes(), insertion_limit=status)
    async with (
        serve(plan="free", shapes=shapes, **OUR_PRICES) as sandbox,
        school(sqlite_url, sandbox=sandbox) as it,
    ):
        await it.learn(("long.pdf", handbook(600)))

        assert "a limit of the account's plan is reached. Of `long.pdf` it has 500 of 600 pieces." in it.shown
        assert len(it.documents) == 500
        listed = await it.say("learnt")
        assert "- [long.pdf](https://chat.example/general/" in listed
        assert "): 500 of 600 pieces so far, by `Root`" in listed


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            Fault("knowledge", "status", status=402),
            "no credit, or no storage, left. Of `a.pdf` it has 0 of 2",
        ),
        (Fault("knowledge", "status", status=503), "Of `a.pdf` AIVAX has 0 of 2 pieces so far"),
        (Fault("knowledge", "html"), "Of `a.pdf` AIVAX has 0 of 2 pieces so far"),
    ],
)
async def test_what_aivax_does_not_take_is_said_plainly(sqlite_url: str, fault: Fault, told: str) -> None:
    async with school(sqlite_url) as it:
        it.stage.sandbox.state.faults.add(fault)
        await it.learn(("a.pdf", handbook(2)))
        assert told in it.shown

        await it.learn(("a.pdf", handbook(2)))
        assert "of which 2 are new" in it.shown


# Crashes


async def test_begun_anew_after_a_crash_it_comes_to_the_same(migrated_url: str) -> None:
    async with serve(plan="max", **OUR_PRICES) as sandbox:
        async with school(migrated_url, sandbox=sandbox) as it:
            await it.learn(("handbook.pdf", handbook(600)))
            names, platform = set(it.documents), it.platform
            # as a crash in the middle leaves it: some were sent, some only meant to be, the turn runs on
            for document in list(it.documents)[400:]:
                _drop(it, document)
            await it.stage.change("DELETE FROM learnt_pieces WHERE id > 500")
            await it.stage.change("UPDATE learnt_pieces SET sent_at = NULL WHERE id > 250")
            await it.stage.change("UPDATE learnt SET learnt_at = NULL")
            await it.stage.change("UPDATE turns SET state = 'queued', answer = NULL, ended_at = NULL")
            await it.stage.change("DELETE FROM messages WHERE role = 'assistant'")
        async with school(migrated_url, sandbox=sandbox, platform=platform) as it:
            await it.stage.core.pool.sweep()
            await it.stage.rest()

            assert set(it.documents) == names
            assert "of which 200 are new and 400 were there already" in "".join(platform.visible("general"))
            assert await it.stage.rows("SELECT count(*) FROM learnt_pieces WHERE sent_at IS NOT NULL") == [
                600
            ]


def _drop(it: School, name: str) -> None:
    documents = it.stage.sandbox.state.knowledge.library.collections[it.collection].documents
    del documents[next(key for key, each in documents.items() if each.name == name)]


# Edits and deletions


async def test_a_deleted_message_s_file_is_forgotten_and_an_outage_only_delays_it(migrated_url: str) -> None:
    async with serve(plan="max", **OUR_PRICES) as sandbox:
        async with school(migrated_url, sandbox=sandbox) as it:
            message = await it.learn(("notes.txt", b"The spare key hangs behind the door."))
            await it.stage.hear(Deleted(("gone",), "discord", "W1", "general", (message.origin,)))
            assert "nothing" in await it.say("learnt")
            sandbox.state.faults.add(Fault("knowledge", "status", status=503))
            await it.keep()
            assert len(it.documents) == 1
        async with school(migrated_url, sandbox=sandbox, platform=it.platform) as later:
            later.clock.advance(minutes=2)
            await later.keep()

            assert later.documents == {}
            assert await later.stage.rows("SELECT count(*) FROM learnt") == [0]
            assert await later.stage.rows("SELECT count(*) FROM learnt_pieces") == [0]


async def test_a_deleted_message_of_a_thread_is_taken_out_of_what_was_learnt(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        dana, lee = (
            Quote("m1", "Dana", "The code is 7731.", author="1"),
            Quote("m2", "Lee", "Thanks!", author="2"),
        )
        it.platform.around["general"] = (dana, lee)
        await it.say("learn codes")
        it.platform.around["general"] = ()
        await it.stage.hear(Deleted(("d1",), "discord", "W1", "general", ("m1",)))
        await it.keep()
        unreadable = dict(it.documents)
        it.platform.around["general"] = (lee,)
        it.clock.advance(minutes=2)
        await it.keep()

        assert any("7731" in text for text in unreadable.values())
        assert list(it.documents.values()) == ["[codes]\nLee: Thanks!"]
        await it.stage.hear(Deleted(("d2",), "discord", "W1", "general", ("m2",)))
        await it.keep()
        assert it.documents == {}


async def test_an_edited_message_is_learnt_anew(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        it.platform.around["general"] = (Quote("m1", "Dana", "We open at six.", author="1"),)
        await it.say("learn hours")
        it.platform.around["general"] = (Quote("m1", "Dana", "We open at seven.", author="1"),)
        await it.stage.hear(Edited(("e1",), EVE, THREAD, "m1", "We open at seven."))
        await it.keep()

        assert list(it.documents.values()) == ["[hours]\nDana: We open at seven."]


async def test_a_file_that_was_taken_out_of_an_edited_message_is_forgotten(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        message = await it.learn(("a.txt", b"The spare key hangs behind the door."))
        it.platform.files["a.txt"] = PlatformError("fake", code="busy")
        await it.stage.hear(Edited(("e1",), ROOT, THREAD, message.origin, "learn this"))
        await it.keep()
        assert len(it.documents) == 1

        it.platform.files["a.txt"] = FileGone("fake")
        it.clock.advance(minutes=2)
        await it.keep()
        assert it.documents == {}


async def test_what_one_taught_goes_with_them_when_they_ask_to_be_forgotten(sqlite_url: str) -> None:
    async with school(sqlite_url) as it:
        await it.learn(("a.txt", b"The spare key hangs behind the door."))
        (turn,) = await it.stage.rows("SELECT key FROM turns")
        await it.stage.hear(Pressed(("forget",), ROOT, THREAD, Action.FORGET, turn, "general/forget"))
        await it.stage.core.intake.deletion.carry_on()
        assert await it.stage.rows("SELECT name FROM learnt") == [""]
        await it.keep()

        assert it.documents == {}


# Rules


def test_a_bar_is_drawn() -> None:
    assert [bar(done, 40) for done in (0, 20, 40, 50)] == ["▱" * 10, "▰" * 5 + "▱" * 5, "▰" * 10, "▰" * 10]
    assert bar(0, 0) == "▱" * 10
    assert quoted("a`b") == "`a’b`"


def test_nothing_of_ours_has_a_collection_hold_only_what_a_file_holds() -> None:
    """`insert-mode=sync` deletes every document of a collection that is not in the file, whoever put it there."""
    tree = Path(__file__).parent.parent
    sources = [each for top in ("bots", "core") for each in (tree / top).rglob("*.py")]

    assert [each.name for each in sources if re.search(r"insert.?mode", each.read_text("utf-8"))] == []


async def test_with_a_key_or_a_server_that_can_t_it_is_refused_before_the_start(sqlite_url: str) -> None:
    from core.domain import SettingRefused

    wrong: dict[str, Callable[[Sandbox], dict[str, Any]]] = {
        "public key": lambda _: {
            "api_key": "pk-aiv-sandbox",
            "model": "5a9db0c5-50c3-4b1d-9c3e-2f6e8b7d50c3",
        },
        "only AIVAX": lambda _: {"api_key": "sk-other"},
    }
    for fix, aivax in wrong.items():
        async with serve() as sandbox:
            with pytest.raises(SettingRefused, match=fix):
                async with staged(
                    sqlite_url, sandbox=sandbox, aivax=aivax(sandbox), knowledge={"learn_into": "c"}
                ):
                    pass
