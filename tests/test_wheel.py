"""The wheel alone: what a stranger installs has everything that the program needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel, and beside it only what the wheel depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    packages = next((folder / "env" / "lib").glob("python*")) / "site-packages"
    zipfile.ZipFile(wheel).extractall(packages)
    # a .pth found through another .pth is not read: the checkout, installed for development, stays out
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "env" / "bin" / "python"


def test_the_wheel_answers_in_an_empty_directory(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    program = (
        "import core, bots.cli.main; assert '/env/' in core.__file__, core.__file__; bots.cli.main.main()"
    )

    chat = subprocess.run(
        [str(installed), "-c", program, "chat", "--sandbox"],
        input="hello wheel\n",
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert chat.returncode == 0, chat.stderr
    assert "hello wheel" in chat.stdout


def test_the_wheel_speaks_other_languages(installed: Path, tmp_path: Path) -> None:
    program = (
        "import core, bots.cli.main; assert '/env/' in core.__file__, core.__file__; bots.cli.main.main()"
    )

    preview = subprocess.run(
        [str(installed), "-c", program, "replies", "preview", "--locale", "pt-BR"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert preview.returncode == 0, preview.stderr
    assert "Não consigo responder agora" in preview.stdout


def test_the_source_distribution_builds_the_same_wheel(tmp_path: Path) -> None:
    """`make package`, and then the wheel once more from what it packed."""
    build = [sys.executable, "-m", "hatchling", "build"]
    subprocess.run(
        [*build, "-t", "wheel", "-t", "sdist", "-d", tmp_path], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,), (source,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(source, tmp_path / "source", filter="data")
    (unpacked,) = (tmp_path / "source").iterdir()
    subprocess.run(
        [*build, "-t", "wheel", "-d", tmp_path / "again"], cwd=unpacked, check=True, capture_output=True
    )
    (again,) = (tmp_path / "again").glob("*.whl")

    assert again.name == wheel.name
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()
    assert not [each for each in unpacked.rglob("*") if each.name in ("config.toml", "data", ".venv")]
