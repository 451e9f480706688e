"""What sections of the configuration are made of: their base, and the types of settings that several of them have."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from core.util.addresses import typed_address
from core.util.time_zones import is_time_zone

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[^\s?#]+$")]

ServerAddress = Annotated[
    str, BeforeValidator(typed_address), StringConstraints(pattern=r"^https?://(?:[^\s?#]+|[^\s@]+)$")
]
"""An address as it is pasted, with a route or a query; one with a password in it is refused further on."""
ServerAddressOrNone = Annotated[
    str, BeforeValidator(typed_address), StringConstraints(pattern=r"^(https?://(?:[^\s?#]+|[^\s@]+))?$")
]


def _known_zone(name: str) -> str:
    if name and not is_time_zone(name):
        raise ValueError("write a time zone by its IANA name, such as Europe/Lisbon or America/Sao_Paulo")
    return name


TimeZone = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_known_zone)]


class Section(BaseModel):
    """One table of `config.toml`. Unknown keys are refused; secrets never show in its repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
