"""Settings: read once, from `config.toml` and the environment, into frozen sections.

The environment wins: `AIVAX_BOTS__SECTION__KEY`, or `AIVAX_BOTS__SECTION__KEY_FILE` naming a file that holds the
value (`bots.setting_rules.environment`); `bots.setting_rules.reading` reads both, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints, create_model

from bots.frontends import Plugin
from bots.hooks.settings import HooksSettings
from bots.setting_rules.errors import shown
from bots.setting_rules.ids import KINDS, any_id, wrong_channels, wrong_entries, wrong_ids
from bots.setting_rules.origins import Origins
from bots.setting_rules.reading import config_path, judged, read_file
from bots.terminal import PLATFORM as TERMINAL
from bots.tools.settings import ToolsSettings
from bots.tracing.settings import OtelSettings
from bots.web.bounds import Bounds
from bots.web.console.providers.settings import PlatformSignInSettings
from bots.web.console.settings import ConsoleSettings
from core.account.settings import AccountSettings
from core.batch.settings import BatchSettings
from core.domain import SettingRefused
from core.forms.settings import FormSettings
from core.guard.settings import GuardSettings
from core.i18n.settings import RepliesSettings
from core.knowledge.settings import KnowledgeSettings
from core.media.settings import MediaSettings
from core.places.settings import PlaceAdminsSettings
from core.rights.settings import MemorySettings, PeopleSettings, PrivacySettings
from core.scheduled.settings import DigestSettings, RemindersSettings
from core.section import Section
from core.settings import (
    AccessSettings,
    AivaxSettings,
    BackupSettings,
    ConversationSettings,
    LimitsSettings,
    Route,
    StorageSettings,
)
from core.summaries.settings import SummariesSettings
from core.util.addresses import is_loopback


class WebSettings(Bounds):
    """`[web]`: health and readiness over HTTP, and how much is taken in there."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(8780, ge=0, le=65535)
    admin_token: SecretStr = SecretStr("")
    console: ConsoleSettings = ConsoleSettings()
    metrics_token: SecretStr = SecretStr("")
    """Who sends it may read `/metrics`; empty: whoever asks on this machine, where `host` is loopback."""
    deaf_after_s: float = Field(0.0, ge=0)
    """For how long a connected frontend may hear nothing before health fails and operators are told. 0: for ever."""

    @property
    def serves_metrics(self) -> bool:
        """Whether anybody may read `/metrics`."""
        return self.enabled and (bool(self.metrics_token.get_secret_value()) or is_loopback(self.host))


class OperatorSettings(Section):
    """`[operators]`: who runs this bot, and where alerts to them go.

    `compose` adds the lists of each installed frontend, such as `NAME_users`.
    """

    channel: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """`platform:channel`: where alerts go, beside the log."""
    balance_thresholds: tuple[Annotated[float, Field(ge=0.01)], ...] = (5.0, 1.0)
    """In USD: operators are told when the balance falls below each of them."""

    @property
    def names(self) -> frozenset[str]:
        """Users and roles of all frontends, as `platform:id`."""
        return frozenset(
            f"{setting.rpartition('_')[0]}:{each}"
            for setting, ids in self
            if setting.rpartition("_")[2] in KINDS
            for each in ids
        )


class LogSettings(Section):
    """`[log]`: what is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    stalled_after_s: float = Field(0.1, ge=0)
    """How much of the processor's time one step may take before the log names it. 0: never."""


class Settings(Section):
    """All sections. Those of the installed frontends, and who of them is an operator, are added by `compose`."""

    aivax: AivaxSettings = AivaxSettings()
    storage: StorageSettings = StorageSettings()
    backup: BackupSettings = BackupSettings()
    conversation: ConversationSettings = ConversationSettings()
    limits: LimitsSettings = LimitsSettings()
    access: AccessSettings = AccessSettings()
    place_admins: PlaceAdminsSettings = PlaceAdminsSettings()
    replies: RepliesSettings = RepliesSettings()
    media: MediaSettings = MediaSettings()
    web: WebSettings = WebSettings()
    tools: ToolsSettings = ToolsSettings()
    hooks: HooksSettings = HooksSettings()
    guard: GuardSettings = GuardSettings()
    operators: OperatorSettings = OperatorSettings()
    log: LogSettings = LogSettings()
    otel: OtelSettings = OtelSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    memory: MemorySettings = MemorySettings()
    summaries: SummariesSettings = SummariesSettings()
    privacy: PrivacySettings = PrivacySettings()
    people: PeopleSettings = PeopleSettings()
    account: AccountSettings = AccountSettings()
    routes: tuple[Route, ...] = ()
    forms: tuple[FormSettings, ...] = ()
    batch: BatchSettings = BatchSettings()
    digests: tuple[DigestSettings, ...] = ()
    reminders: RemindersSettings = RemindersSettings()

    def frontend(self, name: str) -> Any:
        """The section of an installed frontend."""
        return getattr(self, name)


