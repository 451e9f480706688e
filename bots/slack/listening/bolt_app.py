"""Bolt's app, which both ways in share: Socket Mode's envelopes and HTTP requests end in it alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bots.slack.transport.app_api import AppApi, sdk_logger, web_client
from core.domain import BotError

Receive = Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]
"""Takes a payload in and returns the body of its acknowledgement. Raises where Slack is to deliver it again."""


_OURS = (200, 503)
"""What `taken_in` answers with; any other status is of a middleware of Bolt's."""


def bolt_app(api: AppApi, receive: Receive) -> AsyncApp:
    """Make a Bolt app that hands each payload to `receive` and acknowledges it when that returned.

    Answering in a global middleware is what makes the acknowledgement wait, and reach every kind of envelope:
    Bolt leaves those that no listener matches without one. All that Bolt would else look up in the environment is
    given: `authorize` decides even where SLACK_CLIENT_ID and SLACK_CLIENT_SECRET switch its OAuth on. Which
    workspace an event is of, and which words are our own, is for `receive` to tell.
    """

    async def take_in(request: AsyncBoltRequest) -> BoltResponse:
        return await taken_in(receive, request.body)

    app = AsyncApp(
        name="aivax-bots",
        logger=sdk_logger(),
        client=web_client(api.settings, api.session),
        authorize=_authorize,
        signing_secret="unused",  # noqa: S106 - signatures were looked at before
        verification_token="unused",  # noqa: S106 - likewise
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.use(take_in)
    return app


async def taken_in(receive: Receive, payload: Any) -> BoltResponse:
    """Hand a payload over, and tell by the status whether it is stored."""
    try:
        answer = await receive(payload if isinstance(payload, dict) else {})
    # `receive` has told the log: passed on, Bolt and the socket would each tell it again
    except (BotError, TimeoutError, OSError):
        return BoltResponse(status=503, body="")
    return BoltResponse(status=200, body=answer or "")


async def _authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=None)


async def dispatch(
    app: AsyncApp, receive: Receive, payload: Any, headers: Mapping[str, str | Sequence[str]]
) -> BoltResponse:
    """Give Bolt a payload that was read and found genuine.

    What Bolt's own middleware stumbles over, or refuses, comes to `receive` without it.

    Raises:
        ValueError: it has not the shape of one.
    """
    try:
        # this mode is the one that takes a payload which is parsed already
        request = AsyncBoltRequest(mode="socket_mode", body=payload, headers=dict(headers))
    except (TypeError, AttributeError, KeyError, IndexError) as exc:
        raise ValueError("not a payload of Slack's") from exc
    answer = await app.async_dispatch(request)
    return answer if answer.status in _OURS else await taken_in(receive, payload)
