"""`python -m benchmarks [ROW ...]`: measures rows, else the default set, and writes docs/performance.md anew."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.row import Bench, Row, as_json
from benchmarks.rows import ROWS, SETS
from benchmarks.stage.checkouts import this_commit
from benchmarks.stage.databases import Databases


def main() -> None:
    """Measure what was picked. Ends with status 1 where a row could not be measured; a missed goal is no failure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "rows",
        nargs="*",
        metavar="ROW",
        help=f"which rows, or one of the sets: {', '.join(SETS)}; see --list",
    )
    parser.add_argument("--list", action="store_true", help="say which rows there are")
    parser.add_argument("--render", action="store_true", help="write the page from what was measured before")
    given = parser.parse_args()
    if unknown := set(given.rows) - ROWS.keys() - SETS.keys():
        there_are = ", ".join((*ROWS, *SETS))
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {there_are}")
    if given.list:
        for row in ROWS.values():
            print(f"{row.name:16}{'further' if row.further else 'default':10}{row.what}")
        return
    failed = asyncio.run(measured([] if given.render else picked(given.rows)))
    write(report.saved())
    sys.exit(bool(failed))


def picked(names: Sequence[str]) -> list[Row]:
    """The rows that names of rows and sets stand for, each once, in the order of the table."""
    wanted = {row for name in names or ["default"] for row in SETS.get(name, (name,))}
    return [row for name, row in ROWS.items() if name in wanted]


async def measured(rows: list[Row]) -> list[str]:
    """Measure rows one after the other and keep each as soon as it is there; the names of those that failed."""
    failed = []
    with Databases() as databases:
        for row in rows:
            began = time.monotonic()
            try:
                with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                    found = await row.measure(Bench(Path(folder), databases))
            except Exception:  # noqa: BLE001  the others can still be measured
                traceback.print_exc()
                failed.append(row.name)
                continue
            about = {"commit": this_commit(), "machine": machine(), "seconds": time.monotonic() - began}
            kept = as_json(row, found, **about)
            report.save(with_row(report.saved(), row.name, kept))
            print(report.shown(row.name, kept), flush=True)
    return failed


def with_row(results: report.Results, name: str, measured: dict[str, Any]) -> report.Results:
    """Results with one row measured anew, in the order of the table; of other rows what was measured before is kept."""
    known = {**results, name: measured}
    return {each: known[each] for each in ROWS if each in known}


def machine() -> str:
    """What it was measured on."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"


def write(results: report.Results) -> None:
    """Write the page and its pictures."""
    report.PAGE.write_text(report.page(report.PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    for name, svg in report.pictures(results).items():
        (report.PAGE.parent / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
