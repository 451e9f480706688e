"""The account's AI gateways. Of what AIVAX tells of one, only what is named here is ever kept: it may hold a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.aivax.account_routes.fields import entries_of, field
from core.aivax.admin import AdminRoutes
from core.aivax.stream.chunks import amount, mapping, word
from core.util.text import shorten

_MOST_ENTRIES = 500
_VALUE_CHARS = 100
_SLUG_TAIL = 4
SHOWN = (
    *("routingOption", "allowedProviders", "reasoningEffort", "verbosity", "temperature", "topP"),
    *("maxCompletionTokens", "contextMaximumSize", "contextOverflowAction", "toolContextCount"),
    *(
        "rerankerName",
        "queryStrategy",
        "knowledgeBaseMaximumResults",
        "knowledgeBaseMinimumScore",
        "enableBash",
    ),
)
"""The parameters that are shown as they stand: none of them can hold a secret, or a prompt."""
COUNTED = (
    "knowledgeCollections",
    "mcpSources",
    "protocolFunctions",
    "protocolFunctionSources",
    "skills",
    "tools",
)
"""Lists of which only the length is shown: addresses and headers in them may hold secrets."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway."""

    id: str
    name: str
    slug: str
    """`name:50c3`, as a private key asks it; `""` where it can't be told."""
    model: str = ""
    server: str = ""
    """The host that its model is asked at; `""`: AIVAX' own."""
    instruction_chars: int = 0
    """The length of its own system instruction."""
    settings: tuple[tuple[str, str], ...] = ()
    """Further parameters by their names, as far as they are set."""

    def is_called(self, name: str) -> bool:
        """Whether somebody means it: by its id, its slug or its name."""
        return name.casefold() in {self.id.casefold(), self.slug.casefold(), self.name.casefold()} - {""}


class GatewayList:
    """Reads the gateways of an account."""

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin

    async def all(self) -> tuple[Gateway, ...]:
        """List them; those without an id are left out.

        Raises:
            AivaxError: the list could not be read.
        """
        told = (await self._admin.get("ai-gateways")).data
        found = (gateway_of(entry) for entry in entries_of(told, "gateways", "aiGateways")[:_MOST_ENTRIES])
        return tuple(each for each in found if each.id)

    async def described(self, gateway: Gateway) -> Gateway:
        """The same gateway with its parameters.

        Raises:
            AivaxError: it could not be read.
        """
        return gateway_of((await self._admin.get("ai-gateways", gateway.id)).data, known=gateway)


def gateway_of(told: object, *, known: Gateway | None = None) -> Gateway:
    """Read one; `known` is what the list told of it, for what is missing here."""
    entry = mapping(told)
    inner = mapping(field(entry, "parameters"))
    id_, name = word(field(entry, "id", "aiGatewayId", "gatewayId")), word(field(entry, "name", "title"))
    id_, name = id_ or (known.id if known else ""), name or (known.name if known else "")
    model = _either(entry, inner, "modelName", "baseModel", "model")
    instruction = field(inner, "systemInstruction")
    return Gateway(
        id=id_,
        name=name,
        slug=word(field(entry, "slug")) or _slug(name, id_),
        model=model or (known.model if known else ""),
        server=_host(_either(entry, inner, "baseAddress")) or (known.server if known else ""),
        instruction_chars=len(instruction) if isinstance(instruction, str) else 0,
        settings=(*_shown(inner), *_tools(inner)),
    )


def _slug(name: str, id_: str) -> str:
    return f"{name}:{id_[-_SLUG_TAIL:]}" if name and id_ else ""


def _either(entry: Mapping[str, object], inner: Mapping[str, object], *names: str) -> str:
    return word(field(inner, *names)) or word(field(entry, *names))


def _host(address: str) -> str:
    """The server of an address, without what may stand around it; `""` for AIVAX' own (`@integrated`)."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _shown(inner: Mapping[str, object]) -> list[tuple[str, str]]:
    found = [(name, _told(field(inner, name))) for name in SHOWN]
    for name in COUNTED:
        listed = field(inner, name)
        found.append((name, str(len(listed)) if isinstance(listed, list) and listed else ""))
    return [(name, told) for name, told in found if told]


def _tools(inner: Mapping[str, object]) -> list[tuple[str, str]]:
    flags = field(mapping(field(inner, "sentinelOptions")), "enabledFunctions")
    return [("enabledFunctions", _told(flags))] if _told(flags) else []


def _told(value: object) -> str:
    """A word, a number, a switch, or a list of words, in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return shorten(", ".join(filter(None, map(word, value))), _VALUE_CHARS)
    number = amount(value)
    return f"{number:g}" if number is not None else shorten(word(value), _VALUE_CHARS)
