"""Settings of a server or channel by its own admins: who may, what holds where, and within which bounds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.domain import Administers, Author, Identity, Place, PlatformBusy, Said, Scope
from sandbox.server import Sandbox, serve
from tests.samples import WallClock, said
from tests.stage import FakePlatform, Stage, staged

GENERAL, RANDOM = Place("fake", "W1", "general"), Place("fake", "W1", "random")
ELSEWHERE = Place("fake", "W2", "general")
ALLOWED: Mapping[str, Any] = {
    "may_set": ["language", "channels", "gateway", "limits"],
    "gateways": {"fast": "fast:50c3", "careful": "careful:50c3"},
    "most_person_hourly": 10,
}


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


@pytest.fixture
async def stage(url: str, clock: WallClock, sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with staged(url, sandbox=sandbox, now=clock, place_admins=ALLOWED) as opened:
        yield opened


@pytest.fixture
async def on_both(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Once on each database."""
    async with staged(migrated_url, sandbox=sandbox, now=clock, place_admins=ALLOWED) as opened:
        yield opened


def says(
    words: str,
    who: str = "ana",
    at: Place = GENERAL,
    may: Administers = Administers.NOTHING,
    locale: str = "",
) -> Said:
    author = Author(Identity("fake", at.workspace, who), who, locale)
    place = replace(at, thread=who)
    return replace(said(words, by=author, at=place), administers=may)


def admin(words: str, at: Place = GENERAL, may: Administers = Administers.SERVER, **more: Any) -> Said:
    return says(f"settings {words}".strip(), "boss", at, may, **more)


def last(stage: Stage, channel: str = "general") -> str:
    return stage.platform.visible(channel)[-1]


# Who may


@pytest.mark.parametrize("words", ["", "language=pt_BR", "answers=off for=server", "reset=all"])
async def test_who_is_no_admin_sees_and_changes_nothing(stage: Stage, words: str) -> None:
    await stage.hear(says(f"settings {words}"))

    assert last(stage).startswith("Only admins of this place can do that")
    assert await stage.rows("SELECT name FROM place_settings") == []


async def test_words_make_nobody_an_admin(stage: Stage) -> None:
    await stage.hear(says("settings language=es administers=server for=server operator=true"))

    assert last(stage).startswith("Only admins")


async def test_an_admin_of_a_channel_sets_that_channel_alone(stage: Stage) -> None:
    await stage.hear(admin("answers=off for=server", may=Administers.CHANNEL))
    assert last(stage).startswith("You can set this channel, but not the whole server")
    await stage.hear(admin("person_hourly=3", may=Administers.CHANNEL))

    assert last(stage) == "In this channel, `person_hourly` is now `3`."
    assert await stage.rows("SELECT channel FROM place_settings") == ["general"]


async def test_where_the_event_does_not_tell_the_platform_is_asked(stage: Stage) -> None:
    stage.platform.admins["boss"] = Administers.SERVER
    await stage.hear(admin("answers=off for=server", may=Administers.NOTHING))

    assert last(stage) == "In the whole server, `answers` is now off."


async def test_while_the_platform_does_not_tell_nothing_is_changed(url: str, sandbox: Sandbox) -> None:
    class Silent(FakePlatform):
        async def administers(self, who: Identity, place: Place) -> Administers:
            raise PlatformBusy("fake", code="down")

    async with staged(url, sandbox=sandbox, platform=Silent(), place_admins=ALLOWED) as stage:
        await stage.hear(admin("answers=off", may=Administers.NOTHING))

        assert last(stage).startswith("I can't find out now whether you are an admin here")
        assert await stage.rows("SELECT name FROM place_settings") == []


async def test_an_operator_always_may_by_a_role_too(url: str, sandbox: Sandbox) -> None:
    operators = {"discord_roles": ["70000000000000001"]}
    async with staged(url, sandbox=sandbox, place_admins=ALLOWED, operators=operators) as stage:
        event = says("settings language=es for=server")
        who = replace(event.author.identity, platform="discord")
        await stage.hear(replace(event, author=Author(who, "olga", roles=("70000000000000001",))))

        assert await stage.rows("SELECT value FROM place_settings") == ["es"]


