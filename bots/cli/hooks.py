"""What is entered in the AIVAX console so that a gateway calls the operator's tools."""

from __future__ import annotations

import json
from collections.abc import Iterator

import typer

from bots import PROBLEM
from bots.settings import Settings
from bots.tools.catalogue import Catalogue
from bots.tools.settings import PATH, ToolsSettings, check_tools
from core.domain.checks import CheckState

_OFF = "No tools are configured: name a file in [tools] files (docs/capabilities/own-tools.md)."


async def show_hooks(settings: Settings, *, check: bool) -> int:
    """Print the addresses, what each needs, and what the files declare.

    With `check`, ask for the listing as AIVAX does. Returns the exit status. Raises `SettingRefused` for settings with
    which nothing would be served.
    """
    tools = settings.tools
    if not tools.enabled:
        typer.echo(_OFF)
        return PROBLEM
    check_tools(tools, settings.aivax)
    catalogue = Catalogue(tools)
    try:
        await catalogue.load()
    finally:
        await catalogue.aclose()
    for line in page(tools, catalogue):
        typer.echo(line)
    findings = 1 if catalogue.problem else 0
    if check:
        from bots.tools.checks import ToolsCheck  # asks over HTTP

        for finding in await ToolsCheck(tools, settings.aivax).run():
            typer.echo(
                f"\n{finding.state.upper()}: {finding.cause}"
                + (f"\n  {finding.cure}" if finding.cure else "")
            )
            findings += finding.state is not CheckState.OK
    return PROBLEM if findings else 0


def page(settings: ToolsSettings, catalogue: Catalogue) -> Iterator[str]:
    """The lines; no secret stands in them."""
    base = f"{settings.public_url}{PATH}"
    source = {
        "name": "aivax-bots",
        "url": f"{base}/mcp",
        "headers": {"Authorization": "Bearer <[tools] header_secret>"},
        "allowClientInstructions": False,
        "allowRemoteSkills": False,
    }
    yield "Enter these for your gateway (AIVAX console, AI gateways). Take one of the first two, not both: their"
    yield "functions have the same names. All need the account's hook key, as in [tools] hook_key."
    yield ""
    yield f"1. Protocol function source:  {base}/functions"
    yield "   Needs nothing else: the listing tells AIVAX which header to send with each function."
    yield ""
    yield "2. MCP source, with your header secret in place of <...>:"
    yield f"   {json.dumps(source)}"
    yield ""
    yield f"Worker:  {base}/events"
    yield "   Only where a file declares a worker: each message waits for it, and an answer that fails stops it."
    yield ""
    if catalogue.problem:
        yield f"The files do not load: {catalogue.problem}"
    else:
        yield f"Functions: {', '.join(sorted(catalogue.tools)) or 'none'}"
        yield f"Workers: {', '.join(sorted(catalogue.workers)) or 'none'}"
