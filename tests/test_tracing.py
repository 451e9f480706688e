"""A turn's trace, from its event to the end of its answer, whichever processes it passes through; and no text in it."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import structlog
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes
from structlog.testing import capture_logs

from bots.tracing import sdk_tracer
from bots.tracing import settings as tracing_settings
from bots.tracing.sdk_tracer import open_tracer
from bots.tracing.settings import OtelSettings, check_otel
from core.domain import PlatformBusy, SettingRefused
from core.domain.spans import NO_SPAN, TracedSpan, TurnTrace, begin, span, within
from core.domain.tracing import Span, SpanKind, TraceIds
from sandbox.faults import Fault
from sandbox.server import serve
from tests.collector import Collected, Collector, collecting
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PROJECT
from tests.samples import WallClock, said
from tests.stage import FakePlatform, staged
from tests.town import Town, running
from tests.waiting import until

OURS = "aivax_bots."


class Kept:
    """A `Tracer` that keeps everything."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.spans: list[Span] = []
        self._keeps = keeps

    def keeps(self, trace_id: int) -> bool:
        return self._keeps

    def record(self, span: Span) -> None:
        self.spans.append(span)

    def named(self, name: str) -> list[Span]:
        return [each for each in self.spans if each.name == name]

    def only(self, name: str) -> Span:
        (found,) = self.named(name)
        return found


def otel(collector: Collector) -> str:
    return f'\n[otel]\nenabled = true\nendpoint = "{collector.url}"\nheaders = "x-token=let%20me%20in"\n'


async def test_a_turn_that_one_process_hears_and_another_answers_is_one_trace(
    tmp_path: Path, postgres_url: str
) -> None:
    folders = [tmp_path / name for name in ("listen", "work")]
    for folder in folders:
        folder.mkdir()
    async with (
        FakeSlack() as slack,
        FakeDiscord() as discord,
        serve(plan="max") as sandbox,
        collecting() as collector,
    ):
        town = Town(slack, discord, sandbox, postgres_url)
        config = town.config(storage=postgres_url) + otel(collector)
        async with (
            running(folders[0], config, "--role", "listen") as listener,
            running(folders[1], config, "--role", "work") as worker,
        ):
            assert (await listener.line()).startswith("ready: ")
            assert (await worker.line()).startswith("ready: ")
            await asyncio.gather(town.ask_on_slack("the pearl diver"), town.ask_on_discord("the lighthouse"))
            assert await listener.stop() == 0
            assert await worker.stop() == 0

        spans = await collector.whole(2)
    turns = collector.named("turn")
    assert {each.attributes[f"{OURS}platform"] for each in turns} == {"slack", "discord"}
    assert len({each.trace for each in spans}) == 2
    for turn in turns:
        assert_tells_of_a_whole_turn([each for each in spans if each.trace == turn.trace], turn)
        assert any(f"trace_id={turn.trace}" in line for line in worker.log)
    for private in (b"pearl", b"lighthouse", b"ana", b"ben", b"general", b"lobby", b"Gophers", b"sk-aiv"):
        assert private not in collector.said
    for secret in (slack.bot_token, discord.token, "let me in"):
        assert secret.encode() not in collector.said
    assert {each["x-token"] for each in collector.headers} == {"let me in"}


@pytest.mark.long
async def test_a_process_answers_and_ends_though_its_collector_never_answers(
    tmp_path: Path, url: str
) -> None:
    async with (
        FakeSlack() as slack,
        FakeDiscord() as discord,
        serve(plan="max") as sandbox,
        collecting() as collector,
    ):
        collector.going.clear()
        town = Town(slack, discord, sandbox, url)
        async with running(tmp_path, town.config() + otel(collector)) as bot:
            await bot.line()

            assert "hello" in await town.ask_on_slack("hello")
            assert await bot.stop() == 0
    assert sum("traces.not_flushed" in line for line in bot.log) == 1
    assert not any("Traceback" in line for line in bot.log)


