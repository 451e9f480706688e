"""Faults that can be planted in an installation that is well, and the lines of `doctor` that are to tell them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any, NamedTuple

from sandbox.faults import Fault
from tests.doctor_stage import Scene, Troubles
from tests.platforms.discord.permissions import Permission

ELSEWHERE = "http://127.0.0.1:9"
"""Where nobody listens."""
F, W = "failed", "warning"


class Planted(NamedTuple):
    """A fault: how it is planted, and the lines that it is to have, and no others."""

    name: str
    plant: Callable[[Scene], object]
    lines: Troubles


def setting(section: str, **values: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.set(section, **values)


def fault(**more: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.sandbox.state.faults.add(Fault("completions", **more))


def route(channel: str, platform: str) -> Callable[[Scene], None]:
    return lambda scene: scene.routes.append({"platform": platform, "channel": channel})


def over_quota(scene: Scene) -> None:
    scene.sandbox.state.account.over_quota = True


def outside(scene: Scene) -> None:
    """A channel that the bot is in no more."""
    scene.general.members.discard(scene.slack.bot_user_id)
    scene.set("operators", channel=f"slack:{scene.general.id}")


AIVAX = [
    Planted("wrong key", setting("aivax", api_key="sk-aiv-acc-wrong"), {"aivax.key": F}),
    Planted(
        "public key with a slug",
        setting("aivax", api_key="pk-aiv-sandbox"),
        {"aivax.settings": F, "rights.deletion": W},  # with a public key nothing can be deleted there, either
    ),
    Planted("unknown gateway", setting("aivax", model="nobody:0000"), {"aivax.model": F}),
    Planted("no gateway", setting("aivax", model=""), {"aivax.model": F}),
    Planted(
        "empty balance", lambda scene: scene.sandbox.state.account.set_balance(0.0), {"aivax.balance": F}
    ),
    Planted("low balance", lambda scene: scene.sandbox.state.account.set_balance(0.5), {"aivax.balance": W}),
    Planted("storage full", over_quota, {"aivax.storage": F}),
    Planted("dead host", setting("aivax", base_url=f"{ELSEWHERE}/v1"), {"aivax.address": F}),
    Planted(
        "wrong base address",
        lambda scene: scene.set("aivax", base_url=f"{scene.sandbox.base_url}/elsewhere"),
        {"aivax.address": F, "rights.deletion": W},
    ),
    Planted("the model refuses", fault(kind="status", status=400), {"aivax.answer": F}),
    Planted("a limit is reached", fault(kind="status", status=429), {"aivax.limits": W}),
]
SLACK = [
    Planted("wrong bot token", setting("slack", bot_token="xoxb-wrong"), {"slack.token": F}),
    Planted("no app token", setting("slack", app_token=""), {"slack.socket": F}),
    Planted("wrong app token", setting("slack", app_token="xapp-wrong"), {"slack.socket": F}),
    Planted(
        "missing scope",
        lambda scene: scene.slack.workspace.scopes.discard("users:read"),
        {"slack.scopes": F},
    ),
    Planted("unknown channel", route("C0NOBODY", "slack"), {"slack.channel.C0NOBODY": F}),
    Planted("bot not in the channel", outside, {"slack.channel.*": F}),
    Planted(
        "no signing secret",
        setting("slack", mode="http", public_url="https://bot.example.com"),
        {"slack.events": F},
    ),
    Planted("no public address", setting("slack", mode="http", signing_secret="s" * 32), {"slack.events": F}),
    Planted("dead host of Slack", setting("slack", api_url=ELSEWHERE), {"slack.token": F, "slack.socket": F}),
]
DISCORD = [
    Planted("wrong token", setting("discord", token="wrong"), {"discord.token": F}),
    Planted(
        "unknown channel",
        route("123456789012345678", "discord"),
        {"discord.channel.123456789012345678": F},
    ),
    Planted(
        "missing permission",
        lambda scene: scene.discord.deny(scene.lobby, Permission.READ_MESSAGE_HISTORY),
        {"discord.channel.*": F},
    ),
    Planted(
        "hidden channel",
        lambda scene: scene.discord.deny(scene.lobby, Permission.VIEW_CHANNEL),
        {"discord.channel.*": F},
    ),
    Planted(
        "few starts", lambda scene: setattr(scene.discord.gateway, "starts_left", 3), {"discord.starts": W}
    ),
    Planted("dead host of Discord", setting("discord", api_url=ELSEWHERE), {"discord.token": F}),
]
MACHINE = [
    Planted("configuration for everybody", lambda scene: scene.config.chmod(0o644), {"config.mode": W}),
    Planted("exposed console", setting("web", enabled=True, host="0.0.0.0", port=0), {"web.exposure": W}),
    Planted(
        "console in the clear",
        setting("web", host="0.0.0.0", port=0, console={"enabled": True}),
        {"web.exposure": F},
    ),
    Planted(
        "certificates that are not there",
        lambda scene: scene.environment.update(CURL_CA_BUNDLE="/nowhere.pem"),
        {"machine.certificates": W},
    ),
    Planted(
        "another program at the port",
        lambda scene: scene.set(
            "web", enabled=True, port=int(scene.slack.api_url.split(":")[2].split("/")[0])
        ),
        {"web.port": F},
    ),
]
DATABASE = [
    Planted("database for everybody", lambda scene: scene.path.chmod(0o644), {"database.mode": W}),
    Planted("no database", lambda scene: scene.path.write_bytes(b"no database" * 500), {"database": F}),
    Planted(
        "old schema",
        lambda scene: scene.execute("UPDATE alembic_version SET version_num = '0005'"),
        {"database.schema": W},
    ),
    Planted(
        "new schema",
        lambda scene: scene.execute("UPDATE alembic_version SET version_num = '9999'"),
        {"database.schema": F},
    ),
    Planted(
        "a server that is away",
        setting("storage", url="postgresql+psycopg://bot:secret@127.0.0.1:9/bot"),
        {"database": F},
    ),
]
RUNS = list(zip_longest(AIVAX, SLACK, DISCORD, MACHINE, DATABASE))
