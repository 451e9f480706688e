"""Plays drills, judges them, and prints what each side saw."""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from itertools import pairwise
from textwrap import indent

import typer

from bots import logs
from bots.drills.listing import listing
from bots.drills.scene import Scene, opened_scene
from bots.drills.scripts import DRILLS, Drill
from bots.settings import LogSettings
from core.domain import errors
from core.util.log import log
from sandbox.server import PRIVATE_KEY

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
    promises: Mapping[str, bool]

    @property
    def kept(self) -> bool:
        return all(self.promises.values())

    def page(self) -> str:
        """All of it, for a person."""
        parts = {
            "What the user saw": self.user_saw,
            "What the operator saw: alerts": "\n".join(self.alerts) or "(none)",
            "What the operator saw: log": self.log or "(nothing)",
            "Promises": "\n".join(
                f"{'kept  ' if kept else 'BROKEN'}  {text}" for text, kept in self.promises.items()
            ),
        }
        told = [f"  {title}\n{indent(text, '    ')}" for title, text in parts.items()]
        return "\n\n".join([f"drill {self.drill.name}: {self.drill.summary}", *told])


async def play(drill: Drill) -> Outcome:
    """Play one drill. A script that breaks off breaks a promise too."""
    with _logged() as written:
        async with opened_scene(drill.patience_s) as scene:
            try:
                await drill.play(scene)
            except Exception as error:
                log.exception("drill.broke_off")
                scene.promises[f"the drill is played to its end ({type(error).__name__})"] = False
            states = await scene.states()
        seen, log_text = _transcript(scene), written.getvalue().strip()
        promises = scene.promises | _always(scene, states, seen, log_text)
    return Outcome(drill, seen, tuple(scene.alerts), log_text, promises)


def _always(scene: Scene, states: Iterable[str], seen: str, log_text: str) -> dict[str, bool]:
    """What every drill promises."""
    said = "\n".join(scene.people.shown())
    return {
        "every question came to its end": set(states) <= ENDED,
        "no user reads a status code": STATUS.search(said) is None,
        "no user reads the name of an error": not any(name in said for name in INSIDE),
        "nobody reads the key": PRIVATE_KEY not in "\n".join([seen, *scene.alerts, log_text]),
        "no fault of ours is in the log": "Traceback" not in log_text,
    }


def _transcript(scene: Scene) -> str:
    """What was said and done, with the answers where they came."""
    panes = scene.people.panes
    lines: list[str] = []
    for (line, shown), (_, shown_next) in pairwise([*scene.script, ("", len(panes))]):
        answers = (pane.text.strip() for pane in panes[shown:shown_next])
        lines += [line, *(f"bot> {answer}" for answer in answers if answer)]
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


async def perform(drills: Collection[Drill], tell: Callable[[str], None]) -> int:
    """Play drills one after the other and tell what came of each; 1 if a promise was broken, else 0."""
    broken = []
    for drill in drills:
        outcome = await play(drill)
        tell(f"{outcome.page()}\n")
        broken += [] if outcome.kept else [drill.name]
    came_of_it = f"; broken promises in: {', '.join(broken)}" if broken else ", all promises kept"
    tell(f"{len(drills)} played{came_of_it}")
    return 1 if broken else 0


def chosen(name: str) -> list[Drill]:
    """The drill of that name, or all. Raises `typer.BadParameter` for a name that there is not."""
    if name != "all" and name not in DRILLS:
        raise typer.BadParameter(f"write `all` or one of:\n{listing()}", param_hint="NAME")
    return list(DRILLS.values()) if name == "all" else [DRILLS[name]]