def assert_tells_of_a_whole_turn(spans: list[Collected], turn: Collected) -> None:
    """The steps of a turn that went well, each below the right one and within it."""
    platform = turn.attributes[f"{OURS}platform"]
    one = {each.name: each for each in spans}
    assert turn.parent == ""
    assert (turn.attributes[f"{OURS}outcome"], turn.attributes[f"{OURS}kind"]) == ("answered", "question")
    assert not any(each.is_error for each in spans)
    receive, wait, attempt, chat = (one[name] for name in ("receive", "wait", "attempt", "chat sandbox:50c3"))
    assert {receive.parent, wait.parent, attempt.parent} == {turn.id}
    assert {one["compose"].parent, chat.parent, one["deliver"].parent} == {attempt.id}
    assert receive.process != attempt.process == turn.process == chat.process
    assert receive.began_ns <= wait.ended_ns <= attempt.ended_ns <= turn.ended_ns
    assert turn.began_ns <= wait.began_ns <= wait.ended_ns <= attempt.began_ns + 1_000_000
    assert chat.attributes["gen_ai.usage.input_tokens"] > 0 < chat.attributes["gen_ai.usage.output_tokens"]
    assert chat.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert chat.attributes["server.address"] == "127.0.0.1"
    shown = [
        each for each in spans if each.name.startswith(f"{platform} ") and f"{OURS}call" in each.attributes
    ]
    posts = {"post", "edit", "stream_start", "stream_append", "stream_stop"}
    assert posts & {each.attributes[f"{OURS}call"] for each in shown}


async def test_a_second_attempt_in_another_process_stays_in_the_trace(migrated_url: str) -> None:
    first, second, platform = Kept(), Kept(), FakePlatform()
    clock = WallClock()
    async with serve(plan="max") as sandbox:
        async with staged(migrated_url, platform=platform, sandbox=sandbox, now=clock, tracer=first) as stage:
            for name in ("post", "edit", "find", "post"):
                platform.place("D-ana").faults.append((name, PlatformBusy("fake", retry_after_s=600.0)))
            await stage.hear(said("hello"))
            await until("the first attempt's end", lambda: first.named("attempt"))
        clock.advance(minutes=11)
        platform.place("D-ana").faults.clear()
        async with staged(
            migrated_url, platform=platform, sandbox=sandbox, now=clock, tracer=second
        ) as stage:
            await until("the end of the turn", lambda: second.named("turn"))

    assert first.named("turn") == []
    assert first.only("attempt").attributes[f"{OURS}outcome"] == "delayed"
    root, again = second.only("turn"), second.named("attempt")[-1]
    assert (again.attributes[f"{OURS}attempt"], again.attributes[f"{OURS}outcome"]) == (2, "answered")
    assert {each.trace_id for each in first.spans + second.spans} == {root.trace_id}
    parents = {
        each.parent_id for each in first.spans + second.spans if each.name in ("receive", "wait", "attempt")
    }
    assert parents == {root.span_id}


async def test_what_goes_wrong_is_told_by_its_name_and_reference_and_never_by_its_words(
    sqlite_url: str,
) -> None:
    kept = Kept()
    async with staged(sqlite_url, tracer=kept, aivax={"tries": 2}) as stage:
        for status in (503, 400):
            stage.sandbox.state.faults.add(Fault("completions", "status", status=status))
        await stage.hear(said("the pearl diver"))
        (reference,) = await stage.rows("SELECT reference FROM turns")

    turn, tries = kept.only("turn"), kept.named("chat sandbox:50c3")
    assert (turn.error, turn.attributes[f"{OURS}outcome"]) == ("RequestRefused", "failed")
    assert turn.attributes[f"{OURS}reference"] == reference
    assert [(each.error, each.attributes["http.response.status_code"]) for each in tries] == [
        ("Unavailable", 503),
        ("RequestRefused", 400),
    ]
    assert [each.attributes[f"{OURS}try"] for each in tries] == [1, 2]
    assert "pearl" not in repr(kept.spans)


async def test_tools_that_ran_have_spans_below_the_call_without_what_they_were_called_with(
    sqlite_url: str,
) -> None:
    kept = Kept()
    async with staged(sqlite_url, tracer=kept) as stage:
        await stage.hear(said("tools with the pearl diver"))

    chat = kept.only("chat sandbox:50c3")
    tools = [each for each in kept.spans if each.name.startswith("execute_tool ")]
    assert tools
    assert {each.parent_id for each in tools} == {chat.span_id}
    assert all(each.attributes["gen_ai.tool.name"] == each.name.partition(" ")[2] for each in tools)
    assert all(chat.began_ns <= each.began_ns <= each.ended_ns <= chat.ended_ns for each in tools)
    assert "pearl" not in repr(kept.spans)


