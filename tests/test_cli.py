"""The commands, each as a process of its own: in an empty folder, with a clean environment."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bots.cli.main import cli
from core import __version__
from core.storage.db import migrate
from sandbox.faults import Fault
from sandbox.server import Sandbox, serve
from tests.programs import PIPE, Program, forker
from tests.waiting import soon

SCRIPT = Path(sys.executable).parent / "aivax-bots"
PROGRAM = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "bots"]
PATIENCE_S = 90.0
BEFORE = "(You asked this before; here is the answer.)\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def clean(**environment: str) -> dict[str, str]:
    root = Path(__file__).parents[1]
    base = {"PATH": os.environ["PATH"], "HOME": str(Path.cwd()), "LANG": "C.UTF-8", "TERM": "xterm"}
    return {**base, "PYTHONPATH": "" if SCRIPT.exists() else str(root), **environment}


def of_sandbox(server: Sandbox | None = None, **environment: str) -> dict[str, str]:
    """The environment of a chat with a sandbox of this test process, or with nobody at all."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    return {
        "AIVAX_BOTS__AIVAX__BASE_URL": f"{server.base_url if server else nobody}/v1",
        "AIVAX_BOTS__AIVAX__API_KEY": "sk-aiv-acc-sandbox",
        "AIVAX_BOTS__AIVAX__MODEL": "sandbox:50c3",
        "AIVAX_BOTS__AIVAX__TRIES": "1",
        **environment,
    }


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program left behind."""

    status: int
    out: str
    err: str


class Running:
    """A program that runs; what it writes to standard error is kept."""

    def __init__(self, process: asyncio.subprocess.Process | Program) -> None:
        self.process = process
        self.out = ""
        self.err = ""
        assert process.stdout is not None
        assert process.stderr is not None
        self._stdout, self._stderr = process.stdout, process.stderr

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        await self.process.stdin.drain()

    async def sees(self, text: str) -> None:
        """Wait until this stands on standard output."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.out:
                data = await self._stdout.read(4096)
                assert data, f"it ended before it said {text!r}: {self.out} {self.err}"
                self.out += data.decode()

    async def logs(self, text: str) -> None:
        """Wait until this stands on standard error."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.err:
                data = await self._stderr.read(4096)
                assert data, f"it ended before it said {text!r}: {self.out} {self.err}"
                self.err += data.decode()

    async def ended(self, typed: str | bytes = "") -> Ended:
        """Close its input and wait for its end."""
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate(typed.encode() if isinstance(typed, str) else typed)
        assert self.process.returncode is not None
        self.out, self.err = self.out + out.decode(), self.err + err.decode()
        return Ended(self.process.returncode, self.out, self.err)


@asynccontextmanager
async def running(*arguments: str, fresh: bool = False, **environment: str) -> AsyncIterator[Running]:
    """A command under way. `fresh`: an interpreter that begins from nothing."""
    if fresh:
        process: Any = await asyncio.create_subprocess_exec(
            *PROGRAM, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=clean(**environment)
        )
    else:
        process = await forker().start(*arguments, env=clean(**environment), files=(PIPE, PIPE, PIPE))
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def run(*arguments: str, typed: str = "", fresh: bool = False, **environment: str) -> Ended:
    async with running(*arguments, fresh=fresh, **environment) as program:
        return await program.ended(typed)


def states(path: str = "data/aivax-bots.sqlite3") -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM turns ORDER BY id")]


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(text)


# Help


async def test_the_version_is_told() -> None:
    assert await run("--version", fresh=True) == Ended(0, f"aivax-bots {__version__}\n", "")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("", ["run", "chat", "doctor", "sandbox", "db", "--version"]),
        ("init", ["--config", "--answers", "docs/start.md", "doctor"]),
        ("doctor", ["--config", "--json", "--no-answer", "status", "why"]),
        ("doctor why", ["--config", "reference", "link"]),
        ("run", ["--config"]),
        ("chat", ["--config", "--sandbox"]),
        ("sandbox", ["--host", "--port", "--balance", "--plan", "8787", "free|pro|max"]),
        ("db", ["upgrade", "current"]),
        ("db upgrade", ["--config"]),
    ],
)
def test_each_command_explains_itself(command: str, told: list[str]) -> None:
    ended = CliRunner().invoke(cli, [*command.split(), "--help"])

    assert ended.exit_code == 0
    assert [word for word in told if word not in ended.stdout] == []
    assert not any(Path().iterdir())


# A chat through pipes


async def test_piped_lines_are_answered_in_order_as_plain_text() -> None:
    ended = await run(
        "chat", "--sandbox", typed="first question\n\nsecond question\n\nand the third", fresh=True
    )

    assert ended.status == 0
    places = [
        ended.out.index(question) for question in ("first question", "second question", "and the third")
    ]
    assert places == sorted(places)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]|you>", ended.out)
    assert "simulated" in ended.err
    assert "simulated" not in ended.out
    assert states("data/sandbox.sqlite3") == ["answered"] * 3


async def test_the_next_chat_remembers_and_takes_bytes_that_are_no_text() -> None:
    async with serve(plan="max") as server:
        await run("chat", typed="first question", **of_sandbox(server))
        async with running("chat", fresh=True, PYTHONIOENCODING="ascii", **of_sandbox(server)) as chat:
            ended = await chat.ended(b"h\xffll\xc3\xb6\n")

    assert ended.status == 0
    assert "h?ll??" in ended.out
    assert "I remember 2 earlier messages" in ended.out


@pytest.mark.parametrize(
    "variables",
    [
        {"ALL_PROXY": "socks5://127.0.0.1:1080"},
        {"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "localhost,[::1]"},
        {"HTTPS_PROXY": "no proxy at all", "no_proxy": "*"},
        {"SSL_CERT_DIR": "/gone"},
    ],
    ids=lambda variables: " ".join(variables),
)
async def test_proxies_of_the_machine_stand_in_no_chat_s_way(variables: dict[str, str]) -> None:
    async with serve(plan="max") as server:
        ended = await run("chat", typed="hello\n", **variables, **of_sandbox(server))

    assert ended.status == 0
    assert ended.out
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SSL_CERT_FILE": "/gone/ca.pem"}, "SSL_CERT_FILE = '/gone/ca.pem': can't be read"),
        (
            {"AIVAX_BOTS__AIVAX__BASE_URL": "https://ai.example/v1", "ALL_PROXY": "socks4://127.0.0.1:1080"},
            "ALL_PROXY = 'socks4://127.0.0.1:1080': is a proxy of a kind that I can't use",
        ),
    ],
)
async def test_a_variable_of_the_machine_that_can_t_be_used_is_named(
    variables: dict[str, str], told: str
) -> None:
    async with serve(plan="max") as server:
        ended = await run("chat", typed="hello\n", **of_sandbox(server) | variables)

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"aivax-bots: {told}")


async def test_a_key_log_of_the_machine_that_can_t_be_written_is_passed_by() -> None:
    async with serve(plan="max") as server:
        ended = await run(
            "chat", typed="hello\n", fresh=True, SSLKEYLOGFILE="/gone/keys.log", **of_sandbox(server)
        )

    assert ended.status == 0
    assert ended.err.startswith("aivax-bots: SSLKEYLOGFILE = '/gone/keys.log' is not used")


async def test_a_chat_without_any_input_ends_at_once() -> None:
    async with serve(plan="max") as server:
        ended = await run("chat", **of_sandbox(server))

    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "Chatting with sandbox:50c3. /help lists the commands; end with Ctrl-D.\n"


async def test_when_the_reader_leaves_the_chat_ends_and_the_answer_comes_in_the_next_one() -> None:
    async with serve(plan="max") as server:
        reading, writing = os.pipe()
        chat = await forker().start("chat", env=clean(**of_sandbox(server)), files=(PIPE, writing, PIPE))
        os.close(writing)
        os.close(reading)
        async with asyncio.timeout(PATIENCE_S):
            _, err = await chat.communicate(b"one\ntwo\n")

    assert chat.returncode == 0
    assert b"Traceback" not in err
    assert b"Exception" not in err
    assert states() == ["queued"]


async def test_an_answer_that_a_crash_cut_off_comes_first_in_the_next_chat() -> None:
    async with serve(plan="max") as server:
        server.state.faults.add(Fault("completions", "silence", after_chunks=10))
        async with running("chat", **of_sandbox(server)) as chat:
            await chat.type("where were we?\nlost line\n")
            await chat.sees("AIVAX")
            chat.send(signal.SIGKILL)
            assert (await chat.ended()).status == -signal.SIGKILL
        assert states() == ["running"]

        ended = await run("chat", typed="and now?", **of_sandbox(server))

    assert ended.status == 0
    assert ended.out.startswith(BEFORE)
    assert ended.out.index("where were we?") < ended.out.index("and now?")
    assert states() == ["answered", "answered"]


async def test_a_stopped_chat_ends_at_once_and_hands_its_answer_over() -> None:
    async with serve(plan="max") as server:
        server.state.faults.add(Fault("completions", "silence", after_chunks=10))
        async with running("chat", **of_sandbox(server)) as chat:
            await chat.type("hello\n")
            await chat.sees("AIVAX")
            chat.send(signal.SIGTERM)
            ended = await chat.ended()

    assert ended.status == 0
    assert "Traceback" not in ended.err
    assert states() == ["queued"]


async def test_no_balance_is_a_friendly_sentence_on_the_screen_and_a_cause_in_the_log() -> None:
    async with serve(balance=0.0) as server:
        ended = await run("chat", typed="hello\n", **of_sandbox(server))

    assert ended.status == 0
    assert "out of credit" in ended.out
    assert not [word for word in ("402", "NoBalance", "sk-aiv", "Traceback") if word in ended.out]
    assert "NoBalance" in ended.err
    assert "402" in ended.err
    assert "sk-aiv" not in ended.err


async def test_an_aivax_that_is_out_of_reach_is_a_sentence_too() -> None:
    ended = await run("chat", typed="hello\n", **of_sandbox())

    assert ended.status == 0
    assert "The AI service doesn't respond" in ended.out
    assert "Unavailable" in ended.err
    assert "Traceback" not in ended.err


# A chat at a terminal


class AtTerminal:
    """A chat in a terminal that only prints; `screen` is what was written to it."""

    def __init__(self, process: Program, terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self.screen = ""

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    async def sees(self, text: str) -> None:
        """Wait until this stands on the screen below what was seen before, and forget what is above it."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.screen:
                assert await self._read(), f"it ended before it showed {text!r}: {self.screen}"
        self.screen = self.screen.partition(text)[2]

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            while await self._read():
                pass
            return await self._process.wait()

    async def _read(self) -> bool:
        readable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._terminal, _settle, readable)
        try:
            await readable
            data = os.read(self._terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            data = b""
        finally:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self.screen += data.decode(errors="replace")
        return bool(data)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


@asynccontextmanager
async def at_terminal(*arguments: str, **environment: str) -> AsyncIterator[AtTerminal]:
    ours, its = pty.openpty()
    process = await forker().start(*arguments, env=clean(**environment), files=(its, its, its), terminal=True)
    os.close(its)
    try:
        yield AtTerminal(process, ours)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await soon("the end of the chat", process.wait())
        os.close(ours)


async def test_at_a_terminal_that_only_prints_the_chat_prompts_and_ctrl_d_ends_it() -> None:
    async with serve(plan="max") as server, at_terminal("chat", **of_sandbox(server, TERM="dumb")) as chat:
        await chat.sees("you> ")
        chat.press("hello there\n")
        await chat.sees("hello there\r\n")  # the terminal's own echo
        await chat.sees("hello there")
        await chat.sees("\r\n\r\nyou> ")
        chat.press("\x04")

        assert await chat.ended() == 0
        assert chat.screen == "\r\n"


async def test_at_a_terminal_that_only_prints_an_answer_is_seen_as_it_grows_and_ctrl_c_ends_the_chat() -> (
    None
):
    async with serve(plan="max") as server:
        server.state.faults.add(Fault("completions", "silence", after_chunks=10))
        async with at_terminal("chat", **of_sandbox(server, TERM="dumb")) as chat:
            await chat.sees("you> ")
            chat.press("hello\n")
            await chat.sees("hello\r\n")
            await chat.sees("AIVAX")
            chat.press("\x03")

            assert await chat.ended() == 0
            assert "Traceback" not in chat.screen
            assert "you>" not in chat.screen
    assert states() == ["queued"]


async def test_ctrl_c_at_the_prompt_ends_the_chat_without_a_word() -> None:
    async with serve(plan="max") as server, at_terminal("chat", **of_sandbox(server, TERM="dumb")) as chat:
        await chat.sees("you> ")
        chat.press("half a ques\x03")

        assert await chat.ended() == 0
        assert re.fullmatch(r"(half a ques)?\^C\s*", chat.screen)


# What keeps a command from starting


async def test_run_without_tokens_says_what_to_set() -> None:
    ended = await run("run", AIVAX_BOTS__SLACK__ENABLED="true")

    assert (ended.status, ended.out) == (2, "")
    for hint in (
        "[slack] bot_token and app_token",
        "[discord] token",
        "config.toml",
        "aivax-bots chat --sandbox",
    ):
        assert hint in ended.err
    assert "Traceback" not in ended.err


async def test_a_bad_setting_is_told_by_name_without_a_secret() -> None:
    write("config.toml", '[slack]\nbot_tokn = "xoxb-1234567890"\n[web]\nport = "xoxb-1234567890"\n')

    ended = await run("run")

    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        "aivax-bots: [web] port = '[secret]': write a whole number\n"
        "aivax-bots: [slack] bot_tokn: there is no such key; did you mean 'bot_token'?\n"
    )