async def test_who_has_to_agree_first_is_the_admin_that_they_were(url: str, sandbox: Sandbox) -> None:
    privacy = {"consent": "agree"}
    async with staged(url, sandbox=sandbox, place_admins=ALLOWED, privacy=privacy) as stage:
        await stage.hear(admin("answers=off"))
        assert await stage.rows("SELECT name FROM place_settings") == []
        await stage.hear(says("I agree", "boss"))

        assert await stage.rows("SELECT value FROM place_settings") == ["off"]


# Language


async def test_a_language_holds_for_the_channel_or_the_server_and_a_persons_own_choice_wins(
    stage: Stage,
) -> None:
    await stage.hear(admin("language=pt-BR for=server"), admin("language=es", RANDOM))
    await stage.hear(says("pause?", "cleo", locale="en-US"))
    await stage.hear(
        says("settings", "ana"), says("settings", "ana", RANDOM), says("settings", "ana", ELSEWHERE)
    )

    general, elsewhere = [stage.platform.visible("general")[index] for index in (-2, -1)]
    assert general.startswith("Só administradores")
    assert last(stage, "random").startswith("Solo pueden hacerlo")
    assert elsewhere.startswith("Only admins")

    await stage.change("UPDATE identities SET chosen_locale = 'en'")
    await stage.hear(says("settings", "ana"))
    assert last(stage).startswith("Only admins")


async def test_what_a_platform_tells_of_one_of_many_readers_does_not_win(stage: Stage) -> None:
    await stage.hear(admin("language=pt-BR"))
    await stage.hear(says("settings", "ana", locale="en-US"))

    assert last(stage).startswith("Só administradores")


# Where it answers


async def test_it_is_turned_off_in_one_channel_and_admins_turn_it_on_again(stage: Stage) -> None:
    await stage.hear(admin("answers off"))
    await stage.hear(
        says("hello"), says("hello again"), says("hello", at=RANDOM), says("hello", at=ELSEWHERE)
    )

    off, elsewhere = stage.platform.visible("general")[1:]
    assert off.startswith("I'm sorry, I don't answer here: an admin of this place has turned me off")
    assert "hello" in elsewhere
    assert "hello" in last(stage, "random")
    assert stage.times_asked == 2

    await stage.hear(admin("answers=on"))
    await stage.hear(says("hello"))
    assert "hello" in last(stage)


async def test_off_in_the_server_and_on_in_a_channel_is_a_list_of_channels(stage: Stage) -> None:
    await stage.hear(admin("answers=off for=server"), admin("answers=on", RANDOM))
    await stage.hear(says("hello"), says("hello", at=RANDOM))
    direct = Place("fake", "W1", "D-ana", private=True)
    await stage.hear(says("hello", at=direct))

    assert stage.times_asked == 2
    assert "hello" in last(stage, "random")
    assert "hello" in last(stage, "D-ana")


async def test_what_operators_block_no_admin_opens(url: str, sandbox: Sandbox) -> None:
    access = {"block_channels": ["fake:general"]}
    async with staged(url, sandbox=sandbox, place_admins=ALLOWED, access=access) as stage:
        await stage.hear(admin("answers=on"))

        assert last(stage).startswith("I'm sorry, I may not answer here: the people who run me")


# Gateways


async def test_a_gateway_of_those_that_are_offered_answers_there(stage: Stage) -> None:
    await stage.hear(admin("gateway=careful for=server"), admin("gateway=fast"))
    for words, place in (("one", GENERAL), ("two", RANDOM), ("three", ELSEWHERE)):
        await stage.hear(says(words, at=place))

    assert [each["model"] for each in stage.asked] == ["fast:50c3", "careful:50c3", "sandbox:50c3"]


@pytest.mark.parametrize("name", ["slow", "fast:50c3", "careful:50c3"])
async def test_no_other_gateway_can_be_chosen(stage: Stage, name: str) -> None:
    await stage.hear(admin(f"gateway={name}"))

    assert "`gateway` can't be" in last(stage)
    assert "it takes one of `fast`, `careful`" in last(stage)
    assert await stage.rows("SELECT name FROM place_settings") == []


