"""What is counted of a turn, and told its trace, when its row changes: once, by the process that changed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.aivax.stream.events import Usage
from core.domain import Place, Turn, TurnState, spans
from core.domain.metrics import (
    FIRST_TEXT,
    PUT_BACK,
    SPENT,
    TOKENS,
    TURN_FAILURES,
    TURN_TIME,
    TURNS,
    Meter,
    PutBack,
    TurnKind,
)


class TurnMeter:
    """Counts turns with their labels."""

    def __init__(self, meter: Meter, now: Callable[[], datetime]) -> None:
        self._meter = meter
        self._now = now
        self._first_text_at: dict[int, datetime] = {}

    def first_text(self, turn: Turn) -> None:
        """The first text of a turn's answer is shown."""
        self._first_text_at[turn.id] = self._now()
        if not turn.notice:
            self._meter.observe(FIRST_TEXT, self._age_s(turn), platform=turn.place.platform)

    def first_text_at(self, turn: Turn) -> datetime | None:
        """When this process first showed text of a turn that runs here; None: not yet, or another one did."""
        return self._first_text_at.get(turn.id)

    def left(self, turn: Turn) -> None:
        """The turn runs here no more."""
        self._first_text_at.pop(turn.id, None)

    def ended(self, turn: Turn, state: TurnState, failure: str | None, reference: str | None = None) -> None:
        """A turn is over. `reference` is for its trace: no metric has it."""
        platform, kind = turn.place.platform, _kind_of(turn)
        self._meter.count(
            TURNS, platform=platform, place=_place_kind(turn.place), kind=kind.value, outcome=state.value
        )
        if failure:
            self._meter.count(TURN_FAILURES, platform=platform, error=failure)
        if kind is not TurnKind.NOTICE:
            self._meter.observe(TURN_TIME, self._age_s(turn), platform=platform, outcome=state.value)
        told = {
            "platform": platform,
            "place": _place_kind(turn.place),
            "kind": kind.value,
            "outcome": state.value,
        }
        told |= {"reference": reference} if reference else {}
        spans.turn_ended({f"aivax_bots.{name}": value for name, value in told.items()}, failure or "")

    def put_back(self, turn: Turn, why: PutBack) -> None:
        """A turn waits again."""
        spans.turn_put_back(why.value)
        self._meter.count(PUT_BACK, platform=turn.place.platform, why=why.value)

    def used(self, turn: Turn, usage: Usage) -> None:
        """An answer cost so much."""
        platform = turn.place.platform
        tokens = {
            "prompt": usage.prompt_tokens,
            "cached": usage.cached_tokens,
            "completion": usage.completion_tokens,
        }
        for direction, number in tokens.items():
            self._meter.count(TOKENS, max(number, 0), platform=platform, direction=direction)
        for usd in (usage.credits, usage.other_usd):
            if usd is not None:
                self._meter.count(SPENT, max(usd, 0.0), platform=platform)

    def _age_s(self, turn: Turn) -> float:
        return max(0.0, (self._now() - turn.created_at).total_seconds())


def _kind_of(turn: Turn) -> TurnKind:
    if turn.notice:
        return TurnKind.NOTICE
    return TurnKind.CAPABILITY if turn.capability else TurnKind.QUESTION


def _place_kind(place: Place) -> str:
    if place.is_for_one:
        return "direct"
    return "thread" if place.thread else "channel"
