"""`python -m benchmarks.engines`: measures job queues side by side and prints a table.

The packages are no dependencies of the project: `pip install --group engines`, best into an environment of its own.
On a machine that is shared only the ratios within one run count.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from benchmarks.engines.engine import ENGINES
from benchmarks.engines.measures import MEASURES
from benchmarks.engines.server import running


def main() -> None:
    """Measure what was picked; a line for each figure as soon as it is there, then the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=ENGINES)
    parser.add_argument("--measures", nargs="*", choices=list(MEASURES), default=list(MEASURES))
    given = parser.parse_args()
    table: dict[str, dict[str, str]] = {}
    with running() as server:
        for measure in given.measures:
            for name in given.engines:
                try:
                    found = asyncio.run(MEASURES[measure](server, name))
                except Exception as error:  # noqa: BLE001  the others can still be measured
                    found = {measure: f"failed: {type(error).__name__}: {error}"}
                for figure, value in found.items():
                    table.setdefault(figure, {})[name] = value
                    print(f"{name:14}{figure:42}{value}", file=sys.stderr, flush=True)
    print("| | " + " | ".join(given.engines) + " |\n|" + " --- |" * (len(given.engines) + 1))
    for figure, values in table.items():
        print(
            f"| {figure} | " + " | ".join(values.get(name, "not measured") for name in given.engines) + " |"
        )


if __name__ == "__main__":
    main()
