"""Running commands the way the console script does, and a store with something in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.senders import SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli.app import main
from usertrack_cli.store.home import Home


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Home) -> Run:
    """Run one command on the test's store."""

    def run_command(*arguments: str, data: bool = True) -> Done:
        capsys.readouterr()
        code = main([*arguments, "--data", str(home.root)] if data else list(arguments))
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run_command


@pytest.fixture
def two_visitors(home: Home) -> tuple[Sender, Sender]:
    """Two visitors with a session each; both saw /shop, the second also /cart."""
    first = Sender(home, session_id(1))
    second = Sender(home, session_id(2), ip=SECOND_IP, agent=SECOND_AGENT)
    first.send(0, pageview(), click(900, 40, 50), ["s", 1500, 0, 300])
    second.send(0, pageview(), click(800, 60, 70, text="Cart"), pageview(2000, "/cart", title="Cart", number=2))
    return first, second
