"""The chat of the console as rows: a platform of its own, in both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from bots.web.console.chat.news import ChatNews
from bots.web.console.chat.translate import event_of, user_of
from core.domain import Author, Commanded, Identity, Place, Pressed, Said
from core.storage.console_chat.entries import EntryKind, NewFile
from core.storage.console_chat.rows import AccountGone
from core.storage.console_chat.store import ChatStore
from core.storage.db import Database, console_chat, console_files, console_users
from core.storage.personal_data.export import export
from core.storage.turns.intake import IntakeStore
from tests.waiting import until

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)
BUTTON = {"action": "good", "turn": "k1", "label": "Good answer", "value": ""}
PRESS = {"action": "good", "turn": "k1", "value": ""}


def store_on(database: Database, news: ChatNews | None = None, most: int = 10) -> ChatStore:
    changed = news.tell if news is not None else lambda _user: None
    return ChatStore(database, lambda: NOW, platform="web", most=most, changed=changed)


async def account(database: Database, name: str = "ana") -> int:
    row = {"name": name, "role": "operator", "password": "x", "created_at": NOW}
    async with database.write() as connection:
        added = console_users.insert().values(**row).returning(console_users.c.id)
        return int((await connection.execute(added)).scalar_one())


async def known(database: Database, user: str) -> int:
    """Have the core know somebody."""
    async with IntakeStore(database, lambda: NOW, ()).transaction() as transaction:
        author = Author(Identity("web", "", user), "ana")
        return await transaction.identity_id(author)


async def test_what_is_said_waits_for_the_core_in_order_and_is_said_once(database: Database) -> None:
    store, ana = store_on(database), await account(database)

    first = await store.say(ana, "a", "hello", locale="pt-BR", files=[NewFile("n.txt", "text/plain", b"abc")])
    again = await store.say(ana, "a", "hello", locale="pt-BR")
    await store.say(ana, "b", "reset", locale="")
    waiting = await store.untaken()
    said, commanded = (event_of(each) for each in waiting)
    for each in waiting:
        await store.took(each, user_of(each.user))

    assert (first, again) == (True, False)
    assert isinstance(said, Said)
    assert (said.text, said.author.locale, said.author.roles) == ("hello", "pt-BR", ("operator",))
    assert said.place == Place("web", "", str(ana), private=True)
    assert [(file.name, file.size_bytes) for file in said.attachments] == [("n.txt", 3)]
    assert isinstance(commanded, Commanded)
    assert await store.untaken() == []
    assert [each.text for each in await store.entries(ana)] == ["hello", "reset"]


async def test_only_a_button_that_stands_there_is_pressed_and_the_press_is_gone_once_the_core_has_it(
    database: Database,
) -> None:
    store, ana, ben = store_on(database), await account(database), await account(database, "ben")
    await store.post(ana, "n1", "An answer.", buttons=[BUTTON])

    refused = [
        await store.press(ben, "p1", PRESS, locale=""),
        await store.press(ana, "p2", {**PRESS, "turn": "k2"}, locale=""),
        await store.press(ana, "p3", {}, locale=""),
    ]
    pressed = await store.press(ana, "p4", PRESS, locale="")
    (waiting,) = await store.untaken()
    event = event_of(waiting)
    await store.took(waiting, user_of(waiting.user))

    assert (refused, pressed) == ([False, False, False], True)
    assert isinstance(event, Pressed)
    assert (event.action.value, event.turn) == ("good", "k1")
    assert [each.kind for each in await store.entries(ana)] == [EntryKind.BOT]


async def test_a_message_is_found_changed_and_removed_by_its_own_account_alone(database: Database) -> None:
    store, ana, ben = store_on(database), await account(database), await account(database, "ben")
    posted = await store.post(ana, "n1", "The fi")
    before = await store.signs(ana)

    assert await store.find(ana, "n1") == posted
    assert await store.find(ben, "n1") is None
    assert not await store.edit(ben, posted, "mine")
    assert await store.edit(ana, posted, "The fo", [BUTTON])
    after = await store.signs(ana)
    assert [each.text for each in await store.entries(ana, [posted])] == ["The fo"]
    assert await store.remove(ana, posted)
    assert not await store.remove(ana, posted)
    assert before != after
    assert await store.signs(ana) == []


async def test_the_oldest_go_with_their_files_but_for_what_the_core_is_still_to_hear(
    database: Database,
) -> None:
    store, ana = store_on(database, most=3), await account(database)
    await store.say(ana, "a", "not taken yet", locale="")
    for number in range(5):
        await store.post(ana, f"n{number}", str(number), files=[NewFile("f", "x/y", b"f")])

    async with database.read() as connection:
        texts = (
            (await connection.execute(select(console_chat.c.text).order_by(console_chat.c.id)))
            .scalars()
            .all()
        )
        files = await connection.scalar(select(func.count()).select_from(console_files))
    assert texts == ["not taken yet", "2", "3", "4"]
    assert files == 3


async def test_ideas_stand_until_the_next_words(database: Database) -> None:
    store, ana = store_on(database), await account(database)
    await store.suggest(ana, ["And then?", "Why?"])
    shown = await store.entries(ana)
    await store.suggest(ana, ["How?"])
    newer = await store.entries(ana)
    await store.say(ana, "a", "How?", locale="")

    assert [each.ideas for each in (*shown, *newer)] == [["And then?", "Why?"], ["How?"]]
    assert [each.kind for each in await store.entries(ana)] == [EntryKind.PERSON]


async def test_an_account_that_is_removed_takes_its_chat_along_and_nothing_can_be_posted(
    database: Database,
) -> None:
    store, ana = store_on(database), await account(database)
    await store.say(ana, "a", "hello", locale="", files=[NewFile("n.txt", "text/plain", b"abc")])
    (waiting,) = await store.untaken()
    async with database.write() as connection:
        await connection.execute(console_users.delete())

    for call in (store.post(ana, "n1", "An answer."), store.say(ana, "b", "hello", locale="")):
        with pytest.raises(AccountGone):
            await call
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(console_files)) == 0
    assert (
        user_of(waiting.user) == f"{ana}.{NOW.timestamp():.0f}"
    )  # an id that is given again is somebody else


async def test_what_stands_there_is_its_authors_to_export(database: Database) -> None:
    store, ana = store_on(database), await account(database)
    await store.say(ana, "a", "a secret", locale="", files=[NewFile("n.txt", "text/plain", b"abc")])
    (waiting,) = await store.untaken()
    user = user_of(waiting.user)
    await known(database, user)
    await store.took(waiting, user)
    await store.post(ana, "n1", "An answer to a secret.")

    rows = await export(database, Identity("web", "", user))

    assert rows is not None
    assert [row["text"] for row in rows["console_chat"]] == ["a secret", "An answer to a secret."]
    assert [row["name"] for row in rows["console_files"]] == ["n.txt"]


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_another_process_hears_of_a_change(migrated_url: str) -> None:
    news = ChatNews()
    async with Database(migrated_url) as here, Database(migrated_url) as there:
        ana = await account(here)
        listening = asyncio.create_task(store_on(there).hear(news.hear, news.tell_all))
        with news.looking(ana) as changed:
            await until("the listener", changed.is_set)
            changed.clear()
            await store_on(here).post(ana, "n1", "An answer.")
            await until("the change", changed.is_set)
        listening.cancel()
