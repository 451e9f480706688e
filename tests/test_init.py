"""`init`: each answer tried and named, a wrong one told and asked again, everything else in the file left as it was."""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import stat
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import GATEWAY_UUID, PUBLIC_KEY, serve
from tests.init_stage import addresses, answers, as_toml, command
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PROJECT, forker
from tests.town import ENVIRONMENT, Town
from tests.waiting import soon, waiting_for

TEST_MESSAGE = "This is a test"
EXAMPLE = PROJECT / "config.example.toml"
CONFIG = Path("config.toml")


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.chdir(tmp_path)
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, "")


def written() -> dict[str, Any]:
    return tomllib.loads(CONFIG.read_text())


def said(town: Town) -> list[str]:
    return [shown.text for shown in town.slack.visible(town.general) if shown.is_bot]


# Lines of a pipe


async def test_each_answer_is_tried_and_named_and_a_wrong_one_is_asked_again(town: Town) -> None:
    lines = [
        *("1 2", "sk-aiv-acc-wrong", "sk-aiv-acc-sandbox", "nobody:0000", "1"),
        *("not-a-token", town.discord.token),
        *("", town.slack.bot_token, "xapp-wrong", town.slack.app_token, "xoxb-wrong", town.slack.bot_token),
        *("again", "nonsense", "slack:C0NOBODY", "1"),
    ]

    ended = await command("init", typed="\n".join(lines) + "\n", env=addresses(town))

    assert (ended.status, ended.err) == (0, "")
    for told in (
        *("the key is refused", "there is no gateway or model 'nobody:0000'", "sandbox:50c3 - @sandbox/echo"),
        *("Discord refuses the token", f"{town.discord.bot.name} ({town.discord.bot.id})"),
        *("that is no app-level token", "the app-level token is refused: Slack says invalid_auth"),
        *("the bot token is refused: Slack says invalid_auth", "aivax in the workspace acme"),
        *("nothing can be posted there: Slack says channel_not_found", "posted in #lobby (Discord)"),
        *("https://discord.com/oauth2/authorize?client_id=", '"socket_mode_enabled": true'),
        *("checks are well.", "Start the bot: aivax-bots run"),
    ):
        assert told in ended.out, told
    assert not any(secret in ended.out for secret in lines if "x" in secret and "-" in secret)
    assert stat.S_IMODE(CONFIG.stat().st_mode) == 0o600
    assert written()["operators"] == {"channel": f"discord:{town.lobby.id}"}
    (seen,) = town.discord.answers(town.lobby)
    assert seen.content.startswith(TEST_MESSAGE)


async def test_only_what_the_chosen_mode_needs_is_asked(town: Town) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    lines = [
        "slack",
        "sk-aiv-acc-sandbox",
        "1",
        "http",
        "bot.example.com",
        "https://bot.example.com",
        "short",
    ]
    lines += [secret, town.slack.bot_token, "none"]

    ended = await command("init", typed="\n".join(lines) + "\n", env=addresses(town))

    assert written()["slack"] == {
        "mode": "http",
        "public_url": "https://bot.example.com",
        "signing_secret": secret,
        "bot_token": town.slack.bot_token,
    }
    assert written().keys() == {"aivax", "slack"}
    assert '"request_url": "https://bot.example.com/slack/events"' in ended.out
    assert "that is no signing secret" in ended.out
    assert "xapp-" not in ended.out
    assert said(town) == []


async def test_input_that_ends_early_and_a_missing_intent_leave_no_file(town: Town) -> None:
    async with FakeDiscord(message_content=False) as discord:
        lines = ["discord", "sk-aiv-acc-sandbox", "1", discord.token]
        env = {**addresses(town), "AIVAX_BOTS__DISCORD__API_URL": discord.api_url}

        ended = await command("init", typed="\n".join(lines) + "\n", env=env)

    assert ended.status == 2
    assert "switch Message Content Intent on" in ended.out
    assert "discord.token: the input ended before the answer" in ended.err
    assert not CONFIG.exists()


