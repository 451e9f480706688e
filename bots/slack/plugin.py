"""What is known of this frontend before its SDK is imported."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from bots.frontends import Host, Plugin
from bots.slack.settings import SlackSettings
from core.ports import Frontend


def _open(settings: SlackSettings, _host: Host) -> AbstractAsyncContextManager[Frontend]:
    from bots.slack.frontend import open_slack  # the SDK costs memory; only who uses it pays

    return open_slack(settings)


plugin = Plugin("slack", SlackSettings, _open, to_set="[slack] bot_token and app_token")
