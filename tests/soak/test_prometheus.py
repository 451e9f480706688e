"""The dashboard and the alert rules in a real Prometheus, over a real run: every query tells something."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.server import serve
from tests.discord_answers import POST
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PROJECT
from tests.town import Town, running
from tests.waiting import until

RULES = Path(PROJECT) / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = Path(PROJECT) / "deploy" / "grafana" / "aivax-bots.json"
TOKEN = "prometheus-reads-this"
WITHIN_S = 240.0
THRESHOLD = re.compile(r"\s+(?:>|<|==)\s+[\d.]+")
FIRE_WHILE_NOTHING_IS_PAID = {
    "AivaxBotsNothingAnswered",
    "AivaxBotsHeld",
    "AivaxBotsBreakerTripped",
    "AivaxBotsBalanceLow",
}
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="no Prometheus here (Debian's package prometheus)",
)


def queries() -> Iterator[tuple[str, str]]:
    """The panels' titles and queries."""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


class Prometheus:
    """A running Prometheus."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def ask(self, query: str) -> list[Any]:
        """The series that a query gives now; those without a number are left out."""
        answer = await self.http.get("/api/v1/query", params={"query": query})
        assert answer.status_code == 200, (query, answer.text)
        found = answer.json()["data"]["result"]
        return [each for each in found if each["value"][1] != "NaN"]

    async def rules(self) -> Mapping[str, str]:
        """The expression of each alert, as Prometheus reads it."""
        return {rule["name"]: rule["query"] for rule in await self.loaded()}

    async def loaded(self) -> list[Any]:
        """The rules with their state."""
        answer = (await self.http.get("/api/v1/rules")).json()
        return [rule for group in answer["data"]["groups"] for rule in group["rules"]]

    async def silent(self, asked: Mapping[str, str]) -> set[str]:
        """Those of the queries that give nothing."""
        return {name for name, query in asked.items() if not await self.ask(query)}

    async def told_by(self, asked: Mapping[str, str]) -> bool:
        """Whether every one of the queries gives something."""
        return not await self.silent(asked)


@asynccontextmanager
async def prometheus(folder: Path, port: int, scraped: int) -> AsyncIterator[Prometheus]:
    """Prometheus over one process of the bot, looking every second."""
    (folder / "token").write_text(TOKEN)
    target = {
        "job_name": "aivax-bots",
        "authorization": {"credentials_file": str(folder / "token")},
        "static_configs": [{"targets": [f"127.0.0.1:{scraped}"]}],
    }
    intervals = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = {"global": intervals, "rule_files": [str(RULES)], "scrape_configs": [target]}
    (folder / "prometheus.yml").write_text(json.dumps(config))  # which is YAML, too
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            yield Prometheus(http)
    finally:
        process.terminate()
        await process.wait()  # no deadline: it was told to end, and a soak run is watched


@needs_prometheus
@pytest.mark.soak
def test_promtool_takes_the_rules() -> None:
    command = [shutil.which("promtool") or "", "check", "rules", str(RULES)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert checked.returncode == 0, checked.stderr


@needs_prometheus
@pytest.mark.soak
async def test_every_panel_and_every_rule_tells_something_of_a_real_run(
    tmp_path: Path, unused_tcp_port_factory: Any
) -> None:
    bots_port, own_port = unused_tcp_port_factory(), unused_tcp_port_factory()
    web = f'\n[web]\nenabled = true\nport = {bots_port}\nmetrics_token = "{TOKEN}"\n'
    folder = tmp_path / "prometheus"
    folder.mkdir()
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        town = Town(slack, discord, sandbox, f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}")
        town.sandbox.state.account.set_balance(0)
        async with prometheus(folder, own_port, bots_port) as watcher:
            async with running(tmp_path, town.config() + web) as bot:
                await bot.line()
                is_read = partial(watcher.told_by, {"": "aivax_bots_info"})
                await until("a first scrape", is_read, WITHIN_S, every_s=0.5)
                await _while_nothing_is_paid(town, watcher)
                await _while_all_is_paid(town)
                panels = {f"{title}: {query}": query for title, query in queries()}
                sides = {name: THRESHOLD.sub("", expr) for name, expr in (await watcher.rules()).items()}
                sides = {
                    name: side
                    for name, side in sides.items()
                    if name not in {*FIRE_WHILE_NOTHING_IS_PAID, "AivaxBotsGone"}
                }
                asked = {**panels, **sides}
                try:
                    await until("data", partial(watcher.told_by, asked), WITHIN_S, every_s=2)
                except AssertionError:
                    assert await watcher.silent(asked) == set()
                await bot.stop()
            gone = {"AivaxBotsGone": (await watcher.rules())["AivaxBotsGone"]}
            await until("the alert that it is gone", partial(watcher.told_by, gone), WITHIN_S, every_s=1)
            loaded = await watcher.loaded()

    assert {rule["health"] for rule in loaded} == {"ok"}


async def _while_nothing_is_paid(town: Town, watcher: Prometheus) -> None:
    """Two people ask, nobody is answered, and the rules for that fire."""
    await town.slack.say(town.ana, town.general, f"{town.slack.mention} unpaid")
    await town.discord.say(town.ben, town.lobby, f"<@{town.discord.bot.id}> unpaid")
    rules = await watcher.rules()
    fire = {name: rules[name] for name in FIRE_WHILE_NOTHING_IS_PAID}
    await until("the rules to fire", partial(watcher.told_by, fire), WITHIN_S, every_s=1)


async def _while_all_is_paid(town: Town) -> None:
    """Answers, refusals of AIVAX, and platforms that say that it is too much."""
    town.sandbox.state.account.set_balance(50)
    town.slack.rate_limit("chat.postMessage", 1)
    town.discord.rate_limit(POST, retry_after_s=0.1)
    for number in range(6):
        await town.ask_on_slack(f"question {number}")
        await town.ask_on_discord(f"question {number}")
    town.sandbox.state.faults.add(Fault("completions", "status", status=400, times=3))
    for number in range(3):
        await town.slack.say(town.ana, town.general, f"{town.slack.mention} refused {number}")
    await asyncio.sleep(3)  # some scrapes, so that rates have two of them
    await town.ask_on_slack("the last one")
