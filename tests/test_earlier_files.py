"""Files of before that a question is about go along: of the message replied to, of the thread's first, the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from core.conversations import attachments as reading
from core.domain import Attachment, Author, Blob, Command, FileGone, Identity, Quote
from sandbox.faults import Fault
from tests.samples import ANA, BEN, CHANNEL, PNG, said
from tests.stage import FakePlatform, Stage, staged
from tests.test_edits import commanded
from tests.test_erasure import forget

CAT = Attachment("cat", "cat.png", "image/png", len(PNG))
LOG = Attachment("log", "server.log", "application/octet-stream", 5)
GONE = Attachment("gone", "gone.png", "image/png", 5)


def platform() -> FakePlatform:
    made = FakePlatform()
    made.files = {"cat": Blob(PNG, "image/png"), "log": Blob(b"error", ""), "gone": FileGone("fake")}
    return made


def parts(stage: Stage, call: int = -1) -> list[list[dict[str, Any]]]:
    """The content parts of each message that was sent."""
    contents = [message["content"] for message in stage.asked[call]["messages"]]
    return [[{"text": each}] if isinstance(each, str) else each for each in contents]


def pictures(stage: Stage, call: int = -1) -> int:
    return sum("image_url" in part for message in parts(stage, call) for part in message)


def words(stage: Stage, call: int = -1) -> str:
    return "\n".join(part.get("text", "") for message in parts(stage, call) for part in message)


def quote(name: str, *files: Attachment, **more: Any) -> Quote:
    return Quote(f"origin-{name}", name, f"words of {name}", files, **more)


@pytest.mark.parametrize(
    "around",
    [
        [quote("Cy"), quote("Ben", CAT, LOG, replied_to=True)],
        [quote("Ben", CAT, LOG), *(quote(f"P{at}") for at in range(60))],
        [quote("Cy"), quote("Ben", CAT, LOG)],
    ],
    ids=["replied to", "first of a thread", "newest"],
)
async def test_files_around_a_question_go_along(sqlite_url: str, around: Sequence[Quote]) -> None:
    fake = platform()
    fake.around["general"] = around
    async with staged(sqlite_url, platform=fake, conversation={"surroundings_messages": 100}) as stage:
        await stage.hear(said("what is in this picture?", at=CHANNEL))

        assert pictures(stage) == 1
        assert "[file: server.log]\n    error" in words(stage)
        assert "goes without" not in "\n".join(fake.visible("general"))


async def test_a_picture_is_seen_again_with_the_next_question(migrated_url: str) -> None:
    fake = platform()
    async with staged(migrated_url, platform=fake) as stage:
        await stage.hear(said("what is this?", attachments=(CAT,)))
        await stage.hear(said("and what colour is it?"))

        assert parts(stage)[0] == parts(stage, 0)[0]
        assert pictures(stage) == 1


async def test_the_newest_files_go_along_up_to_the_limit_and_the_question_s_own_first(
    sqlite_url: str,
) -> None:
    fake = platform()
    files = [Attachment(str(at), f"{at}.png", "image/png", len(PNG)) for at in range(7)]
    fake.files |= {file.ref: Blob(PNG, "image/png") for file in files}
    async with staged(sqlite_url, platform=fake, limits={"attachments": 3}) as stage:
        for file in files[:-1]:
            await stage.hear(said(f"look at {file.name}", attachments=(file,)))
        await stage.hear(said("and this?", attachments=(files[-1],)))

        assert pictures(stage) == 3
        assert [name in words(stage) for name in ("[image: 3.png]", "[image: 4.png]")] == [True, False]
        assert "goes without" not in "\n".join(fake.visible("D-ana"))


@pytest.mark.parametrize("most", [0, 1])
async def test_how_many_files_of_before_go_along_is_a_setting(sqlite_url: str, most: int) -> None:
    fake = platform()
    fake.around["general"] = [quote("Cy", CAT), quote("Ben", LOG, replied_to=True)]
    async with staged(sqlite_url, platform=fake, conversation={"earlier_attachments": most}) as stage:
        await stage.hear(said("what is this?", at=CHANNEL))

        assert pictures(stage) == 0
        assert ("    error" in words(stage)) == (most == 1)
        assert "[file: cat.png]" in words(stage)


async def test_a_file_of_before_that_was_deleted_is_named_and_told_once(migrated_url: str) -> None:
    fake = platform()
    fake.files["gone"] = Blob(PNG, "image/png")
    async with staged(migrated_url, platform=fake) as stage:
        await stage.hear(said("what is this?", attachments=(GONE,)))
        fake.files["gone"] = FileGone("fake")
        await stage.hear(said("and what colour is it?"))
        await stage.hear(said("thanks"))

        assert "[image: gone.png]" in words(stage)
        told = ["gone.png is no longer there" in answer for answer in fake.visible("D-ana")]
        assert told == [False, True, False]


async def test_a_file_of_before_that_never_comes_holds_up_no_answer(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(FakePlatform):
        async def fetch(self, ref: str, most_bytes: int) -> Blob:
            if ref == "gone":
                await asyncio.Event().wait()  # no deadline: until it is given up
            return await super().fetch(ref, most_bytes)

    monkeypatch.setattr(reading, "EARLIER_TIMEOUT_S", 0.05)
    fake = Hanging()
    fake.around["general"] = [quote("Ben", GONE, replied_to=True)]
    async with staged(sqlite_url, platform=fake) as stage:
        await stage.hear(said("what is this?", at=CHANNEL))

        assert "I couldn't read gone.png" in fake.visible("general")[0]
        assert "[file: gone.png]" in words(stage)


async def test_what_was_forgotten_does_not_come_back(migrated_url: str) -> None:
    fake = platform()
    async with staged(migrated_url, platform=fake, conversation={"scope": "thread"}) as stage:
        await stage.hear(said("my cat", by=BEN, at=CHANNEL, attachments=(CAT,)))
        await forget(stage, by=BEN, at=CHANNEL)
        await stage.hear(said("what was in the picture?", by=ANA, at=CHANNEL))

        assert (pictures(stage, 0), pictures(stage)) == (1, 0)
        assert "cat.png" not in words(stage)


async def test_a_new_conversation_has_no_files_of_before(sqlite_url: str) -> None:
    async with staged(sqlite_url, platform=platform()) as stage:
        await stage.hear(said("look", attachments=(CAT,)))
        await stage.hear(commanded(Command.RESET))
        await stage.hear(said("what was it?"))

        assert pictures(stage) == 0


async def test_a_server_that_refuses_a_picture_of_before_is_asked_without_it(sqlite_url: str) -> None:
    fake = platform()
    async with staged(sqlite_url, platform=fake) as stage:
        await stage.hear(said("look", attachments=(CAT,)))
        stage.sandbox.state.faults.add(Fault("completions", "status", status=400))
        await stage.hear(said("and what is the time?"))

        assert "and what is the time?" in fake.visible("D-ana")[1]
        assert [pictures(stage, call) for call in range(3)] == [1, 1, 0]
        assert "[image: cat.png]" in words(stage)
        assert await stage.states() == ["answered", "answered"]


async def test_a_server_that_refuses_the_question_s_own_picture_answers_its_words(sqlite_url: str) -> None:
    fake = platform()
    async with staged(sqlite_url, platform=fake) as stage:
        stage.sandbox.state.faults.add(Fault("completions", "status", status=400))
        await stage.hear(said("what is this?", attachments=(CAT,)))

        assert "I couldn't read cat.png, so this answer goes without it." in fake.visible("D-ana")[0]
        assert [pictures(stage, call) for call in range(2)] == [1, 0]


async def test_a_file_around_that_is_in_the_history_too_goes_along_once(sqlite_url: str) -> None:
    fake = platform()
    author = Author(Identity("fake", "W1", "ana"), "Ana")
    async with staged(sqlite_url, platform=fake) as stage:
        await stage.hear(said("my cat", by=author, at=CHANNEL, key="root", attachments=(CAT,)))
        fake.around["general"] = [
            Quote("root", "Ana", "my cat", (CAT,), replied_to=True, author="ana"),
            quote("Ben"),
        ]
        await stage.hear(said("", by=author, at=CHANNEL))

        assert pictures(stage) == 1
        assert words(stage).count("Ana: my cat") == 2


async def test_long_texts_of_before_keep_to_the_history_s_budget(sqlite_url: str) -> None:
    fake = platform()
    fake.files["log"] = Blob(b"x" * 50_000, "text/plain")
    log = Attachment("log", "server.log", "text/plain", 50_000)
    async with staged(sqlite_url, platform=fake, conversation={"history_tokens": 18_000}) as stage:
        await stage.hear(said("read", attachments=(log,)))
        await stage.hear(said("more?"))

        assert len(words(stage, 0)) > 50_000
        (before,) = (part["text"] for part in parts(stage)[0])
        assert 1_000 < before.count("x") < 10_000
        assert "[the rest of this file is left out]" in words(stage)


async def test_large_files_of_every_kind_hold_up_nobody(sqlite_url: str) -> None:
    """The watchdog of the tests fails this one where a step of the loop takes too long."""
    fake = FakePlatform()
    kinds = {
        "umlauts.txt": "äö\n".encode() * 2_000_000,
        "western.csv": b"\xe4;b\n" * 2_500_000,
        "export.reg": "ab\n".encode("utf-16-le") * 1_600_000,
        "film.mp4": b"\0\0\0\x1cftypisom" + b"hdlr" * 2_400_000,
        "photo.png": b"\0\xff" * 5_000_000,
    }
    fake.files = {name: Blob(data, "") for name, data in kinds.items()}
    files = tuple(Attachment(name, name, "", len(data)) for name, data in kinds.items())
    async with staged(sqlite_url, platform=fake) as stage:
        await stage.hear(said("look", attachments=files))

        shown = "\n".join(fake.visible("D-ana"))
        assert "goes without film.mp4" in shown
        assert "I couldn't read photo.png" in shown
        assert "so this answer goes without the rest of umlauts.txt, western.csv, export.reg." in shown