# A terminal


async def _piece(loop: asyncio.AbstractEventLoop, file: int) -> bytes:
    """What comes next on a terminal's screen."""
    ready = asyncio.Event()
    loop.add_reader(file, ready.set)
    try:
        await ready.wait()  # no deadline: who asks for it has one
        return os.read(file, 65_536)
    finally:
        loop.remove_reader(file)


async def at_terminal(town: Town, *steps: tuple[str, str]) -> tuple[int, str]:
    """Run it at a terminal, and type where a question is seen; its status, and all that was on the screen."""
    screen = bytearray()
    env = {**ENVIRONMENT, **addresses(town), "TERM": "xterm", "LANG": "C.UTF-8", "HOME": str(Path.cwd())}
    ours, its = os.openpty()
    process = await forker().start("init", env=env, files=(its, its, its), terminal=True)
    os.close(its)
    os.set_blocking(ours, False)
    try:
        for question, keys in steps:
            async with waiting_for(f"{question!r} on the screen"):
                while question not in screen.decode(errors="replace"):
                    piece = await _piece(asyncio.get_running_loop(), ours)
                    if b"\x1b[6n" in piece:  # it asks where the cursor is
                        os.write(ours, b"\x1b[1;1R")
                    screen.extend(piece)
            os.write(ours, keys.encode())
        return await soon("the end of init", process.wait()), screen.decode(errors="replace")
    finally:
        process.kill()
        os.close(ours)


async def test_at_a_terminal_choices_are_made_by_keys_and_secrets_are_not_shown(town: Town) -> None:
    status, shown = await at_terminal(
        town,
        ("Where is the bot to answer?", " \r"),
        ("The key of your AIVAX account", "sk-aiv-acc-sandbox\r"),
        ("Which gateway answers?", "\r"),
        ("The bot's token", f"{town.discord.token}\r"),
        ("In which channel are you told", "\r"),
        ("Start the bot:", ""),
    )

    assert status == 0
    assert "sk-aiv-acc-sandbox" not in shown
    assert town.discord.token not in shown
    assert written()["discord"] == {"token": town.discord.token}
    assert len(town.discord.answers(town.lobby)) == 1


async def test_ctrl_c_leaves_everything_as_it_was(town: Town) -> None:
    steps = ("Where is the bot to answer?", " \r"), ("The key of your AIVAX account", "\x03")
    status, shown = await at_terminal(town, *steps, ("nothing was written", ""))

    assert status == 130
    assert "Traceback" not in shown
    assert not CONFIG.exists()


# A file of answers


async def refused(town: Town, values: dict[str, Any]) -> str:
    """What is said of answers that don't do; nothing is written."""
    Path("answers.toml").write_text(as_toml(values))
    ended = await command("init", "--answers", "answers.toml", env=addresses(town))
    assert ended.status == 2
    assert not CONFIG.exists()
    return ended.err


async def test_an_answer_that_is_unknown_missing_wrong_or_not_asked_for_is_refused_by_its_name(
    town: Town,
) -> None:
    good = answers(town)
    slack = good["slack"]

    unknown = await refused(town, {**good, "slack": {**slack, "bot_tokn": "x"}})
    missing = await refused(town, {**good, "slack": {"app_token": slack["app_token"]}})
    wrong = await refused(town, {**good, "slack": {**slack, "bot_token": "xoxb-wrong"}})
    idle = await refused(town, {**good, "slack": {**slack, "signing_secret": "x" * 32}})
    again = await refused(town, {**good, "operators": {"channel": "again"}})

    assert "answers.toml: slack.bot_tokn: there is no such question" in unknown
    assert "answers.toml: slack.bot_token" in missing
    assert "the answer is missing" in missing
    assert "answers.toml: slack.bot_token" in wrong
    assert "invalid_auth" in wrong
    assert "xoxb-wrong" not in wrong
    assert "slack.signing_secret" in idle
    assert "leave it out" in idle
    assert "operators.channel" in again


