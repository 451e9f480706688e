"""How a workspace installs the app: to Slack's question and back, with a state that is good once.

docs.slack.dev, "Installing with OAuth". Bolt's own flow would write the code into the log, call slack.com whatever
`[slack] api_url` says, and speak for us.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from cachetools import LRUCache
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bots.slack.events.payloads import text_of
from bots.slack.features.manifest import scopes
from bots.slack.installations.account import tokens_in
from bots.slack.settings import MOUNT
from bots.slack.transport.api import OneAccount, SlackApi
from bots.slack.transport.app_api import AppApi
from bots.slack.transport.preflight import require_installable
from bots.slack.transport.refusal_log import RefusalLog, RequestRefusedError
from core.domain import BotError, PlatformError
from core.i18n import Phrase, Translators
from core.storage.platforms.installations import Installation, Installations
from core.util.clock import Clock
from core.util.log import log

AUTHORIZE_URL = "https://slack.com/oauth/v2/authorize"
COOKIE = "aivax-bots-slack-state"
GOOD_FOR = timedelta(minutes=10)
_PURPOSE = b"aivax-bots: the state of an installation on Slack"
_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class States:
    """Hands out states, and takes each back once. Any process with the same client secret takes it back.

    Each is signed, and good for ten minutes. Nothing is stored of one that is handed out, so whoever asks for a million
    costs nothing. That a state comes back once only is remembered in this process; whatever another one is shown again,
    Slack takes its code once.
    """

    def __init__(self, secret: SecretStr, now: Clock) -> None:
        """`secret` is `[slack] client_secret`; what signs is derived from it, and is good for nothing else."""
        self._key = hmac.digest(secret.get_secret_value().strip().encode(), _PURPOSE, hashlib.sha256)
        self._now = now
        self._used: LRUCache[str, None] = LRUCache(10_000)

    def issue(self) -> str:
        """Make a new state."""
        until = int((self._now() + GOOD_FOR).timestamp())
        return self._signed(f"{until}.{secrets.token_urlsafe(18)}")

    def consume(self, state: str) -> bool:
        """Use a state up; False where it is none of ours, is over, or was used before."""
        if not self._counts(state) or state in self._used:
            return False
        self._used[state] = None
        return True

    def _signed(self, told: str) -> str:
        return f"{told}.{hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()}"

    def _counts(self, state: str) -> bool:
        told, _, _ = state.rpartition(".")
        whole = state.isascii() and state.count(".") == 2
        ours = whole and hmac.compare_digest(self._signed(told), state)
        return ours and self._now().timestamp() < int(told.partition(".")[0])


class InstallPages:
    """Answers `/slack/install` and `/slack/oauth_redirect`."""

    def __init__(
        self,
        api: AppApi,
        installations: Installations,
        states: States,
        translators: Translators,
        now: Clock,
    ) -> None:
        self._api = api
        self._installations = installations
        self._states = states
        self._translators = translators
        self._now = now
        self._refusals = RefusalLog("slack.installation_refused", lambda: now().timestamp())

    async def begin(self, request: Request) -> Response:
        """Send the browser to Slack's question, with a new state in a cookie and in the address."""
        if request.method == "HEAD":
            return Response(headers=_SAFE)
        try:
            require_installable(self._api.settings)
        except BotError as exc:
            return self._failed(request, 503, str(exc) or type(exc).__name__)
        state = self._states.issue()
        asked = {
            "client_id": self._api.settings.client_id,
            "scope": ",".join(scopes(self._api.settings)),
            "state": state,
            "redirect_uri": self._api.settings.redirect_url,
        }
        answer = RedirectResponse(f"{AUTHORIZE_URL}?{urlencode(asked)}", status_code=302, headers=_SAFE)
        # the browser brings the state back: whoever was merely sent a link has no such cookie
        answer.set_cookie(
            COOKIE,
            state,
            max_age=int(GOOD_FOR.total_seconds()),
            path=MOUNT,
            secure=self._api.settings.public_url.startswith("https://"),
            httponly=True,
            samesite="lax",
        )
        return answer

    async def finish(self, request: Request) -> Response:
        """Trade the code that the browser brings for the workspace's token, and store it."""
        if request.method == "HEAD":  # a look at a link uses no code up
            return Response(headers=_SAFE)
        try:
            installation = await self._installed(request)
            await self._installations.save(installation)
        except RequestRefusedError as exc:
            return self._failed(request, exc.status, str(exc))
        except PlatformError as exc:
            return self._failed(request, 502, str(exc))
        except Exception:
            log.exception("slack.installation_failed")
            return self._failed(request, 503, "a fault of ours")
        log.info("slack.installed", team=installation.workspace, installer=installation.installer)
        return self._page(request, 200, Phrase.APP_INSTALLED)

    async def _installed(self, request: Request) -> Installation:
        given = request.query_params
        state, carried = given.get("state", ""), request.cookies.get(COOKIE, "")
        if not state or not secrets.compare_digest(state.encode(), carried.encode()):
            raise RequestRefusedError(400, "another browser, or one without cookies")
        if not self._states.consume(state):
            raise RequestRefusedError(400, "the state is too old, or was used before")
        if given.get("error") or not given.get("code"):
            raise RequestRefusedError(400, f"Slack says {given.get('error', '')[:100]!r}")
        return await self._as_installation(
            await self._api.exchange(code=given["code"], redirect_uri=self._api.settings.redirect_url)
        )

    async def _as_installation(self, answer: Mapping[str, Any]) -> Installation:
        if answer.get("is_enterprise_install") or not isinstance(answer.get("team"), Mapping):
            raise RequestRefusedError(400, "installed for a whole organisation: install it in its workspaces")
        tokens = tokens_in(answer, self._now())
        bot = await SlackApi(self._api, OneAccount(SecretStr(tokens.token))).verify_token()
        if bot.team != text_of(answer["team"], "id"):
            raise RequestRefusedError(502, "the token is another workspace's")
        return Installation(
            workspace=bot.team,
            bot_user=bot.user,
            bot_id=bot.bot,
            bot_name=bot.name,
            tokens=tokens,
            installed_at=self._now(),
            workspace_name=text_of(answer["team"], "name"),
            app=text_of(answer, "app_id"),
            scopes=text_of(answer, "scope"),
            installer=text_of(answer.get("authed_user"), "id"),
        )

    def _failed(self, request: Request, status: int, problem: str) -> Response:
        self._refusals.note(status, problem)
        return self._page(request, status, Phrase.APP_NOT_INSTALLED)

    def _page(self, request: Request, status: int, phrase: Phrase) -> Response:
        """One sentence, in the language that the browser asks for first."""
        locale = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]
        sentence = html.escape(self._translators.of(locale).say(phrase))
        answer = HTMLResponse(f"<!doctype html><meta charset=utf-8><p>{sentence}</p>", status, headers=_SAFE)
        answer.delete_cookie(COOKIE, path=MOUNT)
        return answer
