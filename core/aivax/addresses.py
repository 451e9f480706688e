"""The base address of a server, as operators paste it: mended where it is clear what was meant, else tried and named.

What people paste is the address of a route, of a console, of a documentation page, one without its version, or with
the wrong scheme. `mended` needs no network; `alternatives` are tried after a server has answered that it knows no
such route, and the one that works is used from then on. A key goes to another host only where both are the same
service's own, and never in clear to one outside the own network.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from core.domain import AddressWrong, AivaxError, GatewayUnknown, Unavailable
from core.util.addresses import is_own_network
from core.util.log import log

SETTING = "[aivax] base_url"
AIVAX = "https://inference.aivax.net/v1"
_SERVICES = {
    urlsplit(base).hostname: base
    for base in (
        AIVAX,
        *(
            "https://direct.inference.aivax.net/v1",
            "https://api.openai.com/v1",
            "https://openrouter.ai/api/v1",
        ),
        *("https://api.anthropic.com/v1", "https://generativelanguage.googleapis.com/v1beta/openai"),
        *("https://api.mistral.ai/v1", "https://api.groq.com/openai/v1", "https://api.deepseek.com/v1"),
        *("https://api.x.ai/v1", "https://api.together.xyz/v1", "https://api.fireworks.ai/inference/v1"),
        *(
            "https://api.perplexity.ai",
            "https://api.cohere.com/compatibility/v1",
            "https://api.moonshot.ai/v1",
        ),
        *("https://dashscope.aliyuncs.com/compatible-mode/v1", "https://open.bigmodel.cn/api/paas/v4"),
        *(
            "https://router.huggingface.co/v1",
            "https://api.cerebras.ai/v1",
            "https://models.github.ai/inference",
        ),
        *(
            "https://integrate.api.nvidia.com/v1",
            "https://api.deepinfra.com/v1/openai",
            "https://api.siliconflow.cn/v1",
        ),
    )
}
"""Each service's OpenAI-compatible base, as its own documentation gives it (November 2026)."""
_CONSOLES = {
    **dict.fromkeys(
        ("aivax.net", "www.aivax.net", "console.aivax.net", "app.aivax.net", "docs.aivax.net"), AIVAX
    ),
    **dict.fromkeys(
        ("platform.openai.com", "chatgpt.com", "chat.openai.com", "openai.com"), "https://api.openai.com/v1"
    ),
    **dict.fromkeys(
        ("console.anthropic.com", "platform.claude.com", "claude.ai"), "https://api.anthropic.com/v1"
    ),
    **dict.fromkeys(("console.mistral.ai", "chat.mistral.ai"), "https://api.mistral.ai/v1"),
    **dict.fromkeys(
        ("aistudio.google.com", "gemini.google.com"),
        "https://generativelanguage.googleapis.com/v1beta/openai",
    ),
    "console.groq.com": "https://api.groq.com/openai/v1",
    "console.x.ai": "https://api.x.ai/v1",
    **dict.fromkeys(("platform.deepseek.com", "chat.deepseek.com"), "https://api.deepseek.com/v1"),
}
_GUESSES = frozenset(
    {"", "/v1", "/api", "/api/v1", "/openai", "/v1beta", "/openai/v1", "/inference", "/compatibility"}
)
"""Paths that are written for a known service where its own is another."""
_ROUTE = re.compile(r"(?i)/(?:chat/)?completions$")
_OTHER_ROUTE = re.compile(r"(?i)(/v\d\w*)/(?:models|responses|embeddings|messages|engines)(?:/.*)?$")
_OWN_ROUTE = re.compile(
    r"(?i)/(?:api/(?:chat|generate|tags|ps|version|show)|docs|redoc|swagger|health|metrics|ui)$"
)
_VERSION = re.compile(r"(?i)/v\d\w*(?:/|$)")
_AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


def route(base: str, path: str) -> str:
    """The address of a route below a base, whose query stays."""
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))


def administrative(base: str, path: str) -> str:
    """The address of one of AIVAX' administrative routes, which stand beside the OpenAI-compatible base."""
    parts = urlsplit(base)
    prefix = parts.path.rstrip("/").removesuffix("/v1").removesuffix("/api")
    return urlunsplit(parts._replace(path=f"{prefix}/api/v1/{path}"))


