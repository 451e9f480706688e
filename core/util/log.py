"""The one logger of the program: `bots.logs` decides where its lines go and how they look."""

from __future__ import annotations

from typing import Final

import structlog
from structlog.typing import FilteringBoundLogger

log: Final[FilteringBoundLogger] = structlog.get_logger("core")
