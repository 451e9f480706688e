"""Runs the Dockerfile's own steps without an engine, then the result, read-only, as its user: `make image-steps`.

Each stage gets a root of its own: an overlay over this machine's (which stands in for the base image), in a mount
namespace of its own. Needs root and Linux; where either is missing it says so and ends with status 77. What it can't
show is what the base image brings: it uses this machine's Python and libraries.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
"""What `python` is in a stage; one below somebody's home could not be run by another user."""
RUN_AS = "base"
CANNOT = 77
KEPT = ("PIP_", "SSL_", "HTTP_", "HTTPS_", "NO_PROXY", "http_", "https_", "no_proxy")
"""Variables that say how this machine reaches its packages."""
NOWHERE = {
    "AIVAX_BOTS__AIVAX__MODEL": "sandbox:50c3",
    "AIVAX_BOTS__AIVAX__API_KEY": "sk-aiv-acc-none",
    "AIVAX_BOTS__SLACK__BOT_TOKEN": "xoxb-nowhere",
    "AIVAX_BOTS__SLACK__APP_TOKEN": "xapp-nowhere",
    "AIVAX_BOTS__SLACK__API_URL": "http://127.0.0.1:9/api/",
}
"""A bot that waits for its platform: it answers for its health all the same."""
JSON_FIELDS = {"VOLUME": "volumes", "ENTRYPOINT": "entrypoint", "CMD": "command"}


@dataclass
class Stage:
    """What a stage's instructions have come to so far."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"})
    folder: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def inside(self, path: str) -> Path:
        """Where a path of the stage is on this machine; a relative one begins at its WORKDIR."""
        return self.root / (Path(self.folder) / path).as_posix().lstrip("/")


def main() -> int:
    """Run the steps in a mount namespace of their own, so that nothing of them is left."""
    needed = ("unshare", "setpriv", "chroot", "ip", "mount")
    if os.geteuid() != 0 or not all(map(shutil.which, needed)):
        print(f"image steps: not tried: they need root, and {', '.join(needed)}", file=sys.stderr)
        return CANNOT
    if sys.argv[1:2] != ["inside"]:
        with tempfile.TemporaryDirectory(prefix="image-steps-", dir="/var/tmp") as scratch:
            again = [sys.executable, __file__, "inside", scratch]
            return subprocess.run(
                ["unshare", "--mount", "--propagation", "private", *again], check=False
            ).returncode
    scratch = Path(sys.argv[2])
    stages: dict[str, Stage] = {}
    for name, word, rest in instructions():
        if name in ("build", RUN_AS):
            print(f"[{name}] {word} {rest}"[:150], flush=True)
            perform(stages, name, word, rest, scratch)
    try_out(stages[RUN_AS], scratch)
    return 0


def instructions() -> Iterator[tuple[str, str, str]]:
    """Stage, instruction and argument of each line."""
    stage = ""
    for line in (TREE / "Dockerfile").read_text(encoding="utf-8").splitlines():
        word, _, rest = line.partition(" ")
        if word and not word.startswith("#"):
            stage = rest.rpartition(" AS ")[2] if word == "FROM" else stage
            yield stage, word, rest


def perform(stages: dict[str, Stage], name: str, word: str, rest: str, scratch: Path) -> None:
    """Carry out one instruction. Raises `ValueError` for one that this does not know: then it would show nothing."""
    if word == "FROM":
        stages[name] = Stage(based(scratch / name))
        return
    stage = stages[name]
    match word:
        case "RUN":
            kept = {key: value for key, value in os.environ.items() if key.startswith(KEPT)}
            in_root(stage, ["/bin/sh", "-ec", rest], {"HOME": "/root", **kept})
        case "COPY":
            copy(stages, stage, shlex.split(rest))
        case "ENV":
            stage.environment |= dict(each.split("=", 1) for each in shlex.split(rest))
        case "WORKDIR":
            stage.folder = rest
            stage.inside(".").mkdir(parents=True, exist_ok=True)
        case "USER":
            stage.user = rest
        case "HEALTHCHECK":
            stage.health = json.loads(rest.partition("CMD ")[2])
        case "VOLUME" | "ENTRYPOINT" | "CMD":
            setattr(stage, JSON_FIELDS[word], json.loads(rest))
        case "STOPSIGNAL" if rest == "SIGTERM":
            pass  # what ends it below
        case _:
            raise ValueError(word)


def based(folder: Path) -> Path:
    """A root in which this machine's files are seen, and changes are kept apart."""
    for each in ("upper", "work", "root"):
        (folder / each).mkdir(parents=True)
    root = folder / "root"
    layers = f"lowerdir=/,upperdir={folder / 'upper'},workdir={folder / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, root], check=True)
    for each in ("proc", "dev"):
        subprocess.run(["mount", "--rbind", f"/{each}", root / each], check=True)
    (root / "usr/local/bin").mkdir(parents=True, exist_ok=True)
    (root / "usr/local/bin/python").unlink(missing_ok=True)
    (root / "usr/local/bin/python").symlink_to(PYTHON)
    return root


