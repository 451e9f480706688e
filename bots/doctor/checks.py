"""Which checks a configuration calls for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bots.doctor.capabilities import FormsCheck
from bots.doctor.gateway import GatewayCheck
from bots.doctor.machine import MachineCheck
from bots.doctor.port import PortCheck
from bots.doctor.sign_in import SignInCheck
from bots.doctor.storage import StorageCheck
from bots.frontends import CheckContext, Plugin
from bots.settings import Settings
from bots.tools.checks import ToolsCheck
from core.domain.checks import Check, Finding, failed
from core.knowledge.checks import KnowledgeCheck
from core.media.checks import MediaCheck
from core.rights.checks import RightsCheck


def checks_of(
    settings: Settings,
    plugins: Mapping[str, Plugin],
    *,
    config: Path | None,
    environment: Mapping[str, str],
    asks: bool,
) -> list[Check]:
    """What there is to look at, in the order that it is told in.

    The gateway, people's data there, the database, tools, each platform that is set up and the machine.
    """
    platforms = [
        check
        for name, plugin in plugins.items()
        for check in plugin.checks(settings.frontend(name), _context(settings, name))
    ]
    return [
        GatewayCheck(settings.aivax, settings.routes, asks),
        *([KnowledgeCheck(settings.aivax, settings.knowledge)] if settings.knowledge.places else []),
        MediaCheck(settings.media, settings.aivax),
        RightsCheck(settings.aivax),
        *_forms(settings),
        StorageCheck(settings.storage),
        ToolsCheck(settings.tools, settings.aivax),
        *(platforms or [NoPlatform([plugin.to_set for plugin in plugins.values()])]),
        MachineCheck(config, settings.web, environment),
        *([PortCheck(settings.web)] if settings.web.enabled or settings.web.console.enabled else []),
        *_sign_in(settings, plugins),
    ]


def _sign_in(settings: Settings, plugins: Mapping[str, Plugin]) -> list[Check]:
    console = settings.web.console
    is_used = console.enabled and console.has_providers
    return [SignInCheck(settings.web, settings.operators, plugins)] if is_used else []


def _forms(settings: Settings) -> list[Check]:
    is_used = settings.forms or settings.batch.enabled
    return [FormsCheck(settings.aivax, settings.forms, settings.batch)] if is_used else []


def _context(settings: Settings, platform: str) -> CheckContext:
    return CheckContext(channels_of(settings, platform), settings.storage.url)


def channels_of(settings: Settings, platform: str) -> Sequence[str]:
    """The channels of a platform that the settings name: where alerts go, and where routes and lists lead."""
    alerts, _, channel = settings.operators.channel.partition(":")
    named = [channel] if alerts == platform else []
    for digest in settings.digests:
        of_digest = (digest.channel, digest.post_to or digest.channel)
        named += [each.partition(":")[2] for each in dict.fromkeys(of_digest) if digest.platform == platform]
    named += [route.channel for route in settings.routes if route.platform == platform and route.channel]
    return named


class NoPlatform:
    """Nothing is set up that people could ask."""

    name = "platforms"

    def __init__(self, to_set: Sequence[str]) -> None:
        self._to_set = to_set

    async def run(self) -> list[Finding]:
        return [failed("platforms", "no platform is set up", f"set {', or '.join(self._to_set)}")]
