"""Runs a fake Slack by itself: `python -m tests.platforms.slack --port 8765`."""

import argparse
import asyncio
import json
import sys

from .server import FakeSlack


async def serve(port: int) -> None:
    """Says in one line of JSON where it listens and which tokens it takes, and serves until stopped."""
    async with FakeSlack(port=port, control=True) as slack:
        facts = {"api_url": slack.api_url, "control_url": f"{slack.world.base_url}/_control/"}
        tokens = {
            "bot_token": slack.bot_token,
            "app_token": slack.app_token,
            "bot_user_id": slack.bot_user_id,
        }
        sys.stdout.write(json.dumps({**facts, **tokens}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    try:
        asyncio.run(serve(parser.parse_args().port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