def copy(stages: Mapping[str, Stage], stage: Stage, arguments: Sequence[str]) -> None:
    """From the checkout, or from another stage; what is compiled is left out, as .dockerignore says."""
    source = TREE
    if arguments[0].startswith("--from="):
        source, arguments = stages[arguments[0].removeprefix("--from=")].root, arguments[1:]
    *names, target = arguments
    for name in names:
        found, into = source / name.lstrip("/"), stage.inside(target)
        into = into / found.name if len(names) > 1 or target.endswith("/") else into
        if found.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc") if source == TREE else None
            shutil.copytree(found, into, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(found, into)


def in_root(
    stage: Stage,
    command: Sequence[str],
    more: Mapping[str, str] | None = None,
    *,
    words: str = "",
    fails: bool = False,
) -> str:
    """Run a command as the stage's user without any privilege; what it printed. `fails`: it is to be refused."""
    user, group = stage.user.split(":")
    bare = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"] if user != "0" else []
    line = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *bare, "--", *command]
    shell = f"cd {shlex.quote(stage.folder)} && exec {shlex.join(line)}"
    done = subprocess.run(
        [str(shutil.which("chroot")), stage.root, "/bin/sh", "-c", shell],
        env={**stage.environment, **(more or {})},
        input=words,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == fails, f"status {done.returncode}: {shlex.join(command)}\n{done.stdout}"
    return done.stdout


def try_out(stage: Stage, scratch: Path) -> None:
    """Run what was built on a tree that can't be written to, beside its volume and /tmp."""
    user, group = map(int, stage.user.split(":"))
    for path in stage.volumes:
        outside = scratch / "volume" / path.lstrip("/")
        outside.mkdir(parents=True, mode=0o700)
        os.chown(outside, user, group)
        subprocess.run(["mount", "--bind", outside, stage.inside(path)], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", stage.root / "tmp"], check=True)
    subprocess.run(["mount", "-o", "remount,ro", stage.root], check=True)
    program = stage.entrypoint
    print("as", stage.user, "read-only:", in_root(stage, [*program, "--version"]).strip())
    for path in ("/opt/aivax-bots/x", "/var/lib/aivax-bots/x", "/etc/x", "/x"):
        in_root(stage, ["touch", path], fails=True)
    in_root(stage, ["/opt/aivax-bots/bin/python", "-m", "pip", "--version"], fails=True)
    answer = in_root(stage, [*program, "chat", "--sandbox"], words="hello image\n")
    assert "hello image" in answer, answer
    there = {"AIVAX_BOTS__STORAGE__URL": "sqlite+aiosqlite:///data/sandbox.sqlite3"}
    backup = in_root(stage, [*program, "db", "backup", "/var/lib/aivax-bots/data/x.backup"], there)
    print("it answers and is backed up:", backup.strip())
    health = shlex.join(stage.health)
    script = (
        f"{shlex.join([*program, *stage.command])} & bot=$!\n"
        f"tries=0; until {health} 2>/tmp/why; do tries=$((tries + 1)); [ $tries -lt 120 ] || exit 9; sleep 1; done\n"
        "kill -TERM $bot; wait $bot"
    )
    in_network_of_its_own(stage, script)
    print("health answers, and SIGTERM ends it with status 0")
    size = subprocess.run(
        ["du", "-sm", stage.root / "opt/aivax-bots"], capture_output=True, text=True, check=True
    ).stdout
    print(f"/opt/aivax-bots: {size.split()[0]} MB on top of the base image")


def in_network_of_its_own(stage: Stage, script: str) -> None:
    """Run a script in the stage where only loopback is there."""
    unshare, chroot, ip = (str(shutil.which(name)) for name in ("unshare", "chroot", "ip"))
    user, group = stage.user.split(":")
    as_user = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--"]
    line = f"cd {shlex.quote(stage.folder)} && exec {shlex.join([*as_user, 'sh', '-ec', script])}"
    entered = shlex.join([chroot, str(stage.root), "/bin/sh", "-c", line])
    command = [unshare, "--net", "/bin/sh", "-ec", f"{ip} link set lo up; exec {entered}"]
    subprocess.run(command, env={**stage.environment, **NOWHERE}, check=True, timeout=300)


if __name__ == "__main__":
    sys.exit(main())
