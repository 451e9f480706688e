"""`/metrics` over a real socket: what it tells is what was done, and nobody reads it who may not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain
from pathlib import Path

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from bots.monitoring.vitals import Pulse
from bots.settings import WebSettings
from bots.supervisor import Board
from bots.web.gauges import GAUGES, Readings
from bots.web.metrics import PREFIX, PrometheusMeter, metrics_routes
from bots.web.server import serve
from core.admission.account import AccountWatch
from core.domain import PassedOver
from core.domain.metrics import MEASURED, NO_METER, SPENT, Counter
from core.storage import figures
from core.storage.figures import OPEN, Figures
from core.util.clock import Clock, utc_now
from sandbox.faults import Fault
from sandbox.server import serve as serve_sandbox
from tests.discord_answers import POST
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PROJECT
from tests.samples import BEN, CHANNEL, WallClock, said
from tests.stage import Stage, staged
from tests.town import Town, running
from tests.vitals import vitals_of
from tests.waiting import until

TOKEN = "prometheus-reads-this"
Metrics = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Metrics:
    return {
        (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(metrics: Metrics, name: str, **labels: str) -> float:
    """The sum of all samples of a name that carry these labels; an error where there are none."""
    values = [
        value for (each, carried), value in metrics.items() if each == name and labels.items() <= set(carried)
    ]
    assert values, f"no sample {name}{labels}"
    return sum(values)


class Served:
    """A metrics page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def text(self) -> str:
        answer = await self.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def read(self) -> Metrics:
        return parsed(await self.text())


async def no_figures() -> Figures:
    return Figures((), {})


async def no_balance() -> None:
    return None