async def test_a_gateway_that_is_offered_no_more_falls_back_with_one_notice(
    url: str, sandbox: Sandbox
) -> None:
    async with staged(url, sandbox=sandbox, place_admins=ALLOWED) as stage:
        await stage.hear(admin("gateway=fast for=server"))
    fewer = {**ALLOWED, "gateways": {"careful": "careful:50c3"}}
    for told in (1, 0):
        async with staged(url, sandbox=sandbox, place_admins=fewer) as stage:
            await stage.hear(says("one"), says("two"))

            assert [each["model"] for each in stage.asked][-2:] == ["sandbox:50c3"] * 2
            shown = "\n".join(stage.platform.visible("general"))
            assert (
                shown.count("The gateway `fast` that the admins of this place chose is not offered") == told
            )


# Limits


async def test_a_limit_above_the_operators_is_refused_with_name_value_and_bounds(stage: Stage) -> None:
    await stage.hear(admin("person_hourly=11"))

    assert last(stage) == "`person_hourly` can't be `11`: it takes a whole number from 1 to 10."


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "1e1", "9" * 30])
async def test_what_is_no_limit_is_refused(stage: Stage, value: str) -> None:
    await stage.hear(admin(f"person_hourly={value}"))

    assert "`person_hourly` can't be" in last(stage)
    assert await stage.rows("SELECT name FROM place_settings") == []


async def test_the_lower_one_of_two_bounds_counts(url: str, sandbox: Sandbox) -> None:
    limits = {"person_hourly": 4, "workspace_daily": 7}
    async with staged(url, sandbox=sandbox, place_admins=ALLOWED, limits=limits) as stage:
        await stage.hear(admin("person_hourly=5"))
        assert last(stage).endswith("from 1 to 4.")
        await stage.hear(admin("place_daily=8"))
        assert last(stage).endswith("from 1 to 7.")


async def test_a_person_is_counted_in_the_place_alone_and_others_are_not(on_both: Stage) -> None:
    await on_both.hear(says("zero", at=RANDOM), admin("person_hourly=1"))
    await on_both.hear(says("one"), says("two"), says("three", "ben"), says("four", at=RANDOM))

    refused = [
        each for each in on_both.platform.visible("general") if "let each person ask 1 questions" in each
    ]
    assert len(refused) == 1
    assert on_both.times_asked == 4


async def test_limits_of_channel_and_server_both_hold(on_both: Stage) -> None:
    await on_both.hear(admin("place_daily=2"), admin("place_daily=3 for=server"))
    await on_both.hear(
        says("one"), says("two"), says("three"), says("four", at=RANDOM), says("five", at=RANDOM)
    )

    general, random = ("\n".join(on_both.platform.visible(each)) for each in ("general", "random"))
    assert "let 2 questions be asked here" in general
    assert "let 3 questions be asked here" in random
    assert on_both.times_asked == 3


async def test_admins_can_change_a_limit_that_is_used_up(stage: Stage, clock: WallClock) -> None:
    await stage.hear(admin("place_daily=1"))
    await stage.hear(says("zero"), says("one"))
    assert any("let 1 questions be asked here" in each for each in stage.platform.visible("general"))
    await stage.hear(admin("reset=place_daily"))
    await stage.hear(says("two"))

    assert "two" in last(stage)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("gateway=FAST", "fast"),
        ("gateway Fast", "fast"),
        ("person_hourly=+05", "5"),
        ("Answers=OFF", "off"),
        ("answers não", "off"),
        ("language=PT", "pt_BR"),
        ('language="es-MX"', "es"),
    ],
)
async def test_a_value_is_kept_in_one_form(stage: Stage, words: str, kept: str) -> None:
    await stage.hear(admin(words))

    assert await stage.rows("SELECT value FROM place_settings") == [kept]


@pytest.mark.parametrize("words", ["person_hourly=", "person_hourly", 'person_hourly=""'])
async def test_a_setting_without_a_value_is_told_what_it_takes(stage: Stage, words: str) -> None:
    await stage.hear(admin(words))

    assert last(stage) == "`person_hourly`: it takes a whole number from 1 to 10"


async def test_a_setting_that_there_is_not_is_named_with_those_that_there_are(stage: Stage) -> None:
    await stage.hear(admin("colour=red"))

    assert last(stage).startswith("I can't make a setting of `colour=red`. There are: `language`, `answers`")


# What is shown, and put back


