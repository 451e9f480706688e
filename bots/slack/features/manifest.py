"""The app's manifest, as the settings want it: what is switched off asks for no scope and hears no event.

docs.slack.dev, "Manifest reference": a name holds 35 characters, a description 140, the agent's 300, a command's
2,000, a shortcut's name 24, its description 150.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bots.slack import shortcuts
from bots.slack.settings import EVENTS_PATH, SlackSettings
from core.domain import SettingRefused, Translator
from core.i18n import Phrase

NAME = "AIVAX bot"

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
    whole = {
        "display_information": {
            "name": NAME,
            "description": translator.say(Phrase.APP_DESCRIPTION)[:140],
        },
        "features": _features(settings, translator),
        "oauth_config": {
            **({"redirect_urls": [settings.redirect_url]} if settings.installable else {}),
            "scopes": {"bot": list(scopes(settings))},
        },
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
    asked = {
        "app_mentions:read": True,
        "chat:write": True,
        "im:history": True,
        **dict.fromkeys((f"{kind}:history" for kind in _CHANNELS), True),
        "users:read": True,
        "channels:read": True,  # names of the channels and groups that are mentioned
        "usergroups:read": True,
        "files:read": True,
        "files:write": True,
        "reactions:write": True,
        "im:write": True,  # who asked where the bot may not write is told so directly
        "commands": True,
        "assistant:write": settings.agent_view,
        "im:read": settings.backfill_hours > 0,
    }
    return settings.scopes or _switched_on(asked)


def _events(settings: SlackSettings) -> tuple[str, ...]:
    hears_channels = settings.follow_changes or settings.thread_follow_ups == "always"
    return _switched_on(
        {
            "app_mention": True,
            "message.im": True,
            **dict.fromkeys((f"message.{kind}" for kind in _CHANNELS), hears_channels),
            "app_home_opened": True,
            "agent_session_stopped": settings.agent_view,
            "app_uninstalled": settings.installable,
            "tokens_revoked": settings.installable,
        }
    )


def _switched_on(each: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, wanted in each.items() if wanted)


def _features(settings: SlackSettings, translator: Translator) -> Part:
    command = {
        "command": settings.command,
        "description": translator.say(Phrase.ASK_COMMAND),
        "usage_hint": "ask … | reset | stop | delete | usage | help | privacy | export | forget | model …",
        "should_escape": True,
        **_url(settings, "url"),
    }
    return {
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
                "callback_id": shortcuts.ASK,
                "description": translator.say(Phrase.ASK_QUESTION)[:150],
            },
            {
                "name": translator.say(Phrase.TAKE_AWAY)[:24],
                "type": "message",
                "callback_id": shortcuts.TAKE_AWAY,
                "description": translator.say(Phrase.TAKE_AWAY)[:150],
            },
            *(
                {
                    "name": translator.say(name)[:24],
                    "type": "message",
                    "callback_id": callback,
                    "description": translator.say(description)[:150],
                }
                for callback, (name, description) in shortcuts.MENUS.items()
            ),
            {
                "name": translator.say(Phrase.FORM_MODAL_TITLE)[:24],
                "type": "global",
                "callback_id": shortcuts.FORM,
                "description": translator.say(Phrase.FORM_SHORTCUT)[:150],
            },
        ],
        **({"agent_view": _agent(settings, translator)} if settings.agent_view else {}),
        **({"slash_commands": [command]} if settings.command else {}),
    }


def _agent(settings: SlackSettings, translator: Translator) -> Part:
    prompts = [{"title": each.title, "message": each.message} for each in settings.prompts]
    described = {"agent_description": translator.say(Phrase.APP_DESCRIPTION)[:300]}
    return {**described, "suggested_prompts": prompts} if prompts else described


def _url(settings: SlackSettings, name: str) -> Part:
    """Socket Mode has no addresses."""
    return {name: f"{settings.public_url}{EVENTS_PATH}"} if settings.mode == "http" else {}
