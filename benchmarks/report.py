"""What was measured, kept as JSON, and as the table and the pictures of docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.plots import drawn
from benchmarks.rows import SETS

TREE = Path(__file__).resolve().parent.parent
RESULTS = TREE / "benchmarks/results.json"
PAGE = TREE / "docs/performance.md"
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
HEAD = "| What | Goal | Ours | Against | Ratio | Verdict |\n| --- | --- | ---: | ---: | ---: | --- |"

Results = dict[str, dict[str, Any]]
"""For each row by its name what `benchmarks.row.as_json` made of it."""


def saved(path: Path = RESULTS) -> Results:
    """What was measured before; nothing where there is no file."""
    found: Results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def save(results: Results, path: Path = RESULTS) -> None:
    """Keep results for later runs, which measure some rows anew."""
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def page(text: str, results: Results) -> str:
    """The page with what stands between its markers written anew. Raises ValueError where a marker is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN} and {END} in the page")
    return f"{before}{BEGIN}\n{rendered(results)}\n{END}{after}"


def rendered(results: Results) -> str:
    """The table of all rows, how each is measured, and the plots."""
    table = [HEAD, *(_line(line) for row in results.values() for line in row["lines"])]
    ways = [
        f"- `{name}` ({row['seconds']:.0f} s, commit {row['commit']}): {row['what']}{_notes(row)}"
        for name, row in results.items()
    ]
    plots = [f"![{plot['title']}](performance-{name}.svg)" for name, plot in _plots(results).items()]
    parts = [_about(results), "\n".join(table), "\n".join(ways), "\n".join(plots)]
    return "\n" + "\n\n".join(filter(None, parts)) + "\n"


def pictures(results: Results) -> dict[str, str]:
    """The SVG of each plot by the name of its file beside the page."""
    return {f"performance-{name}.svg": drawn(plot) for name, plot in _plots(results).items()}


def shown(name: str, row: Mapping[str, Any]) -> str:
    """A row as it is printed once it is measured."""
    return "\n".join(f"{name:16}{line['verdict']:8}{_line(line)}" for line in row["lines"])


def _plots(results: Results) -> dict[str, Any]:
    return {name: plot for row in results.values() for name, plot in row["plots"].items()}


def _about(results: Results) -> str:
    machines = sorted({row["machine"] for row in results.values()})
    lines = [line for row in results.values() for line in row["lines"]]
    met = sum(line["verdict"] == "met" for line in lines)
    took = " ".join(filter(None, (_took(name, results) for name in ("default", "further"))))
    return f"{'; '.join(machines)}: {met} of {len(lines)} lines met. {took}".rstrip()


def _took(name: str, results: Results) -> str:
    """Of which commits a set was measured, and how long that took; nothing where none of it was."""
    rows = [results[each] for each in SETS[name] if each in results]
    if not rows:
        return ""
    commits = ", ".join(dict.fromkeys(row["commit"] for row in rows))
    took_min = sum(row["seconds"] for row in rows) / 60
    missing = ", ".join(f"`{each}`" for each in SETS[name] if each not in results)
    not_yet = f"; not measured yet: {missing}" if missing else ""
    return f"The {name} set, on commit {commits}: {took_min:.1f} minutes{not_yet}."


def _line(line: Mapping[str, Any]) -> str:
    against = (
        f"{_number(line['theirs'])} {line['unit']} ({line['against']})" if line["theirs"] is not None else ""
    )
    ratio = f"{_number(line['ratio'])} x" if line["ratio"] else ""
    ours = f"{_number(line['ours'])} {line['unit']}".rstrip()
    return f"| {line['name']} | {line['goal']} | {ours} | {against} | {ratio} | {line['verdict']} |"


def _notes(row: Mapping[str, Any]) -> str:
    notes = dict.fromkeys(line["note"] for line in row["lines"] if line["note"])
    return "".join(f" {note}" for note in notes)


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
