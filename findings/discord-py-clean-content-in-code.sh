#!/usr/bin/env bash
# discord.py 2.7.1: `Message.clean_content` replaces mentions inside code spans and code blocks, too.
#
# Guess before running: `clean_content` is what Discord's clients show (its documentation: "a property that returns
# the content in a 'cleaned up' manner", mentions "transformed into the way the client shows it"). The clients show
# what stands in code as it is, so a mention in code stays: "run `greet <@123456789012345678>`".
#
# Seen: one pattern is replaced in the whole text, code or not. A bot that hands `clean_content` on changes commands,
# logs and program text that people pasted. The words outside of code are right.
# Python 3.11, discord.py 2.7.1. Output seen:
#   given:  ask <@123456789012345678>, or run `greet <@123456789012345678>`
#   clean:  ask @Ben, or run `greet @Ben`
# Fails if that changes. Needs pip; nothing else is reached.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install discord.py==2.7.1
cat > "$folder/run.py" <<'PY'
import asyncio

import discord


async def main() -> None:
    client = discord.Client(intents=discord.Intents.none())
    state = client._connection
    ben = {"id": "123456789012345678", "username": "ben", "global_name": "Ben", "discriminator": "0", "avatar": None}
    data = {
        "id": "1", "channel_id": "2", "author": ben, "content": "ask <@123456789012345678>, or run `greet <@123456789012345678>`",
        "timestamp": "2026-11-01T12:00:00+00:00", "edited_timestamp": None, "tts": False, "mention_everyone": False,
        "mentions": [ben], "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "type": 0,
    }
    channel = discord.DMChannel(me=None, state=state, data={"id": "2", "type": 1, "recipients": [ben]})
    message = discord.Message(state=state, channel=channel, data=data)
    print("given: ", message.content)
    print("clean: ", message.clean_content)


asyncio.run(main())
PY
"$folder/venv/bin/python" -W ignore "$folder/run.py" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
given:  ask <@123456789012345678>, or run `greet <@123456789012345678>`
clean:  ask @Ben, or run `greet @Ben`
SEEN
