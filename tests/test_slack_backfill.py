"""What was said to the bot on Slack while it was away is found after a start, once; over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bots.slack.frontend import open_slack
from core.domain import Commanded, Place, Receipt, Said
from tests.listening import Lamp
from tests.platforms.slack import Channel, FakeSlack, Person
from tests.slack_ears import Watched, ears, hasty_now, hasty_sleep, settings_at
from tests.waiting import ended, soon

AGO = timedelta(hours=1)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def ana(slack: FakeSlack) -> Person:
    return slack.person("ana")


@pytest.fixture
def general(slack: FakeSlack, ana: Person) -> Channel:
    return slack.channel("general", [ana])


def remembering(slack: FakeSlack, *places: Place, ago: timedelta = AGO) -> Watched:
    """The intake of a bot that last heard something so long ago, in these places."""
    inbox = Watched(slack)
    inbox.heard = {slack.workspace.id: datetime.now(UTC) - ago}
    inbox.known = list(places)
    return inbox


def place(slack: FakeSlack, channel: Channel, thread: str = "") -> Place:
    return Place("slack", slack.workspace.id, channel.id, thread, private=channel.kind == "im")


async def lost(slack: FakeSlack) -> None:
    """Have Slack give up on all that it could not deliver: the bot is not there."""
    while any(delivery.open for delivery in slack.deliveries):  # no deadline: three rounds
        await slack.redeliver()
        for delivery in slack.deliveries:
            if delivery.open and len(delivery.envelopes) > 3:
                delivery.lost = True
                slack.clock.cancel(delivery.timer)


async def test_direct_messages_mentions_and_thread_replies_are_found_in_order(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    thread = await slack.say(ana, general, "plans?")
    direct = slack.dm(ana)
    await slack.say(ana, direct, "first")
    await slack.say(ana, direct, "second")
    await slack.say(ana, general, "just talking")
    await slack.say(ana, general, "<@BOT> mentioned")
    await slack.say(ana, general, "<@BOT> in the thread", thread_ts=thread)
    await slack.bot_says(general, "<@BOT> from a bot")
    await lost(slack)
    inbox = remembering(slack, place(slack, direct), place(slack, general, thread))

    async with ears(slack, inbox) as here:
        heard = await here.heard(Said, 4)

    assert [each.text for each in heard] == ["first", "second", "in the thread", "mentioned"]
    assert heard[0].place == place(slack, direct)
    assert heard[2].place == place(slack, general, thread)
    assert heard[0].author.name == "ana"


async def test_what_slack_delivers_as_well_is_one_event(slack: FakeSlack, ana: Person) -> None:
    direct = slack.dm(ana)
    await slack.say(ana, direct, "hello")
    inbox = remembering(slack, place(slack, direct))

    async with ears(slack, inbox) as here:
        await here.inbox.first()
        await slack.redeliver()
        await here.quiet()

        assert len(inbox.events) == 1


async def test_a_command_that_was_missed_is_found_too(slack: FakeSlack, ana: Person) -> None:
    await slack.say(ana, slack.dm(ana), "reset")
    await lost(slack)

    async with ears(slack, remembering(slack)) as here:
        assert await here.heard(Commanded)


async def test_who_wrote_to_the_bot_for_the_first_time_is_found(slack: FakeSlack, ana: Person) -> None:
    await slack.say(ana, slack.dm(ana), "hello")
    await lost(slack)

    async with ears(slack, remembering(slack)) as here:
        (said,) = await here.heard(Said)

    assert said.text == "hello"


async def test_without_the_scope_known_places_are_read_all_the_same(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    slack.workspace.scopes.discard("im:read")
    await slack.say(ana, general, "<@BOT> hello")
    await lost(slack)

    async with ears(slack, remembering(slack, place(slack, general))) as here:
        assert await here.heard(Said)


async def test_what_was_answered_before_is_left_alone(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    async with ears(slack) as before:
        for channel in (general, slack.dm(ana)):
            root = await slack.say(ana, channel, "<@BOT> hello")
            await slack.say(ana, channel, "<@BOT> and?", thread_ts=root)
        for said in await before.heard(Said, 4):
            await before.answer(said.address, "Hello")
    heard_in = [each.place for each in before.inbox.events if isinstance(each, Said)]
    places = sorted(heard_in, key=lambda each: (each.private, not each.thread))
    await slack.say(ana, slack.dm(ana), "still there?")
    await lost(slack)

    async with ears(slack, remembering(slack, *places)) as here:
        (said,) = await here.heard(Said)  # it stands where the bot looks last

        assert said.text == "still there?"
        assert len(here.inbox.events) == 1


@pytest.mark.parametrize(
    ("hours", "ago", "found"),
    [(24, timedelta(hours=1), True), (24, timedelta(minutes=1), True), (0, timedelta(hours=1), False)],
)
async def test_how_far_back_is_the_operator_s_choice(
    slack: FakeSlack, ana: Person, hours: float, ago: timedelta, found: bool
) -> None:
    await slack.say(ana, slack.dm(ana), "hello")
    await lost(slack)

    async with ears(slack, remembering(slack, ago=ago), backfill_hours=hours) as here:
        if found:
            await here.heard(Said)
        await here.quiet()

        assert len(here.inbox.events) == found
        assert bool(slack.calls_of("users.conversations")) is found


async def test_nothing_is_read_before_the_last_thing_that_was_heard_or_the_limit(
    slack: FakeSlack, ana: Person
) -> None:
    direct = slack.dm(ana)
    for ago, hours, expected in (
        (AGO, 24, AGO + timedelta(minutes=10)),
        (timedelta(days=9), 2, timedelta(hours=2)),
    ):
        calls = len(slack.calls_of("conversations.history"))
        async with ears(
            slack, remembering(slack, place(slack, direct), ago=ago), backfill_hours=hours
        ) as here:
            await slack.until(lambda before=calls: len(slack.calls_of("conversations.history")) > before)
            oldest = float(slack.calls_of("conversations.history")[-1].args["oldest"])
            assert here.inbox.events == []

        assert abs(datetime.now(UTC).timestamp() - oldest - expected.total_seconds()) < 60


async def test_a_workspace_that_nothing_was_ever_heard_in_is_not_read(slack: FakeSlack, ana: Person) -> None:
    await slack.say(ana, slack.dm(ana), "hello")
    await lost(slack)

    async with ears(slack) as here:
        await slack.say(ana, slack.dm(ana), "and now")
        heard = await here.heard(Said)

    assert [each.text for each in heard] == ["and now"]
    assert not slack.calls_of("users.conversations")


async def test_slack_s_limits_are_waited_out(slack: FakeSlack, ana: Person, general: Channel) -> None:
    await slack.say(ana, slack.dm(ana), "hello")
    await slack.say(ana, general, "<@BOT> hello")
    await lost(slack)
    slack.rate_limit("conversations.history", retry_after=30, times=2)
    slack.break_http("users.conversations", 503)

    async with ears(slack, remembering(slack, place(slack, general))) as here:
        heard = await here.heard(Said, 2)

    assert len(heard) == 2


async def test_a_place_that_can_t_be_read_any_more_keeps_nothing_else_from_being_found(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    gone = slack.channel("gone", [ana], bot=False)
    await slack.say(ana, general, "<@BOT> hello")
    await lost(slack)

    async with ears(slack, remembering(slack, place(slack, gone, "1.1"), place(slack, general))) as here:
        assert await here.heard(Said)


async def test_many_pages_are_read(slack: FakeSlack, ana: Person) -> None:
    direct = slack.dm(ana)
    for number in range(120):
        await slack.say(ana, direct, f"question {number}")
    await lost(slack)

    async with ears(slack, remembering(slack, place(slack, direct))) as here:
        heard = await here.heard(Said, 120)

    assert [each.text for each in heard] == [f"question {number}" for number in range(120)]


async def test_a_failing_intake_ends_the_search_and_not_the_listening(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    class Full(Watched):
        async def receive(self, event: Any) -> Receipt:
            if isinstance(event, Said) and event.text == "missed":
                raise RuntimeError("the database is away")
            return await super().receive(event)

    await slack.say(ana, general, "<@BOT> missed")
    await lost(slack)
    inbox = Full(slack)
    inbox.heard, inbox.known = {slack.workspace.id: datetime.now(UTC) - AGO}, [place(slack, general)]

    async with ears(slack, inbox) as here:
        await slack.say(ana, slack.dm(ana), "hello")
        (said,) = await here.heard(Said)

    assert said.text == "hello"


async def test_a_search_that_was_cut_off_goes_on_where_it_began_although_more_was_heard(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    await slack.say(ana, general, "<@BOT> missed")
    await lost(slack)
    inbox, lamp = remembering(slack, place(slack, general)), Lamp()
    reading = slack.hang("conversations.history")
    async with open_slack(settings_at(slack), now=hasty_now, sleep=hasty_sleep) as frontend:
        first = asyncio.create_task(frontend.listen(inbox, lamp))
        await soon("reading.reached", reading.reached.wait())
        first.cancel()
        await ended(first)
        slack.heal()
        inbox.heard = {slack.workspace.id: datetime.now(UTC) + AGO}
        again = asyncio.create_task(frontend.listen(inbox, lamp))
        (said,) = await inbox.first()
        again.cancel()
        await ended(again)

    assert isinstance(said, Said)
    assert said.text == "missed"


async def test_a_bot_that_is_ended_before_it_read_everything_reads_it_after_its_next_start(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    await slack.say(ana, general, "<@BOT> missed")
    await lost(slack)
    inbox = remembering(slack, place(slack, general))
    for _ in range(2):
        reading = slack.hang("conversations.history")
        async with ears(slack, inbox):
            await soon("reading.reached", reading.reached.wait())
        slack.heal()
        inbox.heard = {slack.workspace.id: datetime.now(UTC) + AGO}  # it heard more before its end
    assert inbox.events == []

    async with ears(slack, inbox) as here:
        (said,) = await here.heard(Said)
        await slack.until(lambda: not inbox.to_look_through)

    assert said.text == "missed"


async def test_what_was_missed_in_a_thread_is_found_before_later_answers_that_are_known(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    async with ears(slack) as before:
        root = await slack.say(ana, general, "<@BOT> first")
        await before.heard(Said)
    await slack.say(ana, general, "<@BOT> missed", thread_ts=root)
    await lost(slack)
    async with ears(slack) as before:
        await slack.say(ana, general, "<@BOT> later", thread_ts=root)
        (later,) = await before.heard(Said)
        await before.answer(later.address, "Heard later")
    inbox = remembering(slack, place(slack, general, root))
    (answer,) = [each for each in slack.visible(general, root) if each.is_bot]
    inbox.posted = {answer.ts}

    async with ears(slack, inbox) as here:
        heard = await here.heard(Said, 3)

    assert [each.text for each in heard] == ["first", "missed", "later"]


async def test_a_missed_question_is_found_although_its_own_thread_was_answered_later(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    root = await slack.say(ana, general, "<@BOT> missed")
    await lost(slack)
    async with ears(slack) as before:
        await slack.say(ana, general, "<@BOT> later", thread_ts=root)
        (later,) = await before.heard(Said)
        await before.answer(later.address, "Heard later")
    inbox = remembering(slack, place(slack, general, root), place(slack, general))
    inbox.posted = {each.ts for each in slack.visible(general, root) if each.is_bot}

    async with ears(slack, inbox) as here:
        heard = await here.heard(Said, 2)

    assert [each.text for each in heard] == ["missed", "later"]


async def test_many_people_are_found_once_each_after_several_starts_that_were_cut_off(
    slack: FakeSlack,
) -> None:
    people = [slack.person(f"person{number}") for number in range(30)]
    directs = [slack.dm(person) for person in people]
    for person, direct in zip(people, directs, strict=True):
        await slack.say(person, direct, f"missed by {person.name}")
    await lost(slack)
    inbox = remembering(slack, *(place(slack, direct) for direct in directs))
    for count in (5, 15):
        async with ears(slack, inbox):
            await slack.until(lambda count=count: len(inbox.events) >= count)
        inbox.heard = {slack.workspace.id: datetime.now(UTC) + AGO}  # it heard more before its end

    async with ears(slack, inbox):
        await slack.until(lambda: len(inbox.events) == len(people))
        await slack.until(lambda: not inbox.to_look_through)

    texts = [each.text for each in inbox.events if isinstance(each, Said)]
    assert sorted(texts) == sorted(f"missed by {person.name}" for person in people)


async def test_a_backup_from_before_its_answers_answers_nothing_again(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    async with ears(slack) as before:
        root = await slack.say(ana, general, "<@BOT> first")
        await before.heard(Said)
        for number in range(3):
            await slack.say(ana, general, f"<@BOT> and {number}?", thread_ts=root)
            await before.heard(Said, number + 2)
            await before.answer((await before.heard(Said, number + 2))[-1].address, "Answered")
    inbox = remembering(
        slack, place(slack, general, root)
    )  # as it was an hour ago: it knows none of the answers

    async with ears(slack, inbox) as here:
        await slack.until(lambda: not inbox.to_look_through)
        await here.quiet()

    assert inbox.events == []


async def test_what_was_missed_is_read_as_what_is_heard(
    slack: FakeSlack, ana: Person, general: Channel
) -> None:
    direct = slack.dm(ana)
    forward = {"is_share": True, "author_name": "Dana", "text": "At noon."}
    await slack.say(ana, direct, "why?", attachments=[forward], files=[slack.file("notes.txt", b"x")])
    await slack.say(ana, direct, f"wonders about <#{general.id}>", me=True)
    await lost(slack)
    async with ears(slack, remembering(slack, place(slack, direct))) as here:
        first, second = await here.heard(Said, 2)

    assert (first.text, second.text) == ("why?\n[forwarded from Dana]\n> At noon.", "wonders about #general")
    assert [each.name for each in first.attachments] == ["notes.txt"]
