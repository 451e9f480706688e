"""`aivax-bots places`: what admins set is listed and taken away, beside a running bot and without one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.test_beside_a_bot import command
from tests.town import Town, running

ALLOWED = (
    '\n[place_admins]\nmay_set = ["channels", "limits", "gateway"]\ngateways = { fast = "sandbox:50c3" }\n'
)
FEWER = '\n[place_admins]\nmay_set = ["limits", "gateway"]\ngateways = {}\nmost_person_hourly = 3\n'


@pytest.fixture
async def town(url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, url)


async def test_operators_list_and_clear_what_admins_set(
    town: Town, tmp_path: Path, unused_tcp_port: int
) -> None:
    web = f'\n[web]\nenabled = true\nport = {unused_tcp_port}\nadmin_token = "operator"\n'
    boss = town.slack.person("boss", admin=True)
    town.general.members.add(boss.id)
    here = f"slack:{town.slack.workspace.id}/{town.general.id}"
    async with running(tmp_path, town.config(discord_token="") + web + ALLOWED) as bot:
        await bot.line()
        words = "settings answers=off person_hourly=5 gateway=fast"
        ts = await town.slack.say(boss, town.general, f"{town.slack.mention} {words}")
        await town.slack.until(
            lambda: any("is now off" in m.text for m in town.slack.visible(town.general, ts))
        )

        listed = await command(tmp_path, "places", "list")
        assert [line.rpartition("  since ")[0] for line in listed.out.splitlines()] == [
            f"{here}  answers=off",
            f"{here}  gateway=fast",
            f"{here}  person_hourly=5",
        ]
        cleared = await command(tmp_path, "places", "clear", here, "--setting", "answers")
        assert (cleared.status, cleared.out.strip()) == (0, f"Put back for {here}: 1.")
        ts = await town.slack.say(town.ana, town.general, f"{town.slack.mention} hello there")
        await town.slack.until(
            lambda: any("hello" in m.text for m in town.slack.visible(town.general, ts)[1:])
        )

    (tmp_path / "fewer.toml").write_text(town.config(discord_token="") + FEWER)
    told = await command(tmp_path, "places", "list", "--json", config="fewer.toml")
    problems = {each["setting"]: each["problem"] for each in json.loads(told.out)["settings"]}
    assert problems == {
        "gateway": "not offered: [place_admins] gateways does not name it",
        "person_hourly": "3 holds: more is not allowed",
    }
    server = here.partition("/")[0]
    assert (await command(tmp_path, "places", "clear", server)).out.strip() == f"Put back for {server}: 2."
    assert (await command(tmp_path, "places", "clear", server)).status == 2
    assert (await command(tmp_path, "places", "list")).out.strip() == "Nothing is set."
    for wrong in (["nowhere"], [server, "--setting", "colour"]):
        assert (await command(tmp_path, "places", "clear", *wrong)).status == 2
