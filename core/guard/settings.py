"""`[guard]`: what is masked in what goes to the gateway."""

from __future__ import annotations

from typing import Literal

from core.section import Section
from core.settings import Listed

Kind = Literal["email", "phone", "card", "token"]


class GuardSettings(Section):
    """`[guard]`: off while nothing is named in `mask`."""

    mask: tuple[Kind, ...] = ()
    """What is masked: `email`, `phone`, `card`, `token` (keys and passwords)."""
    channels: tuple[Listed, ...] = ()
    """Where, as `platform:channel` or `platform:workspace/channel`; direct messages always. None: everywhere."""
    restore: bool = True
    """Whether who wrote a masked value reads it again in the answer."""
