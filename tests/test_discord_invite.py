"""The address with which the bot is invited."""

import base64
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
from pydantic import SecretStr, ValidationError

from bots.discord.plugin import invite, plugin
from bots.discord.settings import DiscordSettings
from core.domain import SettingRefused
from core.i18n import LocaleTranslator

APPLICATION = "1200000000000000042"
TOKEN = f"{base64.urlsafe_b64encode(APPLICATION.encode()).decode().rstrip('=')}.GsEcRe.tPaRt-of_It"


def invited(**settings: object) -> dict[str, str]:
    address = invite(DiscordSettings.model_validate(settings), LocaleTranslator())
    assert address.startswith("https://discord.com/oauth2/authorize?")
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize("token", [TOKEN, f"Bot {TOKEN}", f" {TOKEN}\n"])
def test_the_application_is_the_one_that_the_token_names(token: str) -> None:
    asked = invited(token=token)

    assert asked["client_id"] == APPLICATION
    assert asked["scope"] == "bot applications.commands"
    assert "tPaRt" not in str(asked)


def test_the_setting_counts_more_than_the_token() -> None:
    assert invited(token=TOKEN, application_id="1300000000000000001")["client_id"] == "1300000000000000001"


@pytest.mark.parametrize("token", ["", "no-token", "bm90IGEgbnVtYmVy.x.y", "ÿÿ.x.y"])
def test_without_either_it_names_the_setting_and_not_the_token(token: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        invite(DiscordSettings(token=SecretStr(token)), LocaleTranslator())

    assert caught.value.setting == "[discord] application_id"
    assert not token or token not in str(caught.value)


def test_it_asks_for_what_the_settings_need_and_nothing_more() -> None:
    usual = discord.Permissions(int(invited(token=TOKEN, code_as_file_chars=0)["permissions"]))
    files = discord.Permissions(int(invited(token=TOKEN)["permissions"]))
    threads = discord.Permissions(int(invited(token=TOKEN, thread_per_question=True)["permissions"]))

    assert usual == discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        read_message_history=True,
        add_reactions=True,
        connect=True,
    )
    assert files == usual | discord.Permissions(attach_files=True)
    assert threads == files | discord.Permissions(create_public_threads=True)


def test_an_application_id_that_can_be_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="15 to 20 digits"):
        DiscordSettings(application_id="my bot")


def test_the_command_line_knows_it() -> None:
    assert plugin.prints["invite"] is invite