@asynccontextmanager
async def page(
    meter: PrometheusMeter, readings: Readings | None = None, token: str = TOKEN
) -> AsyncIterator[Served]:
    if readings is None:
        account = AccountWatch(no_balance, utc_now)
        readings = Readings(vitals_of(Board([])), account, ("1", "all"), no_figures, utc_now)
    routes = metrics_routes(meter, readings, token=token)
    async with (
        serve(routes, {}, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield Served(client)


@asynccontextmanager
async def measured(url: str, now: Clock = utc_now) -> AsyncIterator[tuple[Stage, Served]]:
    """The core between a made-up platform and the sandbox, and its metrics."""
    meter = PrometheusMeter(["fake"])
    pulse, board = Pulse(meter), Board(["fake"])
    board.watch("fake").up()
    async with staged(url, now=now, meter=pulse) as stage:
        read = partial(figures.figures, stage.core.database)
        account = stage.core.admitting.account
        readings = Readings(vitals_of(board, pulse), account, ("1", "all"), read, now)
        async with page(meter, readings) as served:
            yield stage, served


async def test_the_numbers_are_what_two_people_met(migrated_url: str) -> None:
    async with measured(migrated_url) as (stage, served):
        await stage.hear(said("the secret of Ana"), said("hello", by=BEN, at=CHANNEL))
        again = said("twice", key="twice")
        await stage.hear(again, again)
        stage.core.intake.passed_over("fake", PassedOver.NOT_ADDRESSED)
        stage.sandbox.state.faults.add(Fault("completions", "status", status=400))
        await stage.hear(said("what is refused", by=BEN, at=CHANNEL))
        text = await served.text()
        metrics = parsed(text)

    turns = partial(told, metrics, "turns_total", platform="fake", kind="question")
    assert (turns(outcome="answered", place="direct"), turns(outcome="answered", place="thread")) == (2, 1)
    assert turns(outcome="failed") == told(metrics, "turn_failures_total", error="RequestRefused") == 1
    assert told(metrics, "events_total", event="said", receipt="accepted") == 4
    assert told(metrics, "events_total", receipt="duplicate") == 1
    assert told(metrics, "passed_over_total") == 2
    assert told(metrics, "passed_over_total", reason="not_addressed") == 1
    assert told(metrics, "passed_over_total", reason="duplicate") == 1
    assert told(metrics, "turn_first_text_seconds_count") == 3
    assert told(metrics, "turn_seconds_count", outcome="answered") == 3
    assert told(metrics, "turn_seconds_sum") >= told(metrics, "turn_first_text_seconds_sum") > 0
    assert told(metrics, "aivax_calls_total", call="completion", status="200") == 3
    assert told(metrics, "aivax_calls_total", call="completion", status="400") == 1
    assert told(metrics, "tokens_total", direction="completion") > 0
    assert told(metrics, "database_seconds_count", operation="write") > 4
    assert told(metrics, "open_turns") == told(metrics, "oldest_turn_age_seconds") == 0
    for private in ("secret", "Ana", "ana", "W1", "thread-1", "sk-aiv"):
        assert private not in text


async def test_what_the_account_can_not_pay_is_held_shown_and_gone_when_it_can(migrated_url: str) -> None:
    clock = WallClock()
    async with measured(migrated_url, clock) as (stage, served):
        stage.sandbox.state.account.set_balance(0)
        await stage.hear(said("one"), said("two", by=BEN, at=CHANNEL))
        clock.advance(seconds=30)
        held = await served.read()
        stage.sandbox.state.account.set_balance(5)
        await until("the answers", lambda: _healed(stage), every_s=0.05)
        await until("fresh figures", partial(_none_open, served), every_s=0.1)
        paid = await served.read()

    assert told(held, "open_turns", state="held", platform="fake") == 2
    assert told(held, "oldest_turn_age_seconds", state="held") == 30
    assert told(held, "breakers_tripped", cause="balance") == told(held, "breakers_tripped") == 1
    assert told(held, "turns_put_back_total", why="held") == 2
    assert told(held, "aivax_calls_total", call="completion", status="402") >= 1
    assert told(held, "turns_total") == told(held, "balance_usd") == 0
    assert told(paid, "turns_total", outcome="answered", kind="question") == 2
    assert told(paid, "breakers_tripped") == 0
    assert told(paid, "spent_usd_total") > 0


async def _healed(stage: Stage) -> bool:
    await stage.heal()
    return await stage.are({"answered"})


async def _none_open(served: Served) -> bool:
    metrics = await served.read()
    return told(metrics, "open_turns") == told(metrics, "breakers_tripped") == 0


async def test_a_database_that_is_away_is_told_and_leaves_its_figures_out(migrated_url: str) -> None:
    async def away() -> Figures:
        raise TimeoutError

    meter = PrometheusMeter(["fake"])
    account = AccountWatch(no_balance, utc_now)
    async with page(
        meter, Readings(vitals_of(Board(["fake"])), account, ("1", "all"), away, utc_now)
    ) as served:
        metrics = await served.read()

    assert told(metrics, "database_up") == 0
    assert told(metrics, "frontend_up", platform="fake") == 0
    assert not any(name == "open_turns" for name, _ in metrics)


async def test_who_has_not_the_token_reads_nothing() -> None:
    async with page(PrometheusMeter([])) as served:
        statuses = [
            (await served.client.get("/metrics", headers=headers)).status_code
            for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": f"Basic {TOKEN}"})
        ]

    assert statuses == [401, 401, 401]


async def test_without_a_token_only_this_machine_reads_and_no_proxy_passes_anybody_on() -> None:
    async with page(PrometheusMeter([]), token="") as served:
        here = await served.client.get("/metrics")
        passed_on = [
            await served.client.get("/metrics", headers=headers)
            for headers in ({"X-Forwarded-For": "203.0.113.7"}, {"Host": "bot.example.com"}, {"Via": "1.1 p"})
        ]

    assert here.status_code == 200
    assert [each.status_code for each in passed_on] == [401, 401, 401]
    assert "metrics_token" in passed_on[0].text


@pytest.mark.parametrize(
    ("given", "is_served"),
    [
        ({}, False),
        ({"enabled": True}, True),
        ({"enabled": True, "host": "0.0.0.0"}, False),
        ({"enabled": True, "host": "0.0.0.0", "metrics_token": TOKEN}, True),
        ({"metrics_token": TOKEN}, False),
    ],
)
def test_metrics_are_served_with_a_token_or_on_loopback(given: dict[str, object], is_served: bool) -> None:
    assert WebSettings.model_validate(given).serves_metrics is is_served


def test_who_serves_no_metrics_does_not_import_their_library() -> None:
    code = (
        "import sys, bots.serve, bots.monitoring.build as m; from bots.settings import WebSettings\n"
        "m.monitoring_of(WebSettings(host='0.0.0.0', enabled=True), ['slack']); m.monitoring_of(WebSettings(), [])\n"
        "assert 'prometheus_client' not in sys.modules and 'starlette' not in sys.modules\n"
        "m.monitoring_of(WebSettings(enabled=True), ['slack'])\n"
        "assert 'prometheus_client' in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=90)


def test_nothing_is_measured_by_default() -> None:
    for each in MEASURED:
        if isinstance(each, Counter):
            NO_METER.count(each, **dict.fromkeys(each.labels, "x"))
        else:
            NO_METER.observe(each, 1.0, **dict.fromkeys(each.labels, "x"))


async def test_a_measurement_that_does_not_fit_harms_nobody() -> None:
    meter = PrometheusMeter(["fake"])
    with structlog.testing.capture_logs() as logs:
        meter.count(SPENT, -1.0, platform="fake")
        meter.count(SPENT, 1.0, person="ana")
        meter.count(SPENT, 2.0, platform="fake")

    async with page(meter) as served:
        assert told(await served.read(), "spent_usd_total") == 2
    assert [line["event"] for line in logs] == ["metrics.unfit", "metrics.unfit"]


# The page of the documentation


def rows() -> Sequence[str]:
    """What docs/metrics.md is to say of every metric, in its tables."""
    measured_rows = (
        f"| `{PREFIX}{each.name}` | {type(each).__name__.lower()} | {_labels(each.labels)} | {each.meaning} |"
        for each in MEASURED
    )
    gauge_rows = (
        f"| `{PREFIX}{each.name}` | {'shared gauge' if each.is_shared else 'gauge'} | "
        f"{', '.join(f'`{label}`' for label in each.labels)} | {each.meaning} |"
        for each in GAUGES
    )
    return [*measured_rows, *gauge_rows]


def _labels(labels: object) -> str:
    assert isinstance(labels, dict)
    return "; ".join(
        f"`{name}`" + (f": {', '.join(values)}" if values else "") for name, values in labels.items()
    )


def test_the_page_of_the_documentation_is_what_the_registry_has() -> None:
    lines = (Path(PROJECT) / "docs" / "metrics.md").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line.startswith(f"| `{PREFIX}")] == rows()


async def test_the_registry_has_what_the_page_says_and_nothing_else_of_ours() -> None:
    async with page(PrometheusMeter(["fake"])) as served:
        families = list(text_string_to_metric_families(await served.text()))

    ours = {family.name for family in families if family.name.startswith(PREFIX)}
    known = {(PREFIX + each.name).removesuffix("_total") for each in chain(MEASURED, GAUGES)}
    assert ours == known


def test_alerts_dashboard_and_page_ask_for_what_there_is() -> None:
    deploy, known = Path(PROJECT) / "deploy", dict(_series())
    asked = [
        (deploy / "prometheus" / "alerts.yml").read_text(encoding="utf-8"),
        *(
            target["expr"]
            for panel in json.loads((deploy / "grafana" / "aivax-bots.json").read_text("utf-8"))["panels"]
            for target in panel.get("targets", ())
        ),
        *re.findall(
            r"\| `(.*)` \|$", (Path(PROJECT) / "docs" / "metrics.md").read_text("utf-8"), re.MULTILINE
        ),
    ]
    found = [
        (name, label, value)
        for text in asked
        for name, selector in re.findall(rf"{PREFIX}(\w+)(?:{{([^}}]*)}})?", text)
        for label, value in re.findall(r'(\w+)=~?"([^"]*)"', selector) or [("", "")]
    ]

    assert len(found) > 50
    assert {name for name, _, _ in found if name not in known} == set()
    for name, label, value in found:
        values = known[name].get(label, ()) if label else ("",)
        assert not label or label in known[name], (name, label)
        assert not values or any(re.fullmatch(value, each) for each in values), (name, label, value)


def _series() -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Each series with its labels, and what is known of their values."""
    for each in MEASURED:
        ends = ("",) if isinstance(each, Counter) else ("_bucket", "_sum", "_count")
        yield from ((each.name + end, each.labels) for end in ends)
    states = {"state": tuple(OPEN.values())}
    for gauge in GAUGES:
        yield gauge.name, {label: states.get(label, ()) for label in gauge.labels}


# The whole program


async def test_the_program_counts_calls_and_rate_limits_of_both_platforms(
    tmp_path: Path, unused_tcp_port: int, url: str
) -> None:
    web = f'\n[web]\nenabled = true\nport = {unused_tcp_port}\nmetrics_token = "{TOKEN}"\n'
    async with FakeSlack() as slack, FakeDiscord() as discord, serve_sandbox(plan="max") as sandbox:
        town = Town(slack, discord, sandbox, url)
        async with (
            running(tmp_path, town.config() + web) as bot,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client,
        ):
            await bot.line()
            slack.rate_limit("chat.postMessage", 1)
            discord.rate_limit(POST, retry_after_s=0.1)
            await town.ask_on_slack("from slack")
            await town.ask_on_discord("from discord")
            served = Served(client)
            metrics = await until("the ends of both turns", partial(_both_answered, served), every_s=0.1)
            await bot.stop()
        log = "".join(bot.log)

    for platform in ("slack", "discord"):
        calls = partial(told, metrics, "platform_calls_total", platform=platform, call="post")
        assert (calls(outcome="rate_limited"), calls(outcome="ok")) == (1, 1)
        assert told(metrics, "frontend_up", platform=platform) == 1
        assert told(metrics, "last_answer_timestamp_seconds", platform=platform) > 1_700_000_000
    assert TOKEN not in log


async def _both_answered(served: Served) -> Metrics | None:
    metrics = await served.read()
    return metrics if told(metrics, "turns_total", outcome="answered") == 2 else None
