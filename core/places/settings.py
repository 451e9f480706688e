"""`[place_admins]`: what admins of a server or channel may set for it in chat, and within which bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from core.domain import PLACE_LIMITS, PlaceSetting, SettingRefused
from core.section import Name, Section
from core.settings import LimitsSettings

Topic = Literal["language", "channels", "gateway", "limits"]
GatewayName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
MOST_GATEWAYS = 25
"""As many as every platform's list of choices holds."""
MOST_EVER = 1_000_000


class PlaceAdminsSettings(Section):
    """`[place_admins]`: the word `settings`, for admins of a Slack workspace or Discord server and of its channels."""

    may_set: tuple[Topic, ...] = ()
    """What they may set: the `language` of the bot's own sentences, the `channels` that it answers in, the `gateway`
    that answers, `limits` on questions. None: the word is switched off."""
    gateways: dict[GatewayName, Name] = Field(default_factory=dict)
    """The gateways that they may choose from: what they call one, and what it is, as in `[aivax] model`."""
    most_person_hourly: int = Field(0, ge=0, le=MOST_EVER)
    """The most that they may set as the questions of one person in an hour. 0: what `[limits]` says; so too below."""
    most_person_daily: int = Field(0, ge=0, le=MOST_EVER)
    """In 24 hours."""
    most_place_daily: int = Field(0, ge=0, le=MOST_EVER)
    """Of all people in a channel or server, in 24 hours; `[limits] workspace_daily` is the most where this is 0."""

    @field_validator("gateways")
    @classmethod
    def _fits_a_list(cls, gateways: dict[str, str]) -> dict[str, str]:
        if len(gateways) > MOST_GATEWAYS:
            raise ValueError(f"name at most {MOST_GATEWAYS}: no list of choices holds more")
        return gateways

    @property
    def offered(self) -> frozenset[str]:
        """The gateways that they may choose, as `[aivax] model` names one."""
        return frozenset(self.gateways.values()) if "gateway" in self.may_set else frozenset()

    def allows(self, setting: PlaceSetting) -> bool:
        """Whether admins may set it."""
        return TOPICS[setting] in self.may_set

    def most(self, setting: PlaceSetting, limits: LimitsSettings) -> int:
        """The highest value of a limit: the lower one of the bound here and of the operator's own limit."""
        bounds = (getattr(self, f"most_{setting.value}"), self.operators_limit(setting, limits))
        return min((bound for bound in bounds if bound), default=MOST_EVER)

    @staticmethod
    def operators_limit(setting: PlaceSetting, limits: LimitsSettings) -> int:
        """The operators' own limit of the same kind; 0: none."""
        return {
            PlaceSetting.PERSON_HOURLY: limits.person_hourly,
            PlaceSetting.PERSON_DAILY: limits.person_daily,
            PlaceSetting.PLACE_DAILY: limits.workspace_daily,
        }[setting]


TOPICS: dict[PlaceSetting, Topic] = {
    PlaceSetting.LANGUAGE: "language",
    PlaceSetting.ANSWERS: "channels",
    PlaceSetting.GATEWAY: "gateway",
    **dict.fromkeys(PLACE_LIMITS, "limits"),
}
"""Under which name operators allow each."""


def check(settings: PlaceAdminsSettings) -> None:
    """Refuse a choice of no gateway. Raises `SettingRefused`."""
    if "gateway" in settings.may_set and not settings.gateways:
        fix = 'name what may be chosen, such as { fast = "fast:50c3" }, or take "gateway" out of may_set'
        raise SettingRefused("[place_admins] gateways", fix=fix)
