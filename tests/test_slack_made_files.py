"""Files that models make, as files in Slack: shown once, whatever breaks between the three steps."""

from __future__ import annotations

import pytest

from core.domain import Footer, MadeFile, OutcomeUnknown, PlaceClosed
from tests.fakes import FakeLedger
from tests.slack_stage import Stage, staged

PART = 10_000
CAT = MadeFile("picture-1.png", "image/png", "a cat", b"\x89PNG\r\n\x1a\n" + bytes(40))
DOG = MadeFile("picture-2.gif", "image/gif", "", b"GIF89a" + bytes(20))


async def attach(
    stage: Stage, ledger: FakeLedger, *files: MadeFile, again: bool = False, **more: object
) -> str:
    delivery = await ledger.intend(PART)
    return await stage.bot.attach(stage.address(**more), files or (CAT, DOG), delivery, ledger, again=again)


def files_shown(stage: Stage) -> list[tuple[str, ...]]:
    return [shown.files for shown in stage.answers if shown.files]


async def test_pictures_stand_below_the_question_in_one_message() -> None:
    async with staged() as stage:
        ledger = FakeLedger()

        name = await attach(stage, ledger)

        assert files_shown(stage) == [("picture-1.png", "picture-2.gif")]
        first, second = (stage.slack.world.files[each] for each in name.split(","))
        assert (first.body, first.title, first.alt) == (CAT.data, "a cat", "a cat")
        assert (second.body, second.title, second.alt) == (DOG.data, "picture-2.gif", "")
        assert ledger.rows[0].message_id == name


async def test_in_a_channel_they_stand_in_the_thread() -> None:
    async with staged() as stage:
        await stage.in_channel()

        await attach(stage, FakeLedger(), direct=False)

        (shown,) = [each for each in stage.answers if each.files]
        assert shown.thread_ts == stage.ts


async def test_bytes_that_are_not_taken_show_nothing() -> None:
    async with staged() as stage:
        stage.slack.world.rules.uploads_fail = True

        with pytest.raises(PlaceClosed):
            await attach(stage, FakeLedger())

        assert files_shown(stage) == []


@pytest.mark.parametrize("done", [True, False], ids=["it was done", "nothing was done"])
async def test_an_upload_whose_outcome_is_unknown_shows_the_files_once(done: bool) -> None:
    async with staged() as stage:
        ledger = FakeLedger()
        if done:
            stage.slack.lose_response("files.completeUploadExternal")
            await attach(stage, ledger)
        else:
            stage.slack.fail("files.completeUploadExternal", "internal_error")
            with pytest.raises(OutcomeUnknown):
                await attach(stage, ledger)
            await attach(stage, ledger, again=True)

        assert files_shown(stage) == [("picture-1.png", "picture-2.gif")]


async def test_what_an_attempt_before_uploaded_is_completed_and_what_it_shared_is_left() -> None:
    async with staged() as stage:
        ledger = FakeLedger()
        stage.slack.fail("files.completeUploadExternal", "service_unavailable")
        with pytest.raises(Exception):  # noqa: B017  the process ends here
            await attach(stage, ledger)

        for _ in range(2):
            ledger = ledger.reopened()
            await attach(stage, ledger, again=True)

        assert files_shown(stage) == [("picture-1.png", "picture-2.gif")]
        assert len(stage.slack.calls_of("files.getUploadURLExternal")) == 2


async def test_without_the_scope_the_place_takes_none() -> None:
    async with staged() as stage:
        stage.slack.workspace.scopes.discard("files:write")

        with pytest.raises(PlaceClosed) as refused:
            await attach(stage, FakeLedger())

        assert refused.value.code == "missing_scope"


@pytest.mark.parametrize("where", [{"home": True}, {"ephemeral": True}])
async def test_what_one_person_alone_sees_takes_no_file(where: dict[str, bool]) -> None:
    async with staged() as stage:
        assert await attach(stage, FakeLedger(), **where) == ""

        assert files_shown(stage) == []


async def test_files_and_messages_are_taken_away_and_what_is_gone_is_fine() -> None:
    async with staged() as stage:
        ledger = FakeLedger()
        name = await attach(stage, ledger)
        async with stage.surface(FakeLedger()) as surface:
            await surface.write("Here they are.")
            await surface.finish(Footer())
        answer = next(each for each in stage.answers if each.text)

        for _ in range(2):
            await stage.bot.remove(stage.address(), [answer.ts, name])

        assert stage.answers == []
