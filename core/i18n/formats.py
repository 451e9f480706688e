"""Numbers, money and lengths of time as a locale writes them.

Babel is loaded when the first of them is asked for: it and a locale's data cost a few megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

from core.domain.translator import Rounding

Unit = Literal["second", "minute", "hour", "day"]

ROUNDINGS: Mapping[Rounding, str] = {"nearest": ROUND_HALF_EVEN, "down": ROUND_FLOOR, "up": ROUND_CEILING}
CENT, HUNDREDTH_OF_A_CENT = Decimal("0.01"), Decimal("0.0001")
SMALL_USD = 0.1
UNIT_S: Mapping[Unit, int] = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def number(value: float, locale: str) -> str:
    """`40000` -> `40,000`, `40.000`."""
    from babel.numbers import format_decimal

    return format_decimal(value, locale=locale)


def money(usd: float, locale: str, rounding: Rounding = "nearest") -> str:
    """`1234.5` -> `$1,234.50`, `US$ 1.234,50`. An amount below ten cents keeps four digits: `$0.0012`."""
    from babel.numbers import format_currency

    step = CENT if abs(usd) >= SMALL_USD else HUNDREDTH_OF_A_CENT
    exact = Decimal(str(usd)).quantize(step, ROUNDINGS[rounding]) + 0  # no negative zero
    return format_currency(exact, "USD", locale=locale, decimal_quantization=False)


def duration(count: int, unit: Unit, locale: str) -> str:
    """`2, "hour"` -> `2 hours`, `2 horas`."""
    from babel.dates import format_timedelta

    seconds = count * UNIT_S[unit]
    return format_timedelta(seconds, granularity=unit, threshold=math.inf, locale=locale)
