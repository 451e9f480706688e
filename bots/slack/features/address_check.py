"""Whether Slack's requests would reach this bot: one is sent to the public address, signed as Slack signs.

docs.slack.dev, "url_verification" and "Verifying requests from Slack". It goes from this machine: that the address can
be reached from elsewhere too is likely then, and can't be known.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time

import aiohttp

from bots.slack.settings import EVENTS_PATH
from bots.slack.transport.single_calls import SingleCalls
from core.domain.checks import Finding, failed, ok, unknown

CHECK = "slack.events"
_NOT_RUNNING = (0, 502, 503, 504)
_PROXY = "have the proxy pass /slack/ on to [web] host and port, with host, path and body unchanged"


async def address_finding(slack: SingleCalls) -> Finding:
    """Ask the public address for the answer that only this bot, with this secret, gives."""
    settings = slack.settings
    if not settings.public_url:
        cure = "set it to the https address that Slack calls"
        return failed(CHECK, "[slack] public_url is not set: Slack has nowhere to call", cure)
    url, challenge = f"{settings.public_url}{EVENTS_PATH}", secrets.token_hex(16)
    body = json.dumps({"type": "url_verification", "challenge": challenge, "token": ""}).encode()
    headers = {
        **_signed(settings.signing_secret.get_secret_value().strip(), body),
        "Content-Type": "application/json",
    }
    try:
        async with slack.session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            status, told = answer.status, (await answer.content.read(4_096)).decode(errors="replace")
    except aiohttp.ClientConnectorDNSError:
        return failed(
            CHECK, f"there is no host of the name in {url}", "correct [slack] public_url, or its DNS entry"
        )
    except aiohttp.ClientConnectorCertificateError:
        return failed(CHECK, f"the certificate of {url} is not valid", "have the proxy's certificate renewed")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        status, told = 0, ""
    return _judged(url, status, is_ours=status == 200 and challenge in told)


def _judged(url: str, status: int, *, is_ours: bool) -> Finding:
    if is_ours:
        return ok(CHECK, f"{url} answers as this bot does (asked from this machine)")
    if status == 401:
        cure = "copy the signing secret again, and start the bot anew; see that the proxy changes no request"
        return failed(CHECK, f"what answers at {url} does not believe this signing secret", cure)
    if status in _NOT_RUNNING:
        cause = f"{url} answers {status}" if status else f"{url} does not answer from this machine"
        return unknown(CHECK, f"{cause}: is the bot running? It is asked anew with each `doctor`", _PROXY)
    return failed(CHECK, f"something else answers at {url}, with {status}", _PROXY)


def _signed(secret: str, body: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    sign = hmac.new(secret.encode(), b":".join((b"v0", at.encode(), body)), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={sign}"}
