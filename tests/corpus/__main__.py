"""Prints where the code differs from the golden side: `python -m tests.corpus [PART OF A NAME ...]`."""

from __future__ import annotations

import asyncio
import sys

from tests.corpus.entries import entries


async def main(parts: list[str]) -> int:
    """Print each difference; status 1 if there is one, or if no entry has such a name."""
    chosen = [entry for entry in entries() if not parts or any(part in entry.id for part in parts)]
    differences = [text for entry in chosen if (text := await entry.difference())]
    sys.stdout.write("\n\n".join([*differences, f"{len(chosen)} entries, {len(differences)} differ."]) + "\n")
    return 1 if differences or not chosen else 0


sys.exit(asyncio.run(main(sys.argv[1:])))
