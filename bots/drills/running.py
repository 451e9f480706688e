"""Plays drills, judges them, and prints what each side saw."""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass

import structlog
import typer

from bots import logs
from bots.drills.scene import Promise, Scene, opened_scene
from bots.drills.scripts import DRILLS, Drill
from bots.settings import LogSettings
from core.domain import errors
from sandbox.server import PRIVATE_KEY

log = structlog.get_logger(__name__)

INSIDE = [name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
"""The names of our errors: nobody who asks a question may read one."""
STATUS = re.compile(r"\b[45]\d\d\b")
ENDED = {"answered", "failed", "superseded", "cancelled"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a drill."""

    drill: Drill
    user_saw: str
    alerts: tuple[str, ...]
    log: str
    promises: tuple[Promise, ...]

    @property
    def kept(self) -> bool:
        return all(promise.kept for promise in self.promises)

    def page(self) -> str:
        """All of it, for a person."""
        lines = [f"drill {self.drill.name}: {self.drill.summary}", "", "  What the user saw"]
        lines += _indented(self.user_saw)
        lines += ["", "  What the operator saw: alerts"]
        lines += _indented("\n".join(self.alerts) or "(none)")
        lines += ["", "  What the operator saw: log"]
        lines += _indented(self.log or "(nothing)")
        lines += ["", "  Promises"]
        lines += [
            f"    {'kept  ' if promise.kept else 'BROKEN'}  {promise.text}" for promise in self.promises
        ]
        return "\n".join(lines)


async def play(drill: Drill) -> Outcome:
    """Play one drill. A script that breaks off breaks a promise too."""
    with _logged() as written:
        async with opened_scene() as scene:
            try:
                await drill.play(scene)
            except Exception as error:
                log.exception("drill.broke_off")
                scene.promise(f"the drill is played to its end ({type(error).__name__})", kept=False)
            states = await scene.states()
        seen = _transcript(scene)
        promises = (*scene.promises, *_always(scene, states, seen, written.getvalue()))
    return Outcome(drill, seen, tuple(scene.alerts), written.getvalue().strip(), promises)


def _always(scene: Scene, states: Iterable[str], seen: str, log_text: str) -> Iterator[Promise]:
    """What every drill promises."""
    said = "\n".join(scene.people.shown())
    yield Promise("every question came to its end", set(states) <= ENDED)
    yield Promise("no user reads a status code", STATUS.search(said) is None)
    yield Promise("no user reads the name of an error", not any(name in said for name in INSIDE))
    alerts = "\n".join(scene.alerts)
    yield Promise("nobody reads the key", PRIVATE_KEY not in seen + alerts + log_text)
    yield Promise("no fault of ours is in the log", "Traceback" not in log_text)


def _transcript(scene: Scene) -> str:
    """What was said and done, with the answers where they came."""
    panes = iter(list(enumerate(scene.people.panes)))
    lines: list[str] = []
    pending = next(panes, None)
    for line, mark in zip([*scene.script, ""], [*scene.marks, len(scene.people.panes)], strict=True):
        while pending is not None and pending[0] < mark:
            text = pending[1].text.strip()
            lines += [f"bot> {text}"] if text else []
            pending = next(panes, None)
        lines += [line] if line else []
    return "\n".join(lines)


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Everything that the log says, as it would stand on standard error, secrets left out."""
    written = io.StringIO()
    with redirect_stderr(written):
        logs.configure(LogSettings(), [PRIVATE_KEY])
    try:
        yield written
    finally:
        logs.configure(LogSettings(level="warning"))


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.splitlines()]


async def perform(drills: Iterable[Drill], tell: Callable[[str], None]) -> int:
    """Play drills one after the other and tell what came of each; 1 if a promise was broken, else 0."""
    broken = []
    count = 0
    for drill in drills:
        outcome = await play(drill)
        tell(f"{outcome.page()}\n")
        count += 1
        broken += [] if outcome.kept else [drill.name]
    tell(
        f"{count} played; broken promises in: {', '.join(broken)}"
        if broken
        else f"{count} played, all promises kept"
    )
    return 1 if broken else 0


def chosen(name: str) -> list[Drill]:
    """The drill of that name, or all. Raises `typer.BadParameter` for a name that there is not."""
    if name != "all" and name not in DRILLS:
        raise typer.BadParameter(f"write `all` or one of:\n{listing()}", param_hint="NAME")
    return list(DRILLS.values()) if name == "all" else [DRILLS[name]]


def listing() -> str:
    """Every drill with what happens in it."""
    width = max(map(len, DRILLS))
    return "\n".join(f"{drill.name:<{width}}  {drill.summary}" for drill in DRILLS.values())
