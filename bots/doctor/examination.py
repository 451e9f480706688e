"""Runs all checks side by side, and keeps one that hangs or has a bug from holding up the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from core.domain.checks import Check, CheckState, Finding, unknown
from core.util.log import log

CHECK_TIMEOUT_S = 20.0
"""How long one check may take; the answer of a slow model is the longest of them."""
STATUS = {CheckState.OK: 0, CheckState.UNKNOWN: 0, CheckState.WARNING: 1, CheckState.FAILED: 2}


async def examine(checks: Sequence[Check], timeout_s: float = CHECK_TIMEOUT_S) -> list[Finding]:
    """Run the checks at the same time; their findings in the order of the checks, each with the time that it took."""
    found = await asyncio.gather(*(_timed(check, timeout_s) for check in checks))
    return [finding for findings in found for finding in findings]


def status_of(findings: Sequence[Finding]) -> int:
    """The exit status: 0 all is well as far as could be checked, 1 there are warnings, 2 something fails."""
    return max((STATUS[each.state] for each in findings), default=0)


async def _timed(check: Check, timeout_s: float) -> Sequence[Finding]:
    began_s = time.monotonic()
    found = await _findings(check, timeout_s)
    took_s = time.monotonic() - began_s
    return [replace(each, took_s=took_s) for each in found]


async def _findings(check: Check, timeout_s: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(timeout_s):
            return await check.run()
    except TimeoutError:
        return [unknown(check.name, f"nothing came of it within {timeout_s:g} s")]
    except Exception as error:  # noqa: BLE001  a bug in one check must not hide what the others found
        log.debug("doctor.check_broken", check=check.name, error=repr(error))
        cause = f"the check itself failed ({type(error).__name__}): please report it"
        return [unknown(check.name, cause)]
