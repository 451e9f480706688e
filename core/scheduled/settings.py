"""`[[digests]]` and `[reminders]`: which channels are summarised when, and what people may be reminded of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from core.domain import SettingRefused
from core.i18n.settings import Locale
from core.scheduled.schedule import WEEKDAYS, Schedule, Weekday
from core.section import Section, TimeZone
from core.util.time_zones import knows_zone

_CHANNEL = re.compile(r"[a-z][a-z0-9_-]*:\S.*")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TIME = re.compile(r"\d\d:\d\d")


def _a_time(text: str) -> str:
    try:
        time.fromisoformat(text if _TIME.fullmatch(text) else "none")
    except ValueError:
        raise ValueError('write a time of day with four digits, such as "09:00"') from None
    return text


def _a_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("write up to 32 small letters, digits and hyphens, a letter first")
    return text


def _a_channel(text: str) -> str:
    if text and not _CHANNEL.fullmatch(text):
        raise ValueError("write it as platform:channel, such as slack:C0123456 or discord:123456789012345678")
    return text


def _any_channel(text: str) -> str:
    if not text:
        raise ValueError("name the channel, as platform:channel")
    return _a_channel(text)


def _all_different(days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if len(set(days)) < len(days):
        raise ValueError("name each day once")
    return days


TimeOfDay = Annotated[str, AfterValidator(_a_time)]
Channel = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_any_channel)]
ChannelOrNone = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_a_channel)]


class DigestSettings(Section):
    """One `[[digests]]` entry: a channel that is summarised at a time of day."""

    name: Annotated[str, AfterValidator(_a_name)]
    """What it is called in the log, in `aivax-bots digests`, and in the database: a renamed one begins anew."""
    channel: Channel
    """`platform:channel`, as in `[operators]`: what is summarised."""
    workspace: str = ""
    """The workspace or server that it lies in, so that caps and `[[routes]]` of that place count."""
    post_to: ChannelOrNone = ""
    """`platform:channel` of the same platform: where it is posted. Empty: in the channel itself."""
    at: TimeOfDay = "09:00"
    time_zone: TimeZone = ""
    days: Annotated[tuple[Weekday, ...], AfterValidator(_all_different)] = Field(WEEKDAYS, min_length=1)
    """A digest tells what was said since the day before it on which there is one: `["monday"]` makes it a week's."""
    language: Locale = ""
    model: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """The gateway. Empty: what answers questions in that place."""
    instructions: str = ""
    """What the model is told beside the rules of digests: what matters to this channel."""
    quiet: Literal["sentence", "nothing"] = "nothing"
    """What is posted where too little was said."""
    fewest_messages: int = Field(3, ge=1)
    """Where fewer were said, the channel was quiet."""
    most_messages: int = Field(2_000, ge=1, le=20_000)
    """The newest of the time; older ones are left out, and the digest says so."""
    most_chars: int = Field(300_000, ge=1_000, le=5_000_000)
    """Characters of all messages together, likewise."""
    call_chars: int = Field(60_000, ge=1_000, le=1_000_000)
    """What one call is given; longer texts are summarised in pieces first."""
    digest_chars: int = Field(6_000, ge=200, le=40_000)
    """How long a digest may be; what is beyond it, the least weighty, is left out."""
    most_calls: int = Field(20, ge=1, le=500)
    """Calls of the model for one digest, those that a crash or an outage spoilt included."""
    most_usd: float = Field(1.0, ge=0)
    """What one digest may cost, as far as AIVAX tells: no further call is made then. 0: no bound of its own."""
    catch_up_h: float = Field(12.0, ge=0, le=168)
    """How late a missed one is still made. What is older is skipped, with a sentence."""

    @property
    def schedule(self) -> Schedule:
        days = frozenset(map(WEEKDAYS.index, self.days))
        return Schedule(time.fromisoformat(self.at), self.time_zone, days)

    @property
    def platform(self) -> str:
        return self.channel.partition(":")[0]


class RemindersSettings(Section):
    """`[reminders]`: whether people may have themselves reminded."""

    enabled: bool = False
    time_zone: TimeZone = ""
    """The time zone of people whose own their platform does not tell."""
    most: int = Field(20, ge=1, le=1_000)
    """Reminders of one person that may be waiting."""
    most_chars: int = Field(500, ge=1, le=4_000)
    most_days: int = Field(366, ge=1, le=3_660)
    """How far ahead one may lie."""


def check(digests: Sequence[DigestSettings], zones: Iterable[tuple[str, str]] = ()) -> None:
    """Refuse what could never work. `zones`: settings beside those of digests, with the time zone of each.

    Raises:
        SettingRefused: two of the same name, another platform to post on, or a zone that this machine does not know.
    """
    seen: set[str] = set()
    for digest in digests:
        if digest.name in seen:
            raise SettingRefused(
                "[[digests]] name", value=digest.name, fix="give each digest a name of its own"
            )
        seen.add(digest.name)
        if digest.post_to and digest.post_to.partition(":")[0] != digest.platform:
            fix = f"post on the same platform: {digest.platform}:CHANNEL"
            raise SettingRefused("[[digests]] post_to", value=digest.post_to, fix=fix)
    of_digests = (("[[digests]] time_zone", digest.time_zone) for digest in digests)
    for setting, zone in (*of_digests, *zones):
        if not knows_zone(zone):
            fix = "this machine has no data of time zones: install tzdata (pip install tzdata)"
            raise SettingRefused(setting, value=zone, fix=fix)
