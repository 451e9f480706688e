"""How far this machine's clock is from the one that a server tells with each answer."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from core.domain.checks import Finding, failed, ok, unknown

MOST_OFF_S = 60.0
"""Slack refuses what is signed 300 s apart, TLS and tokens bear less than a day; a minute off is a clock not kept."""


def clock_finding(check: str, date: str, now: datetime) -> Finding:
    """Judge the clock by an HTTP `Date` header; `now` has a time zone."""
    try:
        off_s = (now - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return unknown(check, "the server told no time")
    if abs(off_s) <= MOST_OFF_S:
        return ok(check, "this machine's clock is right")
    way = "fast" if off_s > 0 else "slow"
    cure = "have the system keep its clock: timedatectl set-ntp true"
    return failed(check, f"this machine's clock is {abs(off_s):.0f} s {way}", cure)
