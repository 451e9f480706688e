"""`doctor` beside a running bot that Slack calls over HTTP, and where workspaces install the app."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bots.slack.installations.sealing import Seal
from core.storage.db import Database
from core.storage.platforms.installations import Installation, Installations, Tokens
from tests.doctor_stage import Scene, scene, troubles
from tests.programs import PIPE, forker
from tests.town import ENVIRONMENT, Bot

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


async def test_a_running_bot_answers_at_the_public_address_and_another_secret_is_told(
    migrated_sqlite: Path, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with scene(migrated_sqlite, tmp_path) as well:
        secret, address = well.slack.http_mode.signing_secret, f"http://127.0.0.1:{unused_tcp_port}"
        well.set("slack", mode="http", signing_secret=secret, public_url=address)
        well.set("web", enabled=True, port=unused_tcp_port)
        well.set("discord", enabled=False)
        well.routes.clear()
        well.slack.http_mode.request_url = f"{address}/slack/events"
        _, before = await well.found("--no-answer")
        process = await forker().start("run", cwd=tmp_path, env=ENVIRONMENT, files=(PIPE, PIPE, PIPE))
        bot = Bot(process)
        try:
            assert await bot.line() == "ready: slack\n"
            ben = well.slack.person("ben")
            well.general.members.add(ben.id)
            ts = await well.slack.say(ben, well.general, f"{well.slack.mention} hello")
            await well.slack.until(lambda: any(each.is_bot for each in well.slack.visible(well.general, ts)))
            status, beside = await well.found("--no-answer")
            well.set("slack", signing_secret="f" * 32)
            _, spoiled = await well.found("--no-answer")
        finally:
            await bot.stop()

    assert {each["check"] for each in before if each["state"] == "unknown"} == {"slack.events"}
    told = {each["check"]: each["cause"] for each in beside}
    assert (status, troubles(beside)) == (0, {})
    assert (
        told["slack.events"] == f"{address}/slack/events answers as this bot does (asked from this machine)"
    )
    assert told["web.port"] == f"a running bot answers at 127.0.0.1:{unused_tcp_port}"
    assert re.fullmatch(r"last \d minutes ago \(slack\)", told["activity.heard"])
    assert troubles(spoiled) == {"slack.events": "failed"}


async def install(well: Scene, database: str, **tokens: str) -> None:
    """Have workspaces install the app, each with its token."""
    now = datetime.now(UTC)
    async with Database(database) as opened:
        installations = Installations(opened, "slack", Seal([SecretStr(KEY)]), lambda: now)
        for workspace, token in tokens.items():
            await installations.save(
                Installation(
                    workspace, "U1", "B1", "aivax", Tokens(token), now, workspace_name=workspace.lower()
                )
            )


@pytest.mark.parametrize("is_there", [True, False])
async def test_each_workspace_that_installed_the_app_is_tried(
    migrated_sqlite: Path, tmp_path: Path, is_there: bool
) -> None:
    async with scene(migrated_sqlite, tmp_path) as well:
        well.slack.add_workspace("T2", "globex", token="xoxb-2")
        secrets = {
            "signing_secret": "s" * 32,
            "client_id": "1.2",
            "client_secret": "x",
            "encryption_keys": [KEY],
        }
        well.set("slack", bot_token="", public_url="https://bot.example.com", **secrets)
        well.set("operators", channel=f"slack:{well.slack.workspace.id}/{well.general.id}")
        if is_there:
            one = well.slack.workspace
            await install(
                well,
                well.sections["storage"]["url"],
                **{one.id: well.slack.bot_token, "T2": "xoxb-2", "T3": "xoxb-3"},
            )
        _, found = await well.found("--no-answer")

    told = {each["check"]: each["cause"] for each in found if each["check"].startswith("slack.")}
    if not is_there:
        assert troubles(found) == {"slack.workspaces": "warning"}
        return
    assert troubles(found) == {"slack.workspace.T3": "failed"}
    assert told["slack.workspaces"] == "3 installed the app"
    assert told["slack.workspace.T2"] == "aivax in globex"
    assert told[f"slack.channel.{one.id}.{well.general.id}"] == "#general"
