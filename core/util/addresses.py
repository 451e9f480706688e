"""Addresses of servers as people write and paste them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_AROUND = " \t\r\n\"'`<>(),;"
_SCHEME = re.compile(r"(?i)^(https?)(?::?[/\\]{1,3}|:(?=[^/\\\d]))")
_OTHER_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(
    r"(?i)(?:localhost|[\w-]+:\d{1,5}|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\]|(?:[\w-]+\.)+[a-z]{2,24})(?::\d{1,5})?(?:[/?#]|$)"
)
"""What can only be a host: a name of one word alone may be anything, a secret too."""
_OWN_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home", ".svc")


def typed_address(text: object) -> object:
    """Mend what was lost or added where an address was copied: quotes, brackets, a scheme. Anything else stays.

    Without a scheme it is `http` for a host of the own machine or network, else `https`.
    """
    if not isinstance(text, str):
        return text
    address = text.strip(_AROUND).removeprefix("//")
    if not address or _OTHER_SCHEME.match(address):
        scheme = _SCHEME.match(address)
        return address if scheme is None else f"{scheme[1].lower()}://{address[scheme.end() :]}"
    if scheme := _SCHEME.match(address):
        return f"{scheme[1].lower()}://{address[scheme.end() :]}"
    if not _HOST.match(address):
        return address
    return f"{'http' if is_own_network(f'http://{address}') else 'https'}://{address}"


def is_own_network(url: str) -> bool:
    """Tell whether a host is of this machine or of its network, by its name alone."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_OWN_SUFFIXES)
    return address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
