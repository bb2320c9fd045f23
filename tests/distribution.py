"""What is handed out, made as a release is made: sdist and wheel, without Node."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import venv
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command that has to succeed, and return what it said."""
    done = subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def copy_source(target: Path) -> None:
    """Copy what git knows, as a fresh clone has it."""
    for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0")[:-1]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


def build(folder: Path) -> Path:
    """Make the sdist from what git knows and the wheel from the sdist; return the folder of both."""
    source, tools = folder / "source", folder / "tools"
    copy_source(source)
    venv.create(tools, with_pip=True)
    run(tools / "bin" / "pip", "install", "-q", "hatchling")
    without_node = {"PATH": f"{tools / 'bin'}:/nowhere", "HOME": str(folder)}
    run(tools / "bin" / "hatchling", "build", "-t", "sdist", "-d", folder, cwd=source, env=without_node)
    sdist = next(folder.glob("*.tar.gz"))
    with tarfile.open(sdist) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    unpacked = next((folder / "unpacked").iterdir())
    run(tools / "bin" / "hatchling", "build", "-t", "wheel", "-d", folder, cwd=unpacked, env=without_node)
    return folder
