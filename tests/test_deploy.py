"""What stands in deploy/, the Dockerfile and the compose files: every command, variable and path there is real."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
import yaml

from bots import PROBLEM
from bots.cli.main import cli
from bots.frontends import installed
from bots.setting_rules.environment import CONFIG_VARIABLE, PREFIX
from bots.settings import load
from bots.supervisor import Board
from bots.web.health import health_routes

TREE = Path(__file__).parent.parent
AFTER_GRACE_S = 25
"""What the bot takes at most beyond `[limits] shutdown_grace_s` until it ends by force."""


@dataclass
class Run:
    """One process as some file of deployment starts it."""

    name: str
    command: Sequence[str]
    """Without the program's name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    writable: Sequence[str] = ()
    """Folders that outlast it."""
    user: str = ""


def composed(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((TREE / file).read_text(encoding="utf-8"))
    return found


def services(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, service in composed(file)["services"].items():
        if service["image"].startswith("aivax-bots"):
            yield f"{file}:{name}", service


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    file = "deploy/kubernetes/aivax-bots.yaml"
    for each in yaml.safe_load_all((TREE / file).read_text(encoding="utf-8")):
        spec = each["spec"]
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield f"{file}:{each['metadata']['name']}", spec["template"]["spec"]


def instructions() -> Iterator[tuple[str, str, str]]:
    """The Dockerfile: the stage, the instruction and its argument."""
    stage = ""
    for line in (TREE / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        stage = rest.rpartition(" AS ")[2] if word == "FROM" else stage
        yield stage, word, rest


def units() -> Iterator[tuple[str, dict[str, list[str]]]]:
    for path in sorted((TREE / "deploy").glob("*.service")):
        settings: dict[str, list[str]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            if "=" in line and not line.startswith("#"):
                key, _, value = line.partition("=")
                settings.setdefault(key, []).append(value)
        yield path.name, settings


def runs() -> Iterator[Run]:
    for file in ("compose.yaml", "compose.postgres.yaml"):
        for name, service in services(file):
            mounts = [each.split(":") for each in service["volumes"]]
            writable = [parts[1] for parts in mounts if parts[2:] != ["ro"]]
            yield Run(
                name, service["command"], service["environment"], writable, service["user"].split(":")[0]
            )
    for name, pod in pods():
        (container,) = pod["containers"]
        writable = [each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")]
        environment = {each["name"]: each["value"] for each in container["env"]}
        user = str(pod["securityContext"]["runAsUser"])
        yield Run(name, container["args"], environment, writable, user)
    for name, unit in units():
        (start,) = unit["ExecStart"]
        given = dict(each.split("=", 1) for each in unit.get("Environment", ()))
        writable = [f"%S/{each}" for value in unit["StateDirectory"] for each in value.split()]
        yield Run(name, shlex.split(start)[1:], given, writable)
    image = {word: rest for stage, word, rest in instructions() if stage == "base"}
    environment = dict(
        each.split("=", 1) for stage, word, rest in instructions() if word == "ENV" for each in rest.split()
    )
    yield Run("Dockerfile", yaml.safe_load(image["CMD"]), environment)


RUNS = [pytest.param(each, id=each.name) for each in runs()]


@pytest.mark.parametrize("run", RUNS)
def test_every_command_is_one_of_ours_with_options_that_it_has(run: Run) -> None:
    command: click.Command = typer.main.get_command(cli)
    arguments, context = list(run.command), None
    while isinstance(command, click.Group):
        context = command.make_context(command.name, arguments, parent=context)
        _, found, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        command = found
    command.make_context(command.name, arguments, parent=context)  # raises for what it does not know


@pytest.mark.parametrize("run", RUNS)
def test_every_variable_names_a_setting_and_none_holds_a_secret(run: Run, tmp_path: Path) -> None:
    (secret := tmp_path / "storage-url").write_text("postgresql+psycopg://bot@host/bot")
    ours = {name: value for name, value in run.environment.items() if name.startswith("AIVAX_BOTS")}
    assert not [name for name in ours if not name.startswith(PREFIX) and name != CONFIG_VARIABLE]
    given = {name: str(secret) if name.endswith("_FILE") else value for name, value in ours.items()}
    given.pop(CONFIG_VARIABLE, None)

    load(installed(), path=None, environment=given)  # raises for what is no setting

    assert not [name for name in ours if re.search("TOKEN|KEY|SECRET|PASSWORD", name)]
    assert not [value for value in ours.values() if re.search(r"//[^/@]*:[^/@]+@", value)]


@pytest.mark.parametrize("run", RUNS)
def test_backups_and_data_go_where_they_outlast_the_process(run: Run) -> None:
    image = [rest for _, word, rest in instructions() if word in ("RUN", "WORKDIR", "VOLUME")]
    folder = run.environment.get("AIVAX_BOTS__BACKUP__FOLDER")
    assert (folder is not None) == (list(run.command[:2]) == ["db", "backup"])
    if folder is not None:
        assert folder in run.writable
        assert folder.startswith("%S/") or any(folder in each.split() for each in image)
    if run.name.startswith("compose.yaml"):
        assert "/var/lib/aivax-bots/data" in run.writable
        assert 'VOLUME ["/var/lib/aivax-bots/data"]'.partition(" ")[2] in image
        assert "/var/lib/aivax-bots" in image  # the default [storage] url begins where the process does


def test_containers_are_locked_up_and_the_user_is_the_images() -> None:
    user = next(rest for _, word, rest in instructions() if word == "USER")
    last = [rest for stage, word, rest in instructions() if word == "USER"]
    assert user.split(":")[0] != "0"
    assert last[-1] == user

    for file in ("compose.yaml", "compose.postgres.yaml"):
        for _, service in services(file):
            assert service["user"] == user
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
            assert service["tmpfs"] == ["/tmp"]  # noqa: S108  inside the container
    for _, pod in pods():
        (container,) = pod["containers"]
        assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == user
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["automountServiceAccountToken"] is False


def test_answers_are_given_the_time_to_be_finished_everywhere() -> None:
    least = load(installed(), path=None, environment={}).limits.shutdown_grace_s + AFTER_GRACE_S
    given = [int(pod["terminationGracePeriodSeconds"]) for name, pod in pods() if "backup" not in name]
    for file in ("compose.yaml", "compose.postgres.yaml"):
        given += [
            int(each["stop_grace_period"].rstrip("s"))
            for _, each in services(file)
            if "run" in each["command"]
        ]
    given += [int(value) for _, unit in units() for value in unit.get("TimeoutStopSec", ())]

    assert len(given) == 6
    assert min(given) >= least


def test_health_is_asked_where_it_answers() -> None:
    web = load(installed(), path=None, environment={}).web
    routes = {route.path for route in health_routes(Board([]), admin_token="")}
    asked = [
        container[probe]["httpGet"]
        for name, pod in pods()
        if "backup" not in name
        for container in pod["containers"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    ]
    assert {each["path"] for each in asked} <= routes
    assert {each["port"] for each in asked} == {"health"}
    ports = {
        port["containerPort"]
        for _, pod in pods()
        for each in pod["containers"]
        for port in each.get("ports", ())
    }
    assert ports == {web.port}
    health = next(rest for _, word, rest in instructions() if word == "HEALTHCHECK")
    assert f"'127.0.0.1', {web.port}" in health
    assert any(f"'GET', '{route}'" in health for route in routes)


def test_the_image_is_built_from_what_is_there_and_holds_the_whole_wheel() -> None:
    stages = {stage for stage, _, _ in instructions()}
    copied = {
        source
        for _, word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    }
    ignored = (TREE / ".dockerignore").read_text(encoding="utf-8").split()
    wheel = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]

    assert not [each for each in copied if not (TREE / each).exists()]
    assert {f"!{each}" for each in copied} == {each for each in ignored if each.startswith("!")}
    assert set(wheel["wheel"]["packages"]) <= copied
    for file in ("compose.yaml", "compose.postgres.yaml"):
        assert {each["build"]["target"] for _, each in services(file)} <= stages


def test_installing_checks_every_hash() -> None:
    installs = [rest for _, word, rest in instructions() if word == "RUN" and "pip install" in rest]

    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)


# systemd


@pytest.mark.may_skip("systemd is not here")
@pytest.mark.parametrize("unit", sorted(each.name for each in (TREE / "deploy").glob("*.[st][ei][rm]*")))
def test_systemd_understands_every_line(unit: str, tmp_path: Path) -> None:
    if (analyze := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd is not here")
    for path in (TREE / "deploy").glob("aivax-bots*.*"):
        text = path.read_text(encoding="utf-8").replace("/opt/aivax-bots/.venv/bin/aivax-bots", "/bin/true")
        (tmp_path / path.name).write_text(
            re.sub(r"(?m)^Restart(Steps|MaxDelaySec)=.*\n", "", text)
        )  # newer than some

    verified = subprocess.run(
        [analyze, "verify", tmp_path / unit], capture_output=True, text=True, check=False
    )

    assert verified.returncode == 0, verified.stderr
    assert unit not in verified.stderr


def test_no_unit_is_started_again_for_a_settings_fault() -> None:
    assert [unit["RestartPreventExitStatus"] for _, unit in units()] == [[str(PROBLEM)]] * 2


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can look into: pytest's own are its user's alone."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.may_skip("only root can hand a file over to another user")
@pytest.mark.skipif(os.getuid() != 0, reason="only root can hand a file over to another user")
def test_a_reload_hands_over_the_new_file_as_the_services_own_user(open_folder: Path) -> None:
    """The unit's own line, as systemd would read it, with other folders."""
    copy, hang_up = dict(units())["aivax-bots.service"]["ExecReload"]
    assert hang_up == "/bin/kill -HUP $MAINPID"
    service = 12345
    (runtime := open_folder / "aivax-bots").mkdir(mode=0o700)
    (handed := runtime / "config.toml").write_text("old = true\n")
    handed.chmod(0o400)
    for path in (runtime, handed):
        os.chown(path, service, service)
    (source := open_folder / "etc.toml").write_text("new = true\n")
    source.chmod(0o600)
    line = (
        copy.removeprefix("+")
        .replace("%t/", f"{open_folder}/")
        .replace("/etc/aivax-bots/config.toml", str(source))
    )
    arguments = shlex.split(line.replace("%%", "%").replace("$$", "$"))
    main = subprocess.Popen(["/bin/sleep", "60"], user=service, group=service)
    try:
        subprocess.run(arguments, check=True, env={**os.environ, "MAINPID": str(main.pid)}, timeout=30)
    finally:
        main.kill()
        main.wait(timeout=30)

    assert handed.read_text() == "new = true\n"
    assert (handed.stat().st_uid, stat.S_IMODE(handed.stat().st_mode)) == (service, 0o600)
    assert sorted(each.name for each in runtime.iterdir()) == ["config.toml"]
