"""``usertrack report``: one file with the same figures as the commands, small, private, and written down."""

from __future__ import annotations

import json
import re
import stat
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home

LIMIT_BYTES = 2_000_000


@pytest.fixture
def angry(home: Home) -> Sender:
    """A session with a rage click and a script error."""
    sender = Sender(home, session_id(7))
    rage = [click(1_000 + 100 * n, 40, 50, reaction_ms=-1) for n in range(4)]
    sender.send(0, pageview(), *rage, ["e", 3_000, "x is undefined", "/a.js", 1, 2])
    return sender


def outputs(home: Home) -> set[tuple[str, str]]:
    with closing(catalog.connect(home)) as con:
        return set(con.execute("SELECT path, session FROM outputs"))


def test_the_figures_are_those_of_stats(run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path) -> None:
    stats = json.loads(run("stats", "--json").out)[-1]

    done = run("report", "--pages", "0", "-o", str(tmp_path / "r.html"))

    page = (tmp_path / "r.html").read_text()
    tiles = dict(re.findall(r"<div><dt>([^<]+)</dt><dd><b>([^<]+)</b>", page))
    assert done.code == 0
    assert done.out == f"{tmp_path}/r.html\n"
    assert tiles["Sessions"] == str(stats["sessions"]) == "2"
    assert tiles["Pageviews"] == str(stats["pageviews"]) == "3"
    assert tiles["Bounce rate"] == f"{stats['bounce_ratio']:.0%}"


def test_it_is_small_private_and_loads_nothing(run: Run, angry: Sender, tmp_path: Path) -> None:
    path = tmp_path / "r.html"

    assert run("report", "-o", str(path), "--replays", "1").code == 0

    page = path.read_text()
    assert path.stat().st_size < LIMIT_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page) == []
    assert "style=" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "default-src &#x27;none&#x27;; img-src data:;" in page


def test_without_replays_there_is_no_script(run: Run, angry: Sender, tmp_path: Path) -> None:
    run("report", "--pages", "0", "-o", str(tmp_path / "r.html"))

    page = (tmp_path / "r.html").read_text()
    assert "<script" not in page
    assert "script-src &#x27;none&#x27;" in page


def test_the_sessions_it_names_are_noted_as_in_this_file(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], angry: Sender, tmp_path: Path
) -> None:
    path = tmp_path / "r.html"

    run("report", "--pages", "0", "-o", str(path), "--replays", "2")

    assert {session for _, session in outputs(home)} == {angry.session}
    assert {file for file, _ in outputs(home)} == {str(path)}
    assert run("delete", "--ip", angry.ip, "--dry-run").code == 0


def test_friction_names_the_element_and_the_error(run: Run, angry: Sender, tmp_path: Path) -> None:
    run("report", "--pages", "0", "-o", str(tmp_path / "r.html"))

    page = unescape(re.sub(r"<[^>]+>", " ", (tmp_path / "r.html").read_text()))
    assert "Elements that people got stuck on" in page
    assert re.search(r"Buy\s+#buy\s+/shop\s+1\s+4\s+4", page)
    assert re.search(r"x is undefined\s+/shop\s+1\s+1", page)


def test_a_funnel_is_that_of_the_command(run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path) -> None:
    done = run(
        "report",
        "--pages",
        "0",
        "-o",
        str(tmp_path / "r.html"),
        "--funnel",
        "/shop /cart",
        "--funnel",
        "/nope /cart",
    )

    page = unescape(re.sub(r"<[^>]+>", " ", (tmp_path / "r.html").read_text()))
    assert done.code == 0
    assert re.search(r"/shop → /cart.*?/shop\s+2\s+100%.*?/cart\s+1\s+50%\s+−1 \(50%\)", page, re.DOTALL)
    assert "No session reached /nope in this range." in page


def test_conversions_of_the_settings_are_funnels_too(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    (home.root / "usertrack.toml").write_text(
        '[[conversion]]\nname = "to the cart"\nsteps = ["/shop", "/cart"]\n', encoding="utf-8"
    )

    run("report", "--pages", "0", "-o", str(tmp_path / "r.html"))

    page = unescape(re.sub(r"<[^>]+>", " ", (tmp_path / "r.html").read_text()))
    assert re.search(r"Conversion: to the cart\s+50%", page)
    assert re.search(r"to the cart\s+step .*?/cart\s+1\s+50%", page, re.DOTALL)


def test_pages_can_be_named_and_left_out(run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path) -> None:
    done = run("report", "-o", str(tmp_path / "r.html"), "--page", "/cart", "--page", "/nope")
    none = run("report", "-o", str(tmp_path / "n.html"), "--pages", "0")

    assert "/nope was not seen in this range" in done.err
    assert re.findall(r"<h3>([^ <]+)", (tmp_path / "r.html").read_text()) == ["/cart"]
    assert none.code == 0
    assert "<img" not in (tmp_path / "n.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--funnel", "/shop"), 2, "it has one step"),
        (("--funnel", "'/shop"), 2, "No closing quotation"),
        (("--within", "soon"), 2, "a duration"),
        (("--replays", "21"), 2, "replays"),
        (("--country", "XX"), 3, "no pages recorded"),
    ],
)
def test_a_wrong_call_says_why_and_writes_nothing(
    run: Run, angry: Sender, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run("report", "-o", str(tmp_path / "r.html"), *arguments)

    assert (done.code, said in done.err) == (code, True), done.err
    assert not (tmp_path / "r.html").exists()


def test_a_file_that_cannot_be_written_is_a_clear_error(run: Run, angry: Sender, tmp_path: Path) -> None:
    done = run("report", "--pages", "0", "-o", str(tmp_path / "nowhere" / "r.html"))

    assert done.code == 2
    assert "cannot write" in done.err
