"""The scene of a drill: the whole core on a database of its own, the sandbox behind it, a clock moved by hand."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bots.app import Core, open_core
from bots.drills.terminals import Terminal
from bots.settings import Settings
from bots.terminal import PLATFORM
from bots.terminal.frontend import translate
from core.domain import Attachment, Blob, Said
from core.storage.ops.inspection import tripped_breakers, turn_states
from sandbox.account import Account
from sandbox.faults import Fault
from sandbox.server import GATEWAY, PRIVATE_KEY, Sandbox, serve

OPERATORS = "operators"
PATIENCE_S = 60.0
"""Real seconds until a drill whose turns don't come to rest is given up."""
PHOTO = Attachment("photo", "photo.png", "image/png", 8)
FILES = {"photo": Blob(b"\x89PNG\r\n\x1a\n", "image/png")}
BALANCE_USD = 20.0
ENDLESS = 1_000_000
"""So many calls fail that AIVAX fails until it `works_again`."""


@dataclass(slots=True)
class Clock:
    """Time that passes only in `advance`; calling it gives the time."""

    time: datetime = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass(slots=True)
class Scene:
    """What a script acts on."""

    core: Core
    sandbox: Sandbox
    clock: Clock
    people: Terminal
    operators: Terminal
    script: list[tuple[str, int]] = field(default_factory=list)
    """What people said and what was done to AIVAX, each line with the number of answers shown before it."""
    promises: dict[str, bool] = field(default_factory=dict)
    """What the design promises, and whether it was kept."""

    @property
    def account(self) -> Account:
        return self.sandbox.state.account

    @property
    def calls(self) -> int:
        """Questions to a model that reached AIVAX: not what only looks for the end of an outage (decision 73)."""
        calls = self.sandbox.state.calls.described()
        return sum(
            call["path"].endswith("/chat/completions") and "messages" in (call["body"] or ())
            for call in calls
        )

    @property
    def alerts(self) -> list[str]:
        return self.operators.shown()

    async def says(self, who: str, text: str, *files: Attachment) -> str:
        """Have a person say something, and wait until all came to rest; the address of the answer."""
        address = f"{who}/{len(self.script)}"
        said = translate(text, user=who, key=address)
        if not isinstance(said, Said):
            raise TypeError(text)
        self.does(f"{who}> {text}" + "".join(f" [{file.name}]" for file in files))
        await self.core.intake.receive(replace(said, attachments=files))
        await self.rest()
        return address

    def does(self, line: str) -> None:
        """Write down what happens."""
        self.script.append((line, len(self.people.panes)))

    def fails(self, fault: Fault) -> None:
        """Let something go wrong."""
        self.sandbox.state.faults.add(fault)
        often = "" if fault.times == ENDLESS else f", {fault.times}x"
        self.does(f"({fault.kind}{f' {fault.status}' if fault.status >= 400 else ''} from now on{often})")

    def works_again(self) -> None:
        """Let nothing go wrong any more.

        How often AIVAX is asked for signs of life depends on how fast this machine is, and each finds it as it is: so
        an outage ends here, and not after so many calls.
        """
        self.sandbox.state.faults.clear()
        self.does("(AIVAX works again)")

    def holds(self, usd: float) -> None:
        """Put the balance of the account at so much."""
        self.account.set_balance(usd)
        self.does(f"(the account now holds ${usd:.2f})")

    async def passes(self, seconds: float, step_s: float = 10.0) -> None:
        """Let time pass, in steps in which the process does what it does every second."""
        self.does(f"({seconds:g} s later)")
        whole, rest_s = divmod(seconds, step_s)
        for passed_s in (*[step_s] * int(whole), rest_s):
            self.clock.advance(passed_s)
            await self.rest()

    async def rest(self) -> None:
        """Wait until nothing runs, and operators have heard of it."""
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(2):
                await self.core.admitting.prober.look()
                await self.core.pool.sweep()
                await self.core.pool.drained()

    async def states(self) -> Sequence[str]:
        return await turn_states(self.core.database, PLATFORM)

    async def breakers(self) -> Sequence[str]:
        return await tripped_breakers(self.core.database)


def drill_settings(url: str, sandbox: Sandbox, patience_s: float) -> Settings:
    """What `config.toml` would say. `patience_s`: how long AIVAX may be silent."""
    return Settings.model_validate(
        {
            "storage": {"url": url},
            "aivax": {
                "base_url": f"{sandbox.base_url}/v1",
                "direct_url": "",
                "api_key": PRIVATE_KEY,
                "model": GATEWAY,
                "tries": 1,
                "first_event_timeout_s": patience_s,
                "idle_timeout_s": patience_s,
            },
            "operators": {"channel": f"{OPERATORS}:{OPERATORS}"},
            "limits": {"shutdown_grace_s": 0},
        }
    )


@asynccontextmanager
async def opened_scene(patience_s: float) -> AsyncIterator[Scene]:
    """A fresh process, account and database; nothing of them is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="aivax-bots-drill-") as folder:
        async with serve(plan="max", balance=BALANCE_USD) as sandbox:
            url = f"sqlite+aiosqlite:///{Path(folder) / 'drill.sqlite3'}"
            settings = drill_settings(url, sandbox, patience_s)
            people, operators = Terminal(PLATFORM, FILES), Terminal(OPERATORS)
            clock = Clock()
            frontends = {PLATFORM: people, OPERATORS: operators}
            async with open_core(settings, frontends, now=clock) as core:
                working = asyncio.create_task(core.work())
                try:
                    scene = Scene(core, sandbox, clock, people, operators)
                    await scene.rest()
                    yield scene
                finally:
                    working.cancel()
                    await asyncio.wait([working])
