#!/usr/bin/env bash
# discord.py 2.7.1 reads a JSON answer as text when its media type carries a parameter.
#
# Guess before running: an answer of Discord's REST API (or of a proxy before it) with the header
#   Content-Type: application/json; charset=utf-8
# is parsed as JSON like one with `application/json`: RFC 9110 (8.3.1) allows parameters on every media type, and
# aiohttp, requests and httpx all parse it.
#
# Seen: `discord.http.json_or_text` compares the whole header with "application/json". With a parameter the body
# comes back as a string: `HTTPClient.static_login` then ends in a TypeError, and an error answer loses its code.
# Python 3.11, discord.py 2.7.1, aiohttp 3.14.5. Output seen:
#   application/json: logged in as shelf
#   application/json; charset=utf-8: TypeError
# Fails if that changes. Needs pip; everything else is on loopback.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install discord.py==2.7.1 aiohttp==3.14.5
cat > "$folder/run.py" <<'PY'
import asyncio
import json

from aiohttp import web
import discord
from discord.http import HTTPClient, Route

ME = {"id": "1", "username": "shelf", "discriminator": "0", "avatar": None, "bot": True}


async def login(content_type: str) -> str:
    async def me(_request: web.Request) -> web.Response:
        return web.Response(body=json.dumps(ME).encode(), headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/users/@me", me)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    Route.BASE = f"http://{host}:{port}"
    client = HTTPClient(asyncio.get_running_loop())
    try:
        found = await client.static_login("token")
        return f"logged in as {discord.User(state=None, data=found).name}"
    except TypeError:
        return "TypeError"
    finally:
        await client.close()
        await runner.cleanup()


for content_type in ("application/json", "application/json; charset=utf-8"):
    print(f"{content_type}: {asyncio.run(login(content_type))}")
PY
"$folder/venv/bin/python" -W ignore "$folder/run.py" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
application/json: logged in as shelf
application/json; charset=utf-8: TypeError
SEEN