async def test_a_public_key_is_tried_with_a_real_question(town: Town) -> None:
    told = await refused(town, answers(town, aivax={"api_key": PUBLIC_KEY, "model": GATEWAY_UUID[::-1]}))
    slug = await refused(town, answers(town, aivax={"api_key": PUBLIC_KEY, "model": "sandbox:50c3"}))

    assert "answers.toml: aivax.model" in told
    assert "answers.toml: aivax.model" in slug
    assert "UUID" in slug


# A configuration that is there


async def test_run_again_it_changes_only_what_is_asked(town: Town) -> None:
    old = EXAMPLE.read_text().replace('api_key = ""', 'api_key = "sk-aiv-acc-sandbox" # mine')
    old = old.replace('\nmodel = ""', '\nmodel = "sandbox:50c3"').replace(
        'app_token = ""', 'app_token = "xapp-old"'
    )
    CONFIG.write_text(old)
    CONFIG.chmod(0o640)
    Path("answers.toml").write_text(
        as_toml({"slack": answers(town)["slack"], "operators": {"channel": f"slack:{town.general.id}"}})
    )

    ended = await command("init", "--answers", "answers.toml", env=addresses(town))

    assert ended.err == ""
    changed = [
        line
        for line in difflib.unified_diff(old.splitlines(), CONFIG.read_text().splitlines(), n=0, lineterm="")
        if re.match(r"[+-](?![+-])", line)
    ]
    assert sorted(changed) == [
        f'+app_token = "{town.slack.app_token}"     # xapp-...',
        f'+bot_token = "{town.slack.bot_token}"     # xoxb-...',
        f'+channel = "slack:{town.general.id}"',
        '+mode = "socket"',
        '-#channel = ""',
        '-#mode = "socket"',
        '-app_token = "xapp-old"     # xapp-...',
        '-bot_token = ""     # xoxb-...',
    ]
    assert stat.S_IMODE(CONFIG.stat().st_mode) == 0o640
    assert [each for each in Path().iterdir() if each.name.startswith(".config")] == []
    assert said(town) != []


async def test_run_again_it_asks_what_is_to_be_changed_and_enter_keeps_what_is_set(town: Town) -> None:
    Path("answers.toml").write_text(as_toml(answers(town)))
    await command("init", "--answers", "answers.toml", env=addresses(town))
    before = CONFIG.read_text()

    kept = await command("init", typed="aivax\n\n\n", env=addresses(town))

    assert "config.toml is there. What is to be changed?" in kept.out
    assert kept.status == 0
    assert CONFIG.read_text() == before


async def test_a_configuration_that_is_wrong_already_is_to_be_mended_first(town: Town) -> None:
    CONFIG.write_text("[slack]\nmode = 'pigeon'\n")

    ended = await command("init", typed="aivax\n", env=addresses(town))

    assert ended.status == 2
    assert "[slack] mode" in ended.err
    assert CONFIG.read_text() == "[slack]\nmode = 'pigeon'\n"


async def test_what_the_environment_gives_is_tried_and_not_asked_for(town: Town) -> None:
    env = {"AIVAX_BOTS__AIVAX__API_KEY": "sk-aiv-acc-sandbox", "AIVAX_BOTS__AIVAX__MODEL": "sandbox:50c3"}
    values = answers(town, aivax=None, slack=None, operators={"channel": f"discord:{town.lobby.id}"})
    Path("answers.toml").write_text(as_toml({**values, "platforms": ["discord"]}))

    ended = await command("init", "--answers", "answers.toml", env={**addresses(town), **env})

    assert (ended.status, ended.err) == (0, "")
    assert "AIVAX_BOTS__AIVAX__API_KEY is set in the environment: the key is taken" in ended.out
    assert written().keys() == {"discord", "operators"}
