"""Which proxy a request goes through, by the variables of the machine, read as curl and other programs read them.

The variables are the machine's, not ours: most of them were set for something else, so a value that is not needed is
not judged, and one that can't be used is named. A host of this machine itself needs no proxy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies

from core.domain import SettingRefused
from core.util.addresses import is_loopback

_SCHEMES = {"http": "http", "https": "https", "socks5": "socks5", "socks5h": "socks5h", "socks": "socks5"}
"""Those that httpx knows, by the names that are written; desktops write `socks://` for SOCKS 5."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_of(url: str, variables: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Find the proxy for an address, and the name of the variable that tells it; both empty where there is none.

    `variables` are as `urllib.request.getproxies` gives them: `https`, `all`, `no`, ...; by default the machine's.

    Raises:
        SettingRefused: the proxy that is needed can't be used.
    """
    told = getproxies() if variables is None else variables
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    scheme = next((each for each in (parts.scheme, "all") if told.get(each, "").strip()), "")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    if not scheme or is_loopback(host) or is_excepted(host, port, told.get("no", "")):
        return "", ""
    name = f"{scheme.upper()}_PROXY"
    return _usable(name, told[scheme]), name


def is_excepted(host: str, port: int, entries: str) -> bool:
    """Tell whether `NO_PROXY` holds a host: by its name or a domain above it, its address, or a network that it is in.

    An entry may begin with a dot or `*.`, stand in brackets, and name a port; one that is none of these excepts
    nothing.
    """
    return any(_excepts(entry, host, port) for entry in re.split(r"[\s,;]+", entries) if entry)


def _excepts(entry: str, host: str, port: int) -> bool:
    entry = entry.rpartition("://")[2].lower()
    bare = re.fullmatch(r"\[([^\]]*)\](?:/(\d+))?(?::(\d+))?", entry)
    if bare:
        entry, only = (f"{bare[1]}/{bare[2]}" if bare[2] else bare[1]), bare[3]
    elif entry.count(":") == 1:
        entry, _, only = entry.partition(":")
    else:
        only = None
    if only and only != str(port):
        return False
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".").rstrip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _usable(name: str, value: str) -> str:
    address = value.strip().strip("\"'")
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "http", address
    known = _SCHEMES.get(scheme.lower())
    shown = "" if "@" in value else value
    if known is None:
        fix = f"is a proxy of a kind that I can't use: name one of http://, https:// or socks5://, or unset {name}"
        raise SettingRefused(name, value=shown, fix=fix)
    try:
        parts = urlsplit(f"{known}://{rest}")
        is_address = bool(parts.hostname) and (parts.port or 0) >= 0 and not re.search(r"\s", rest)
    except ValueError:
        is_address = False
    if not is_address:
        fix = f"is no address of a proxy: write it like http://proxy.example:8080, or unset {name}"
        raise SettingRefused(name, value=shown, fix=fix)
    return f"{known}://{rest}"
