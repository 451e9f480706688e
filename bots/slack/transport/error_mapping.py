"""What Slack's refusals mean: each code becomes one of the core's errors, and ends in a clear state.

    FrontendRefused   the token or the app: nothing works until the operator acts
    PlaceClosed       this place can't be answered; `code` is Slack's own, `unknown_message` for a message gone
    MessageRefused    this message is not taken, in a place that is open
    PlatformBusy      nothing was done, later it may be
    OutcomeUnknown    it may have been done

Codes: the method pages of docs.slack.dev, "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from core.domain import (
    FrontendRefused,
    MessageRefused,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)
from core.domain.metrics import CallOutcome

_SLACK = "slack"
_FIX_BOT = "copy the Bot User OAuth Token (xoxb-...) from the app's page OAuth & Permissions"
_FIX_APP = (
    "make an app-level token (xapp-...) with the scope connections:write on the app's page Basic Information, and "
    "switch Socket Mode on"
)
_FIX_URL = "give the base of Slack's Web API, https://slack.com/api/, or of a proxy to it"
_FIX_CLIENT = "copy Client ID and Client Secret from the app's page Basic Information"
_CLIENT_REFUSED = frozenset(("invalid_client_id", "bad_client_secret", "invalid_client_secret"))
_TOKEN_REFUSED = frozenset(
    (
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "team_access_not_granted",
        "enterprise_is_restricted",
        "ekm_access_denied",
        "no_permission",
        "missing_args",
        "forbidden_team",
        "access_denied",
        "team_not_found",
        "org_login_required",
        "two_factor_setup_required",
        "accesslimited",
    )
)
RATE_LIMITED = frozenset(("ratelimited", "rate_limited"))
_NOT_NOW = frozenset((408, 425, 429))
"""Statuses of Slack, or of a proxy before it, that pass by themselves."""
_BUSY = RATE_LIMITED | {"service_unavailable", "team_added_to_org"}
_MAYBE_DONE = frozenset(("internal_error", "fatal_error", "request_timeout"))
_OF_THE_PLACE = frozenset(
    (
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "user_not_in_channel",
        "user_not_found",
        "messages_tab_disabled",
        "cannot_reply_to_message",
        "thread_locked",
        "cannot_dm_bot",
        "method_not_supported_for_channel_type",
        "as_user_not_supported",
        "ekm_access_denied",
    )
)
"""What says that nothing may be written there. Slack makes up new codes: any other one is about what was written."""
_RESTRICTED = "restricted_action"
"""The beginning of several codes: the workspace's settings keep apps, or everybody, from writing there."""
_WRITING = "chat."
"""The methods that carry what is shown."""
OF_THE_STATE = frozenset(
    (
        "streaming_state_conflict",
        "block_mismatch",
        "cant_update_message",
        "edit_window_closed",
        "cant_delete_message",
        "message_not_in_streaming_state",
        "message_not_owned_by_app",
        "stopped_by_user",
    )
)
"""What says that a message of ours can't be changed now, whatever would stand in it."""
REFUSALS = (PlaceClosed, MessageRefused)
_MESSAGE_GONE = frozenset(("message_not_found", "thread_not_found"))
UNKNOWN_MESSAGE = "unknown_message"
BOT_TOKEN, CLIENT_SECRET = "[slack] bot_token", "[slack] client_secret"


def refused(
    method: str,
    status: int,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    once: bool,
    setting: str,
) -> PlatformError:
    """Choose the error for an answer that is not `ok`."""
    code = _code(body.get("error"))
    detail = f"{method} {status} {code}".strip()
    if status in _NOT_NOW or code in _BUSY:
        return PlatformBusy(_SLACK, code=code or "ratelimited", detail=detail, retry_after_s=_wait(headers))
    if status >= 500 or code in _MAYBE_DONE:
        kind = OutcomeUnknown if once and status != 503 else PlatformBusy
        return kind(_SLACK, code=code, detail=detail, retry_after_s=_wait(headers))
    if code in _CLIENT_REFUSED:
        return FrontendRefused(_SLACK, setting=CLIENT_SECRET, fix=_FIX_CLIENT, code=code, detail=detail)
    if code in _TOKEN_REFUSED or setting.endswith("app_token"):
        fix = _FIX_APP if setting.endswith("app_token") else _FIX_BOT
        return FrontendRefused(_SLACK, setting=setting, fix=fix, code=code, detail=detail)
    if code == "missing_scope":
        return _scope(method, _code(body.get("needed")), setting)
    if not code:  # not a word of Slack's: something else answers at that address
        return FrontendRefused(
            _SLACK, setting="[slack] api_url", fix=_FIX_URL, code="no_slack", detail=f"{method} {status}"
        )
    if code in _MESSAGE_GONE:
        return PlaceClosed(_SLACK, code=UNKNOWN_MESSAGE, detail=detail)
    is_of_the_place = code in _OF_THE_PLACE or code.startswith(_RESTRICTED)
    kind_of = PlaceClosed if is_of_the_place or not method.startswith(_WRITING) else MessageRefused
    return kind_of(_SLACK, code=code, detail=detail)


def broken(method: str, detail: str, error: Exception, *, once: bool) -> PlatformError:
    """Choose the error for a call that got no answer."""
    never_sent = isinstance(
        error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
    )
    if once and not never_sent:
        return OutcomeUnknown(_SLACK, code="no_answer", detail=f"{method} {detail}")
    return PlatformBusy(_SLACK, code="unreachable", detail=f"{method} {detail}")


def unparsable(method: str, detail: str, *, once: bool) -> PlatformError:
    """Choose the error for an answer that Slack would not give."""
    kind = OutcomeUnknown if once else PlatformBusy
    return kind(_SLACK, code="unparsable", detail=f"{method} {detail}")


def outcome_of(error: PlatformError) -> CallOutcome:
    """What a call that ended so counts as."""
    if error.code in RATE_LIMITED:
        return CallOutcome.RATE_LIMITED
    return CallOutcome.FAILED if isinstance(error, PlatformBusy | OutcomeUnknown) else CallOutcome.REFUSED


def _scope(method: str, needed: str, setting: str) -> PlatformError:
    """A missing scope; only without `chat:write` is the whole app of no use."""
    if "chat:write" in needed:
        fix = f"add the scope {needed} on the app's page OAuth & Permissions, and install the app again"
        return FrontendRefused(
            _SLACK, setting=setting, fix=fix, code="missing_scope", detail=f"{method} {needed}"
        )
    return PlaceClosed(_SLACK, code="missing_scope", detail=f"{method} needs {needed}")


def _code(value: Any) -> str:
    return re.sub(r"[^\w:,.-]", "", value)[:100] if isinstance(value, str) else ""


def _wait(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`, which Slack gives in seconds."""
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return None
