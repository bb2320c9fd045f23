"""Help, manual page and completions say the same as the commands, and every command shows an example."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.manual import completions, leaves, manual
from tests.senders import Sender, pageview, session_id
from usertrack_cli import registry
from usertrack_cli.app import main
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout

ROOT = Path(__file__).parents[2]
COMMANDS = dict(each for name in registry.names() for each in leaves(name, registry.load(name)))
COMPLETIONS = ROOT / "docs" / "completions"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_ends_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name.split(), "--help"]) == 0

    said = " ".join(capsys.readouterr().out.rstrip().split("\n\n")[-1].split())
    assert re.match(rf"Example.*: .*usertrack {re.escape(name)}\b", said), said


@pytest.mark.parametrize("group", ["", *sorted({name.split()[0] for name in COMMANDS if " " in name})])
def test_no_line_about_a_command_is_cut_off_in_eighty_columns(
    group: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert main([*group.split(), "--help"]) == 0

    said = capsys.readouterr().out
    _, _, listed = said.partition("\nCommands:" if group else "\nCollect:")
    assert listed
    assert "..." not in listed
    assert max(map(len, listed.splitlines())) <= 80
    # One line each: none went on in a second.
    assert not re.search(r"^ {12,}\S", listed, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    silent = [each.name for each in COMMANDS[name].params if each.name != "help" and not each.help]

    assert silent == []


def test_the_manual_page_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "man" / "usertrack.1").read_text(encoding="utf-8")

    assert written == manual(), "write it anew: scripts/readme.py"
    for name in COMMANDS:
        assert f'.SS "usertrack {name}"'.replace("-", r"\-") in written


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not here to judge the manual page")
def test_the_manual_page_is_sound() -> None:
    done = subprocess.run(
        ["mandoc", "-Tlint", "-W", "warning", str(ROOT / "docs" / "man" / "usertrack.1")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in done.stdout.splitlines() if "date" not in line] == []


def test_the_wheel_carries_manual_and_completions() -> None:
    shared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "shared-data"
    ]

    assert shared["docs/man/usertrack.1"] == "share/man/man1/usertrack.1"
    assert all((ROOT / file).is_file() for file in shared)
    assert {Path(file).name for file in shared} == {"usertrack.1", *completions()}


@pytest.mark.parametrize("file", completions())
def test_completions_are_those_that_are_shipped(file: str) -> None:
    assert (COMPLETIONS / file).read_text(encoding="utf-8") == completions()[file]


def with_layout(page: str) -> NewLayout:
    return NewLayout(
        page=page, hash="h", document_w=1280, document_h=2400, viewport_w=1280, viewport_h=800, boxes=b"[]"
    )


def proposals(words: str, data: Path) -> list[str]:
    """What bash is told for a line that ends where the cursor stands."""
    environment = os.environ | {
        "_USERTRACK_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "USERTRACK_DATA": str(data),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from usertrack_cli.app import run; run()"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_options_and_names_are_completed(home: Home) -> None:
    sender = Sender(home, session_id(1))
    sender.send(0, pageview(), layouts=(with_layout("/shop"), with_layout("/sale"), with_layout("/x$(reboot)")))
    (home.root / "usertrack.toml").write_text("[site.blog]\n")

    assert proposals("usertrack he", home.root) == ["heatmap"]
    assert "--kind" in proposals("usertrack heatmap --k", home.root)
    assert sorted(proposals("usertrack heatmap --page /s", home.root)) == ["/sale", "/shop"]
    assert proposals("usertrack replay s00", home.root) == [sender.session]
    assert proposals("usertrack stats --site b", home.root) == ["blog"]


def test_a_restricted_session_is_not_proposed(home: Home) -> None:
    for number in (1, 2):
        Sender(home, session_id(number)).send(0, pageview())

    assert main(["restrict", "--session", session_id(1), "--data", str(home.root)]) == 0

    assert proposals("usertrack replay s00", home.root) == [session_id(2)]


def test_what_a_shell_would_run_is_never_proposed(home: Home) -> None:
    texts = (
        "/x$(reboot)",
        "/`id`",
        "/;id",
        "/a b",
        "/|id",
        "/'",
        '/"',
        "/&",
        "/>x",
        "/x\\",
        "/*",
        "/{a,b}",
        "/!1",
    )
    Sender(home, session_id(1)).send(0, pageview(), layouts=tuple(with_layout(text) for text in texts))

    assert proposals("usertrack heatmap --page /", home.root) == []


def test_without_a_store_nothing_is_proposed_and_nothing_said(tmp_path: Path) -> None:
    assert proposals("usertrack heatmap --page /", tmp_path / "nowhere") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_bash_completes(home: Home, tmp_path: Path) -> None:
    binary = tmp_path / "usertrack"
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} -m usertrack_cli "$@"\n')
    binary.chmod(0o755)
    script = (
        f"PATH={tmp_path}:$PATH; source {COMPLETIONS / 'usertrack.bash'}; COMP_WORDS=(usertrack scroll);"
        ' COMP_CWORD=1; _usertrack_completion usertrack; echo "${COMPREPLY[@]}"'
    )

    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "scrollmap"


@pytest.mark.parametrize(("shell", "file"), [("zsh", "_usertrack"), ("fish", "usertrack.fish")])
def test_the_other_shells_read_their_file(shell: str, file: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    done = subprocess.run(
        [shell, "-n", str(COMPLETIONS / file)], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")
