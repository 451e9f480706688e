#!/usr/bin/env bash
# SQLAlchemy 2.1.9: who waits for a connection of an async engine's pool is passed by who asks later.
#
# Guess before running: 200 coroutines share an engine of five connections, each asking again as soon as it gave one
# back. The pool's queue is one of asyncio, which wakes who waits in the order of asking, and `pool_use_lifo` is off:
# so whoever asks gets a connection after at most those 199 who asked before.
#
# Seen: a connection that is given back while somebody is being woken is taken by whoever asks just then
# (`AsyncAdaptedQueue.get` tries `get_nowait` first), and the one who was woken goes to the end of the line again. Some
# are passed by several hundred. A `pool_timeout` is then met by a few while others are served again and again. With
# an `asyncio.Semaphore(5)` around each use nobody is passed by more than 204.
# Python 3.11, SQLAlchemy 2.1.9, aiosqlite 0.22.1. Output seen (582 and 199 in each of three runs):
#   the pool alone: passed by more than 300 others
#   a semaphore in front: passed by no more than 204 others
# Fails if that changes. Needs pip; nothing else is reached.
set -euo pipefail
folder=$(mktemp -d /tmp/line.XXXXXX)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install 'sqlalchemy[asyncio]==2.1.9' aiosqlite==0.22.1
cat > "$folder/run.py" <<'PY'
import asyncio
import sys
from contextlib import AsyncExitStack

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

PEOPLE, CONNECTIONS, TIMES = 200, 5, 20


async def most_passed(in_line: bool) -> int:
    """By how many others one was passed at most, from asking to having a connection."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{sys.argv[1]}", pool_size=CONNECTIONS, max_overflow=0)
    line = asyncio.Semaphore(CONNECTIONS)
    served = most = 0

    async def ask() -> None:
        nonlocal served, most
        for _ in range(TIMES):
            before = served
            async with AsyncExitStack() as held:
                if in_line:
                    await held.enter_async_context(line)
                connection = await held.enter_async_context(engine.connect())
                most = max(most, served - before)
                served += 1
                await connection.execute(text("SELECT 1"))

    await asyncio.gather(*(ask() for _ in range(PEOPLE)))
    await engine.dispose()
    return most


alone, behind = asyncio.run(most_passed(False)), asyncio.run(most_passed(True))
print(f"({alone} and {behind})", file=sys.stderr)
bound = PEOPLE - 1 + CONNECTIONS
print("the pool alone: passed by", "more than 300 others" if alone > 300 else "fewer")
print("a semaphore in front: passed by", f"no more than {bound} others" if behind <= bound else "more")
PY
"$folder/venv/bin/python" "$folder/run.py" "$folder/bot.sqlite3" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
the pool alone: passed by more than 300 others
a semaphore in front: passed by no more than 204 others
SEEN
