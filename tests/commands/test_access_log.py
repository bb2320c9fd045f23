"""``usertrack import access-log``: each line once, whatever becomes of its file, and never among recordings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import FIRST_AGENT, FIRST_IP, Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.api import access_logs
from usertrack_cli.clock import DAY_MS, HOUR_MS, MINUTE_MS
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
START_MS = clock.now_ms() // DAY_MS * DAY_MS - 3 * DAY_MS + 10 * HOUR_MS
ROWS = (
    "SELECT session, seq, epoch_ms(occurred_at), page, pageview, referrer, utm_source, browser, device, is_bot,"
    " visitor FROM events WHERE source = 'log' ORDER BY ALL"
)


def line(
    minute: float, page: str = "/shop", *, ip: str = FIRST_IP, agent: str = FIRST_AGENT, referrer: str = "-"
) -> str:
    at = datetime.fromtimestamp((START_MS + minute * MINUTE_MS) / 1000, tz=UTC)
    return f'{ip} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET {page} HTTP/1.1" 200 99 "{referrer}" "{agent}"\n'


def written(path: Path, lines: Sequence[str]) -> str:
    path.write_text("".join(lines))
    return str(path)


def rows(home: Home) -> list[tuple[object, ...]]:
    return ask(home, Filter(), lambda con: con.execute(ROWS).fetchall())


LINES = [
    line(0, "/shop?utm_source=mail", referrer="https://search.example/?q=secret"),
    line(1, "/app.css"),
    line(2, "/cart", referrer="https://shop.example/shop"),
    line(3, ip="198.51.100.23", agent=BOT),
    line(40, "/late"),
    line(41, "/shop", ip="198.51.100.9"),
]


def test_pageviews_become_sessions_of_their_visitors(run: Run, home: Home, tmp_path: Path) -> None:
    done = run("import", "access-log", written(tmp_path / "access.log", LINES))

    found = rows(home)
    assert done.code == 0
    assert done.out == "6 lines: 5 new pageviews, 1 of them of bots, 4 new sessions\n"
    assert "left out: 1 pictures, scripts and other files" in done.err
    by_session: dict[object, list[tuple[object, ...]]] = {}
    for row in found:
        by_session.setdefault(row[0], []).append(row)
    routes = sorted([str(row[3]) for row in part] for part in by_session.values())
    assert routes == [["/late"], ["/shop"], ["/shop"], ["/shop", "/cart"]]
    first = next(part for part in by_session.values() if len(part) == 2)
    assert [row[1:2] + row[4:9] for row in first] == [
        (0, 1, "https://search.example", "mail", "Firefox", "desktop"),
        (1, 2, None, None, "Firefox", "desktop"),
    ]
    assert [row[9] for row in found].count(True) == 1
    assert all(len(str(session)) == 22 for session in by_session)


def test_a_visitor_is_the_same_in_logs_and_recordings(run: Run, home: Home, tmp_path: Path) -> None:
    sender = Sender(home, session_id(1), started_at=START_MS, received_at=START_MS + MINUTE_MS)
    sender.send(0, pageview())

    run("import", "access-log", written(tmp_path / "access.log", LINES[:1]))

    assert rows(home)[0][-1] == sender.visitor


class TestOnce:
    """Whatever happens to a file, each of its lines is in the store once."""

    def test_the_same_file_again_changes_nothing(self, run: Run, home: Home, tmp_path: Path) -> None:
        path = written(tmp_path / "access.log", LINES)
        run("import", "access-log", path)
        before = rows(home)

        done = run("import", "access-log", path)

        assert done.out.startswith("0 lines: 0 new pageviews")
        assert rows(home) == before

    def test_in_any_pieces_it_is_as_in_one(self, run: Run, home: Home, tmp_path: Path) -> None:
        whole = tmp_path / "whole"
        run("init", "--data", str(whole), data=False)
        run("import", "access-log", written(tmp_path / "a.txt", LINES), "--data", str(whole), data=False)

        for end in range(1, len(LINES) + 1):
            run("import", "access-log", written(tmp_path / "access.log", LINES[:end]))

        def shape(found: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
            numbers = {name: n for n, name in enumerate(sorted({str(r[0]) for r in found}, key=lambda s: min(
                (str(r[2]), str(r[3])) for r in found if r[0] == s)))}  # fmt: skip
            return sorted((numbers[str(row[0])], *row[1:-1]) for row in found)

        assert shape(rows(home)) == shape(rows(Home(whole)))

    def test_a_rotated_and_packed_file_is_known(self, run: Run, home: Home, tmp_path: Path) -> None:
        path = tmp_path / "access.log"
        run("import", "access-log", written(path, LINES[:3]))
        packed = tmp_path / "access.log.1.gz"
        packed.write_bytes(gzip.compress("".join(LINES).encode()))
        written(path, [line(50, "/new")])

        first = run("import", "access-log", str(packed))
        second = run("import", "access-log", str(path))

        assert first.out.startswith("3 lines: 3 new")
        assert second.out.startswith("1 lines: 1 new")
        assert len(rows(home)) == 6

    def test_lines_that_another_file_had_are_left_out(self, run: Run, home: Home, tmp_path: Path) -> None:
        run("import", "access-log", written(tmp_path / "access.log", LINES))

        done = run("import", "access-log", written(tmp_path / "filtered.txt", [*LINES[2:], line(60, "/new")]))

        assert "left out: 4 imported before" in done.err
        assert done.out.startswith("5 lines: 1 new")
        assert len(rows(home)) == 6

    def test_two_equal_lines_of_one_file_are_two_pageviews(self, run: Run, home: Home, tmp_path: Path) -> None:
        path = written(tmp_path / "access.log", [LINES[0], LINES[0]])

        run("import", "access-log", path)

        assert len(rows(home)) == 2

    def test_a_line_that_is_not_complete_waits(self, run: Run, home: Home, tmp_path: Path) -> None:
        path = tmp_path / "access.log"
        run("import", "access-log", written(path, [LINES[0], LINES[2][:40]]))
        assert len(rows(home)) == 1

        run("import", "access-log", written(path, [LINES[0], LINES[2]]))

        assert [row[3] for row in rows(home)] == ["/shop", "/cart"]

    def test_an_import_that_broke_off_goes_on_where_it_was(
        self, run: Run, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = written(tmp_path / "access.log", LINES)
        monkeypatch.setattr(access_logs, "LINES_PER_COMMIT", 2)
        commit, calls = access_logs._commit, []

        def failing(*arguments: object, **named: object) -> object:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return commit(*arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(access_logs, "_commit", failing)
        assert run("import", "access-log", path).code == 130
        assert len(rows(home)) == 1

        assert run("import", "access-log", path).out.startswith("4 lines: 4 new")
        assert len(rows(home)) == 5


def test_figures_leave_logs_out_unless_they_are_asked_for(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    before = {name: run(name, "--json").out for name in ("sessions", "pages")}

    run("import", "access-log", written(tmp_path / "access.log", LINES))

    assert {name: run(name, "--json").out for name in before} == before
    of_logs = json.loads(run("stats", "--json", "--source", "log").out)[-1]
    everything = json.loads(run("stats", "--json", "--source", "all", "--include-bots").out)[-1]
    assert (of_logs["sessions"], of_logs["pageviews"]) == (3, 4)
    assert (everything["sessions"], everything["pageviews"]) == (6, 8)
    # What a log cannot know is not known, rather than 0.
    assert [of_logs[name] for name in ("depth_ratio", "bounce_ratio", "active_ms")] == [None] * 3
    recorded = json.loads(run("stats", "--json", "--include-bots").out)[-1]
    assert [everything[name] for name in ("bounce_ratio", "active_ms")] == [
        recorded[name] for name in ("bounce_ratio", "active_ms")
    ]
    assert run("stats", "--source", "nope").code == 2


class TestPrivacy:
    """What holds for recordings holds for logs."""

    def test_a_visitor_is_erased_and_not_brought_back(self, run: Run, home: Home, tmp_path: Path) -> None:
        path = written(tmp_path / "access.log", LINES)
        run("import", "access-log", path)

        done = run("delete", "--ip", FIRST_IP, "--yes")

        left = rows(home)
        assert done.code == 0
        assert len(left) == 2
        assert run("import", "access-log", path).out.startswith("0 lines")
        assert rows(home) == left

    def test_the_same_lines_in_another_file_do_not_bring_them_back(
        self, run: Run, home: Home, tmp_path: Path
    ) -> None:
        run("import", "access-log", written(tmp_path / "access.log", LINES))
        run("delete", "--ip", FIRST_IP, "--yes")
        before = rows(home)

        done = run(
            "import", "access-log", written(tmp_path / "longer.txt", [line(-600, "/x", ip="192.0.2.1"), *LINES])
        )

        assert "left out: 3 of erased sessions" in done.err
        assert [row for row in rows(home) if row[3] != "/x"] == before

    @pytest.mark.parametrize("begin", [2, 28, 50])
    def test_a_log_that_begins_in_the_middle_of_an_erased_session_does_not_bring_it_back(
        self, run: Run, home: Home, tmp_path: Path, begin: int
    ) -> None:
        minutes = (0, 2, 28, 50)
        pages = [line(minute, f"/{minute}") for minute in minutes]
        run("import", "access-log", written(tmp_path / "access.log", [*pages, LINES[-1]]))
        run("delete", "--ip", FIRST_IP, "--yes")
        others = rows(home)

        later = [line(90, "/later"), line(92, "/again")]
        kept = [each for minute, each in zip(minutes, pages, strict=True) if minute >= begin]
        done = run("import", "access-log", written(tmp_path / "part.txt", [*kept, LINES[-1], *later]))

        assert f"left out: {len(kept)} of erased sessions" in done.err
        assert [row[3] for row in rows(home) if row not in others] == ["/later", "/again"]
        receipt = next(home.ledger.glob("receipt-*.json")).read_text()
        assert [len(json.loads(receipt)["receipt"][name]) for name in ("sessions", "log_spans")] == [1, 2]
        assert FIRST_IP not in receipt

    def test_objections_and_settings_hold(self, run: Run, home: Home, tmp_path: Path) -> None:
        (home.root / "usertrack.toml").write_text(
            'exclude_pages = ["/cart*"]\nignore_addresses = ["198.51.100.9"]\n'
        )
        assert run("object", "--ip", FIRST_IP).code == 0

        done = run(
            "import",
            "access-log",
            written(tmp_path / "access.log", [*LINES, line(50, "/cart", ip="192.0.2.4")]),
        )

        assert done.out.startswith("7 lines: 1 new")
        assert "left out: 2 of visitors who objected" in done.err
        assert "left out: 3 pages or addresses that the settings exclude" in done.err

    def test_what_max_age_no_longer_keeps_does_not_come_in(self, run: Run, tmp_path: Path) -> None:
        old = [line(-400 * 24 * 60), line(3 * 24 * 60 + 24 * 60), LINES[0]]

        done = run("import", "access-log", written(tmp_path / "access.log", old))

        assert done.out.startswith("3 lines: 1 new")
        assert "left out: 1 older than max_age" in done.err
        assert "left out: 1 dated in the future" in done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a log\n", "is not an access log"),
        (gzip.compress(b"x" * 10_000, mtime=0)[:-20], "cannot read"),
        (None, "No such file"),
    ],
)
def test_what_is_no_access_log_is_refused(
    run: Run, home: Home, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "access.log"
    if content is not None:
        path.write_bytes(content)

    done = run("import", "access-log", str(path))

    assert (done.code, said in done.err) == (2, True), done.err
    assert rows(home) == []


def test_an_empty_log_is_no_error(run: Run, home: Home, tmp_path: Path) -> None:
    assert run("import", "access-log", written(tmp_path / "access.log", [])).out.startswith("0 lines")
