"""Services that people sign in with, played on loopback: OpenID Connect, Slack's kind of it, and Discord's OAuth 2."""

from tests.platforms.identity.discord import FakeDiscordSignIn
from tests.platforms.identity.oidc import FakeOidc

__all__ = ["FakeDiscordSignIn", "FakeOidc"]
