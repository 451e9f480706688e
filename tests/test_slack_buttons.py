"""Buttons on Slack: drawn as blocks, pressed over the socket, answered for one person's eyes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.slack.events.address import Address
from bots.slack.events.buttons import button_blocks
from bots.slack.events.payloads import Bot
from bots.slack.events.translate import translate
from bots.slack.frontend import SlackFrontend, open_slack
from core.domain import Action, Apology, Button, Footer, Identity, Place, Pressed
from tests.fakes import FakeLedger
from tests.listening import Inbox, Lamp
from tests.platforms.slack import Channel, FakeSlack, Person, Shown
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.waiting import ended, soon

BOT = Bot("T0000000001", "U00000000B0", "B00000000B0", "aivax")
KEEP, DROP = Button(Action.KEEP, "k1", "Keep waiting"), Button(Action.DROP, "k1", "Don't answer")
LATER = Apology("Sorry, not now.", buttons=(KEEP, DROP))

unhurried = settings(deadline=None)


def payload(**changes: Any) -> dict[str, Any]:
    """A press of "Don't answer" below an answer in a channel's thread, as Slack sends it."""
    usual: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": "U0000000001", "team_id": "T0000000002"},
        "team": {"id": "T0000000001", "domain": "acme"},
        "container": {
            "type": "message",
            "message_ts": "1790000002.000100",
            "channel_id": "C0000000001",
            "thread_ts": "1790000000.000100",
        },
        "channel": {"id": "C0000000001", "name": "general"},
        "trigger_id": "1.2.3",
        "actions": [{"type": "button", "action_id": "aivax:drop", "value": "k1", "action_ts": "1.1"}],
    }
    return {**usual, **changes}


def test_a_press_names_its_author_the_answer_and_where_a_reply_is_whispered() -> None:
    (pressed,) = translate(payload(), BOT)

    assert isinstance(pressed, Pressed)
    assert (pressed.action, pressed.turn) == (Action.DROP, "k1")
    assert pressed.author.identity == Identity("slack", "T0000000001", "U0000000001")
    assert pressed.place == Place("slack", "T0000000001", "C0000000001", "1790000000.000100")
    assert pressed.keys == ("slack:T0000000001:press:1.2.3",)
    assert Address.parse(pressed.address) == Address(
        channel="C0000000001",
        team="T0000000001",
        thread="1790000000.000100",
        question="1790000002.000100",
        user="U0000000001",
        user_team="T0000000002",
        ephemeral=True,
    )


def test_in_a_direct_message_nothing_needs_to_be_whispered() -> None:
    container = {"type": "message", "message_ts": "1.1", "channel_id": "D0000000001"}
    there = payload(container=container, channel={"id": "D0000000001"})
    (pressed,) = translate(there, BOT)

    assert isinstance(pressed, Pressed)
    assert pressed.place.private
    assert not Address.parse(pressed.address).ephemeral
    assert Address.parse(pressed.address).thread == "1.1"


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": [{"type": "button", "action_id": "other:drop", "value": "k1"}]},
        {"actions": [{"type": "button", "action_id": "aivax:sell", "value": "k1"}]},
        {"actions": [{"type": "button", "action_id": "aivax:drop", "value": "../k1"}]},
        {"actions": [{"type": "button", "action_id": "aivax:drop", "value": "k" * 33}]},
        {"actions": [{"type": "button", "action_id": ["aivax:drop"], "value": {}}]},
        {"actions": []},
        {"actions": None},
        {"user": None},
        {"team": None},
        {"container": {"type": "view", "view_id": "V1"}, "channel": None},
        {"trigger_id": None},
    ],
)
def test_a_press_of_anything_else_is_nothing_to_us(changes: dict[str, Any]) -> None:
    assert translate(payload(**changes), BOT) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@unhurried
@given(st.dictionaries(st.sampled_from(sorted(payload())[:-1]), JSON, min_size=1))
def test_whatever_a_field_of_a_press_holds_nothing_breaks(changes: dict[str, Any]) -> None:
    translate({**payload(), **changes, "type": "block_actions"}, BOT)


def test_a_label_that_is_too_long_for_slack_is_cut() -> None:
    (row,) = button_blocks([Button(Action.KEEP, "k1", "x" * 100)])

    assert len(row["elements"][0]["text"]["text"]) == 75


