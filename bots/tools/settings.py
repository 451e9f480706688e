"""`[tools]`: Python functions of the operator's own that AIVAX calls, and who may call them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from core.aivax.keys import KeyKind, kind_of, speaks_aivax
from core.domain import SettingRefused
from core.section import Section
from core.settings import AivaxSettings

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
PATH = "/tools"
"""Where all of it stands, below `public_url`."""
SECRET_CHARS = 16
NEEDED = ("bcrypt", "mcp")
"""The packages of the extra `tools`, as they are imported."""


def _is_public(url: str) -> str:
    """Refuse an address to which secrets would travel in the open."""
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write the address that AIVAX reaches, such as https://bot.example.com")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise ValueError(
            "write https://: keys would travel in the open, and could be used by whoever reads them"
        )
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ToolsSettings(Section):
    """`[tools]`: off while no file is named."""

    files: tuple[Line, ...] = ()
    """Python files that declare tools and workers, by their paths."""
    public_url: Annotated[str, AfterValidator(_is_public)] = ""
    """The address at which AIVAX reaches this bot, without `/tools`."""
    hook_key: SecretStr = SecretStr("")
    """The account's hook key: each call from AIVAX brings a hash of it."""
    hook_key_old: SecretStr = SecretStr("")
    """The key before it, accepted as well while it is changed."""
    header_secret: SecretStr = SecretStr("")
    """A secret of your own, which function calls and MCP bring as `Authorization: Bearer`."""
    header_secret_old: SecretStr = SecretStr("")
    gateways: tuple[Line, ...] = ()
    """The gateways, by their full ids, whose events workers are asked about. None: all of the account."""
    environment: tuple[Line, ...] = ()
    """Variables that the files may see, by name; they see none of the bot's own."""
    mcp_sessions: bool = False
    """Whether MCP clients get sessions: for one that insists. A session belongs to one process."""
    timeout_s: float = Field(10.0, gt=0, le=60)
    """What one call may take in all."""
    memory_mb: int = Field(512, ge=128)
    """Address space of one process that runs functions."""
    output_bytes: int = Field(32_000, ge=1_000, le=1_000_000)
    """What one call may answer, and may print; longer answers are cut, and who prints more is ended."""
    at_once: int = Field(4, ge=1, le=64)
    """Processes that run functions at the same time."""

    @property
    def enabled(self) -> bool:
        return bool(self.files)


def check_tools(settings: ToolsSettings, aivax: AivaxSettings) -> None:
    """Refuse, before the start, tools that AIVAX could not call, or that anybody could.

    Raises:
        SettingRefused: which setting, what it holds, and how to mend it.
    """
    if not settings.enabled:
        return
    kind, files = kind_of(aivax.api_key), ", ".join(settings.files)
    if not speaks_aivax(kind, aivax.base_url):
        fix = "only AIVAX calls functions: delete the line, or set [aivax] base_url to AIVAX"
        raise SettingRefused("[tools] files", value=files, fix=fix)
    if kind not in (KeyKind.PRIVATE, KeyKind.LEGACY):
        fix = "only gateways of an account's own call functions: use a private key (sk-aiv-acc), or delete the line"
        raise SettingRefused("[tools] files", value=files, fix=fix)
    _check_keys(settings)
    if not settings.public_url:
        fix = "name the address that AIVAX reaches, such as https://bot.example.com"
        raise SettingRefused("[tools] public_url", fix=fix)
    check_environment("[tools] environment", settings.environment)
    for path in settings.files:
        check_file("[tools] files", path)


def _check_keys(settings: ToolsSettings) -> None:
    if not settings.hook_key.get_secret_value():
        fix = "copy the account's hook key (AIVAX console, Account): without it anybody could call"
        raise SettingRefused("[tools] hook_key", fix=fix)
    for name in ("header_secret", "header_secret_old"):
        secret = getattr(settings, name).get_secret_value()
        if (secret or name == "header_secret") and (len(secret) < SECRET_CHARS or not secret.isprintable()):
            fix = f"make up {SECRET_CHARS} characters or more, such as what `openssl rand -hex 24` prints"
            raise SettingRefused(f"[tools] {name}", fix=fix)
        if not secret.isascii() or secret != secret.strip():
            raise SettingRefused(f"[tools] {name}", fix="use letters and digits: it travels in a header")


def check_environment(setting: str, names: Iterable[str]) -> None:
    """Refuse to hand the bot's own settings to an operator's code."""
    for name in names:
        if name.upper().startswith("AIVAX_BOTS"):
            fix = "the bot's own settings are not for functions: give them a variable of their own"
            raise SettingRefused(setting, value=name, fix=fix)


def check_file(named_in: str, path: str) -> None:
    """Refuse a file that is none, or no Python. What it does when it runs is seen by the child that runs it."""
    setting: dict[str, Any] = {"setting": named_in, "value": path}
    try:
        source = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingRefused(**setting, fix=f"the file can't be read ({reason})") from None
    try:
        compile(source, path, "exec")
    except (SyntaxError, ValueError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise SettingRefused(**setting, fix=f"this is no Python{line}: {error.args[0]}") from None
