"""The watch over every log of the suite sees what it is there for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.logs import people_in
from tests.senders import FIRST_AGENT, FIRST_IP

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "said",
    [
        f"refused {FIRST_IP}",
        "refused ::ffff:203.0.113.7 at once",
        "from 2001:db8:1:2::7",
        f"agent {FIRST_AGENT}",
        "visitor fc20635784eb99c7ccacf9760d72176c seen",
    ],
)
def test_an_address_agent_or_key_in_a_log_is_seen(said: str) -> None:
    assert people_in(f"usertrack: {said}") != []


def test_what_a_server_may_say_is_let_pass() -> None:
    said = [
        "usertrack: listening on http://127.0.0.1:8770, data in /tmp/x/data",
        "2026-11-23 18:28:23 usertrack: writer: draining works again",
        "segment site=default/day=2026-11-23/001a2097afe64bb605d0845010bf7-be387f18.parquet cannot be read",
    ]
    assert people_in("\n".join(said)) == []


OF_A_TEST = """
def test_leak(tmp_path):
    (tmp_path / "data.log").write_text("usertrack: from 192.0.2.9")
"""
OF_A_MODULE = """
import threading
import pytest
from usertrack_cli.demo import collector

@pytest.fixture(scope="module")
def server():
    said = []
    collector._listen(["usertrack: from 192.0.2.9"], said, [], threading.Event())
    return said

def test_leak(server):
    assert server
"""


@pytest.mark.parametrize(("code", "seen"), [(OF_A_TEST, "data.log: 192.0.2.9"), (OF_A_MODULE, "'192.0.2.9'")])
def test_a_test_whose_server_log_names_somebody_fails(tmp_path: Path, code: str, seen: str) -> None:
    test = tmp_path / "test_leak.py"
    test.write_text(code)
    conftest = "from tests.conftest import _nobody_in_the_logs, _said_by_servers  # noqa: F401\n"
    (tmp_path / "conftest.py").write_text(conftest)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(test)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert seen in done.stdout
    assert done.returncode == 1
