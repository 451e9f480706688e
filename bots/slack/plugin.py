"""The entry point of this frontend, which does not import its SDK."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bots.frontends import CheckContext, Host, PlatformSignIn, Plugin
from bots.setting_rules.ids import IdKind

if TYPE_CHECKING:
    from bots.setup.ports import PlatformSetup
    from bots.slack.settings import SlackSettings
    from core.domain import Frontend, Translator
    from core.domain.checks import Check

FORMS: Mapping[IdKind, tuple[str, str]] = {
    "user": (r"[UW][A-Z0-9]+", "U012AB3CD"),
    "channel": (r"[CGD][A-Z0-9]+", "C012AB3CD"),
    "workspace": (r"[TE][A-Z0-9]+", "T012AB3CD"),
}
"""The form of Slack's ids, and an example: a letter, then capitals and digits (docs.slack.dev, "Slack objects")."""


def _settings() -> type[SlackSettings]:
    from bots.slack.settings import SlackSettings  # only who reads a configuration pays

    return SlackSettings


def manifest(settings: SlackSettings, translator: Translator) -> str:
    """Print the manifest of the Slack app that fits the configuration, as JSON."""
    from bots.slack.features import manifest as app_manifest

    return app_manifest.manifest(settings, translator)


def _open(settings: SlackSettings, host: Host) -> AbstractAsyncContextManager[Frontend]:
    if settings.mode == "socket" and not settings.installable:
        from bots.slack.frontend import open_slack  # the SDK costs memory; only who uses it pays

        return open_slack(
            settings,
            host.translators,
            first_words_after_s=host.first_words_after_s,
            meter=host.database.meter,
            cluster=host.cluster,
        )
    from bots.slack.open import open_hosted  # a web framework too

    return open_hosted(settings, host)


def id_fix(kind: IdKind, given: str) -> str:
    """See `bots.setting_rules.ids.IdFix`."""
    if kind == "role":
        return "Slack has no roles: name people in the list of users"
    form, example = FORMS[kind]
    if re.fullmatch(form, given):
        return ""
    if re.fullmatch(form, given.upper()):
        return f"Slack writes ids in capitals: {given.upper()}"
    return f"write the id of a {kind}, such as {example}"


def said_at(origin: str) -> datetime | None:
    """When a message was posted: its `ts` is that moment, in seconds."""
    if not re.fullmatch(r"[0-9]{10}\.[0-9]{6}", origin):
        return None
    return datetime.fromtimestamp(float(origin), UTC)


def checks(settings: SlackSettings, context: CheckContext) -> Sequence[Check]:
    """See `bots.frontends.Plugin.checks`."""
    from bots.slack.features.checks import SlackCheck
    from bots.slack.features.workspace_checks import WorkspacesCheck

    if not settings.wanted:
        return []
    if settings.installable:
        return [WorkspacesCheck(settings, context.channels, context.database_url)]
    return [SlackCheck(settings, context.channels)]


def _setup() -> PlatformSetup:
    from bots.slack.features.setup import SlackSetup  # only `init` asks

    return SlackSetup()


SIGN_IN = PlatformSignIn(
    "Slack",
    "https://slack.com",
    "https://slack.com/user_id",
    ("openid",),
    workspace_claim="https://slack.com/team_id",
    has_pkce=False,
)
"""docs.slack.dev, "Sign in with Slack". Its discovery does not name PKCE: the nonce binds the code to the browser."""

plugin = Plugin(
    "slack",
    _settings,
    _open,
    to_set="[slack] bot_token and app_token",
    id_fix=id_fix,
    channel_example="slack:C0123456",
    checks=checks,
    prints={"manifest": manifest},
    said_at=said_at,
    setup=_setup,
    sign_in=SIGN_IN,
)
