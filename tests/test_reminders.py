"""Reminders: when somebody's words mean, who is told, once, and what becomes of it when they are forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from core.admission.access import Access, beside_messages
from core.domain import Command, Commanded
from core.domain.audit import Actor, Via
from core.i18n import LANGUAGES, ScheduledPhrase, Translators
from core.rights.people import PeopleDesk
from core.scheduled.reminders.grammar import read
from core.scheduled.reminders.handler import is_about_reminders
from core.scheduled.reminders.runs import AT_ONCE, ReminderRuns
from core.settings import AccessSettings
from core.storage.personal_data.people import Account
from core.storage.scheduled.reminders import ReminderStore
from core.storage.turns.intake import IntakeStore
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import FakePlatform, Stage, staged
from tests.waiting import soon, until

NOW = datetime(2026, 9, 7, 10, 30, tzinfo=UTC)  # a Monday; 11:30 in Lisbon
LISBON = "Europe/Lisbon"


@pytest.mark.parametrize(
    ("words", "due", "text"),
    [
        ("me in 2 hours to call Ana", "2026-09-07T13:30", "call Ana"),
        ("in 45 min: tea", "2026-09-07T12:15", "tea"),
        ("en una hora que llame a Ana", "2026-09-07T12:30", "llame a Ana"),
        ("em 3 dias de ligar", "2026-09-10T11:30", "ligar"),
        ("me in 2 weeks to water the plants", "2026-09-21T11:30", "water the plants"),
        ("me in 2 hours and 30 minutes to call", "2026-09-07T14:00", "call"),
        ("en 1 hora y 15 min: llamar", "2026-09-07T12:45", "llamar"),
        ("em 1 dia, 2 horas ligar", "2026-09-08T13:30", "ligar"),
        ("me in 2 hours, 30 people come", "2026-09-07T13:30", "30 people come"),
        ("me at 9:00 to stretch", "2026-09-08T09:00", "stretch"),
        ("me at 3 pm to stretch", "2026-09-07T15:00", "stretch"),
        ("às 14h30 tomar água", "2026-09-07T14:30", "tomar água"),
        ("a las 15:00: llamar", "2026-09-07T15:00", "llamar"),
        ("me tomorrow to vote", "2026-09-08T09:00", "vote"),
        ("mañana a las 8:15 de votar", "2026-09-08T08:15", "votar"),
        ("me at 18:00 tomorrow to vote", "2026-09-08T18:00", "vote"),
        ("amanhã às 7h: correr", "2026-09-08T07:00", "correr"),
        ("me on 2027-03-01 at 14:30 to renew the domain", "2027-03-01T14:30", "renew the domain"),
        ("me on friday to write the report", "2026-09-11T09:00", "write the report"),
        ("me today at 18:00 that it's late", "2026-09-07T18:00", "it's late"),
        ("me monday at 11:00 to meet", "2026-09-14T11:00", "meet"),
        ("ME IN 2 HOURS TO SHOUT", "2026-09-07T13:30", "SHOUT"),
    ],
)
def test_a_time_is_read_in_every_language_on_the_clocks_of_its_author(
    words: str, due: str, text: str
) -> None:
    wanted = read(words, NOW, LISBON)

    assert wanted is not None
    assert f"{wanted.due.astimezone(ZoneInfo(LISBON)):%Y-%m-%dT%H:%M}" == due
    assert wanted.text == text
    assert wanted.every is None


@pytest.mark.parametrize(
    ("words", "first", "days"),
    [
        ("me every day at 9:00 to stand up", "2026-09-08T09:00", "0123456"),
        ("me every weekday at 17:00 to stand up", "2026-09-07T17:00", "01234"),
        ("cada lunes y jueves a las 9:00 de regar", "2026-09-10T09:00", "03"),
        ("toda segunda-feira às 9h: regar", "2026-09-14T09:00", "0"),
        ("todos los días a las 8:00 de andar", "2026-09-08T08:00", "0123456"),
        ("me every sunday to rest", "2026-09-13T09:00", "6"),
    ],
)
def test_what_comes_again_and_again_is_read(words: str, first: str, days: str) -> None:
    wanted = read(words, NOW, LISBON)

    assert wanted is not None
    assert wanted.every is not None
    assert f"{wanted.due.astimezone(ZoneInfo(LISBON)):%Y-%m-%dT%H:%M}" == first
    assert str(wanted.every).split()[1] == days


@pytest.mark.parametrize(
    "words",
    [
        "me tomorrow at 25:00 to x",
        "me every day at 9:75 to x",
        "me in 2 hours at 17:00 to x",
        "me of the milk",
        "me later to call",
        "me at 25:00 to x",
        "me on 2026-02-31 to x",
        "",
        "me 9 to x",
        "me in 1 week" + " 9999 weeks" * 60,
    ],
)
def test_what_names_no_time_is_not_guessed(words: str) -> None:
    assert read(words, NOW, LISBON) is None


@settings(max_examples=60)
@given(
    st.text(max_size=60)
    | st.sampled_from(["me in", "every", "at 9", "on 2026-"]).flatmap(
        lambda begin: st.text(max_size=30).map(lambda rest: f"{begin} {rest}")
    )
)
def test_whatever_is_written_is_read_or_not(words: str) -> None:
    wanted = read(words, NOW, LISBON)

    assert wanted is None or wanted.due.tzinfo is not None


def test_the_examples_that_people_are_given_are_understood_in_their_language() -> None:
    for language in LANGUAGES:
        say = Translators().of(language).say
        for phrase in (each for each in ScheduledPhrase if each.name.startswith("REMIND_EXAMPLE")):
            word, _, rest = say(phrase).partition(" ")
            wanted = read(rest, NOW, LISBON)
            assert word == say(ScheduledPhrase.REMIND_NAME)
            assert wanted is not None, (language, rest)
            assert wanted.text
            assert is_about_reminders(rest)


def test_a_sentence_that_begins_with_the_word_is_a_question() -> None:
    assert not is_about_reminders("us what a monad is")
    assert not is_about_reminders("of the difference between TCP and UDP")
    assert is_about_reminders(
        "me what a monad is"
    )  # told how it is written, better than a promise of the model


class Clock:
    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


class House:
    def __init__(self, stage: Stage, clock: Clock) -> None:
        self.stage = stage
        self.clock = clock
        self.runs = next(
            each.func.__self__  # type: ignore[attr-defined]
            for each in stage.core.upkeep
            if isinstance(getattr(getattr(each, "func", None), "__self__", None), ReminderRuns)
        )

    async def say(self, text: str, *, by: Any = ANA, at: Any = DIRECT) -> str:
        await self.stage.hear(said(text, by=by, at=at))
        return self.shown(at)[-1]

    def shown(self, at: Any = DIRECT) -> list[str]:
        return self.stage.platform.visible(at.channel)

    async def at(self, moment: datetime) -> None:
        self.clock.moment = moment
        await self.runs.look()
        await self.stage.rest()


@asynccontextmanager
async def house(
    url: str,
    sections: dict[str, Any] | None = None,
    platform: FakePlatform | None = None,
    clock: Clock | None = None,
    **reminders: Any,
) -> AsyncIterator[House]:
    clock = clock or Clock()
    given = {"enabled": True, "time_zone": LISBON, **reminders}
    async with staged(
        url, platform=platform or FakePlatform(), now=clock, reminders=given, **(sections or {})
    ) as stage:
        yield House(stage, clock)


async def test_a_reminder_is_said_once_where_it_was_asked_for(migrated_url: str) -> None:
    async with house(migrated_url) as it:
        told = await it.say("remind me in 2 hours to call *Ana*", at=CHANNEL)
        before = it.shown(CHANNEL)
        await it.at(NOW + timedelta(hours=1, minutes=59))
        assert it.shown(CHANNEL) == before
        await soon("both", asyncio.gather(it.at(NOW + timedelta(hours=2)), it.at(NOW + timedelta(hours=2))))
        after = it.shown(CHANNEL)
        await it.at(NOW + timedelta(hours=3))

        assert "2026-09-07 13:30 (Europe/Lisbon)" in told
        assert after == [*before, "You wanted to be reminded: call \\*Ana\\*"]
        assert it.shown(CHANNEL) == after
        assert it.stage.times_asked == 0
        assert await it.stage.rows("SELECT count(*) FROM reminders") == [0]


async def test_a_reminder_outlives_the_process_and_is_told_late(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        await it.say("remind me in 2 hours to call Ana")
        await it.say("remind me every day at 12:00 to eat")
    async with house(sqlite_url) as it:
        await it.at(NOW + timedelta(days=3))
        once, again = it.shown()[-2:]
        await it.at(NOW + timedelta(days=3, minutes=31))
        on_time = it.shown()[-1]

    assert "on 2026-09-07 13:30 (Europe/Lisbon); I was away then: call Ana" in again + once
    assert "on 2026-09-07 12:00 (Europe/Lisbon); I was away then: eat" in again + once
    assert on_time == "You wanted to be reminded: eat"


async def test_a_zone_that_this_machine_knows_no_more_keeps_nobody_waiting(migrated_url: str) -> None:
    async with house(migrated_url) as it:
        await it.say("remind me every day at 12:00 to eat")
        await it.say("remind me at 12:01 to call Ana")
    async with house(migrated_url) as it:
        async with it.stage.core.database.write() as connection:
            lost = "UPDATE reminders SET every = replace(every, 'Europe/Lisbon', 'Atlantis/Poseidonis')"
            await connection.execute(sql(lost))
        await it.at(NOW + timedelta(hours=3))
        told = it.shown()[-2:]
        await it.at(NOW + timedelta(days=1, hours=3))
        next_day = it.shown()[-1]

    assert sorted(each.split(": ")[-1] for each in told) == ["call Ana", "eat"]
    assert next_day.endswith("eat")


async def test_a_bug_that_one_reminder_meets_keeps_no_other_waiting(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(migrated_url) as it:
        await it.say("remind me in 1 hour to eat")
        await it.say("remind me in 2 hours to call Ana")
        sentence = ReminderRuns._sentence

        def sentence_of(runs: ReminderRuns, reminder: Any) -> str:
            if reminder.text == "eat":
                raise RuntimeError("a bug")
            return sentence(runs, reminder)

        monkeypatch.setattr(ReminderRuns, "_sentence", sentence_of)
        await it.at(NOW + timedelta(hours=2))
        told = it.shown()[-1]

    assert told == "You wanted to be reminded: call Ana"


async def test_many_that_meet_a_bug_and_are_due_first_are_put_aside(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(migrated_url, most=AT_ONCE + 1) as it:
        for number in range(AT_ONCE):
            await it.say(f"remind me in 1 hour to eat {number}")
        await it.say("remind me in 2 hours to call Ana")
        sentence, met = ReminderRuns._sentence, list[int]()

        def sentence_of(runs: ReminderRuns, reminder: Any) -> str:
            if reminder.text.startswith("eat"):
                met.append(reminder.id)
                raise RuntimeError("a bug")
            return sentence(runs, reminder)

        monkeypatch.setattr(ReminderRuns, "_sentence", sentence_of)
        it.clock.moment = NOW + timedelta(hours=2)
        while await it.runs.look():  # no deadline: each row is looked at once
            pass
        await it.stage.rest()
        told, waits_s = it.shown()[-1], await it.runs._wait_s()

    assert told == "You wanted to be reminded: call Ana"
    assert len(met) == AT_ONCE
    assert waits_s > 1


async def test_people_list_and_cancel_their_own_alone(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        await it.say("remind me in 2 hours to call Ana")
        await it.say("remind me every monday at 9:00 to water the plants", by=BEN, at=CHANNEL)
        mine, theirs = await it.say("remind"), await it.say("lembrar lista", by=BEN, at=CHANNEL)
        other = await it.say("remind cancel 2")
        gone = await it.say("remind cancel 1")
        nothing = await it.say("remind list")

    assert "1: 2026-09-07 13:30" in mine
    assert "call Ana" in mine
    assert "plants" not in mine
    assert "2: again and again, next on 2026-09-14 09:00" in theirs
    assert "no reminder with that number" in other
    assert "The reminder 1 is cancelled" in gone
    assert "You have no reminders" in nothing


async def test_what_is_asked_for_in_private_is_not_listed_in_public(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        await it.say("remind me in 2 hours to see the doctor")
        listed = await it.say("remind list", at=CHANNEL)

    assert "in another conversation" in listed
    assert "doctor" not in listed


async def test_bounds_are_told(sqlite_url: str) -> None:
    async with house(sqlite_url, most=1, most_chars=20, most_days=30) as it:
        use = await it.say("remind me soon to call")
        past = await it.say("remind me today at 8:00 to call")
        far = await it.say("remind me on 2027-03-01 to call")
        long = await it.say(f"remind me in 2 hours to {'call ' * 20}")
        what = await it.say("remind me in 2 hours")
        await it.say("remind me in 2 hours to call")
        many = await it.say("remind me in 3 hours to call")

    assert "I don't understand when" in use
    assert "has gone by: 2026-09-07 08:00" in past
    assert "up to 30 days" in far
    assert "up to 20 characters" in long
    assert "Of what?" in what
    assert "You have 1 reminders" in many


async def test_the_options_of_a_command_are_taken_as_they_come(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        told = await it.say('remind when="tomorrow at 9:00" what="to be or not to be"')
        await it.say("remind cancel=1")
        nothing = await it.say("remind list")

    assert "2026-09-08 09:00 (Europe/Lisbon): to be or not to be" in told
    assert "You have no reminders" in nothing


async def test_a_time_means_that_of_its_author_s_own_clocks(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        told = await it.say("remind me at 9:00 to call", by=replace(ANA, time_zone="America/Sao_Paulo"))

    assert "2026-09-07 09:00 (America/Sao_Paulo)" in told


async def test_who_is_forgotten_is_not_reminded_and_nothing_of_it_stays(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        await it.say("remind me in 2 hours to buy a xylophone")
        erase = Commanded(("erase-1",), ANA, DIRECT, Command.ERASE, address="D-ana/erase-1")
        await it.stage.hear(erase)
        await until_gone(it.stage)
        await it.at(NOW + timedelta(hours=3))
        shown = it.shown()[-1]
        rows = await it.stage.rows("SELECT text FROM reminders")

    assert "You wanted to be reminded" not in shown
    assert rows == []


async def until_gone(stage: Stage) -> None:
    async def gone() -> bool:
        return await stage.rows("SELECT count(*) FROM reminders WHERE text <> ''") == [0]

    async with asyncio.timeout(60):
        while not await gone():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_reminder_that_is_taken_in_wakes_who_says_it(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        await it.say("remind me in 2 hours to call")
        it.clock.moment = NOW + timedelta(hours=2)
        it.runs.look_soon()
        await until("the reminder", lambda: "You wanted to be reminded: call" in it.shown())


async def test_two_processes_say_one_reminder_once(migrated_url: str) -> None:
    async with house(migrated_url) as it:
        await it.say("remind me in 2 hours to call")
        it.clock.moment = NOW + timedelta(hours=2)
        store = ReminderStore(it.stage.core.database, it.clock)
        (due,) = await store.due(10)
        said_by = await soon("both", asyncio.gather(*(store.say(due, "now", None) for _ in range(3))))

        assert sum(each is not None for each in said_by) == 1


async def test_who_is_blocked_is_not_reminded_and_what_comes_again_comes_once_they_are_not(
    migrated_url: str,
) -> None:
    async with house(migrated_url) as it:
        await it.say("remind me in 2 hours to call")
        await it.say("remind me every day at 13:00 to eat")
        desk = PeopleDesk(IntakeStore(it.stage.core.database, it.clock), ())
        account, by = Account("fake", "W1", "ana"), Actor(Via.COMMAND, "root")
        known = await desk.find("fake:W1/ana")
        await desk.block(account, known, by=by)
        before = it.shown()
        await it.at(NOW + timedelta(hours=3))
        while_blocked = it.shown()
        await desk.unblock(account, known, by=by)
        await it.at(NOW + timedelta(hours=3, minutes=1))
        at_once = it.shown()
        await it.at(NOW + timedelta(days=1, hours=1, minutes=31))

        assert while_blocked == before
        assert at_once == before
        assert it.shown() == [*before, "You wanted to be reminded: eat"]


async def test_a_block_while_a_reminder_is_about_to_be_said_comes_in_time(migrated_url: str) -> None:
    async with house(migrated_url) as it:
        await it.say("remind me in 2 hours to call")
        it.clock.moment = NOW + timedelta(hours=2)
        store = ReminderStore(it.stage.core.database, it.clock)
        (due,) = await store.due(10)
        desk = PeopleDesk(IntakeStore(it.stage.core.database, it.clock), ())
        await desk.block(Account("fake", "W1", "ana"), (), by=Actor(Via.COMMAND, "root"))

        assert await store.say(due, "now", None) is None
        assert not await it.runs.look()
        assert await it.stage.rows("SELECT count(*) FROM reminders") == [0]


async def test_who_may_not_ask_any_more_is_not_reminded(sqlite_url: str) -> None:
    async with house(sqlite_url) as it:
        await it.say("remind me in 2 hours to call")
        await it.say("remind me in 2 hours to sing", by=BEN, at=CHANNEL)
        before = it.shown()
    async with house(sqlite_url, {"access": {"block_users": ["fake:ana"]}}) as it:
        await it.at(NOW + timedelta(hours=2))
        mine, theirs = it.shown(), it.shown(CHANNEL)

    assert before
    assert mine == []
    assert theirs == ["You wanted to be reminded: sing"]


@pytest.mark.parametrize(
    ("lists", "is_refused"),
    [
        ({"allow_users": ["fake:ben"]}, True),
        ({"allow_users": ["fake:ben"], "allow_roles": ["fake:staff"]}, False),  # a role may let them
        ({"block_roles": ["fake:staff"]}, False),
        ({"block_workspaces": ["fake:W1"]}, True),
        ({"block_channels": ["fake:general"]}, True),
        ({"allow_channels": ["fake:a-category"]}, False),  # it may lie in that
    ],
)
def test_only_what_is_known_beside_a_message_refuses_a_reminder(
    lists: dict[str, Any], is_refused: bool
) -> None:
    access = Access(beside_messages(AccessSettings(**lists)))

    assert (access.refusal(ANA, replace(CHANNEL, channel="general")) is not None) is is_refused


async def test_two_people_s_reminders_of_one_instant_are_told_once_each_by_two_processes(
    postgres_url: str,
) -> None:
    platform, clock = FakePlatform(), Clock()
    async with (
        house(postgres_url, None, platform, clock) as one,
        house(postgres_url, None, platform, clock) as two,
    ):
        bens = replace(DIRECT, channel="D-ben")
        for number in range(3):
            await one.stage.hear(said(f"remind me in 2 hours to call {number}"))
            await two.stage.hear(said(f"remind me in 2 hours to sing {number}", by=BEN, at=bens))
        for each in (one, two):
            await each.stage.core.pool.sweep()
            await each.stage.rest()
        assert await one.stage.rows("SELECT count(*) FROM reminders") == [6]
        clock.moment = NOW + timedelta(hours=2)
        looks = [each.runs.look() for each in (one, two, one, two)]
        await soon("all", asyncio.gather(*looks))
        for each in (one, two):
            await each.stage.core.pool.sweep()
            await each.stage.rest()
        mine, theirs = (
            [each for each in one.shown(at) if each.startswith("You wanted")] for at in (DIRECT, bens)
        )
        left = await one.stage.rows("SELECT count(*) FROM reminders")

    assert sorted(mine) == [f"You wanted to be reminded: call {number}" for number in range(3)]
    assert sorted(theirs) == [f"You wanted to be reminded: sing {number}" for number in range(3)]
    assert left == [0]