def mended(url: str) -> str:
    """Mend what can be mended by looking at it; an address in which nothing is wrong, or known, stays as it is."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        usual = parts.port in (None, 80, 443)
    except ValueError:
        return url
    if parts.username is not None or parts.password is not None:
        return url  # refused further on
    if usual and host in _CONSOLES:
        return _CONSOLES[host]
    path = _without_routes(parts.path)
    known = _SERVICES.get(host) if usual else None
    if known is not None:
        path = urlsplit(known).path if path in _GUESSES or path.startswith("/v1beta/models") else path
        return urlunsplit(("https", host, path, "", ""))
    if host.endswith(_AZURE) and path in ("", "/openai", "/v1"):
        path = "/openai/v1"
    version = [(name, value) for name, value in parse_qsl(parts.query) if name == "api-version"]
    return urlunsplit(parts._replace(path=path, query=urlencode(version), fragment=""))


def _without_routes(path: str) -> str:
    path = re.sub("/{2,}", "/", path).rstrip("/")
    path = _OTHER_ROUTE.sub(r"\1", _ROUTE.sub("", path).rstrip("/"))
    path = _OWN_ROUTE.sub("", path)
    return re.sub(r"(?i)(/v1)(?:/v1)+$", r"\1", path)


class BaseAddress:
    """The base that is asked: as it is configured and `mended`, until another is found to work."""

    def __init__(self, configured: str) -> None:
        self._configured = configured
        self.current = mended(configured)
        self.proven = False
        """Whether an answer came from there since the start."""

    def prove(self, used: str) -> None:
        """An answer came: from now on every call goes there."""
        if self.proven:
            return
        self.proven, self.current = True, used
        if used != self._configured.rstrip("/"):
            log.warning("aivax.base_url_mended", setting=SETTING, written=self._configured, used=used)

    def judged(self, error: AivaxError) -> AivaxError:
        """Judge what looks like a wrong address: one that has answered before was right, and a proxy stands between.

        Where the address is known to be right, a route that is not found is a model that is not found.
        """
        if not isinstance(error, AddressWrong):
            return error
        is_right = self.proven or self.current in _SERVICES.values()
        if error.code == "no_such_route" and error.status == 404 and is_right:
            return GatewayUnknown(status=error.status, code=error.code, detail=error.detail)
        if is_right:
            return Unavailable(status=error.status, code=error.code, detail=error.detail)
        return error

    def after(self, tried: Sequence[str], error: AivaxError) -> str | None:
        """What else to try after these; None where nothing else may be meant."""
        if not isinstance(error, AddressWrong) or self.proven:
            return None
        return next((each for each in alternatives(tried[0], error) if each not in tried), None)


def alternatives(base: str, error: AddressWrong) -> tuple[str, ...]:
    """What else the base may be, after this one was answered so; the likeliest first."""
    parts = urlsplit(base)
    if error.code == "no_tls":
        return (urlunsplit(parts._replace(scheme="http")),) if is_own_network(base) else ()
    if error.code == "no_http":
        return (urlunsplit(parts._replace(scheme="https")),) if parts.scheme == "http" else ()
    if error.leads_to:
        return _redirected(base, error.leads_to)
    if _VERSION.search(parts.path):
        shorter = _VERSION.sub("", parts.path) if parts.path.rstrip("/").endswith("/v1") else None
        return () if shorter is None else (urlunsplit(parts._replace(path=shorter)),)
    return tuple(urlunsplit(parts._replace(path=f"{parts.path}{end}")) for end in ("/v1", "/api/v1", "/api"))


def _redirected(base: str, leads_to: str) -> tuple[str, ...]:
    """The base of a redirect's target, where it is the same host's and nothing is lost: `https` in place of `http`."""
    try:
        here, there = urlsplit(base), urlsplit(leads_to)
        same = here.hostname == there.hostname and not there.username
    except ValueError:
        return ()
    if not same or there.scheme != "https" or not _ROUTE.search(there.path.rstrip("/")):
        return ()
    path = _ROUTE.sub("", there.path.rstrip("/"))
    return (urlunsplit(there._replace(path=path, query=here.query, fragment="")),)