async def test_chat_without_a_model_says_which_setting_is_missing() -> None:
    ended = await run("chat")

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("aivax-bots: [aivax] model: name the gateway")


async def test_the_doctor_looks_beside_a_chat_that_runs_and_tells_other_programs() -> None:
    async with serve(plan="max") as server, running("chat", **of_sandbox(server)) as chat:
        await chat.logs("Chatting with")
        found = await run("doctor", "--json", **of_sandbox(server))
        await chat.ended("hello\n")

    states = {each["check"]: each["state"] for each in json.loads(found.out)["checks"]}
    assert {check for check, state in states.items() if state == "failed"} == {"platforms"}
    assert states["aivax.answer"] == states["database.schema"] == "ok"
    assert (found.status, found.err) == (2, "")


async def test_the_doctor_tells_of_a_configuration_that_cant_be_read() -> None:
    found = await run("doctor", AIVAX_BOTS__WEB__PORT="many")

    assert found.status == 2
    assert "FAILED   config  AIVAX_BOTS__WEB__PORT" in found.out or "[web] port" in found.out
    assert "->" in found.out


async def test_one_chat_at_a_time_holds_the_file_while_other_commands_work_beside_it() -> None:
    async with serve(plan="max") as server, running("chat", **of_sandbox(server)) as chat:
        await chat.logs("Chatting with")

        second = await run("chat", typed="hello", **of_sandbox(server))
        beside = await run("db", "current")
        first = await chat.ended("hello\n")

    assert second == Ended(
        75,
        "",
        "aivax-bots: data/aivax-bots.sqlite3 is in use by another `aivax-bots run` or `chat`. "
        "Stop that one first, or set another [storage] url.\n",
    )
    assert re.search(r"is at revision (\w+); this version needs \1\n", beside.out)
    assert (beside.status, beside.err) == (0, "")
    assert (first.status, "hello" in first.out) == (0, True)