class Here:
    """A frontend that listens in a workspace with two people and a channel."""

    def __init__(self, slack: FakeSlack, frontend: SlackFrontend, inbox: Inbox) -> None:
        self.slack, self.frontend, self.inbox = slack, frontend, inbox
        self.ana, self.ben = slack.person("ana"), slack.person("ben")
        self.general = slack.channel("general", [self.ana, self.ben])

    async def told_to_wait(self, channel: Channel, words: str, said_before: str = "") -> Shown:
        """Have Ana ask and be told, below what was said before, that the answer waits; the message that tells it."""
        await self.slack.say(self.ana, channel, words)
        (said, *_) = await self.inbox.first()
        async with self.frontend.reply_to(said.address, FakeLedger()) as surface:
            if said_before:
                await surface.write(said_before)
                await self.slack.until(lambda: any(m.is_bot for m in self.slack.visible(channel)))
            await surface.fail(LATER)
        return next(m for m in self.slack.visible(channel) if m.actions)

    async def press(self, person: Person, shown: Shown, action_id: str) -> Pressed:
        """Have somebody press; what the bot heard of it, once Slack has its acknowledgement."""
        interaction = await self.slack.click(person, shown, action_id)
        await self.slack.until(lambda: interaction.acked)
        pressed = (await self.inbox.first(2))[-1]
        assert isinstance(pressed, Pressed)
        return pressed

    async def reply(self, pressed: Pressed, text: str) -> None:
        async with self.frontend.reply_to(pressed.address, FakeLedger()) as surface:
            await surface.write(text)
            await surface.finish(Footer())

    def seen_by(self, person: Person, channel: Channel) -> list[str]:
        return [m.text for m in self.slack.visible(channel, to=person) if m.is_bot]


@asynccontextmanager
async def listening(slack: FakeSlack) -> AsyncIterator[Here]:
    inbox, lamp = Inbox(), Lamp()
    async with open_slack(settings_at(slack), now=hasty_now, sleep=hasty_sleep) as frontend:
        ears = asyncio.create_task(frontend.listen(inbox, lamp))
        await soon("lamp.lit", lamp.lit.wait())
        yield Here(slack, frontend, inbox)
        ears.cancel()
        await ended(ears)


@pytest.fixture
async def here() -> AsyncIterator[Here]:
    async with FakeSlack() as slack, listening(slack) as opened:
        yield opened


async def test_in_a_channel_only_who_pressed_reads_the_reply(here: Here) -> None:
    shown = await here.told_to_wait(here.general, f"{here.slack.mention} hello")

    pressed = await here.press(here.ben, shown, "aivax:drop")
    await here.reply(pressed, "Only the person who asked can decide that.")

    assert pressed.author.identity.user == here.ben.id
    assert pressed.author.name == "ben"
    assert here.seen_by(here.ben, here.general)[-1] == "Only the person who asked can decide that."
    assert here.seen_by(here.ana, here.general) == ["Sorry, not now."]


async def test_below_a_streamed_apology_the_buttons_stand_too(here: Here) -> None:
    direct = here.slack.dm(here.ana)

    shown = await here.told_to_wait(direct, "hello", said_before="Half an ")
    pressed = await here.press(here.ana, shown, "aivax:keep")

    assert shown.stream == "done"
    assert shown.actions == ("aivax:keep", "aivax:drop")
    assert (pressed.action, pressed.turn) == (Action.KEEP, "k1")


async def test_a_button_that_is_none_of_ours_is_acknowledged_and_not_heard(here: Here) -> None:
    shown = await here.told_to_wait(here.general, f"{here.slack.mention} hello")
    interaction = await here.slack.click(here.ana, shown, "aivax:drop", value="not/ours")

    await here.slack.until(lambda: interaction.acked)

    assert len(here.inbox.events) == 1


async def test_a_button_works_after_a_restart() -> None:
    async with FakeSlack() as slack:
        async with listening(slack) as before:
            shown = await before.told_to_wait(before.general, f"{slack.mention} hello")
        async with listening(slack) as after:
            await slack.click(before.ana, shown, "aivax:drop")
            (pressed,) = await after.inbox.first()

    assert isinstance(pressed, Pressed)
    assert (pressed.action, pressed.turn) == (Action.DROP, "k1")
