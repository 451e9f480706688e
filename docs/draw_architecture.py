"""Draws the two pictures of architecture.md from the code: `make architecture`.

The layers come from the import contracts in pyproject.toml, what each is for from the first sentence of its package's
docstring, the arrows from the imports that the modules really have. `tests/test_architecture.py` compares.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

TREE = Path(__file__).resolve().parent.parent
WIDTH, MARGIN, GAP = 560, 16, 6
ARCS = 120
"""The strip at the right edge in which arrows run."""

STYLE = """
  .paper { fill: #ffffff; } .band { fill: #eef2f7; stroke: #c3cedb; } .part { fill: #e6f2ea; stroke: #b3d1bd; }
  .rows { fill: #fbf1dc; stroke: #dfc896; } text { fill: #1c2733; font-family: system-ui, sans-serif; }
  .name { font-size: 15px; font-weight: 600; } .said { font-size: 12.5px; } .head { font-size: 17px; font-weight: 700; }
  .used { font-size: 11px; font-weight: 700; fill: #1f6b3a; } .arrow { fill: none; stroke: #3f6fa8; }
  .tip { fill: #3f6fa8; } .soft { opacity: .5; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #11161d; } .band { fill: #1d2733; stroke: #3a4a5c; } .part { fill: #18291f; stroke: #35573f; }
    .rows { fill: #2e2714; stroke: #635325; } text { fill: #e3e9f0; } .used { fill: #86d39f; }
    .arrow { stroke: #84b3ea; } .tip { fill: #84b3ea; }
  }
"""


# What the code says


def imports_of(module: Path) -> Iterator[str]:
    """The modules of ours that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def edges(package: str, rooms: Sequence[str]) -> list[tuple[str, str]]:
    """Which room of a package imports which: importer and imported, each pair once."""
    found: set[tuple[str, str]] = set()
    folder = TREE / package.replace(".", "/")
    for room in rooms:
        files = sorted((folder / room).rglob("*.py")) or [folder / f"{room}.py"]
        for name in (name for file in files if file.exists() for name in imports_of(file)):
            target = name.removeprefix(f"{package}.").split(".")[0]
            if name.startswith(f"{package}.") and target in rooms and target != room:
                found.add((room, target))
    return sorted(found)


def layers(package: str) -> list[list[str]]:
    """The layers of a package, highest first, as its import contract says; a layer may have several rooms.

    Left out are rooms that the contract only foresees.
    """
    contracts = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        if contract["type"] == "layers" and contract.get("containers") == [package]:
            named = ([name.strip(" ()") for name in re.split("[|:]", each)] for each in contract["layers"])
            there = ([name for name in band if _source(package, name).exists()] for band in named)
            return [band for band in there if band]
    raise LookupError(f"pyproject.toml has no contract for the layers of {package}")


def _source(package: str, room: str) -> Path:
    """The file that says what a package or module is for."""
    folder = TREE / package.replace(".", "/") / room
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def purpose(package: str, room: str) -> str:
    """The first sentence of the docstring of a package or module."""
    said = ast.get_docstring(ast.parse(_source(package, room).read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].replace("`", "").split())


def users_of(room: str) -> str:
    """Who imports a room of the core besides the core: S(lack), D(iscord), T(erminal), P(rogram)."""
    found = []
    for letter, pattern in (("S", "slack/**/*.py"), ("D", "discord/**/*.py"), ("T", "terminal/*.py")):
        files = sorted((TREE / "bots").glob(pattern))
        if any(name.startswith(f"core.{room}.") for file in files for name in imports_of(file)):
            found.append(letter)
    program = [*sorted((TREE / "bots").glob("*.py")), *sorted((TREE / "bots/cli").glob("*.py"))]
    if any(name.startswith(f"core.{room}.") for file in program for name in imports_of(file)):
        found.append("P")
    return " ".join(found)


# How it is drawn


class Sheet:
    """One picture, filled from top to bottom."""

    def __init__(self, title: str, description: str) -> None:
        self.title, self.description = title, description
        self.y = MARGIN
        self._parts: list[str] = []

    def add(self, part: str) -> None:
        self._parts.append(part)

    def text(self, x: float, y: float, words: str, kind: str, anchor: str = "start") -> None:
        self.add(f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def box(self, x: float, width: float, height: float, kind: str, *, hint: str = "") -> None:
        title = f"<title>{escape(hint)}</title>" if hint else ""
        self.add(
            f'<rect x="{x:g}" y="{self.y:g}" width="{width:g}" height="{height:g}" rx="6" class="{kind}">{title}</rect>'
        )

    def heading(self, words: str, note: str = "") -> None:
        self.text(MARGIN, self.y + 18, words, "head")
        lines = textwrap.wrap(note, 84)
        for number, line in enumerate(lines):
            self.text(MARGIN, self.y + 38 + 16 * number, line, "said")
        self.y += 32 + 16 * len(lines)

    def svg(self) -> str:
        height = self.y + MARGIN
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}"',
                f' height="{height:g}" role="img" aria-labelledby="title description">',
                f'<title id="title">{escape(self.title)}</title>',
                f'<desc id="description">{escape(self.description)}</desc>',
                f"<style>{STYLE}</style>",
                '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"',
                ' orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0 8 4 0 8z" class="tip"/></marker></defs>',
                f'<rect width="{WIDTH}" height="{height:g}" class="paper"/>',
                *self._parts,
                "</svg>\n",
            )
        )


def arrow(sheet: Sheet, x: float, start: float, end: float, reach: float, *, hint: str) -> None:
    """An arc at the right of a stack, from the importing row to the imported one."""
    path = f"M{x:g} {start:g}C{x + reach:g} {start:g} {x + reach:g} {end:g} {x:g} {end:g}"
    sheet.add(
        f'<path d="{path}" class="arrow soft" stroke-width="1.5" marker-end="url(#tip)">'
        f"<title>{escape(hint)}</title></path>"
    )


def stack(sheet: Sheet, package: str, x: float, width: float, *, kind: str, badges: bool = False) -> None:
    """The layers of a package as bands, highest on top, with an arrow for each pair of rooms that import."""
    bands = layers(package)
    middle: dict[str, float] = {}
    for band in bands:
        top = sheet.y
        _band(sheet, package, band, x, width, kind=kind, badges=badges)
        middle |= dict.fromkeys(band, (top + sheet.y) / 2)
        sheet.y += GAP
    for importer, imported in edges(package, list(middle)):
        start, end = middle[importer], middle[imported]
        if start != end:
            reach = min(ARCS * 1.25, 14 + abs(end - start) * 0.24)
            arrow(sheet, x + width, start + 6, end - 6, reach, hint=f"{importer} imports {imported}")


def _band(
    sheet: Sheet, package: str, band: list[str], x: float, width: float, *, kind: str, badges: bool
) -> None:
    lines = textwrap.wrap(purpose(package, band[0]), int((width - 20) / 6.7)) if len(band) == 1 else []
    height = 28 + 16 * len(lines) + (4 if lines else 0)
    sheet.box(x, width, height, kind, hint=" ".join(purpose(package, room) for room in band))
    sheet.text(x + 10, sheet.y + 19, ", ".join(band), "name")
    if badges:
        sheet.text(x + width - 8, sheet.y + 18, users_of(band[0]), "used", "end")
    for number, line in enumerate(lines):
        sheet.text(x + 10, sheet.y + 37 + 16 * number, line, "said")
    sheet.y += height


def layers_picture() -> str:
    """The program, the frontends room by room, and the core layer by layer."""
    sheet = Sheet(
        "The layers of aivax-bots",
        "From top to bottom: the program, the two frontends with the same rooms, the layers of the core. Every arrow "
        "stands for real imports and points down.",
    )
    sheet.heading("The program: bots/", "Wires everything by constructor; each frontend comes as a plugin.")
    for names in (
        ("cli", "serve.py", "app.py"),
        ("wiring.py", "supervisor.py", "settings.py"),
        ("terminal", "web", "drills"),
    ):
        width = (WIDTH - 2 * MARGIN - 2 * GAP) / 3
        for column, name in enumerate(names):
            x = MARGIN + column * (width + GAP)
            sheet.box(x, width, 28, "rows", hint=purpose("bots", name.removesuffix(".py")))
            sheet.text(x + 10, sheet.y + 19, name, "name")
        sheet.y += 28 + GAP
    sheet.y += 2 * GAP
    for platform in ("slack", "discord"):
        sheet.heading(
            f"A frontend: bots/{platform}/",
            "Brings events in and shows answers; knows the platform, decides nothing."
            if platform == "slack"
            else "The same rooms, the same file names for the same jobs.",
        )
        stack(sheet, f"bots.{platform}", MARGIN, WIDTH - 2 * MARGIN - ARCS, kind="part")
        sheet.y += 2 * GAP
    sheet.heading(
        "The core: core/",
        "Knows no platform. A layer imports only those below it. Letters: who uses it besides the core "
        "(P program, S Slack, D Discord, T terminal).",
    )
    stack(sheet, "core", MARGIN, WIDTH - 2 * MARGIN - ARCS, kind="band", badges=True)
    return sheet.svg()


STEPS: tuple[tuple[str, str, str], ...] = (
    ("part", "bots/<platform>/listening/receive.py", "An event comes in."),
    (
        "part",
        "bots/<platform>/events/translate.py",
        "Becomes an Event of the core, or None where it is not meant for the bot.",
    ),
    ("band", "core/ingest/service.py", "Says what it means: a question, a command, a press, an edit."),
    (
        "rows",
        "core/storage/turns/intake.py",
        "One transaction: seen before? else message and turn are written. Only then the platform is told that it came.",
    ),
    (
        "band",
        "core/turns/worker_pool.py",
        "Hears that there is work, or looks every 2 s; takes the next turn, fairly and one per conversation.",
    ),
    (
        "rows",
        "core/storage/turns/fair_claim.py",
        "Marks the turn as running: from here on a second process is kept out.",
    ),
    ("band", "core/turns/runner.py", "Runs the turn from top to bottom:"),
    (
        "band",
        "core/admission/admission.py",
        "May AIVAX be called now? Else the turn is held, and its author told.",
    ),
    (
        "band",
        "core/conversations/composer.py",
        "Instructions, the history that fits, what was said around it, the question and its files.",
    ),
    (
        "band",
        "core/aivax/client.py",
        "Calls AIVAX; the stream becomes text, tools, usage and an end, or an error.",
    ),
    (
        "band",
        "core/delivery/editing_surface.py",
        "Shows the answer as it grows, cut into messages, at the pace that the platform allows.",
    ),
    ("part", "bots/<platform>/delivery/channel.py", "Posts and edits on the platform."),
    (
        "rows",
        "core/storage/turns/store.py",
        "The whole answer is stored before its last part is shown; then the turn has ended.",
    ),
)
"""A message's way: the kind of box, the file, and what happens there."""


def message_picture() -> str:
    """A message's way, from the event to the answer that is delivered."""
    sheet = Sheet(
        "A message's way through aivax-bots",
        " ".join(f"{number}. {file}: {said}" for number, (_, file, said) in enumerate(STEPS, 1)),
    )
    sheet.heading("A message's way", "Green: a frontend. Blue: the core. Sand: rows in the database.")
    for number, (kind, file, said) in enumerate(STEPS, 1):
        lines = textwrap.wrap(said, 76)
        height = 30 + 17 * len(lines)
        sheet.box(MARGIN, WIDTH - 2 * MARGIN, height, kind)
        sheet.text(MARGIN + 10, sheet.y + 19, f"{number}  {file}", "name")
        for line_number, line in enumerate(lines):
            sheet.text(MARGIN + 30, sheet.y + 38 + 17 * line_number, line, "said")
        sheet.y += height
        if number < len(STEPS):
            sheet.add(
                f'<path d="M{WIDTH / 2:g} {sheet.y:g}v14" class="arrow" stroke-width="1.5" marker-end="url(#tip)"/>'
            )
            sheet.y += 15
    return sheet.svg()


PICTURES = {"architecture-layers.svg": layers_picture, "architecture-message.svg": message_picture}


def main() -> None:
    """Write both pictures beside this script."""
    for name, draw in PICTURES.items():
        (TREE / "docs" / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