# The database


async def test_the_database_is_upgraded_and_its_revision_told() -> None:
    ended = await run("db", "upgrade")

    assert re.fullmatch(r"sqlite\+aiosqlite:///data/aivax-bots\.sqlite3 is at revision \w+\n", ended.out)
    assert (ended.status, ended.err) == (0, "")


async def test_a_downgrade_is_refused_with_both_revisions_and_the_way_back(migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, "bot.sqlite3")
    before = Path("bot.sqlite3").read_bytes()

    ended = await run("db", "downgrade", "0002", AIVAX_BOTS__STORAGE__URL="sqlite:///bot.sqlite3")

    assert ended.status == 2
    assert f"is at revision {migrate.head()} and does not go back to 0002" in ended.err
    assert "db restore" in ended.err
    assert Path("bot.sqlite3").read_bytes() == before


async def test_a_newer_database_is_refused_with_a_sentence(migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, "newer.sqlite3")
    with closing(sqlite3.connect("newer.sqlite3")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'f00f'")

    ended = await run("chat", **of_sandbox(AIVAX_BOTS__STORAGE__URL="sqlite:///newer.sqlite3"))

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("aivax-bots: the database is at revision f00f, which this version")
    assert "written by a newer aivax-bots" in ended.err
    assert f"knows revisions up to {migrate.head()}" in ended.err
    assert "db restore" in ended.err
    assert "Traceback" not in ended.err


async def test_a_database_that_can_not_be_opened_is_told_by_its_setting() -> None:
    write("folder.sqlite3/file", "")

    ended = await run("db", "upgrade", AIVAX_BOTS__STORAGE__URL="sqlite:///folder.sqlite3")

    assert (ended.status, ended.out) == (75, "")
    assert ended.err.startswith(
        "aivax-bots: [storage] url: sqlite+aiosqlite:///folder.sqlite3 can't be opened"
    )


# The sandbox


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_sandbox_tells_its_address_and_serves_until_it_is_stopped(number: signal.Signals) -> None:
    async with running("sandbox", "--port", "0") as sandbox:
        await sandbox.sees("sandbox:50c3).\n")
        address = re.search(r"http://(127\.0\.0\.1):(\d+)/v1", sandbox.out)
        assert address
        reader, writer = await asyncio.open_connection(address[1], int(address[2]))
        writer.write(b"GET /v1/models HTTP/1.0\r\nAuthorization: Bearer sk-aiv-acc-sandbox\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

        sandbox.send(number)
        ended = await sandbox.ended()

    assert b"sandbox:50c3" in answer
    assert (ended.status, ended.err) == (0, "")


async def test_a_sandbox_whose_port_is_taken_says_so() -> None:
    async with serve() as server:
        ended = await run("sandbox", "--port", str(server.port))

    assert (ended.status, ended.out) == (75, "")
    assert ended.err == (
        f"aivax-bots: The sandbox cannot listen on 127.0.0.1 port {server.port}: Address already in use\n"
    )
