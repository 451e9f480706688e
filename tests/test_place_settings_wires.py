"""Settings of a server or channel over each platform's wire: who may, what others can't, and who else hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from bots.app import open_core
from bots.slack.transport.admins import Admins
from core.domain import Administers, Place
from core.i18n import Phrase
from sandbox.server import serve
from tests.discord_listening import TRANSLATORS
from tests.fakes import FakeClock
from tests.platforms.discord import Channel, FakeDiscord, Guild, Permission, Person
from tests.platforms.slack import FakeSlack
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import answering
from tests.stage import FakePlatform, settings_for, staged
from tests.test_discord_whole import House, running
from tests.test_place_settings import GENERAL, admin, says
from tests.test_slack_whole import Town
from tests.waiting import ended, until

ALLOWED: Mapping[str, Any] = {
    "may_set": ["language", "channels", "gateway", "limits"],
    "gateways": {"fast": "fast:50c3"},
    "most_person_hourly": 10,
}
PT = TRANSLATORS.of("pt-BR")
NOT_YOURS = "Only admins of this place can do that"


# Discord


@asynccontextmanager
async def served(discord: FakeDiscord, url: str, **settings: Any) -> AsyncIterator[House]:
    lobby, ana = discord.channel(discord.guild("Gophers"), "lobby"), discord.person("ana")
    async with running(discord, url, place_admins=ALLOWED, **settings) as stage:
        yield House(discord, stage, lobby, ana)


def guild_of(channel: Channel) -> Guild:
    assert channel.guild is not None
    return channel.guild


async def settings(house: House, who: Person, channel: Channel | None = None, **options: Any) -> None:
    await house.fake.interact(who, channel or house.lobby, "settings", options)


async def test_discord_shows_the_command_to_admins_in_servers_alone(discord: FakeDiscord, url: str) -> None:
    async with served(discord, url) as house:
        (listed,) = [each for each in discord.commands[None] if each["name"] == "settings"]
        options = {each["name"]: each for each in listed["options"]}

        assert listed["default_member_permissions"] == "16"
        assert listed["contexts"] == [0]
        assert [each["value"] for each in options["gateway"]["choices"]] == ["fast"]
        assert (options["person_hourly"]["min_value"], options["person_hourly"]["max_value"]) == (1, 10)
        assert options["for"]["description_localizations"]["pt-BR"].startswith("Onde vale")
        with pytest.raises(LookupError):
            await settings(house, house.ana)


async def test_on_discord_who_manages_the_server_sets_it_and_only_they_read_so(
    discord: FakeDiscord, url: str
) -> None:
    async with served(discord, url) as house:
        discord.grant(guild_of(house.lobby), house.ana, Permission.MANAGE_GUILD, Permission.MANAGE_CHANNELS)
        await settings(house, house.ana, language="pt_BR", **{"for": "server"})
        told = await house.seen("In the whole server, `language` is now Português do Brasil.")
        ben = discord.person("ben")
        await discord.say(ben, house.lobby, f"{discord.bot.mention} help")
        helped = await house.seen(PT.say(Phrase.HELP).splitlines()[0], to=ben)

        assert told.private
        assert not helped.private


async def test_on_discord_others_are_refused_whatever_their_client_sends(
    discord: FakeDiscord, url: str
) -> None:
    async with served(discord, url) as house:
        ben = discord.person("ben")
        await discord.forge(ben, house.lobby, "settings", {"answers": "off", "for": "server"})
        told = await house.seen(NOT_YOURS, to=ben)
        await discord.say(ben, house.lobby, f"{discord.bot.mention} settings answers=off permissions=32")
        await house.stage.rest()

        assert told.private
        assert len([each for each in discord.answers(house.lobby, ben) if NOT_YOURS in each.content]) == 2
        assert await house.stage.rows("SELECT name FROM place_settings") == []


@pytest.mark.parametrize("by_mention", [False, True])
async def test_on_discord_who_manages_one_channel_sets_that_one_alone(
    discord: FakeDiscord, url: str, by_mention: bool
) -> None:
    async with served(discord, url) as house:
        other = discord.channel(guild_of(house.lobby), "other")
        discord.allow(house.lobby, house.ana, Permission.MANAGE_CHANNELS)

        async def say(channel: Channel, setting: str, value: str, scope: str) -> None:
            if by_mention:
                words = f"settings {setting}={value} for={scope}"
                await discord.say(house.ana, channel, f"{discord.bot.mention} {words}")
            else:
                await discord.forge(house.ana, channel, "settings", {setting: value, "for": scope})

        await say(house.lobby, "gateway", "fast", "channel")
        await house.seen("In this channel, `gateway` is now `fast`.")
        await say(house.lobby, "gateway", "fast", "server")
        await house.seen("You can set this channel, but not the whole server")
        await say(other, "gateway", "fast", "channel")
        await house.seen(NOT_YOURS, other)
        await house.stage.rest()
        places = await house.stage.rows("SELECT channel FROM place_settings")

        assert places == [str(house.lobby.id)]


async def test_two_servers_of_discord_do_not_mix(discord: FakeDiscord, url: str) -> None:
    async with served(discord, url) as house:
        there = discord.channel(discord.guild("Rustaceans"), "lobby")
        discord.grant(guild_of(house.lobby), house.ana, Permission.ADMINISTRATOR)
        await settings(house, house.ana, answers="off", **{"for": "server"})
        await house.seen("In the whole server, `answers` is now off.")
        await discord.forge(house.ana, there, "settings", {"answers": "off"})
        await house.seen(NOT_YOURS, there)
        await house.mention("hello")
        await house.mention("hello", there)
        await house.seen("I don't answer here: an admin of this place has turned me off")
        await house.seen("hello", there)

        assert house.stage.times_asked == 1


async def test_a_change_of_an_edit_counts_by_the_permissions_of_the_edit(
    discord: FakeDiscord, url: str
) -> None:
    async with served(discord, url) as house:
        ben = discord.person("ben")
        house.hold()
        said = await discord.say(ben, house.lobby, f"{discord.bot.mention} hello")
        await house.begun()
        await discord.edit(ben, said, f"{discord.bot.mention} settings answers=off")
        await house.seen(NOT_YOURS, to=ben)

        assert await house.stage.rows("SELECT name FROM place_settings") == []


# Slack


@asynccontextmanager
async def town(slack: FakeSlack, url: str, **program: Any) -> AsyncIterator[Town]:
    pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
    async with (
        serve(plan="max") as sandbox,
        answering(
            slack,
            url,
            sandbox,
            settings_at(slack, external_users=True),
            program={"place_admins": ALLOWED, **program},
            **pace,
        ) as (here, core),
    ):
        yield Town(slack, sandbox, here, core)


async def test_on_slack_an_admin_of_the_workspace_sets_all_of_it(slack: FakeSlack, url: str) -> None:
    boss, ben = slack.person("boss", admin=True), slack.person("ben")
    async with town(slack, url) as there:
        there.general.members |= {boss.id, ben.id}
        await slack.command(boss, there.general, "/aivax", "settings")
        page = await there.says(there.general, "My settings here")
        await slack.command(boss, there.general, "/aivax", "settings answers=off for=server")
        told = await there.says(there.general, "In the whole server")
        ts = await slack.say(ben, there.general, "<@BOT> hello")
        await there.says(there.general, "I don't answer here", ts)

        assert page.only_to == boss.id
        assert told.only_to == boss.id
        assert await there.rows("SELECT channel FROM place_settings") == [""]


async def test_on_slack_others_are_refused_by_every_way(slack: FakeSlack, url: str) -> None:
    ben = slack.person("ben")
    async with town(slack, url) as there:
        there.general.members.add(ben.id)
        await slack.command(ben, there.general, "/aivax", "settings answers=off")
        told = await there.says(there.general, NOT_YOURS)
        ts = await slack.say(ben, there.general, "<@BOT> settings answers=off is_admin=true")
        await there.says(there.general, NOT_YOURS, ts)

        assert told.only_to == ben.id
        assert await there.rows("SELECT name FROM place_settings") == []


async def test_on_slack_who_made_a_channel_sets_that_one_alone(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        other = slack.channel("other", [there.ana])
        there.general.creator = there.ana.id
        await slack.command(there.ana, there.general, "/aivax", "settings person_hourly=2")
        await there.says(there.general, "In this channel, `person_hourly` is now `2`.")
        await slack.command(there.ana, there.general, "/aivax", "settings person_hourly=2 for=server")
        await there.says(there.general, "not the whole server")
        await slack.command(there.ana, other, "/aivax", "settings person_hourly=2")
        await there.says(other, NOT_YOURS)

        assert await there.rows("SELECT channel FROM place_settings") == [there.general.id]


async def test_an_admin_of_another_workspace_sets_nothing_in_ours(slack: FakeSlack, url: str) -> None:
    guest = slack.person("gil", workspace=slack.add_workspace("T0000000009"), admin=True, owner=True)
    async with town(slack, url) as there:
        there.general.members.add(guest.id)
        there.general.shared, there.general.creator = True, guest.id
        ts = await slack.say(guest, there.general, "<@BOT> settings answers=off")
        await there.says(there.general, NOT_YOURS, ts)

        assert await there.rows("SELECT name FROM place_settings") == []


async def test_while_slack_does_not_answer_nothing_is_changed_and_that_is_said(
    slack: FakeSlack, url: str
) -> None:
    boss = slack.person("boss", admin=True)
    async with town(slack, url) as there:
        there.general.members.add(boss.id)
        slack.break_http("users.info", times=None)
        ts = await slack.say(boss, there.general, "<@BOT> settings answers=off")
        await there.says(there.general, "I can't find out now whether you are an admin here", ts)

        assert await there.rows("SELECT name FROM place_settings") == []


class Answers:
    """Slack's answers about one admin, counted."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.user: dict[str, Any] = {"team_id": "T1", "is_admin": True}

    async def read(self, method: str, **_: Any) -> dict[str, Any]:
        self.asked.append(method)
        return {"user": self.user, "channel": {}}


