"""The manifest that fits the configuration: nothing asked for that is switched off, nothing longer than Slack takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from bots.slack import shortcuts
from bots.slack.events.modals import About, ask_form, feedback_form
from bots.slack.features.manifest import manifest, scopes
from bots.slack.plugin import plugin
from bots.slack.settings import SlackSettings
from core.domain import Action, Author, Identity, Place, Pressed, SettingRefused, Translator
from core.i18n import Phrase
from tests.listening import TRANSLATORS
from tests.platforms.slack import SCOPES
from tests.platforms.slack.methods.views import checked_view

LOCALES = ("en", "es", "pt-BR")
PUBLIC = "https://bot.example"
HTTP: dict[str, Any] = {"mode": "http", "public_url": PUBLIC}
ONE_PROMPT = [{"title": "Summarise", "message": "Summarise this."}]


def read(locale: str = "en", **settings: Any) -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(manifest(SlackSettings(**settings), TRANSLATORS.of(locale)))
    return printed


def events(**settings: Any) -> set[str]:
    return set(read(**settings)["settings"]["event_subscriptions"]["bot_events"])


def test_it_is_what_the_command_prints() -> None:
    assert plugin.prints["manifest"](SlackSettings(), TRANSLATORS.of("en")) == manifest(
        SlackSettings(), TRANSLATORS.of("en")
    )


def test_over_socket_mode_it_names_no_address() -> None:
    whole = read()

    assert whole["settings"]["socket_mode_enabled"] is True
    assert "https://" not in json.dumps(whole)
    assert "redirect_urls" not in whole["oauth_config"]


def test_over_http_it_names_the_address_everywhere() -> None:
    whole = read(**HTTP, client_id="1.1")

    address = f"{PUBLIC}/slack/events"
    assert whole["settings"]["socket_mode_enabled"] is False
    assert whole["settings"]["event_subscriptions"]["request_url"] == address
    assert whole["settings"]["interactivity"]["request_url"] == address
    assert whole["features"]["slash_commands"][0]["url"] == address
    assert whole["oauth_config"]["redirect_urls"] == [f"{PUBLIC}/slack/oauth_redirect"]
    assert {"app_uninstalled", "tokens_revoked"} <= events(**HTTP, client_id="1.1")


@pytest.mark.parametrize("given", [{"mode": "http"}, {"client_id": "1.1"}])
def test_without_the_address_it_says_which_setting_is_missing(given: dict[str, Any]) -> None:
    with pytest.raises(SettingRefused) as refused:
        manifest(SlackSettings(**given), TRANSLATORS.of("en"))

    assert refused.value.setting == "[slack] public_url"


def test_what_is_switched_off_is_asked_for_nowhere() -> None:
    little = {"agent_view": False, "command": "", "backfill_hours": 0, "follow_changes": False}
    whole = read(**little)

    assert not {"agent_view", "slash_commands"} & whole["features"].keys()
    assert not {"assistant:write", "im:read"} & set(whole["oauth_config"]["scopes"]["bot"])
    assert events(**little) == {"app_mention", "message.im", "app_home_opened"}


def test_who_answers_without_a_mention_must_hear_the_channels() -> None:
    channels = {"message.channels", "message.groups", "message.mpim"}

    assert channels <= events()
    assert channels <= events(follow_changes=False, thread_follow_ups="always")


def test_every_scope_is_one_of_slack_s_and_installing_asks_for_the_same() -> None:
    asked = read()["oauth_config"]["scopes"]["bot"]

    assert set(asked) <= SCOPES
    assert len(asked) == len(set(asked))
    assert tuple(asked) == scopes(SlackSettings())
    assert scopes(SlackSettings(scopes=("chat:write",))) == ("chat:write",)


def test_command_shortcut_and_prompts_are_those_of_the_settings() -> None:
    features = read(command="/Ask-AI", prompts=ONE_PROMPT)["features"]

    assert features["slash_commands"][0]["command"] == "/ask-ai"
    assert features["shortcuts"][0]["callback_id"] == shortcuts.ASK
    assert features["agent_view"]["suggested_prompts"] == ONE_PROMPT
    assert "suggested_prompts" not in read()["features"]["agent_view"]


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_longer_than_slack_takes(locale: str) -> None:
    whole = read(locale)
    features = whole["features"]

    assert len(whole["display_information"]["name"]) <= 35
    assert len(whole["display_information"]["description"]) <= 140
    assert len(features["bot_user"]["display_name"]) <= 80
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert features["shortcuts"][0]["name"] == TRANSLATORS.of(locale).say(Phrase.ASK_ABOUT)
    assert len(features["shortcuts"][0]["name"]) <= 24
    assert len(features["slash_commands"][0]["command"]) <= 32


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"command": "aivax"}, "/aivax"),
        ({"command": "/two words"}, "/aivax"),
        ({"command": "/" + "x" * 32}, "/aivax"),
        ({"command": "/status"}, "itself"),
        ({"prompts": ONE_PROMPT * 5}, "at most 4"),
        ({"prompts": [{"title": "", "message": "x"}]}, "title"),
        ({"backfill_hours": 169}, "168"),
        ({"thread_follow_ups": "never"}, "always"),
    ],
)
def test_what_slack_would_refuse_is_refused_before(given: dict[str, Any], hint: str) -> None:
    with pytest.raises(ValidationError, match=hint):
        SlackSettings(**given)


# the forms


@pytest.mark.parametrize("locale", LOCALES)
def test_slack_takes_the_forms_in_every_language(locale: str) -> None:
    translator = TRANSLATORS.of(locale)
    here = Place("slack", "T1", "C1", "1.1")
    pressed = Pressed(("k",), Author(Identity("slack", "T1", "U1")), here, Action.BAD, "k" * 32, "x" * 600)

    for form in (feedback_form(translator, pressed), ask_form(translator, About("C1", "1.1", '"\n' * 600))):
        assert "…" not in form["title"]["text"]
        checked_view(form)


def test_an_operator_s_long_words_are_cut_for_a_form() -> None:
    class Wordy(Translator):
        def say(self, phrase: Any, **values: object) -> str:
            return "word " * 20

    checked_view(ask_form(Wordy(), About("C1", "1.1", "x")))
