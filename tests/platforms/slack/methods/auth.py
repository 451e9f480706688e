"""auth.test, apps.connections.open, oauth.v2.access."""

import base64
from typing import Any

from ..refused import RefusedError
from ..state import Token, Workspace
from ..world import APP_ID
from .registry import Asked, method

CODE_LIFE_S = 600.0
LIVE_TOKENS = 2


@method("auth.test")
def test(asked: Asked) -> dict[str, Any]:
    workspace = asked.workspace
    answer = {
        "url": f"https://{workspace.name}.slack.com/",
        "team": workspace.name,
        "user": workspace.bot.name,
        "team_id": workspace.id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot.bot_id,
        "is_enterprise_install": False,
    }
    return {**answer, "enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else answer


@method("apps.connections.open", tier=3, caller="app")
def open_connection(asked: Asked) -> dict[str, Any]:
    return {"url": asked.socket_mode.new_url()}


@method("oauth.v2.access", tier=4, caller="none")
def access(asked: Asked) -> dict[str, Any]:
    _check_client(asked)
    if asked.args.maybe_text("grant_type") == "refresh_token":
        return _tokens(asked, _refreshed(asked))
    return _tokens(asked, _exchanged(asked))


def _check_client(asked: Asked) -> None:
    given = asked.headers.get("Authorization", "")
    wanted = base64.b64encode(f"{asked.world.client_id}:{asked.world.client_secret}".encode()).decode()
    if given == f"Basic {wanted}":
        return
    if asked.args.maybe_text("client_id") != asked.world.client_id:
        raise RefusedError("invalid_client_id")
    if asked.args.maybe_text("client_secret") != asked.world.client_secret:
        raise RefusedError("bad_client_secret")


def _exchanged(asked: Asked) -> Workspace:
    """Spends a code: it works once, for ten minutes, with the redirect it was given for."""
    grant = asked.world.codes.pop(asked.args.text("code"), None)
    if grant is None or asked.world.clock.now() > grant.until:
        raise RefusedError("invalid_code")
    if (asked.args.maybe_text("redirect_uri") or grant.redirect_uri) != grant.redirect_uri:
        raise RefusedError("bad_redirect_uri")
    grant.workspace.scopes = set(grant.scopes)
    grant.workspace.installed = True
    return grant.workspace


def _refreshed(asked: Asked) -> Workspace:
    """Spends a refresh token: it is good once, and a little longer where the rules allow."""
    given = asked.args.text("refresh_token")
    refresh = asked.world.refresh_tokens.get(given)
    if refresh is None:
        raise RefusedError("invalid_refresh_token")
    now = asked.world.clock.now()
    if refresh.used_at is not None and now - refresh.used_at >= asked.world.rules.refresh_grace_s:
        raise RefusedError("invalid_refresh_token")
    refresh.used_at = refresh.used_at or now
    return refresh.workspace


def _tokens(asked: Asked, workspace: Workspace) -> dict[str, Any]:
    rotating = asked.world.rules.token_rotation
    token = asked.world.new_id("xoxe.xoxb-1-" if rotating else "xoxb-")
    life_s = asked.world.rules.token_life_s
    expires_at = asked.world.clock.now() + life_s if rotating else None
    asked.world.tokens[token] = Token(workspace, expires_at)
    _retire_the_oldest(asked, workspace)
    answer: dict[str, Any] = {
        "access_token": token,
        "token_type": "bot",
        "scope": ",".join(sorted(workspace.scopes)),
        "bot_user_id": workspace.bot.id,
        "app_id": APP_ID,
        "team": {"id": workspace.id, "name": workspace.name},
        "enterprise": None,
        "is_enterprise_install": False,
        "authed_user": {"id": asked.world.installer_of(workspace)},
    }
    if asked.world.rules.whole_organisation:
        answer |= {
            "team": None,
            "enterprise": {"id": "E0000000001", "name": "org"},
            "is_enterprise_install": True,
        }
    if rotating:
        answer |= {"refresh_token": asked.world.new_refresh_token(workspace), "expires_in": int(life_s)}
    return answer


def _retire_the_oldest(asked: Asked, workspace: Workspace) -> None:
    """Keeps two access tokens alive at most."""
    rotated = [
        t for t in asked.world.tokens.values() if t.workspace is workspace and t.expires_at and not t.error
    ]
    for token in rotated[:-LIVE_TOKENS]:
        token.error = "token_expired"