async def test_slack_s_word_on_who_is_an_admin_is_kept_for_five_minutes() -> None:
    answers, clock = Answers(), FakeClock()
    api: Any = answers
    admins = Admins(api, clock.now)
    assert [await admins.of("U1", "T1", "C1") for _ in range(2)] == [Administers.SERVER] * 2
    answers.user = {"team_id": "T1"}
    assert await admins.of("U1", "T1", "C1") is Administers.SERVER
    await clock.advance(301)

    assert await admins.of("U1", "T1", "C1") is Administers.NOTHING
    assert answers.asked == ["users.info", "users.info", "conversations.info"]


@pytest.mark.parametrize(
    ("user", "may"),
    [
        ({"team_id": "T1", "is_owner": True}, Administers.SERVER),
        ({"team_id": "T1", "is_primary_owner": True}, Administers.SERVER),
        ({"team_id": "T9", "is_admin": True}, Administers.NOTHING),
        ({"is_admin": True}, Administers.NOTHING),
        ({"team_id": "T9", "is_admin": True, "enterprise_user": {"teams": ["T1"]}}, Administers.SERVER),
        ({"team_id": "T1", "is_admin": True, "deleted": True}, Administers.NOTHING),
        ({"team_id": "T1", "is_admin": True, "is_restricted": True}, Administers.NOTHING),
        ({"team_id": "T1", "is_admin": "true"}, Administers.NOTHING),
        ({"team_id": ["T1"], "is_admin": 1}, Administers.NOTHING),
        ({}, Administers.NOTHING),
    ],
)
async def test_whom_slack_s_users_info_makes_an_admin(user: dict[str, Any], may: Administers) -> None:
    answers = Answers()
    answers.user = user
    api: Any = answers

    assert await Admins(api, FakeClock().now).of("U1", "T1", "C1") is may


