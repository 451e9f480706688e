"""The machine: the configuration's file, variables that libraries stumble over, versions, and the door of `[web]`."""

from __future__ import annotations

import platform
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import sqlite_version

from bots.setting_rules.machine import drop_unusable
from bots.settings import WebSettings
from bots.web.console.settings import check_console
from core import __version__
from core.domain import SettingRefused
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.util.addresses import is_loopback

_FOR_OTHERS = stat.S_IRWXO
_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """Looks around without asking anybody."""

    config: Path | None
    web: WebSettings
    environment: Mapping[str, str]
    name: str = "machine"

    async def run(self) -> list[Finding]:
        return [*self._config(), *self._variables(), *self._web(), self._versions()]

    def _config(self) -> Iterator[Finding]:
        if self.config is None:
            yield unknown("config.file", "there is none: all settings come from the environment")
            return
        try:
            mode = self.config.stat().st_mode
        except OSError as error:
            yield unknown("config.file", f"{self.config}: {error.strerror}")
            return
        if mode & _FOR_OTHERS:
            cause = f"{self.config} holds secrets, and every user of this machine can read it"
            yield warning("config.mode", cause, f"chmod 600 {self.config}")
        else:
            yield ok("config.mode", f"{stat.filemode(mode)} {self.config}")

    def _variables(self) -> Iterator[Finding]:
        if dropped := drop_unusable(dict(self.environment)):
            yield warning("machine.variables", dropped, "unset it, or name a file that can be written")
        for name in _FILES:
            if (value := self.environment.get(name, "")) and not Path(value).exists():
                yield warning(
                    "machine.certificates", f"{name} names a file that is not there", f"unset {name}"
                )
        proxies = sorted(name for name in self.environment if name.lower() in ("https_proxy", "all_proxy"))
        if proxies:
            yield ok("machine.proxy", f"AIVAX is reached through the proxy of {', '.join(proxies)}")

    def _web(self) -> Iterator[Finding]:
        web, at = self.web, f"{self.web.host}:{self.web.port}"
        if not (web.enabled or web.console.enabled):
            return
        if web.console.enabled and (refused := _refusal(web)) is not None:
            yield failed("web.exposure", f"{refused.setting} keeps the bot from starting", refused.fix)
        elif is_loopback(web.host):
            yield ok("web.exposure", f"{at} answers this machine alone")
        elif web.admin_token.get_secret_value().strip() or not web.enabled:
            takes = "details take the admin_token" if web.enabled else "the console takes a sign-in"
            yield ok("web.exposure", f"{at} answers other machines; {takes}")
        else:
            cure = 'set [web] admin_token, or host = "127.0.0.1" behind a proxy that ends TLS'
            yield warning("web.exposure", f"{at} answers other machines, and no token is set", cure)

    @staticmethod
    def _versions() -> Finding:
        system = f"{platform.system()} {platform.release()}"
        parts = f"Python {platform.python_version()}, SQLite {sqlite_version} on {system}"
        return ok("machine.versions", f"aivax-bots {__version__}, {parts}")


def _refusal(web: WebSettings) -> SettingRefused | None:
    try:
        check_console(web.console, web.host)
    except SettingRefused as refused:
        return refused
    return None
