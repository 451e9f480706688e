"""Checks that AIVAX can call the functions: a source that can't be had fails every answer of its gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from bots.tools.settings import NEEDED, PATH, ToolsSettings, check_tools
from core.aivax.error_text import scrub
from core.aivax.http_call import HttpCall
from core.aivax.transport import Transport, Wire
from core.domain import AivaxError, SettingRefused
from core.domain.checks import Finding, failed, ok, warning
from core.settings import AivaxSettings

_TIMEOUT_S = 10.0
SETTINGS, SOURCE = "tools.settings", "tools.source"


def _as_aivax_does(key: str) -> str:
    from bots.tools.nonce import nonce_of  # may not be installed

    return nonce_of(key)


@dataclass(frozen=True, slots=True)
class ToolsCheck:
    """Judges `[tools]`, and asks for the listing as AIVAX does: at the public address, with a nonce of the hook key."""

    settings: ToolsSettings
    aivax: AivaxSettings
    name: str = "tools"
    transport: Transport | None = None
    """What carries the request; tests hand in their own."""
    make_nonce: Callable[[str], str] = _as_aivax_does

    @property
    def url(self) -> str:
        return f"{self.settings.public_url}{PATH}/functions"

    async def run(self) -> list[Finding]:
        """What is found; nothing where there are no tools."""
        if not self.settings.enabled:
            return []
        try:
            check_tools(self.settings, self.aivax)
        except SettingRefused as refused:
            return [failed(SETTINGS, f"{refused.setting} can't be used", refused.fix)]
        if missing := [each for each in NEEDED if find_spec(each) is None]:
            cause = f"{' and '.join(missing)} must be installed"
            return [failed(SETTINGS, cause, "pip install 'aivax-bots[tools]'")]
        return [await self._asked()]

    async def _asked(self) -> Finding:
        nonce = await asyncio.to_thread(self.make_nonce, self.settings.hook_key.get_secret_value())
        call = HttpCall("GET", self.url, headers={"X-Request-Nonce": nonce}, timeout_s=_TIMEOUT_S)
        keyless = AivaxSettings(base_url=self.settings.public_url)  # our key is for AIVAX alone
        try:
            wire = Wire(keyless, transport=self.transport, now=asyncio.get_running_loop().time)
        except SettingRefused as refused:
            return failed(SOURCE, f"{self.url} can't be asked", refused.fix)
        try:
            received = await wire.call(call, scrub)
        except AivaxError as error:
            return self._unreached(error)
        finally:
            await wire.aclose()
        return self._judged(received.body)

    def _unreached(self, error: AivaxError) -> Finding:
        if error.status == 401:
            cure = "the bot there has another [tools] hook_key, or a proxy before it drops X-Request-Nonce"
            return failed(SOURCE, f"{self.url} takes our own nonce for a stranger's", cure)
        if error.status == 404:
            cure = "have [tools] public_url lead to the address of [web], and the proxy pass on /tools"
            return failed(SOURCE, f"{self.url} is not served there", cure)
        said = f"status {error.status}" if error.status else error.detail or error.code
        cure = "start the bot, and have [tools] public_url lead to the address of [web]"
        return failed(SOURCE, f"{self.url} does not answer as it should ({said})", cure)

    def _judged(self, body: bytes) -> Finding:
        try:
            listed = json.loads(body)["functions"]
        except (ValueError, KeyError, TypeError):
            cure = "have [tools] public_url lead to this bot: something else answers there"
            return failed(SOURCE, f"{self.url} lists no functions", cure)
        if not listed:
            cure = "see the log for tools.not_loaded, and the files for @tool"
            return warning(SOURCE, f"{self.url} lists nothing", cure)
        return ok(SOURCE, f"{len(listed)} functions are listed at {self.url}")
