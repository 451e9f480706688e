"""A worker as a process of its own: a line on standard output for each job, with its key and when it began."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time

from benchmarks.engines.engine import engine_of


def done(key: str) -> None:
    """Tell of a job at once, a kill loses nothing that was told; a slow one lasts for a second."""
    os.write(1, f"{key} {time.time()}\n".encode())
    if key.startswith("slow"):
        time.sleep(1)


if __name__ == "__main__":
    logging.disable(logging.ERROR)
    asyncio.run(engine_of(sys.argv[1]).work(sys.argv[2], done))
