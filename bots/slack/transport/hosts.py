"""Which hosts files may be fetched from, whichever one an event, an answer or a redirect names.

An address is looked at twice: by its name before each hop, and by what the name leads to when the connection is made,
so that a name of Slack's that someone pointed into this network leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bots.slack.settings import SlackSettings
from core.util.log import log


def may_visit(settings: SlackSettings, url: URL) -> bool:
    """Whether a file may be asked for there: at Slack's own hosts, encrypted, and at the one that `api_url` names."""
    return _is_within(url, settings.file_hosts) or _is_the_api(settings, url)


def may_see_the_token(settings: SlackSettings, url: URL) -> bool:
    """Whether the bot token may go there: to `*.slack.com`, encrypted, and to the host that `api_url` names."""
    return _is_within(url, ("slack.com",)) or _is_the_api(settings, url)


def _is_within(url: URL, domains: tuple[str, ...]) -> bool:
    host = url.host or ""
    return url.scheme == "https" and any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _is_the_api(settings: SlackSettings, url: URL) -> bool:
    return (
        url.scheme in ("http", "https") and bool(url.host) and url.origin() == URL(settings.api_url).origin()
    )


class PublicOnly(AbstractResolver):
    """Resolves names, and refuses those that lead into this machine or its network.

    The hosts that the operator named, of `api_url` and of the proxy, may lie anywhere; with `private_file_hosts` all
    may. Addresses that are written as numbers never come here: `may_visit` knows none but the operator's own.
    """

    def __init__(self, settings: SlackSettings) -> None:
        self._names = ThreadedResolver()
        self._anywhere = settings.private_file_hosts
        self._named = {URL(each).host for each in (settings.api_url, settings.proxy) if each}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Find a name's addresses. Raises `OSError` where one of them is not public."""
        found = await self._names.resolve(host, port, family)
        if self._anywhere or host in self._named:
            return found
        if not all(is_public(each["host"]) for each in found):
            log.warning("slack.file_host_is_private", host=host, setting="[slack] private_file_hosts")
            raise OSError(None, "the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._names.close()


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; also where IPv6 only wraps one of IPv4."""
    try:
        given = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(given, ipaddress.IPv6Address):
        given = given.ipv4_mapped or given.sixtofour or given
    return given.is_global and not given.is_multicast
