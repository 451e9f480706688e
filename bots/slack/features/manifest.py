"""The app's manifest, as the settings want it: what is switched off asks for no scope and hears no event.

docs.slack.dev, "Manifest reference": a name holds 35 characters, a description 140, the agent's 300, a command's
2,000, a shortcut's name 24, its description 150.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bots.slack.events.modals import SHORTCUT
from bots.slack.settings import EVENTS_PATH, SlackSettings
from core.domain.errors import SettingRefused
from core.domain.translator import Translator
from core.i18n.catalog import Phrase

NAME = "AIVAX bot"

_USAGE = "ask … | reset | stop | usage | help | privacy | model …"
_CHANNELS = ("channels", "groups", "mpim")

Part = dict[str, Any]


def manifest(settings: SlackSettings, translator: Translator) -> str:
    """Print the manifest of the Slack app that fits the configuration, as JSON.

    Raises:
        SettingRefused: HTTP mode, or installing, without the address at which Slack reaches the bot.
    """
    if (settings.mode == "http" or settings.installable) and not settings.public_url:
        fix = "set it to the https:// address at which Slack reaches this bot"
        raise SettingRefused("[slack] public_url", fix=fix)
    description = translator.say(Phrase.APP_DESCRIPTION)
    whole = {
        "display_information": {"name": NAME, "description": description[:140]},
        "features": _features(settings, translator),
        "oauth_config": _oauth(settings),
        "settings": {
            "event_subscriptions": {**_url(settings, "request_url"), "bot_events": list(_events(settings))},
            "interactivity": {"is_enabled": True, **_url(settings, "request_url")},
            "org_deploy_enabled": False,
            "socket_mode_enabled": settings.mode == "socket",
            "token_rotation_enabled": False,
        },
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def scopes(settings: SlackSettings) -> tuple[str, ...]:
    """What the bot token must be allowed."""
    return settings.scopes or tuple(_scopes(settings))


def _scopes(settings: SlackSettings) -> Iterator[str]:
    yield "app_mentions:read"
    yield "chat:write"
    yield "im:history"
    yield from (f"{kind}:history" for kind in _CHANNELS)
    yield "users:read"
    yield "files:read"
    yield "reactions:write"
    yield "im:write"  # who asked where the bot may not write is told so directly
    yield "commands"
    if settings.agent_view:
        yield "assistant:write"
    if settings.backfill_hours:
        yield "im:read"


def _events(settings: SlackSettings) -> Iterator[str]:
    yield "app_mention"
    yield "message.im"
    if settings.follow_changes or settings.thread_follow_ups == "always":
        yield from (f"message.{kind}" for kind in _CHANNELS)
    yield "app_home_opened"
    if settings.agent_view:
        yield "agent_session_stopped"
    if settings.installable:
        yield "app_uninstalled"
        yield "tokens_revoked"


def _features(settings: SlackSettings, translator: Translator) -> Part:
    features: Part = {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": NAME, "always_online": True},
        "shortcuts": [
            {
                "name": translator.say(Phrase.ASK_ABOUT)[:24],
                "type": "message",
                "callback_id": SHORTCUT,
                "description": translator.say(Phrase.ASK_QUESTION)[:150],
            }
        ],
    }
    if settings.agent_view:
        features["agent_view"] = _agent(settings, translator)
    if settings.command:
        command = {"command": settings.command, "description": translator.say(Phrase.ASK_COMMAND)}
        features["slash_commands"] = [
            {**command, "usage_hint": _USAGE, "should_escape": True, **_url(settings, "url")}
        ]
    return features


def _agent(settings: SlackSettings, translator: Translator) -> Part:
    prompts = [{"title": each.title, "message": each.message} for each in settings.prompts]
    described = {"agent_description": translator.say(Phrase.APP_DESCRIPTION)[:300]}
    return {**described, "suggested_prompts": prompts} if prompts else described


def _oauth(settings: SlackSettings) -> Part:
    redirects = {"redirect_urls": [settings.redirect_url]} if settings.installable else {}
    return {**redirects, "scopes": {"bot": list(scopes(settings))}}


def _url(settings: SlackSettings, name: str) -> Part:
    """Socket Mode has no addresses."""
    return {name: f"{settings.public_url}{EVENTS_PATH}"} if settings.mode == "http" else {}
