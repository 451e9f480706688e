"""Whether an IP address belongs to the public internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_TRANSLATED = ip_network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052): the last 32 bits are the address."""


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet; also where IPv6 only wraps one of IPv4."""
    try:
        given: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(given, IPv6Address):
        wrapped = given.ipv4_mapped or given.sixtofour or (given.teredo[1] if given.teredo else None)
        if given in _TRANSLATED:
            wrapped = IPv4Address(int(given) & 0xFFFFFFFF)
        given = wrapped or given
    return given.is_global and not given.is_multicast