async def test_the_page_tells_what_holds_whence_and_what_it_takes(stage: Stage) -> None:
    await stage.hear(admin("language=es for=server"), admin("person_hourly=5 answers=on", RANDOM))
    await stage.hear(admin(""), admin("", RANDOM))

    general, random = last(stage), last(stage, "random")
    assert "- `language`: Español (ajustado para todo el servidor); acepta uno de" in general
    assert "`person_hourly`: sin límite (como me configuraron)" in general
    assert "- Ajustado para canales concretos: `random`" in general
    assert "`person_hourly`: `5` (ajustado para este canal)" in random
    assert "`ajustes reset=language`" in general


async def test_all_of_a_place_is_put_back(on_both: Stage) -> None:
    await on_both.hear(admin("language=es for=server"), admin("person_hourly=5 answers=on"))
    for words in ("reset=all", "reset all server", "reset=all"):
        await on_both.hear(admin(words))

    shown = on_both.platform.visible("general")[-3:]
    assert shown[0] == "Vuelve a estar como antes: `answers`, `person_hourly`."
    assert shown[1] == "Vuelve a estar como antes: `language`."
    assert shown[2] == "There was nothing to put back."
    assert await on_both.rows("SELECT name FROM place_settings") == []


async def test_a_value_of_the_server_that_does_not_hold_here_is_told_so(stage: Stage) -> None:
    await stage.hear(admin("answers=on"), admin("answers=off for=server"))

    assert last(stage).endswith("This channel has a value of its own for `answers`, which goes on here.")


async def test_what_operators_dont_allow_is_refused_and_does_not_hold_any_more(
    url: str, sandbox: Sandbox
) -> None:
    async with staged(url, sandbox=sandbox, place_admins=ALLOWED) as stage:
        await stage.hear(admin("answers=off"))
    language = {"may_set": ["language"]}
    async with staged(url, sandbox=sandbox, place_admins=language) as stage:
        await stage.hear(says("hello"))
        assert "hello" in last(stage)
        await stage.hear(admin("answers=off"))
        assert last(stage) == "The people who run me don't let `answers` be changed in chat."


async def test_nothing_is_there_until_it_is_allowed(url: str, sandbox: Sandbox) -> None:
    async with staged(url, sandbox=sandbox) as stage:
        await stage.hear(admin("language=es"))

        assert stage.times_asked == 1
        assert "settings" not in [each.name for each in stage.core.intake.capabilities()]


@pytest.mark.parametrize(
    "words", ["settings for my camera?", "Settings that I should know", "settings server crashed"]
)
async def test_a_sentence_that_begins_with_the_word_is_a_question(stage: Stage, words: str) -> None:
    await stage.hear(says(words))

    assert stage.times_asked == 1


async def test_outside_of_a_server_there_is_nothing_to_set(stage: Stage) -> None:
    alone = Place("fake", "", "D-boss", private=True)
    await stage.hear(admin("language=es", alone))

    assert last(stage, "D-boss").startswith("There is nothing to set here")


async def test_a_direct_message_in_a_workspace_sets_all_of_it(stage: Stage) -> None:
    direct = Place("fake", "W1", "D-boss", private=True)
    await stage.hear(admin("answers=off", direct, may=Administers.CHANNEL))
    assert last(stage, "D-boss").startswith("Only admins")
    await stage.hear(admin("answers=off for=channel", direct))
    assert last(stage, "D-boss").startswith("There is nothing to set here")
    await stage.hear(admin("answers=off", direct))

    assert await stage.rows("SELECT channel FROM place_settings") == [""]


async def test_operators_read_who_changed_what_from_what_to_what(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    await stage.hear(admin("person_hourly=5"), admin("person_hourly=6"))

    lines = [each for each in capsys.readouterr().out.splitlines() if "place_settings.changed" in each]
    last_line = re.sub(r"\x1b\[[0-9;]*m", "", lines[-1])
    for part in ("by=fake:boss", "setting=person_hourly", "before=5", "after=6", "place=fake:W1/general"):
        assert part in last_line


def test_a_scope_is_written_as_operators_read_it() -> None:
    assert str(Scope("slack", "T1", "C1")) == "slack:T1/C1"
    assert str(Scope("slack", "T1")) == "slack:T1"