async def test_where_slack_may_not_tell_who_is_an_admin_nobody_is(slack: FakeSlack, url: str) -> None:
    boss = slack.person("boss", admin=True)
    async with town(slack, url) as there:
        there.general.members.add(boss.id)
        slack.workspace.scopes.discard("users:read")
        ts = await slack.say(boss, there.general, "<@BOT> settings answers=off")
        await there.says(there.general, NOT_YOURS, ts)

        assert await there.rows("SELECT name FROM place_settings") == []


# Processes


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_a_change_is_seen_by_the_other_process_at_once(migrated_url: str) -> None:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(serve(plan="max", balance=50))
        one, two = [
            await stack.enter_async_context(staged(migrated_url, sandbox=sandbox, place_admins=ALLOWED))
            for _ in range(2)
        ]
        await one.hear(admin("answers=off"))

        async def off() -> bool:
            return not two.core.admitting.places.answers(GENERAL)

        await until("the other process to hear of it", off)
        await two.hear(says("hello"))
        await one.rest()
        shown = [*one.platform.visible("general"), *two.platform.visible("general")]
        assert len([each for each in shown if each.startswith("I'm sorry, I don't answer here")]) == 1
        await two.hear(admin("reset=all"))

        async def on() -> bool:
            return one.core.admitting.places.answers(GENERAL)

        await until("the first process to hear of it", on)


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_a_process_that_only_listens_hears_of_it_too(migrated_url: str) -> None:
    async with serve(plan="max", balance=50) as sandbox:
        settings = settings_for(migrated_url, sandbox, place_admins=ALLOWED)
        async with (
            staged(migrated_url, sandbox=sandbox, place_admins=ALLOWED) as worker,
            open_core(settings, {"fake": FakePlatform()}) as listener,
        ):
            following = asyncio.create_task(listener.follow())
            try:
                await worker.hear(admin("language=es", may=Administers.CHANNEL))

                async def heard() -> bool:
                    return listener.admitting.places.language(Place("fake", "W1", "general")) == "es"

                await until("the listening process to hear of it", heard)
            finally:
                following.cancel()
                await ended(following)
