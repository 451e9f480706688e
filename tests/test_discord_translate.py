"""Which of Discord's messages are meant for the bot, and what they say."""

import json
from pathlib import Path
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.events.address import Address, FileRef, address_of
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.tokens import without_mentions
from bots.discord.events.translate import Me, is_addressed, parent_of, translate
from bots.discord.transport.sdk_state import RestClient
from core.domain import (
    Attachment,
    Author,
    Command,
    Commanded,
    Event,
    Identity,
    Place,
    PlaceClosed,
    PlatformError,
    Said,
    SettingRefused,
)

PAYLOADS = Path(__file__).parent / "payloads" / "discord"
BOT, ALICE = 1100000000000000001, 1100000000000000002
GUILD, GENERAL, THREAD = 1200000000000000000, 1200000000000000010, 1200000000000000011
DIRECT = 1200000000000000030
HERE = Me(BOT)


class Ears(RestClient):
    """Parses payloads without a connection, and keeps what discord.py would have dispatched."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True, guild_messages=True), max_messages=None)
        self.heard: list[WholeMessage] = []
        who = {"id": str(BOT), "username": "helper", "discriminator": "0", "avatar": None}
        self._connection.user = discord.ClientUser(state=self._connection, data=who)  # type: ignore[arg-type]
        self.feed("guild_create")

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if event == "message":
            self.heard.append(args[0])

    def feed(self, name: str, **changes: Any) -> None:
        frame = json.loads((PAYLOADS / f"{name}.json").read_text())
        self._connection.parsers[frame["t"]](frame["d"] | changes)


def hear(name: str, **changes: Any) -> WholeMessage:
    ears = Ears()
    ears.feed(name, **changes)
    return ears.heard[0]


def event(name: str, me: Me = HERE, **changes: Any) -> Event | None:
    message = hear(name, **changes)
    return translate(message, me, parent_of(message.channel) or 0)


def said(name: str, **changes: Any) -> Said:
    found = event(name, **changes)
    assert isinstance(found, Said)
    return found


def test_a_mention_in_a_server_is_said_to_the_bot_and_reads_as_people_see_it() -> None:
    assert said("mention") == Said(
        keys=("discord:1500000000000000001",),
        author=Author(Identity("discord", str(GUILD), str(ALICE)), name="Al of the North"),
        place=Place("discord", str(GUILD), str(GENERAL)),
        text="ask @Bob and @mods in #general :wave:",
        address=str(Address(channel=GENERAL, message=1500000000000000001, guild=GUILD, user=ALICE)),
        origin="1500000000000000001",
        within=(str(GENERAL),),
    )


def test_the_bots_managed_role_is_as_good_as_the_bot() -> None:
    assert said("role_mention").text == "what time is it?"


def test_what_is_not_meant_for_the_bot_is_not_heard() -> None:
    assert event("overheard") is None


def test_a_direct_message_is_always_heard_and_private() -> None:
    found = said("direct_message")

    assert found.text == "hello"
    assert found.place == Place("discord", "", str(DIRECT), private=True)
    assert found.author == Author(Identity("discord", "", str(ALICE)), name="Alice")
    assert Address.parse(found.address).private


def test_a_reply_to_the_bot_needs_no_mention() -> None:
    found = said("reply_to_bot")

    assert found.text == "and doubled?"
    assert Address.parse(found.address).reply == 1400000000000000001


@pytest.mark.parametrize("name", ["reply_to_deleted", "reply_to_unknown"])
def test_a_reply_to_what_is_gone_or_unknown_is_not_for_the_bot(name: str) -> None:
    assert event(name) is None


def test_a_reply_that_came_empty_without_the_content_intent_is_not_answered() -> None:
    blind = Me(BOT, reads_content=False)

    assert event("reply_to_bot", blind, content="") is None
    assert event("reply_to_bot", blind) is not None


def test_a_thread_is_a_place_of_its_own() -> None:
    found = said("thread_mention")

    assert found.text == "go on"
    assert found.place == Place("discord", str(GUILD), str(GENERAL), thread=str(THREAD))
    assert Address.parse(found.address) == Address(
        channel=THREAD, message=1500000000000000008, guild=GUILD, parent=GENERAL, user=ALICE
    )


def test_a_thread_that_discord_did_not_announce_is_recognised_as_unknown() -> None:
    message = hear("unknown_thread_mention")

    assert parent_of(message.channel) is None
    assert translate(message, HERE, GENERAL) is not None


@pytest.mark.parametrize("text", ["reset", "Reset", "/reset", "!RESET", "  reset "])
def test_reset_alone_is_a_command(text: str) -> None:
    direct, asked = event("direct_message", content=text), event("reset", content=f"<@{BOT}> {text}")

    assert isinstance(direct, Commanded)
    assert direct.command is Command.RESET
    assert direct.keys == ("discord:1500000000000000004",)
    assert isinstance(asked, Commanded)


def test_reset_among_other_words_is_a_question() -> None:
    assert said("direct_message", content="how do I reset my router?").text == "how do I reset my router?"


def test_a_forward_brings_its_text_and_files() -> None:
    found = said("forward")

    assert found.text == "[forwarded message]\n> release notes\n> second line"
    assert [file.name for file in found.attachments] == ["cat.png"]


def test_an_attachment_is_named_and_can_be_fetched_later() -> None:
    found = said("attachment")

    ref = found.attachments[0].ref
    assert found.text == ""
    assert found.attachments == (Attachment(ref, "cat.png", "image/png", 5120),)
    file = FileRef.parse(ref)
    assert (file.channel, file.message, file.attachment) == (
        GENERAL,
        1500000000000000012,
        1300000000000000001,
    )
    assert file.url.startswith("https://cdn.discordapp.com/")


def test_stickers_and_polls_are_named() -> None:
    assert said("sticker_and_poll").text == "[sticker: Wumpus waves]\n[poll: Tea or coffee?: Tea / Coffee]"


@pytest.mark.parametrize(
    "name", ["by_another_bot", "by_webhook", "by_itself", "thread_created", "pinned_notice"]
)
def test_what_no_person_wrote_is_not_heard(name: str) -> None:
    assert event(name) is None


def test_a_bare_mention_says_nothing() -> None:
    assert said("mention", content=f"<@{BOT}> <@!{BOT}>").text == ""


def test_a_mention_in_the_middle_stays_part_of_the_sentence() -> None:
    calls = ["<@1>", "<@!1>"]

    assert without_mentions("<@1>, what can <@!1> do? <@1>", calls) == "what can <@!1> do?"


@given(content=st.text() | st.from_regex(r"(<[@#:a/!&]{0,3}[0-9a-z:]{0,25}>? ?)*"), kind=st.integers(0, 70))
def test_no_text_and_no_type_makes_translating_fail(content: str, kind: int) -> None:
    for name in ("mention", "direct_message", "forward", "reply_to_bot"):
        message = hear(name, content=content, type=kind)

        assert translate(message, HERE, 0) is None or is_addressed(message, HERE)


@pytest.mark.parametrize("lacking", ["author", "mentions", "mention_roles", "attachments", "components"])
def test_a_message_that_lacks_fields_does_not_make_translating_fail(lacking: str) -> None:
    ears = Ears()
    frame = json.loads((PAYLOADS / "mention.json").read_text())
    del frame["d"][lacking]
    if lacking == "author":
        del frame["d"]["member"]
    ears._connection.parsers["MESSAGE_CREATE"](frame["d"])

    assert (translate(ears.heard[0], HERE) is None) is (lacking in ("author", "mentions"))


def test_an_address_survives_being_stored() -> None:
    address = Address(channel=1, message=2, guild=3, parent=4, reply=5, private=True)

    assert Address.parse(str(address)) == address


@given(st.text())
def test_a_foreign_address_or_reference_is_refused_as_ours(text: str) -> None:
    with pytest.raises(PlaceClosed):
        Address.parse(text)
    with pytest.raises(PlatformError):
        FileRef.parse(text)


@pytest.mark.parametrize(
    "written",
    [
        "1200000000000000010",
        " <#1200000000000000010> ",
        "https://discord.com/channels/1200000000000000000/1200000000000000010",
    ],
)
def test_an_operators_channel_can_be_written_as_discord_shows_it(written: str) -> None:
    assert address_of(written) == Address(channel=GENERAL)


@pytest.mark.parametrize("written", ["", "general", "#general", "12"])
def test_what_is_no_channel_is_refused_by_the_settings_name(written: str) -> None:
    with pytest.raises(SettingRefused, match="operators"):
        address_of(written)
