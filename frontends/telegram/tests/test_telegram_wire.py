"""Telegram's own ways, over the wire: what it takes, what it refuses, and what people see of it."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from typing import Any

import pytest
import pytest_asyncio

from aivax_bots import (
    Action,
    Administers,
    Apology,
    Button,
    FileGone,
    FileTooLarge,
    Footer,
    Frontend,
    FrontendUnreachable,
    Host,
    Identity,
    MadeFile,
    Mounts,
    OutcomeUnknown,
    Place,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
    Plugin,
    Pressed,
    Said,
    Sign,
)
from aivax_bots.testing import FakeLedger, Inbox, Lamp, listening_to, show, soon, until
from telegram_stand_in import Chat, FakeTelegram, Person

pytestmark = pytest.mark.asyncio

ANA, BEN = Person(1001, "Ana", language_code="pt-br"), Person(1002, "Ben")
STOP = Button(Action.STOP, "k1", "Stop")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)


def plugin() -> Plugin:
    loaded: Plugin = EntryPoint("", "aivax_bots_telegram.plugin:plugin", "").load()
    return loaded


@asynccontextmanager
async def opened(fake: FakeTelegram, **settings: Any) -> AsyncIterator[Frontend]:
    section = plugin().section(
        **{"token": fake.token, "api_url": fake.api_url, "edit_interval_s": 0.5, **settings}
    )
    host = Host(None, Mounts(), None, 0.05)  # type: ignore[arg-type]  # neither is looked at
    async with plugin().open(section, host) as frontend:
        yield frontend


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.chat(ANA.id)
        yield fake


@pytest_asyncio.fixture
async def frontend(fake: FakeTelegram) -> AsyncIterator[Frontend]:
    async with opened(fake) as frontend:
        yield frontend


@pytest.fixture
def alone(fake: FakeTelegram) -> Chat:
    return fake.chats[ANA.id]


@pytest.fixture
def group(fake: FakeTelegram) -> Chat:
    return fake.chat(-1001234567890, "supergroup", "Gophers")


def address(chat: Chat, fake: FakeTelegram, words: str = "hello there") -> str:
    return f"{chat.id}#{fake.say(ANA, chat, words).id}"


# How an answer grows


async def test_in_private_an_answer_grows_as_a_draft_that_one_message_takes_the_place_of(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    ledger = FakeLedger()
    async with frontend.reply_to(address(alone, fake), ledger) as surface:
        await surface.offer([STOP])
        await surface.write("The **first** half")
        await until("a draft", lambda: alone.draft[1])
        growing = alone.visible(), alone.can_stop, alone.of_bot(), list(ledger.rows)
        await surface.write(", and the second.")
        await surface.finish(Footer())

    assert growing == (["The **first** half"], True, [], [])
    assert alone.visible() == ["The **first** half, and the second."]
    assert "editmessagetext" not in fake.calls


async def test_a_draft_can_be_stopped_by_telegrams_own_button(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        fake.push(stopped_message_generation={"chat": alone.told(), "draft_id": 77})
        (pressed,) = await inbox.first()

    assert isinstance(pressed, Pressed)
    assert (pressed.action, pressed.turn) == (Action.STOP, "")


@pytest.mark.parametrize("lacks", ["the method", "drafts, by the setting"])
async def test_where_there_are_no_drafts_an_answer_grows_by_edits(
    fake: FakeTelegram, alone: Chat, lacks: str
) -> None:
    fake.drafts = lacks != "the method"
    async with (
        opened(fake, drafts=lacks == "the method") as frontend,
        frontend.reply_to(address(alone, fake), FakeLedger()) as surface,
    ):
        await surface.write("The first half")
        await until("the first half", lambda: alone.of_bot())
        await surface.write(", and the second.")
        await surface.finish(Footer())

    assert [each.text for each in alone.of_bot()] == ["The first half, and the second."]
    assert "editmessagetext" in fake.calls


async def test_in_a_group_the_answer_hangs_on_its_question_and_pings_nobody_else(
    fake: FakeTelegram, frontend: Frontend, group: Chat
) -> None:
    to = address(group, fake)
    await show(frontend, to, FakeLedger(), "Ask @ben_of_accounts, or [Ana](tg://user?id=1001). https://a.b")

    (answer,) = group.of_bot()
    assert (answer.reply_to, answer.pings) == (int(to.partition("#")[2]), [])


async def test_an_answer_is_shown_where_its_question_was_deleted(
    fake: FakeTelegram, frontend: Frontend, group: Chat
) -> None:
    to = address(group, fake)
    group.messages.clear()
    await show(frontend, to, FakeLedger(), "The answer.")

    assert group.visible() == ["The answer."]


# What goes wrong


async def test_a_busy_telegram_is_left_alone_for_as_long_as_it_says_and_others_are_not(
    fake: FakeTelegram, frontend: Frontend, group: Chat, alone: Chat
) -> None:
    to = address(group, fake)
    group.tokens = 0.0
    with pytest.raises(PlatformBusy) as busy:
        await frontend.attach(
            to, [MadeFile("a.txt", "text/plain", "", b"a")], None, FakeLedger(), again=False
        )  # type: ignore[arg-type]  # no row is looked at
    calls = len(fake.calls)
    with pytest.raises(PlatformBusy):
        await frontend.remove(to, ["5"])
    await show(frontend, address(alone, fake), FakeLedger(), "The answer.")

    assert busy.value.retry_after_s
    assert 1 <= busy.value.retry_after_s <= 4
    assert "deletemessage" not in fake.calls[calls:]
    assert alone.visible() == ["The answer."]


@pytest.mark.parametrize(
    "said", ["bot was blocked by the user", "bot was kicked from the supergroup chat", "user is deactivated"]
)
async def test_where_the_bot_was_put_out_the_place_is_closed(
    fake: FakeTelegram, frontend: Frontend, alone: Chat, said: str
) -> None:
    to = address(alone, fake)
    alone.closed = said

    with pytest.raises(PlaceClosed):
        await show(frontend, to, FakeLedger(), "The answer.")


async def test_a_group_that_became_a_supergroup_is_answered_there(
    fake: FakeTelegram, frontend: Frontend, group: Chat
) -> None:
    old = fake.chat(-55, "group", "Gophers")
    to, ledger = address(old, fake), FakeLedger()
    async with frontend.reply_to(to, ledger) as surface:
        await surface.write("The answer.")
        await until("the answer", lambda: old.of_bot())
        old.moved_to = group.id
        other = fake.say(BEN, group, "another message of the same number")
        await surface.write(" And the rest of it.")
        await surface.finish(Footer())
    await show(frontend, to, FakeLedger(), "Another one.")

    assert group.visible() == ["The answer. And the rest of it.", "Another one."]
    assert [each.reply_to for each in group.of_bot()] == [0, 0]
    assert other.text == "another message of the same number"
    assert await frontend.sign(to) is False


async def test_an_answer_whose_look_is_refused_is_shown_as_it_was_written(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    fake.faults = [("sendmessage", 400)]
    await show(frontend, address(alone, fake), FakeLedger(), "The **answer**.")

    (answer,) = alone.of_bot()
    assert (answer.text, answer.entities) == ("The **answer**.", [])


async def test_a_failing_telegram_is_tried_again(fake: FakeTelegram, frontend: Frontend, alone: Chat) -> None:
    fake.faults = [("sendmessage", 500)]
    await show(frontend, address(alone, fake), FakeLedger(), "The answer.")

    assert alone.visible() == ["The answer."]


async def test_a_post_whose_outcome_got_lost_may_stand_there_twice_and_no_oftener(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    fake.faults = [("sendmessage", "cut")]
    await show(frontend, address(alone, fake), FakeLedger(), "The answer.")

    assert alone.visible() == ["The answer."] * 2  # Telegram has no nonce, and lets bots look nothing up


async def test_a_message_that_somebody_deleted_is_written_anew(
    fake: FakeTelegram, frontend: Frontend, group: Chat
) -> None:
    async with frontend.reply_to(address(group, fake), FakeLedger()) as surface:
        await surface.write("The first half")
        await until("the first half", lambda: group.of_bot())
        del group.messages[group.of_bot()[0].id]
        await surface.write(", and the second.")
        await surface.finish(Footer())

    assert group.visible() == ["The first half, and the second."]


async def test_what_is_too_old_to_be_taken_away_is_told_and_the_rest_is_gone(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    to, ledgers = address(alone, fake), (FakeLedger(), FakeLedger())
    for ledger in ledgers:
        await show(frontend, to, ledger, "The answer.")
    ids = [row.message_id for ledger in ledgers for row in ledger.rows]
    alone.messages[int(ids[0])].written_at = time.time() - 49 * 3_600

    with pytest.raises(PlaceClosed):
        await frontend.remove(to, ids)
    assert [str(each.id) for each in alone.of_bot()] == ids[:1]


# Listening


async def test_the_same_bot_asked_for_twice_is_told(fake: FakeTelegram, frontend: Frontend) -> None:
    async with listening_to(frontend, Inbox()) as first, opened(fake) as other:
        second = asyncio.create_task(other.listen(Inbox(), Lamp()))
        with pytest.raises(FrontendUnreachable, match="only one bot instance"):
            await soon("the end of the first", first)
        second.cancel()


async def test_a_telegram_that_is_away_is_told_with_the_setting_that_says_where(fake: FakeTelegram) -> None:
    async with opened(fake, api_url="http://127.0.0.1:9") as frontend:
        with pytest.raises(FrontendUnreachable) as away:
            await soon("the end", frontend.listen(Inbox(), Lamp()))

    assert away.value.setting == "[telegram] api_url"


async def test_to_know_the_plugin_imports_nothing_that_works() -> None:
    code = (
        "import sys; import aivax_bots_telegram.plugin;"
        " print({'asyncio', 'core.domain', 'pydantic', 'telegram'} & {*sys.modules})"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    out, _ = await soon("the imports", process.communicate())

    assert out == b"set()\n"


async def test_a_webhook_in_the_way_is_removed(fake: FakeTelegram, frontend: Frontend, alone: Chat) -> None:
    fake.webhook = "https://elsewhere.example/hook"
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        fake.say(ANA, alone, "hello there")
        (said,) = await inbox.first()

    assert isinstance(said, Said)
    assert fake.webhook == ""


async def test_what_is_stored_is_confirmed_and_what_is_not_comes_again(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    inbox = Inbox()
    inbox.failures = 1
    fake.say(ANA, alone, "one")
    with pytest.raises(Exception, match="it is away"):
        await soon("the failure", frontend.listen(inbox, Lamp()))
    kept = len(fake.updates)
    async with listening_to(frontend, inbox):
        await inbox.first()
        await until("the confirmation", lambda: not fake.updates)

    assert kept == 1


async def test_a_bug_that_one_update_meets_ends_with_it(
    fake: FakeTelegram, frontend: Frontend, alone: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    class Stumbling(Inbox):
        async def receive(self, event: Any) -> Any:
            if event.keys[0].endswith("left:1"):
                raise ZeroDivisionError
            return await super().receive(event)

    inbox = Stumbling()
    fake.push(my_chat_member={"chat": {"id": -1}, "date": 1, "new_chat_member": {"status": "left"}})
    async with listening_to(frontend, inbox):
        fake.say(ANA, alone, "hello there")
        await inbox.first()

    assert "telegram.update_faulty" in caplog.text


async def test_a_press_is_answered_and_one_that_came_too_late_harms_nobody(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    inbox = Inbox()
    async with frontend.reply_to(address(alone, fake), FakeLedger()) as surface:
        await surface.fail(Apology("Sorry, not now.", buttons=(STOP,)))
    async with listening_to(frontend, inbox):
        press = fake.press(ANA, alone, "Stop")
        await until("the press to be answered", lambda: fake.presses[press])
        fake.presses[late := fake.press(ANA, alone, "Stop")] = True
        fake.say(ANA, alone, "hello there")
        await inbox.first(4)  # the question, both presses, and what came after

    assert late in fake.presses


async def test_its_commands_are_listed_in_each_language(fake: FakeTelegram, frontend: Frontend) -> None:
    async with listening_to(frontend, Inbox()):
        pass

    assert set(fake.commands) == {"", "es", "pt"}
    assert {"ask", "reset", "stop", "help"} <= {each["command"] for each in fake.commands[""]}
    assert {"perguntar", "ajuda"} <= {each["command"] for each in fake.commands["pt"]}


async def test_a_connection_that_broke_off_is_no_reason_to_list_them_anew(
    fake: FakeTelegram, frontend: Frontend
) -> None:
    for _ in range(2):
        fake.faults = [("getupdates", 502)]
        with pytest.raises(FrontendUnreachable):
            await soon("the end", frontend.listen(Inbox(), Lamp()))

    assert len(fake.commands) == 3
    assert fake.calls.count("setmycommands") == 3


@pytest.mark.parametrize("method", ["getme", "getupdates"])
async def test_a_telegram_that_has_too_much_of_us_is_left_alone_though_it_says_not_for_how_long(
    fake: FakeTelegram, frontend: Frontend, method: str
) -> None:
    fake.faults = [(method, 429)]
    with pytest.raises(FrontendUnreachable) as busy:
        await soon("the end", frontend.listen(Inbox(), Lamp()))

    assert busy.value.retry_after_s == 5.0
    assert busy.value.setting == "[telegram] api_url"


async def test_the_token_stands_in_no_log_and_in_no_error(
    fake: FakeTelegram, alone: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("telegram").setLevel(logging.NOTSET)  # as in a process that has just begun
    caplog.set_level(logging.DEBUG)
    to = address(alone, fake)
    async with opened(fake) as frontend:
        await show(frontend, to, FakeLedger(), "The answer.")
        fake.faults = [("deletemessage", 500)]
        with pytest.raises(OutcomeUnknown) as lost:
            await frontend.remove(to, ["101"])

    assert fake.token not in caplog.text
    assert fake.token not in f"{lost.value} {lost.value.__cause__!r}"


# What stands beside words


async def test_an_album_comes_as_one_question(fake: FakeTelegram, frontend: Frontend, alone: Chat) -> None:
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        for number in range(3):
            file = {"photo": [{"file_id": fake.upload(PNG, f"{number}.png"), "file_unique_id": f"u{number}"}]}
            album: Mapping[str, Any] = file | {"media_group_id": "a1"}
            fake.say(ANA, alone, "what are these?" if number == 0 else "", file=album)
        (said,) = await inbox.first()

    assert isinstance(said, Said)
    assert (said.text, len(said.attachments)) == ("what are these?", 3)


async def test_pictures_are_shown_together_and_what_telegram_can_not_draw_as_a_file(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    to, ledger = address(alone, fake), FakeLedger()
    pictures = [MadeFile(f"{number}.png", "image/png", "a cat", PNG) for number in range(3)]
    odd = MadeFile("odd.png", "image/png", "", b"no picture")
    row = await ledger.intend(10_000)
    ids = await frontend.attach(to, pictures, row, ledger, again=False)
    await frontend.attach(to, [odd], row, ledger, again=False)

    assert [each.file_name for each in alone.of_bot()] == ["0.png", "1.png", "2.png", "odd.png"]
    await frontend.remove(to, [ids])
    assert [each.file_name for each in alone.of_bot()] == ["odd.png"]


async def test_a_file_that_is_larger_than_telegram_gives_out_is_told(
    fake: FakeTelegram, frontend: Frontend
) -> None:
    large = fake.upload(bytes(20_000_001), "large.bin")

    with pytest.raises(FileTooLarge):
        await frontend.fetch(f"{large} application/octet-stream", 10**9)
    with pytest.raises(PlatformError):
        await frontend.fetch("GONE text/plain", 100)


async def test_a_file_that_is_gone_is_told_and_is_no_wrong_token(
    fake: FakeTelegram, frontend: Frontend
) -> None:
    ref = f"{fake.upload(b'', 'notes.txt')} text/plain"

    with pytest.raises(FileGone):
        await frontend.fetch(ref, 1_000)


async def test_a_sign_is_put_where_the_chat_allows_it(
    fake: FakeTelegram, frontend: Frontend, group: Chat
) -> None:
    to = address(group, fake)
    put = await frontend.sign(to), await frontend.sign(to, Sign.NOT_TAKEN)
    group.allows_reactions = False

    assert put == (True, True)
    assert await frontend.sign(to) is False
    assert await frontend.sign("1001") is False


async def test_what_was_said_around_a_question_is_known_as_far_as_it_was_heard(
    fake: FakeTelegram, frontend: Frontend, group: Chat
) -> None:
    inbox = Inbox()
    async with listening_to(frontend, inbox):
        asked = fake.say(BEN, group, "the build is red")
        fake.say(BEN, group, "and I go home")
        fake.say(ANA, group, "@helper_bot why?", reply_to=asked.id)
        (said,) = await inbox.first()
    assert isinstance(said, Said)
    around = await frontend.surroundings(said.address, 10)
    nearest = await frontend.surroundings(said.address, 1)
    async with listening_to(frontend, inbox):
        fake.say(BEN, fake.chat(BEN.id), "forget everything")
        await inbox.first(2)
        await until("the confirmation", lambda: not fake.updates)
    afterwards = await frontend.surroundings(said.address, 10)

    assert [(each.text, each.replied_to) for each in around] == [
        ("the build is red", True),
        ("and I go home", False),
    ]
    assert [each.text for each in nearest] == ["the build is red"]
    assert list(afterwards) == []
    assert list(await frontend.surroundings("1001#5", 10)) == []


async def test_admins_of_a_group_are_told_from_its_members(
    fake: FakeTelegram, frontend: Frontend, group: Chat
) -> None:
    group.admins = {ANA.id}
    place = Place("telegram", str(group.id), str(group.id))

    def who(person: Person) -> Identity:
        return Identity("telegram", place.workspace, str(person.id))

    assert await frontend.administers(who(ANA), place) is Administers.SERVER
    assert await frontend.administers(who(BEN), place) is Administers.NOTHING


async def test_a_place_of_ones_own_and_links(frontend: Frontend) -> None:
    place, own = await frontend.aside("-1001234567890#77", Identity("telegram", "-1001234567890", "1001"))

    assert (place.channel, place.private, own) == ("1001", True, "1001")
    assert await frontend.link("-1001234567890/5#77") == "https://t.me/c/1234567890/77"
    assert await frontend.link("-1001234567890#77", "80") == "https://t.me/c/1234567890/80"
    assert await frontend.link("1001#77") == ""
    assert frontend.address_of(" -1001234567890/5 ") == "-1001234567890/5"


# Settings


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"token": "4242"}, "copy the whole token"),
        ({"api_url": "api.telegram.org"}, "https://host"),
        ({"api_url": "https://me:secret@host"}, "https://host"),
        ({"edit_interval_s": 0}, "greater than or equal to 0.5"),
        ({"tokn": "x"}, "tokn"),
    ],
)
async def test_a_setting_that_can_not_be_is_refused_with_what_to_do(
    section: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as refused:
        plugin().section(**section)
    assert "secret" not in str(refused.value) or "token" not in section


async def test_one_answer_alone_keeps_a_group_within_what_telegram_takes() -> None:
    section: Any = plugin().section(edit_interval_s=1.5, group_writes_per_minute=20)

    assert (section.interval_s(private=True), section.interval_s(private=False)) == (1.5, 3.0)


async def test_both_buttons_of_feedback_stand_in_one_row(
    fake: FakeTelegram, frontend: Frontend, alone: Chat
) -> None:
    names = {Action.REGENERATE: "Again", Action.GOOD: "Good", Action.BAD: "Bad", Action.KEEP: "Wait"}
    buttons = tuple(Button(action, "k1", label) for action, label in names.items())
    async with frontend.reply_to(address(alone, fake), FakeLedger()) as surface:
        await surface.write("The answer.")
        await surface.finish(Footer(buttons=buttons))

    rows = [[key["text"] for key in row] for row in alone.of_bot()[0].keyboard]
    assert rows == [["Again"], ["Good", "Bad"], ["Wait"]]


async def test_ids_of_another_form_are_refused_with_what_to_write() -> None:
    judge = plugin().id_fix

    assert (judge("user", "1001"), judge("workspace", "-1001234567890"), judge("channel", "-55")) == (
        "",
        "",
        "",
    )
    assert "number" in judge("user", "@ana")
    assert "number" in judge("user", "-5")
    assert "group's number" in judge("workspace", "Gophers")