def load(
    plugins: Mapping[str, Plugin],
    *,
    path: Path | None,
    environment: Mapping[str, str],
    on_old_names: Callable[[Mapping[str, str]], object] = len,
    origins: Origins | None = None,
) -> Settings:
    """Read the configuration.

    `path` is the file that the operator named; without one, `$AIVAX_BOTS_CONFIG`, else `config.toml` if it exists.
    `on_old_names` is told which settings are given by an old name: what is written -> the setting's name of today.
    `origins` is told what was read where.

    Raises:
        SettingsRefused: with every unknown name, unreadable file and unusable value.
    """
    file = config_path(path, environment)
    return settled(plugins, read_file(file), environment, on_old_names, origins or Origins(), file)


def settled(
    plugins: Mapping[str, Plugin],
    values: dict[str, Any],
    environment: Mapping[str, str],
    on_old_names: Callable[[Mapping[str, str]], object],
    origins: Origins,
    file: Path | None,
) -> Settings:
    """Judge what `file` holds, with the environment laid over it, as `load` does; `values` is changed by it."""
    further = partial(_wrong_names, plugins=plugins)
    model = compose(plugins)
    return judged(model, values, environment, file, origins, on_old_names=on_old_names, further=further)


def _wrong_names(settings: Settings, plugins: Mapping[str, Plugin]) -> Iterator[SettingRefused]:
    """Names of people, places and roles that could never match."""
    judges = {name: plugin.id_fix for name, plugin in plugins.items()}
    yield from wrong_entries(settings.access, {**judges, TERMINAL: any_id})
    yield from wrong_channels("[guard] channels", settings.guard.channels, {**judges, TERMINAL: any_id})
    yield from _wrong_digests(settings, plugins)
    for plugin in plugins.values():
        for setting, kind in plugin.operator_lists.items():
            ids = getattr(settings.operators, setting)
            yield from wrong_ids(f"[operators] {setting}", kind, ids, plugin.id_fix)
    yield from _wrong_workspaces(settings.web.console, plugins)
    channel = settings.operators.channel
    platform, _, name = channel.partition(":")
    if channel and not (platform.strip() and name.strip()):
        examples = " or ".join(each.channel_example for each in plugins.values() if each.channel_example)
        fix = f"write it as platform:channel, such as {examples or 'NAME:ID'}"
        yield SettingRefused("[operators] channel", value=shown(channel), fix=fix)
    elif channel and platform not in plugins:
        fix = f"there is no platform {shown(platform)!r}; known: {', '.join(plugins)}"
        yield SettingRefused("[operators] channel", value=shown(channel), fix=fix)


def _wrong_workspaces(settings: ConsoleSettings, plugins: Mapping[str, Plugin]) -> Iterator[SettingRefused]:
    """Workspaces of accounts that sign in to the console, and that could never match."""
    for name, own in settings.platforms.items():
        plugin = plugins.get(name)
        if plugin is None or plugin.sign_in is None or not own.workspaces:
            continue
        setting = f"[web.console.{name}] workspaces"
        if not plugin.sign_in.workspace_claim:
            fix = "the platform does not tell it at a sign-in: nobody would be let in; write []"
            yield SettingRefused(setting, value=shown(own.workspaces[0]), fix=fix)
        else:
            yield from wrong_ids(setting, "workspace", own.workspaces, plugin.id_fix)


def _wrong_digests(settings: Settings, plugins: Mapping[str, Plugin]) -> Iterator[SettingRefused]:
    """Digests of a platform that there is not."""
    for digest in settings.digests:
        if digest.platform not in plugins:
            fix = f"there is no platform {shown(digest.platform)!r}; known: {', '.join(plugins)}"
            yield SettingRefused("[[digests]] channel", value=shown(digest.channel), fix=fix)


def compose(plugins: Mapping[str, Plugin]) -> type[Settings]:
    """`Settings` with a section, and lists of operators, for each installed frontend."""
    lists: dict[str, Any] = {
        setting: (tuple[str, ...], ()) for plugin in plugins.values() for setting in plugin.operator_lists
    }
    sections: dict[str, type[Section]] = {
        "operators": create_model("OperatorSettings", __base__=OperatorSettings, **lists),
        "web": _web(tuple(name for name, plugin in plugins.items() if plugin.sign_in)),
        **{name: plugin.section for name, plugin in plugins.items()},
    }
    fields: dict[str, Any] = {name: (each, Field(default_factory=each)) for name, each in sections.items()}
    return create_model("Settings", __base__=Settings, **fields)


@lru_cache
def _web(platforms: tuple[str, ...]) -> type[WebSettings]:
    """`[web]`, with a section in `[web.console]` for each platform that people can sign in with.

    The same class for the same platforms: values of different ones would never be equal, and seem to have changed.
    """
    own = PlatformSignInSettings()
    ways: dict[str, Any] = dict.fromkeys(platforms, (PlatformSignInSettings, own))
    console = create_model("ConsoleSettings", __base__=ConsoleSettings, **ways)
    web: dict[str, Any] = {"console": (console, console())}
    return create_model("WebSettings", __base__=WebSettings, **web)
