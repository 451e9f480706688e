"""Answers to Discord's commands: streamed into the interaction, and what becomes of them when its token is over."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import structlog

from aivax_bots.testing.suite import LONG
from bots.discord.events.address import Address
from bots.discord.transport.timing import Timing
from core.domain import Action, Apology, Button, Footer, PlaceClosed, Said, Status
from core.i18n import Phrase
from tests.discord_listening import FAST, TRANSLATORS, Listening, discord_at_hand, online
from tests.fakes import FakeLedger
from tests.platforms.discord import Channel, FakeDiscord, Interaction, Permission, Person
from tests.platforms.discord.view import Seen

STOP = Button(Action.STOP, "k1", "Stop")
GOOD = Button(Action.GOOD, "k1", "Good answer")
PATCH_FIRST = "PATCH /webhooks/{}/{}/messages/@original"
FOLLOW_UP = "POST /webhooks/{}/{}"
CREATE = "POST /channels/{}/messages"
NASTY = "@everyone <@&{role}> <@{user}> see https://example.test/page"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
def lobby(fake: FakeDiscord) -> Channel:
    return fake.channel(fake.guild("Gophers"), "lobby")


@pytest.fixture
def ana(fake: FakeDiscord) -> Person:
    return fake.person("ana", locale="pt-BR")


class Alarm:
    """Long sleeps end when a test lets them; short ones pass as they are."""

    def __init__(self) -> None:
        self._rings = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds < 30:
            await asyncio.sleep(seconds if seconds > 5 else min(seconds, 0.02))
        else:
            await self._rings.wait()  # no deadline: the test lets it ring
            self._rings.clear()

    def ring(self) -> None:
        self._rings.set()


def timing(fake: FakeDiscord, alarm: Alarm | None = None) -> Timing:
    """The frontend's patience, by the fake's clock."""
    return replace(FAST, wall=fake.clock.now, sleep=(alarm or Alarm()).sleep)


async def ask(
    fake: FakeDiscord, ears: Listening, person: Person, channel: Channel, *, private: bool = False
) -> tuple[Said, Interaction]:
    await fake.until(lambda: fake.commands.get(None))
    asked = await fake.interact(person, channel, "ask", {"question": "why?", "private": private})
    return await ears.intake.first(), asked


async def show(ears: Listening, said: Said, text: str, ledger: FakeLedger | None = None) -> None:
    async with ears.frontend.reply_to(said.address, ledger or FakeLedger()) as surface:
        await surface.write(text)
        await surface.finish(Footer())


async def shown(fake: FakeDiscord, channel: Channel, text: str, to: Person | None = None) -> Seen:
    def found() -> Seen | None:
        return next((seen for seen in fake.answers(channel, to) if text in seen.content), None)

    return await fake.until(found)  # type: ignore[return-value]  # until waits for one that is there


def whole(fake: FakeDiscord, channel: Channel, to: Person | None = None) -> str:
    """What can be read of the answer, whatever stands between its messages."""
    return plain("\n\n".join(seen.content for seen in fake.answers(channel, to)))


def plain(text: str) -> str:
    return " ".join(text.split())


# -- while the token lives ----------------------------------------------------------------------------


async def test_a_public_answer_grows_where_discord_showed_that_the_bot_thinks(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, asked = await ask(fake, ears, ana, lobby)
        assert [seen.loading for seen in fake.answers(lobby)] == [True]
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.offer((STOP,))
            await surface.note(Status("Using a tool"))
            await shown(fake, lobby, "Using a tool")
            await surface.write("The answer")
            growing = await shown(fake, lobby, "The answer")
            assert [button.label for button in growing.buttons] == ["Stop"]
            await surface.write(" is 42.")
            await surface.finish(Footer(buttons=(GOOD,)))

        (answer,) = fake.answers(lobby)
        assert answer.content == "The answer is 42."
        assert [button.label for button in answer.buttons] == ["Good answer"]
        assert asked.original is not None
        assert answer.id == asked.original.id
        assert not fake.called(FOLLOW_UP)
        assert not fake.unknown


async def test_a_long_public_answer_goes_on_in_messages_that_carry_our_nonce(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        fake.lose_response(CREATE)
        await show(ears, said, LONG)

        assert whole(fake, lobby) == plain(LONG)
        assert all(seen.nonce for seen in fake.answers(lobby)[1:])
        assert not fake.called(FOLLOW_UP)


async def test_a_private_answer_is_seen_by_its_author_alone_in_all_its_parts(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    eve = fake.person("eve")
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby, private=True)
        await show(ears, said, LONG)

        assert whole(fake, lobby, ana) == plain(LONG)
        assert all(seen.private for seen in fake.answers(lobby, ana))
        assert fake.answers(lobby, eve) == []
        assert fake.answers(lobby) == []


async def test_where_the_bot_may_not_write_a_command_is_answered_all_the_same(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    fake.deny(lobby, Permission.SEND_MESSAGES)
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        await show(ears, said, LONG)

        assert whole(fake, lobby) == plain(LONG)
        assert not fake.called(CREATE)


async def test_a_follow_up_whose_outcome_nobody_heard_is_looked_up_before_it_is_repeated(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    fake.deny(lobby, Permission.SEND_MESSAGES)
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        fake.lose_response(FOLLOW_UP)
        await show(ears, said, LONG)

        assert whole(fake, lobby) == plain(LONG)


@pytest.mark.parametrize("text", [LONG, "The same again. " * 600])
async def test_a_private_part_whose_outcome_nobody_heard_is_not_said_twice_where_the_gateway_told_of_it(
    fake: FakeDiscord, lobby: Channel, ana: Person, text: str
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby, private=True)
        fake.lose_response(FOLLOW_UP, times=2)
        await show(ears, said, text)

        assert whole(fake, lobby, ana) == plain(text)


async def test_a_follow_up_that_failed_on_discords_side_is_not_repeated_blindly(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    fake.deny(lobby, Permission.SEND_MESSAGES)
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        fake.fail(FOLLOW_UP, status=502)
        await show(ears, said, LONG)

        assert whole(fake, lobby) == plain(LONG)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("mute", [False, True])
async def test_nothing_pings_and_nothing_is_previewed_on_creates_and_on_edits(
    fake: FakeDiscord, lobby: Channel, ana: Person, private: bool, mute: bool
) -> None:
    if mute:
        fake.deny(lobby, Permission.SEND_MESSAGES)
    assert lobby.guild is not None
    role = fake.role(lobby.guild, "mods", mentionable=True)
    nasty = NASTY.format(role=role.id, user=ana.id)
    async with online(fake, timing(fake)) as ears:
        said, asked = await ask(fake, ears, ana, lobby, private=private)
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.write(nasty)
            await shown(fake, lobby, nasty, ana)
            await surface.write(f" again: {nasty}")
            await shown(fake, lobby, "again", ana)
            await surface.write("\n\n" + LONG + nasty)
            await surface.finish(Footer())

        seen = fake.answers(lobby, ana)
        assert len(seen) > 5
        assert asked.original is not None
        assert len(asked.original.versions) > 2
        assert not any(each.pings or each.previews for each in seen)
        assert sum("@everyone" in each.content for each in seen) >= 2
        written = [c for c in fake.calls if c.method in ("POST", "PATCH") and "messages" in c.path]
        written += fake.called(FOLLOW_UP)
        assert all(call.body["allowed_mentions"]["parse"] == [] for call in written)


async def test_an_answer_from_another_process_fills_the_same_message(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    ledger = FakeLedger()
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        async with ears.frontend.reply_to(said.address, ledger) as surface:
            await surface.write("Half")
            await shown(fake, lobby, "Half")
            await surface.pause()
    async with online(fake, timing(fake)) as ears:
        await show(ears, said, "Half of it is whole.", ledger.reopened())

        assert whole(fake, lobby) == plain("Half of it is whole.")


async def test_a_second_answer_to_a_command_leaves_the_first_one_alone(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        await show(ears, said, "The first answer.")
        await show(ears, said, "Another one.", FakeLedger())

        assert [seen.content for seen in fake.answers(lobby)] == ["The first answer.", "Another one."]


async def test_an_answer_whose_message_somebody_deleted_stands_below(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, asked = await ask(fake, ears, ana, lobby)
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.write("One")
            await shown(fake, lobby, "One")
            assert asked.original is not None
            await fake.delete(ana, asked.original)
            await surface.write(", two.")
            await surface.finish(Footer())

        assert whole(fake, lobby) == plain("One, two.")


async def test_a_busy_webhook_is_waited_for(fake: FakeDiscord, lobby: Channel, ana: Person) -> None:
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        fake.rate_limit(PATCH_FIRST, retry_after_s=0.01)
        fake.lose_response(PATCH_FIRST)
        await show(ears, said, "The answer.")

        assert whole(fake, lobby) == plain("The answer.")


# -- when it is over ----------------------------------------------------------------------------------


async def test_a_public_answer_goes_on_past_the_fifteen_minutes(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.write("It began early")
            await shown(fake, lobby, "It began early")
            fake.clock.advance(870)  # the token lives for 30 s more: that is not counted on
            before = len(fake.called(PATCH_FIRST))
            await surface.write(" and went on.\n\n" + LONG)
            await surface.finish(Footer())

        assert whole(fake, lobby) == plain(f"It began early and went on.\n\n{LONG}")
        assert len(fake.called(PATCH_FIRST)) == before
        assert not any(seen.pings or seen.previews for seen in fake.answers(lobby))


async def test_a_token_that_ends_before_its_time_is_noticed(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, FAST) as ears:  # this host's clock is 20 minutes late
        said, _ = await ask(fake, ears, ana, lobby)
        fake.clock.advance(1200)
        await show(ears, said, LONG)

        assert plain("\n\n".join(seen.content for seen in fake.answers(lobby)[1:])) == plain(LONG)


async def test_an_answer_that_comes_hours_later_is_a_message_in_the_channel(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    ledger = FakeLedger()
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        async with ears.frontend.reply_to(said.address, ledger) as surface:
            await surface.fail(Apology("I've kept your question."))
        fake.clock.advance(3 * 3600)
        await show(ears, said, "Here is the answer.", ledger.reopened())

        assert whole(fake, lobby) == plain("Here is the answer.")


async def test_a_private_answer_ends_with_what_it_has_before_its_token_does(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    alarm = Alarm()
    async with online(fake, timing(fake, alarm)) as ears:
        said, _ = await ask(fake, ears, ana, lobby, private=True)
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.write("So far.")
            await shown(fake, lobby, "So far.", ana)
            fake.clock.advance(850)
            alarm.ring()
            ended = TRANSLATORS.of("pt-BR").say(Phrase.PRIVATE_ENDED)
            await shown(fake, lobby, ended, ana)
            await surface.write(" And more.")
            await surface.note(Status("Using a tool"))
            await surface.offer((STOP,))
            await surface.finish(Footer(buttons=(GOOD,)))

        assert whole(fake, lobby, ana) == plain(f"So far.\n\n{ended}")
        assert fake.dm(ana).messages == {}


async def test_a_public_answer_that_can_not_go_on_says_so(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    fake.deny(lobby, Permission.SEND_MESSAGES)
    alarm = Alarm()
    async with online(fake, timing(fake, alarm)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.write("So far.")
            await shown(fake, lobby, "So far.")
            fake.clock.advance(850)
            alarm.ring()
            await shown(fake, lobby, TRANSLATORS.of("pt-BR").say(Phrase.ENDED_HERE))
            await surface.fail(Apology("Too late."))

        assert "Too late." not in whole(fake, lobby)


async def test_a_private_answer_that_comes_hours_later_is_a_direct_message(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    ledger = FakeLedger()
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby, private=True)
        async with ears.frontend.reply_to(said.address, ledger) as surface:
            await surface.fail(Apology("I've kept your question."))
        fake.clock.advance(3 * 3600)
        await show(ears, said, LONG, ledger.reopened())

        assert whole(fake, fake.dm(ana)) == plain(LONG)
        assert fake.answers(lobby) == []


async def test_a_private_answer_that_begins_in_the_last_minute_does_not_count_on_it(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby, private=True)
        fake.clock.advance(850)
        await show(ears, said, "The answer.")

        assert whole(fake, fake.dm(ana)) == "The answer."


async def test_a_late_answer_leaves_the_apology_and_stands_below_it(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, lobby)
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await surface.fail(Apology("I've kept your question."))
        await show(ears, said, "Here is the answer.")  # the core has its ledger forget the apology

        assert [seen.content for seen in fake.answers(lobby)] == [
            "I've kept your question.",
            "Here is the answer.",
        ]


async def test_a_private_answer_that_reaches_nobody_is_closed_with_a_line_in_the_log(
    fake: FakeDiscord, lobby: Channel
) -> None:
    shy = fake.person("shy", accepts_dms=False)
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, shy, lobby, private=True)
        fake.clock.advance(3 * 3600)
        with structlog.testing.capture_logs() as logs, pytest.raises(PlaceClosed):
            await show(ears, said, "The answer.")

        (line,) = [line for line in logs if line["event"] == "discord.private_answer_undeliverable"]
        assert line["code"] == "50007"
        assert fake.answers(lobby) == []


async def test_the_commands_own_token_is_in_no_log(fake: FakeDiscord, lobby: Channel, ana: Person) -> None:
    with structlog.testing.capture_logs() as logs:
        async with online(fake, timing(fake)) as ears:
            said, asked = await ask(fake, ears, ana, lobby, private=True)
            fake.fail(PATCH_FIRST, status=403, code=50013)
            with pytest.raises(PlaceClosed) as caught:
                await show(ears, said, "The answer.")

    assert asked.token not in repr(logs)
    assert asked.token not in repr(caught.value) + str(caught.value)


async def test_in_a_thread_the_model_sees_what_was_said_before_the_command(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    thread = fake.thread(lobby, "talk", by=ana)
    await fake.say(ana, thread, "the thread so far")
    async with online(fake, timing(fake)) as ears:
        said, _ = await ask(fake, ears, ana, thread)
        around = await ears.frontend.surroundings(said.address, 10)

        assert [quote.text for quote in around] == ["the thread so far"]
        assert not await ears.frontend.sign(said.address)


# -- ending in time -----------------------------------------------------------------------------------


def test_an_address_holds_all_that_another_process_needs() -> None:
    address = Address(channel=1, app=2, token="t", interaction=3, user=4, hidden=True, locale="es")

    assert Address.parse(str(address)) == address
