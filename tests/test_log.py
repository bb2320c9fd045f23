"""What the long-running processes say, as text and as JSON."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from usertrack_cli import log


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    yield
    log.configure("text", part="")


def test_a_line_of_json_says_when_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", part="serve")
    log.note("not recorded: 3 origin", level="warning", refused={"origin": 3})

    said = json.loads(capsys.readouterr().err)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", said.pop("at"))
    assert said == {
        "level": "warning",
        "part": "serve",
        "message": "not recorded: 3 origin",
        "refused": {"origin": 3},
    }


def test_a_bug_says_where_and_not_what_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "json"):
        log.configure(form, part="serve")
        try:
            int("typed-" + "words")
        except ValueError as error:
            log.bug(error)

        said = capsys.readouterr().err
        assert "ValueError" in said
        assert "test_log.py" in said
        assert "typed-words" not in said


def test_text_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("text", part="writer")
    log.note("a\x1b[2Jb\nc")

    assert capsys.readouterr().err == "usertrack: writer: a�[2Jb�c\n"


def test_every_line_of_a_whole_run_is_json(tmp_path: Path) -> None:
    arguments = ["serve", "--data", str(tmp_path / "data"), "--port", "0", "--log-format", "json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "usertrack_cli", *arguments], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=30)[1]

    said = [json.loads(line) for line in (first + rest).splitlines()]
    assert "listening on" in said[0]["message"]
    assert {each["part"] for each in said} == {"serve"}
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT PROVED HERE: a full log needs /dev/full")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_on_a_full_disk_ends_nobody(form: log.LogFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_style", log._Style(form))
    told = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - closing it fails, as writing does
    monkeypatch.setattr(sys, "stderr", told)

    log.note("the disk is full")
    log.bug(ValueError("never said"))

    with pytest.raises(OSError, match="No space"):
        told.close()