async def test_a_trace_that_is_not_kept_costs_no_span_and_the_log_names_none(sqlite_url: str) -> None:
    kept = Kept(keeps=False)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as log:
        async with staged(sqlite_url, tracer=kept) as stage:
            await stage.hear(said("hello"))

    assert kept.spans == []
    assert any(line["event"] == "turn.answered" for line in log)
    assert not any("trace_id" in line for line in log)
    assert begin("outside of any turn") is NO_SPAN


async def test_log_lines_of_an_attempt_carry_its_trace(sqlite_url: str) -> None:
    kept = Kept()
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as log:
        async with staged(sqlite_url, tracer=kept) as stage:
            await stage.hear(said("hello"))

    (line,) = [each for each in log if each["event"] == "turn.answered"]
    attempt = kept.only("attempt")
    assert (line["trace_id"], line["span_id"]) == (f"{attempt.trace_id:032x}", f"{attempt.span_id:016x}")


@asynccontextmanager
async def sending(collector: Collector | str, **more: object) -> AsyncIterator[sdk_tracer.SdkTracer]:
    endpoint = collector if isinstance(collector, str) else collector.url
    settings = OtelSettings.model_validate({"enabled": True, "endpoint": endpoint, **more})
    async with open_tracer(settings) as tracer:
        yield tracer


def a_span(number: int) -> Span:
    ids = TraceIds.of(f"{number:032x}")
    return Span("turn", ids.trace_id, ids.root_id, None, SpanKind.CONSUMER, 1, 2)


@pytest.fixture
def _sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")


@pytest.mark.usefixtures("_sent_at_once")
async def test_a_collector_that_refuses_is_told_once_and_once_that_it_takes_spans_again() -> None:
    with capture_logs() as log:
        async with collecting() as collector, sending(collector) as tracer:
            collector.status = 400
            for number in range(3):
                asked = collector.requests
                tracer.record(a_span(number))
                await until("the next batch", lambda asked=asked: collector.requests > asked)
            collector.status = 200
            await until("the first line", lambda: log)

            def again() -> bool:
                tracer.record(a_span(4))
                return bool(collector.spans)

            await until("a span", again)
            await until("the second line", lambda: len(log) > 1)

    assert [line["event"] for line in log] == ["traces.not_sent", "traces.sent_again"]
    assert "400" in log[0]["cause"]
    assert log[1]["lost_spans"] == 3


@pytest.mark.usefixtures("_sent_at_once")
@pytest.mark.parametrize("how", ["away", "silent", "failing"])
async def test_a_turn_ends_in_time_whatever_the_collector_does_and_so_does_the_process(
    how: str, sqlite_url: str, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdk_tracer, "FLUSH_S", 0.2)
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "16")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
    async with collecting() as collector:
        collector.status = 503 if how == "failing" else 200
        if how == "silent":
            collector.going.clear()
        endpoint = f"http://127.0.0.1:{unused_tcp_port}" if how == "away" else collector.url
        async with sending(endpoint) as tracer, staged(sqlite_url, tracer=tracer) as stage:
            for number in range(200):  # far more than fit into the queue
                tracer.record(a_span(number))
            await stage.hear(said("hello"))

            assert await stage.states() == ["answered"]


async def test_what_is_not_sent_yet_is_sent_at_the_end() -> None:
    async with collecting() as collector:
        async with sending(collector) as tracer:
            tracer.record(a_span(1))
            assert collector.spans == []

        assert [each.name for each in collector.spans] == ["turn"]
    assert logging.getLogger("opentelemetry").propagate


async def test_proxies_of_the_machine_stand_in_no_way_to_a_collector_on_it(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_tcp_port}")
    async with collecting() as collector:
        async with sending(collector) as tracer:
            tracer.record(a_span(1))

        assert [each.name for each in collector.spans] == ["turn"]


async def test_what_the_settings_leave_open_stands_in_the_sdks_own_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=theirs")
        async with sending("") as tracer:
            tracer.record(a_span(1))
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
        async with sending("") as off, sending("", sample=1.0) as ours:
            kept = off.keeps(1), ours.keeps(1)

    assert [each.name for each in collector.spans] == ["turn"]
    assert collector.headers[0]["x-token"] == "theirs"
    assert kept == (False, True)


