"""Log lines: where they go, how they look, and what never stands in them."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest
import structlog

from bots import logs
from bots.settings import LogSettings
from tests.processor_time import slowness

SECRET = "correct horse/battery"
SHOWN_NOWHERE = "a value of a variable"
TOKENS = [
    "xoxb-1234567890-abcdef",
    "xoxe.xoxp-1-Mi0yLTEyMzQ1Njc4",
    "xapp-1-A1B2C3-456-abcdef",
    "sk-aiv-acc-0123456789",
    "pk-aiv-sandbox0",
    "sk-proj-abcdefgh12345678",
    "oky_0123456789abcdef",
    "MTA5ODc2NTQzMjEwOTg3NjU0.GabcDE.abcdefghijklmnopqrstuvwxyz0123",
]


def configured(capsys: pytest.CaptureFixture[str], **settings: Any) -> None:
    """Configure the log while standard error is being captured."""
    logs.configure(LogSettings(**settings), [SECRET, "ab"])


def ways(text: str) -> list[Any]:
    """Every way in which a text gets into the log."""
    ours, theirs = structlog.get_logger("bots.test"), logging.getLogger("library")

    def crash(log: Any) -> None:
        try:
            raise ValueError(text)  # noqa: TRY301  a trace needs a raise
        except ValueError:
            log.exception("crashed")

    return [
        lambda: ours.warning(text),
        lambda: ours.warning(
            "said", value=text, nested={"list": [text]}, raw=text.encode("utf-8", "surrogatepass")
        ),
        lambda: ours.warning("said %s", text),
        lambda: ours.error("failed", exc_info=ValueError(text)),
        lambda: crash(ours),
        lambda: theirs.warning("said %s", text),
        lambda: theirs.warning({"payload": text}),
        lambda: crash(theirs),
        lambda: theirs.warning("%d fits not", text),
    ]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("secret", [SECRET, *TOKENS, f"Bearer {SECRET}", "http://ana:pass-word-1@host/"])
def test_no_secret_reaches_standard_error(capsys: pytest.CaptureFixture[str], form: str, secret: str) -> None:
    configured(capsys, format=form)

    for way in ways(secret):
        way()

    written = capsys.readouterr()
    assert written.out == ""
    assert len(written.err.splitlines()) >= len(ways(""))
    assert not [part for part in (secret, SECRET, "pass-word-1") if part in written.err]


def test_a_secret_is_hidden_in_an_address_too(capsys: pytest.CaptureFixture[str]) -> None:
    configured(capsys)

    logging.getLogger("library").warning("GET /x?token=correct%20horse%2Fbattery")

    assert "battery" not in capsys.readouterr().err


def test_what_only_resembles_a_token_is_left_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    configured(capsys)

    structlog.get_logger("bots").warning(
        "task-scheduler-stopped", address="http://host:8080/a@b", version="1.2.3"
    )

    written = capsys.readouterr().err
    assert "task-scheduler-stopped" in written
    assert "http://host:8080/a@b" in written


def test_json_is_one_object_in_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    configured(capsys, format="json")

    for way in ways("two\nlines \ud800 \x1b[31m")[:-1]:
        way()
    structlog.get_logger("bots").warning("number", value=float("nan"))

    lines = capsys.readouterr().err.splitlines()
    entries = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert len(entries) == len(ways(""))
    assert all({"event", "level", "timestamp"} <= entry.keys() for entry in entries)
    assert "ValueError" in entries[4]["exception"]


def test_libraries_are_heard_from_a_warning_on_and_we_from_the_level_that_is_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configured(capsys, level="debug")

    for name in ("httpx", "slack_bolt.App", "discord.gateway", "bots.x", "core.x"):
        for level in ("debug", "info", "warning"):
            getattr(logging.getLogger(name), level)(f"<{name} {level}>")

    written = capsys.readouterr().err
    assert "<httpx info>" not in written
    assert "<slack_bolt.App debug>" not in written
    assert "<discord.gateway warning>" in written
    assert "<bots.x debug>" in written
    assert "<core.x info>" in written


def test_the_level_holds_back_what_is_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    configured(capsys, level="error")

    structlog.get_logger("core.turns").warning("quiet")
    structlog.get_logger("core.turns").error("loud")

    written = capsys.readouterr().err
    assert "quiet" not in written
    assert "loud" in written


def test_configuring_again_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    configured(capsys)
    configured(capsys)

    structlog.get_logger("bots").warning("once")

    assert capsys.readouterr().err.count("once") == 1


def test_without_a_terminal_no_colours_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    configured(capsys)

    structlog.get_logger("bots").error("failed", value=1)

    assert "\x1b" not in capsys.readouterr().err


def deep_error(chain: int, frames: int) -> Exception:
    """An error with causes behind it, each raised from many calls down, beside values that take long to show."""

    def fall(depth: int, cause: Exception | None) -> None:
        private = [SHOWN_NOWHERE] * 1_000
        if depth == 0:
            raise ValueError(f"{len(private)} values") from cause
        fall(depth - 1, cause)

    caught: Exception | None = None
    for _ in range(chain):
        try:
            fall(frames, caught)
        except ValueError as error:
            caught = error
    assert caught is not None
    return caught


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("log", [structlog.get_logger("bots.test"), logging.getLogger("library")])
def test_a_deep_error_is_told_briefly_and_without_values(
    capsys: pytest.CaptureFixture[str], form: str, log: Any
) -> None:
    configured(capsys, format=form)
    error = deep_error(chain=30, frames=200)

    before_s = time.process_time()
    log.error("crashed", exc_info=error)
    took_s = time.process_time() - before_s

    written = capsys.readouterr().err
    assert took_s < 0.05 * slowness()
    assert "ValueError: 1000 values" in written
    assert "which was caused by:" in written
    assert "test_logs.py" in written
    assert SHOWN_NOWHERE not in written
    assert len(written) < 20_000


@pytest.mark.parametrize("form", ["text", "json"])
def test_each_error_of_a_group_is_told(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configured(capsys, format=form)
    group = ExceptionGroup("two failed", [ValueError("first"), KeyError("second")])
    group.__context__ = group.exceptions[0]  # a circle ends

    structlog.get_logger("bots.test").error("crashed", exc_info=group)

    written = capsys.readouterr().err
    assert "two failed" in written
    assert written.count("ValueError: first") == 1
    assert "KeyError: 'second'" in written


def test_an_error_that_cannot_tell_what_it_is_is_told_nevertheless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    configured(capsys)

    structlog.get_logger("bots.test").error("crashed", exc_info=Mute())

    assert "Mute: (it has no text)" in capsys.readouterr().err
