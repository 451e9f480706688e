"""The figures of an evaluation, by gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.evaluation.judging import Preferred
from core.evaluation.running import Row


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of one gateway's answers."""

    gateway: str
    rows: int
    passed: int
    errors: int
    better: int
    """So often the judge preferred it to the base; likewise below."""
    equal: int
    worse: int
    usd: float

    @property
    def share(self) -> float:
        """The part that passed, from 0 to 1."""
        return self.passed / self.rows if self.rows else 0.0


def summaries_of(rows: Sequence[Row]) -> list[Summary]:
    """One for each gateway, in the order in which they were named."""
    return [
        _summary(gateway, [row for row in rows if row.gateway == gateway])
        for gateway in dict.fromkeys(row.gateway for row in rows)
    ]


def _summary(gateway: str, rows: Sequence[Row]) -> Summary:
    def judged(as_: Preferred) -> int:
        return sum(row.preferred is as_ for row in rows)

    return Summary(
        gateway,
        len(rows),
        sum(row.has_passed for row in rows),
        sum(bool(row.error) for row in rows),
        judged(Preferred.OTHER),
        judged(Preferred.EQUAL),
        judged(Preferred.BASE),
        sum(row.called.usd for row in rows if row.called is not None),
    )
