"""The frontends that are installed: ours and other packages', found through the same entry points."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from bots.entry_points import found
from bots.setting_rules.ids import IdFix, IdKind, any_id

if TYPE_CHECKING:  # `aivax-bots slack --help` reads the plugins, and is fast
    from importlib.metadata import EntryPoint

    from bots.setup.ports import PlatformSetup
    from core.domain import Frontend, Translator, Watch
    from core.domain.checks import Check
    from core.i18n import Translators
    from core.operations.cluster import Cluster
    from core.section import Section
    from core.storage.db.engine import Database


@dataclass(frozen=True, slots=True)
class Mounts:
    """The applications (ASGI) that frontends want served on the address of `[web]`, by the path that they stand at."""

    apps: dict[str, Any] = field(default_factory=dict)

    def mount(self, path: str, app: Any) -> None:
        """Have `app` asked for `path` and all below it."""
        self.apps[path] = app


@dataclass(frozen=True, slots=True)
class Host:
    """What the program lends a frontend while it is open."""

    database: Database
    """Open and migrated."""
    web: Mounts
    """Served once all frontends are open; in a process that only answers, never."""
    translators: Translators
    """What the bot says by itself, for the pages that people see in a browser."""
    first_words_after_s: float = 0.25
    """How long an answer's first words are held, for `core.delivery.pacing.Pace`."""
    cluster: Cluster | None = None
    """What is shared with other processes on the same database; None where this is the only one."""

    async def in_one_process(
        self, platform: str, listen: Callable[[Watch], Awaitable[None]], watch: Watch
    ) -> None:
        """Have `listen` run in one process of all on the same database, until cancelled: for a platform that tells
        its events to one connection alone. The others stand by, and one takes over where that one ends or dies.

        Raises what `listen` raises, and returns where it does.
        """
        if self.cluster is None:
            await listen(watch)
            return
        share = await self.cluster.share(platform, 1)
        await share.run(lambda _, own_watch: listen(own_watch), watch)


Print: TypeAlias = "Callable[[Any, Translator], str]"
"""Makes a text from the platform's section; its docstring is the command's help. May raise `SettingRefused`."""


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a platform's checks are told of the rest of the configuration."""

    channels: Sequence[str] = ()
    """The platform's channels that the settings name: where alerts go, and where routes lead."""
    database_url: str = ""
    """`[storage] url`; the database may not be there yet, or be another version's."""


Checks: TypeAlias = "Callable[[Any, CheckContext], Sequence[Check]]"


def _no_checks(_section: object, _context: CheckContext) -> Sequence[Check]:
    return ()


def _untold(_origin: str) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True)
class PlatformSignIn:
    """How people sign in to the web console with an account on a platform: by OpenID Connect, or by OAuth 2 alone."""

    label: str
    """What the button calls the platform."""
    issuer: str
    """As it calls itself; with OpenID Connect its addresses and keys are found from there."""
    id_claim: str
    """Where it tells the account's id, which never changes and stands in `[operators]`."""
    scopes: tuple[str, ...]
    workspace_claim: str = ""
    """Where it tells the account's workspace; `""`: it does not."""
    has_pkce: bool = True
    authorize_url: str = ""
    """With OAuth 2 alone, as the two below: where people are sent."""
    token_url: str = ""
    account_url: str = ""
    """What tells whose token is sent."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a package offers under the entry-point group `aivax_bots.frontends`.

    `open` imports the platform's SDK and yields the frontend: it must not fail because the platform is down.
    """

    name: str
    settings: type[Section] | Callable[[], type[Section]]
    """What becomes the section `[name]`, or what imports it."""
    open: Callable[[Any, Host], AbstractAsyncContextManager[Frontend]]
    to_set: str
    """The settings that switch it on, for the operator: `[slack] bot_token and app_token`."""
    id_fix: IdFix = any_id
    """Judges the form of the platform's ids, so that an entry of `[access]` that could never match is refused."""
    operator_kinds: tuple[IdKind, ...] = ("user",)
    """What may name operators there: `[operators]` gets a list for each of them."""
    channel_example: str = ""
    """A value of `[operators] channel` on this platform, for who writes it in another form: `slack:C0123456`."""
    checks: Checks = _no_checks
    """What `aivax-bots doctor` asks of the platform, given its section."""
    prints: Mapping[str, Print] = field(default_factory=dict)
    """What `aivax-bots <name> <key>` prints for who sets the platform up: an app's manifest, an invite address."""
    said_at: Callable[[str], datetime | None] = _untold
    """When a message was said, as far as its id tells: for `doctor why`."""
    setup: Callable[[], PlatformSetup] | None = None
    """What asks for the platform's settings in `aivax-bots init`; None: they are written by hand."""
    sign_in: PlatformSignIn | None = None
    """How its people in `[operators]` may sign in to the web console; None: not with this platform."""

    @property
    def section(self) -> type[Section]:
        """What becomes the section `[name]`."""
        return self.settings if isinstance(self.settings, type) else self.settings()

    @property
    def operator_lists(self) -> dict[str, IdKind]:
        """The lists of `[operators]` that name people of this platform, and what is in them: users, as `NAME_users`."""
        return {f"{self.name}_{kind}s": kind for kind in self.operator_kinds}


def installed() -> dict[str, Plugin]:
    """Every installed frontend by name. One that can't be imported is left out."""
    return {plugin.name: plugin for entry in found() if (plugin := loaded(entry)) is not None}


def loaded(entry: EntryPoint) -> Plugin | None:
    """One frontend; None, with a log line, where it can't be imported."""
    try:
        plugin: Plugin = entry.load()
    except Exception:
        from core.util.log import log

        log.exception("frontend.not_loaded", name=entry.name, package=entry.value)
        return None
    return plugin