async def test_every_process_picks_the_same_part_of_all_turns() -> None:
    keys = [f"{number:032x}" for number in range(2_000)]
    async with (
        sending("http://127.0.0.1:9", sample=0.25) as one,
        sending("http://127.0.0.1:9", sample=0.25) as two,
    ):
        kept = [[each.keeps(TraceIds.of(key).trace_id) for key in keys] for each in (one, two)]

    assert kept[0] == kept[1]
    assert 400 < sum(kept[0]) < 600


async def test_a_part_of_the_steps_of_a_turn_that_is_traced_is_never_missing() -> None:
    """The sampler's answer for a trace holds for what stands below its root, too."""
    async with collecting() as collector:
        async with sending(collector, sample=0.5) as tracer:
            made = [TraceIds.of(f"{number:032x}") for number in range(40)]
            kept = [each for each in made if tracer.keeps(each.trace_id)]
            for ids in kept:
                tracer.record(Span("wait", ids.trace_id, 7, ids.root_id, SpanKind.INTERNAL, 1, 2))

        assert {each.trace for each in collector.named("wait")} == {f"{each.trace_id:032x}" for each in kept}


async def test_a_span_that_does_not_fit_harms_nobody() -> None:
    with capture_logs() as log:
        async with sending("http://127.0.0.1:9") as tracer:
            tracer.record(Span("odd", "no number", 1, 2, SpanKind.CLIENT, 1, 2))  # type: ignore[arg-type]

    assert log[0]["event"] == "traces.unfit"


def test_ids_follow_from_the_key_of_a_turn_and_tell_nothing_of_it() -> None:
    key = "0123456789abcdef0123456789abcdef"
    ids = TraceIds.of(key)

    assert ids == TraceIds.of(key) != TraceIds.of(key[::-1])
    assert f"{ids.trace_id:032x}" != key
    assert 0 < ids.trace_id < 2**128
    assert 0 < ids.root_id < 2**64


def test_names_are_those_of_the_conventions() -> None:
    known = {
        value
        for module in (gen_ai_attributes, error_attributes, http_attributes, server_attributes)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }
    source = "".join(path.read_text() for path in PROJECT.glob("core/**/*.py"))
    used = {
        word
        for word in source.replace('"', "\n").splitlines()
        if word.startswith(("gen_ai.", "server.", "http.request.", "http.response.")) and word.isascii()
    }

    assert len(used) > 10
    assert used <= known


@pytest.mark.parametrize(
    ("endpoint", "said_of_it"),
    [
        ("collector:4318", "http://127.0.0.1:4318"),
        ("http://me:secret@collector", "headers"),
        ("http://x/?a=1", "write"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(endpoint: str, said_of_it: str) -> None:
    with pytest.raises(ValueError, match=said_of_it):
        OtelSettings(endpoint=endpoint)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("", ""),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("https://c/otlp/v1/traces", "https://c/otlp/v1/traces"),
    ],
)
def test_spans_go_to_the_path_of_traces(endpoint: str, url: str) -> None:
    assert OtelSettings(endpoint=endpoint).traces_url == url


def test_headers_that_are_none_are_refused_without_being_shown() -> None:
    with pytest.raises(SettingRefused, match=r"\[otel\] headers") as refused:
        check_otel(OtelSettings.model_validate({"enabled": True, "headers": "Bearer pearl"}))

    assert "pearl" not in str(refused.value)


def test_without_the_extra_it_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing_settings, "find_spec", lambda _: None)

    with pytest.raises(SettingRefused, match=r"aivax-bots\[otel\]"):
        check_otel(OtelSettings(enabled=True))


def test_nothing_of_opentelemetry_is_imported_where_traces_are_off() -> None:
    program = (
        "import sys, bots.serve, bots.app; sys.exit(any('opentelemetry' in name for name in sys.modules))"
    )

    assert (
        subprocess.run([sys.executable, "-c", program], cwd=PROJECT, timeout=90, check=False).returncode == 0
    )


async def test_a_step_that_fails_names_the_first_error_and_ends_once() -> None:
    kept = Kept()
    async with staged_step(kept):
        with suppress(PlatformBusy), span("outer") as outer:
            outer.fail("first")
            raise PlatformBusy("fake")
        outer.end()

    assert kept.only("outer").error == "first"


@asynccontextmanager
async def staged_step(kept: Kept) -> AsyncIterator[None]:
    trace = TurnTrace(kept, TraceIds.of("key"))
    with within(TracedSpan(trace, "attempt", 1)):
        yield
