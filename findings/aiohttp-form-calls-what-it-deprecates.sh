#!/usr/bin/env bash
# aiohttp 3.14.5: a part of a form is read by a call that aiohttp itself warns of, if its bytes come in certain pieces.
#
# Guess before running: a server whose handler reads a form as the documentation shows (`request.multipart()`,
# `part.read()`) calls nothing that is deprecated, so that with warnings as errors, as tests have them, every valid form
# is read as without; and how the network cuts a form into pieces makes no difference.
#
# Seen: where a piece that is shorter than the form's boundary comes by itself and a longer one behind it, the reader has
# more than it asked for and puts the rest back by `StreamReader.unread_data`, which warns that it is deprecated. With
# `-W error` the handler fails with that warning and the client is told 500; in one piece the same form is read. Which of
# both happens is chance wherever the two processes run side by side: a test that fails once in a thousand times.
# Python 3.11, aiohttp 3.14.5. Output seen:
#   in one piece, warnings as errors: 200 20000
#   in several pieces, warnings as errors: 500
#   in several pieces, warnings ignored: 200 20000
# Fails if that changes. Needs pip; nothing else is reached.
set -euo pipefail
folder=$(mktemp -d /tmp/form.XXXXXX)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install aiohttp==3.14.5
cat > "$folder/run.py" <<'PY'
import asyncio
import logging
import sys

from aiohttp import web

BOUNDARY, SIZE = b"a-boundary-of-some-length", 20_000
HEAD = b'--%s\r\nContent-Disposition: form-data; name="letter"\r\n\r\n' % BOUNDARY
FORM = HEAD + b"x" * SIZE + b"\r\n--%s--\r\n" % BOUNDARY
CUTS = (len(HEAD) + 9_000, len(HEAD) + 9_004)
"""A first piece of some length, one of four bytes, and the rest."""
PAUSE_S = 0.3


async def read(request: web.Request) -> web.Response:
    form = await request.multipart()
    part = await form.next()
    return web.Response(text=str(len(await part.read())))


async def sent(port: int, pieces: list[bytes]) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n" % (BOUNDARY, len(FORM))
    )
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(PAUSE_S)
    answer = (await reader.read()).decode()
    writer.close()
    status, body = answer.split()[1], answer.rpartition("\r\n\r\n")[2]
    return f"{status} {body}" if status == "200" else status


async def main() -> None:
    logging.disable()
    app = web.Application()
    app.router.add_post("/", read)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    first, second = CUTS
    called = "errors" if "error" in sys.warnoptions else "ignored"
    ways = {"several pieces": [FORM[:first], FORM[first:second], FORM[second:]]}
    if called == "errors":
        ways = {"one piece": [FORM], **ways}
    for way, pieces in ways.items():
        print(f"in {way}, warnings {'as errors' if called == 'errors' else 'ignored'}: {await sent(port, pieces)}")
    await runner.cleanup()


asyncio.run(main())
PY
{
    "$folder/venv/bin/python" -W error "$folder/run.py"
    "$folder/venv/bin/python" -W ignore "$folder/run.py"
} | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
in one piece, warnings as errors: 200 20000
in several pieces, warnings as errors: 500
in several pieces, warnings ignored: 200 20000
SEEN
