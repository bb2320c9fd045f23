"""A visitor is erased while the server is under load and their own browser goes on sending."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

from tests.fault.collecting import Browser, Crowd, collecting, stored
from usertrack_cli.app import main
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home

ADDRESS = "203.0.113.77"
BATCHES_AFTER = 35
"""More than one address may begin sessions a minute: late batches of an erased one are no new sessions."""


def wait_for(browser: Browser, batches: int) -> None:
    """Wait until so many further batches of a browser were answered."""
    goal, deadline = len(browser.acked) + batches, time.monotonic() + 60
    while len(browser.acked) < goal:
        assert time.monotonic() < deadline, "the browser is not answered"
        time.sleep(0.05)


def sessions_in_tables(data: Path) -> set[str]:
    with closing(catalog.connect(Home(data))) as con:
        return {
            row[0] for row in con.execute("SELECT session FROM batches UNION SELECT session FROM sessions_open")
        }


def test_an_erasure_under_load_reaches_a_visitor_who_goes_on_sending(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with collecting(data, "--flush-interval", "1s") as running, Crowd(4) as crowd:
        visitor, others = crowd.browsers[0], crowd.browsers[1:]
        visitor.address = ADDRESS
        crowd.port = running.port
        wait_for(visitor, 5)

        assert main(["delete", "--ip", ADDRESS, "--yes", "--data", str(data)]) == 0

        for browser in crowd.browsers:
            wait_for(browser, BATCHES_AFTER)
        crowd.end()
        again = Browser("again00000000000000001", address=ADDRESS)
        assert again.send(running.port) in {200, 204}
        again.close()
        assert running.stop() == 0

    assert crowd.statuses <= {200, 204}, "a browser was not answered as usual"
    rows = stored(data)
    assert {session for session, _, _, _ in rows} == {each.session for each in [*others, again]}
    assert visitor.session not in sessions_in_tables(data)
    whole = {(session, seq) for session, seq, idx, _ in rows if idx == 1}
    assert {place for place in crowd.acked if place[0] != visitor.session} <= whole
    assert len(rows) == len({row[:3] for row in rows})
    assert main(["receipt", "verify", "--data", str(data)]) == 0


def test_two_erasures_at_once_wait_for_each_other(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with collecting(data, "--flush-interval", "1s") as running, Crowd(3) as crowd:
        crowd.port = running.port
        for browser in crowd.browsers:
            wait_for(browser, 2)
        codes: list[int] = []

        def erase(session: str) -> None:
            codes.append(main(["delete", "--session", session, "--yes", "--data", str(data)]))

        threads = [threading.Thread(target=erase, args=(each.session,)) for each in crowd.browsers[:2]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert codes == [0, 0]
    assert {row[0] for row in stored(data)} == {crowd.browsers[2].session}
    assert main(["receipt", "verify", "--data", str(data)]) == 0
