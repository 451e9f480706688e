"""`[otel]`: whether turns are traced, and where their spans go."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from core.domain import SettingRefused
from core.section import Section

TRACES_PATH = "/v1/traces"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+=[\x21-\x7e ]*")


def _is_address(url: str) -> str:
    """Refuse what is no address of a collector, or holds a password."""
    url = url.strip()
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('write the address of a collector, such as "http://127.0.0.1:4318"')
    if parts.username or parts.password:
        raise ValueError("a password belongs in [otel] headers, not in the address")
    return url.rstrip("/")


class OtelSettings(Section):
    """`[otel]`: traces by OpenTelemetry, over OTLP and HTTP. What is not set here the SDK reads from `OTEL_*`."""

    enabled: bool = False
    endpoint: Annotated[str, AfterValidator(_is_address)] = ""
    """The collector's base address. `""`: that of `OTEL_EXPORTER_OTLP_ENDPOINT`, or http://localhost:4318."""
    headers: SecretStr = SecretStr("")
    """Sent with each request: `name=value`, with a comma between several."""
    sample: float = Field(1.0, ge=0, le=1)
    """Which part of all turns is traced; every process picks the same ones."""

    @property
    def traces_url(self) -> str:
        """Where spans are sent; `""`: to where the SDK's own variables say."""
        if not self.endpoint or self.endpoint.endswith(TRACES_PATH):
            return self.endpoint
        return f"{self.endpoint}{TRACES_PATH}"

    @property
    def sent_headers(self) -> dict[str, str]:
        """`headers`, by name."""
        pairs = (
            each.strip().split("=", 1) for each in self.headers.get_secret_value().split(",") if each.strip()
        )
        return {name.strip().lower(): unquote(value).strip() for name, value in pairs}


def check_otel(settings: OtelSettings) -> None:
    """Refuse traces that could not be sent.

    Raises:
        SettingRefused: the extra is not installed, or the headers are none.
    """
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        fix = "OpenTelemetry's SDK must be installed: pip install 'aivax-bots[otel]'"
        raise SettingRefused("[otel] enabled", value="true", fix=fix)
    given = [each.strip() for each in settings.headers.get_secret_value().split(",") if each.strip()]
    if not all(_HEADER.fullmatch(each) for each in given):
        fix = "write name=value, with a comma between several, such as authorization=Bearer%20TOKEN"
        raise SettingRefused("[otel] headers", fix=fix)
