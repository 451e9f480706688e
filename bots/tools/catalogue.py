"""What the operator's files declare, as the last version of them that loaded has it.

A file that changes is loaded anew, in new children. Where that fails, what loaded before goes on, with the text that
the files had then; health and the log say what is wrong. A source that fails would fail every answer of the gateway.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import bots
from bots.tools.child_process import RunnerError, Unfit
from bots.tools.runner import Limits, Runner, clean_environment
from core.util.log import log

Json: TypeAlias = dict[str, Any]
LOOK_EVERY_S = 2.0
AGAIN_AFTER_S = 60.0
"""What failed is loaded again after so long even if no file changed: what it needs may have come back."""
_NOT_LOADED = {"tools": "tools.not_loaded", "hooks": "hooks.not_loaded"}
_ROOT = str(Path(bots.__file__).parent.parent)
_BEGIN = "import sys; sys.path.append(sys.argv.pop(1)); from bots.tools.child import main; main()"


@dataclass(frozen=True, slots=True)
class Offered:
    """A function as the model is shown it."""

    name: str
    description: str
    schema: Json
    read_only: bool


@dataclass(frozen=True, slots=True)
class DeclaredHook:
    """A hook, as the process that runs none knows it."""

    name: str
    event: str
    on_failure: Literal["skip", "refuse"]
    changes: bool


class CodeSettings(Protocol):
    """Which files are run, and within which limits."""

    @property
    def files(self) -> tuple[str, ...]: ...
    @property
    def environment(self) -> tuple[str, ...]: ...
    @property
    def timeout_s(self) -> float: ...
    @property
    def memory_mb(self) -> int: ...
    @property
    def output_bytes(self) -> int: ...
    @property
    def at_once(self) -> int: ...


async def _nobody(_problem: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Edition:
    """What the files declared at one time, and what runs it."""

    runner: Runner
    tools: Mapping[str, Offered]
    workers: Mapping[str, str]
    hooks: tuple[DeclaredHook, ...]


def limits_of(settings: CodeSettings) -> Limits:
    return Limits(settings.timeout_s, settings.memory_mb, settings.output_bytes, settings.at_once)


class Catalogue:
    """The functions on offer. Nothing runs until it is opened."""

    def __init__(
        self,
        settings: CodeSettings,
        section: Literal["tools", "hooks"] = "tools",
        on_load: Callable[[str], Awaitable[None]] = _nobody,
    ) -> None:
        """`section` is what the log names them by; `on_load` is told of each load, with its problem or `""`."""
        self._section = section
        self._on_load = on_load
        self._files = settings.files
        self._limits = limits_of(settings)
        self._environment = clean_environment(settings.environment)
        self._edition: _Edition | None = None
        self._retired: list[Runner] = []
        self._seen: tuple[object, ...] = ()
        self.edition = 0
        """How often files were loaded."""
        self.problem = ""
        """Why the files as they stand are not the ones that are served; empty: they are."""

    @property
    def tools(self) -> Mapping[str, Offered]:
        return self._edition.tools if self._edition else {}

    @property
    def workers(self) -> Mapping[str, str]:
        """Each event that has a worker, and what becomes of it where that fails: `stop` or `continue`."""
        return self._edition.workers if self._edition else {}

    @property
    def hooks(self) -> tuple[DeclaredHook, ...]:
        """In the order in which they are declared."""
        return self._edition.hooks if self._edition else ()

    async def run(self, request: Json) -> Json:
        """Have a child do something.

        Raises:
            RunnerError: it did not come to an end, or nothing ever loaded.
        """
        if self._edition is None:
            raise Unfit(self.problem or "nothing is loaded")
        return await self._edition.runner.call(request)

    async def load(self) -> None:
        """Load the files as they stand; where that fails, `problem` says why."""
        self._seen = await asyncio.to_thread(self._stamps)
        try:
            sources = await asyncio.to_thread(self._read)
            edition = await self._open(sources)
        except (OSError, ValueError, RunnerError) as error:
            self.problem = str(error)
            log.warning(_NOT_LOADED[self._section], problem=self.problem, served=self._names)
            await self._on_load(self.problem)
            return
        before, self._edition, self.problem = self._edition, edition, ""
        self.edition += 1
        if before is not None:
            before.runner.retire()
            self._retired = [runner for runner in (*self._retired, before.runner) if runner.has_children]
        if self._section == "tools":
            log.info("tools.loaded", tools=self._names, workers=sorted(edition.workers))
        else:
            log.info("hooks.loaded", hooks=self._names)
        await self._on_load("")

    @property
    def _names(self) -> list[str]:
        """What is served of the kind that the section is for."""
        return sorted(self.tools) if self._section == "tools" else [each.name for each in self.hooks]

    async def watch(self) -> None:
        """Load again what changes, until cancelled."""
        waited_s = 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            waited_s += LOOK_EVERY_S
            is_due = self.problem and waited_s >= AGAIN_AFTER_S
            if is_due or await asyncio.to_thread(self._stamps) != self._seen:
                waited_s = 0.0
                await self.load()

    async def aclose(self) -> None:
        """End all children."""
        runners = [*self._retired, *([self._edition.runner] if self._edition else [])]
        await asyncio.gather(*(runner.aclose() for runner in runners))

    async def _open(self, sources: list[tuple[str, str]]) -> _Edition:
        command = [sys.executable, "-P", "-c", _BEGIN, _ROOT, json.dumps(asdict(self._limits))]
        opening = {"do": "load", "sources": sources}
        runner = Runner(command, opening, self._limits, self._environment)
        try:
            reply = await runner.open()
        except BaseException:
            await runner.aclose()
            raise
        tools = {each["name"]: Offered(**each) for each in reply["tools"]}
        hooks = tuple(DeclaredHook(**each) for each in reply["hooks"])
        return _Edition(runner, tools, reply["workers"], hooks)

    def _read(self) -> list[tuple[str, str]]:
        return [(path, Path(path).read_text(encoding="utf-8")) for path in self._files]

    def _stamps(self) -> tuple[object, ...]:
        return tuple(map(_stamp, self._files))


def _stamp(path: str) -> object:
    try:
        status = Path(path).stat()
    except OSError as error:
        return error.errno
    return status.st_mtime_ns, status.st_size, status.st_ino
