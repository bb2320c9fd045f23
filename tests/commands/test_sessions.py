"""Choosing what to watch: friction, tags, what is unwatched, and rows of the last list."""

from __future__ import annotations

import json
import stat
from contextlib import closing

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import api
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout
from usertrack_cli.store.remembered import FILE


def listed(run: Run, *arguments: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(run("sessions", "--json", *arguments).out)
    return rows


@pytest.fixture
def calm_and_furious(sender: Sender) -> tuple[str, str]:
    """A session without any trouble, and an older one with two rage clicks, a dead click and an error."""
    now_ms = sender.again().batch(0).received_at
    calm = sender.again(started_at=now_ms - 30_000, received_at=now_ms)
    furious = sender.again(session=session_id(2), started_at=now_ms - 90_000, received_at=now_ms)
    calm.send(0, pageview(), click(900, 40, 50), click(9_000, 400, 50, reaction_ms=None))
    burst = [click(5_000 + 200 * n, 100 + n, 100) for n in range(5)]
    second = [click(20_000 + 300 * n, 600, 300, reaction_ms=-1 if n == 2 else 90) for n in range(3)]
    furious.send(0, pageview(), *burst, *second, ["e", 30_000, "TypeError: x", "", 0, 0], ["g", 31_000, "vip"])
    return calm.session, furious.session


def test_friction_comes_first_and_is_counted(run: Run, calm_and_furious: tuple[str, str]) -> None:
    calm, furious = calm_and_furious

    rows = listed(run, "--sort", "friction")

    assert [row["session"] for row in rows] == [furious, calm]
    assert [(row["rage"], row["dead"], row["errors"]) for row in rows] == [(2, 1, 1), (0, 0, 0)]
    assert [row["session"] for row in listed(run)] == [calm, furious]


def test_three_clicks_that_are_slow_or_apart_are_no_rage(run: Run, sender: Sender) -> None:
    slow = [click(1_000 + 501 * n, 100, 100) for n in range(3)]
    apart = [click(9_000 + 100 * n, 100 + 31 * n, 500) for n in range(3)]

    sender.send(0, pageview(), *slow, *apart)

    assert [row["rage"] for row in listed(run)] == [0]


def test_a_click_on_a_field_is_never_dead(run: Run, sender: Sender) -> None:
    boxes = json.dumps([["f", 10, 10, 200, 40, "Name", 0, "#name", -1]]).encode()
    layout = NewLayout(
        page="/shop",
        hash="h",
        document_w=1280,
        document_h=2400,
        viewport_w=1280,
        viewport_h=800,
        boxes=boxes,
    )
    on_field = click(1_000, 20, 20, selector="#name", reaction_ms=-1)
    on_button = click(9_000, 20, 400, selector="#buy", reaction_ms=2_501)

    sender.send(0, pageview(), on_field, on_button, layouts=(layout,))

    assert [row["dead"] for row in listed(run)] == [1]


def test_watching_marks_a_session(run: Run, home: Home, calm_and_furious: tuple[str, str]) -> None:
    calm, furious = calm_and_furious

    api.SessionLabels(home, site="default", session=calm).mark_watched()

    assert [row["session"] for row in listed(run, "--unwatched")] == [furious]
    assert {row["session"]: row["is_watched"] for row in listed(run)} == {calm: True, furious: False}
    api.SessionLabels(home, site="default", session=furious).mark_watched()
    none_left = run("sessions", "--unwatched")
    assert (none_left.code, none_left.out) == (3, "")
    assert "no unwatched session" in none_left.err


def test_tags_of_the_page_and_of_a_watcher_are_one_list(
    run: Run, home: Home, calm_and_furious: tuple[str, str]
) -> None:
    calm, furious = calm_and_furious
    labels = api.SessionLabels(home, site="default", session=calm)

    labels.add_tag("vip")
    labels.add_tag("call  back")
    labels.toggle_star()

    assert {row["session"] for row in listed(run, "--tag", "vip")} == {calm, furious}
    assert [row["session"] for row in listed(run, "--tag", "call back")] == [calm]
    assert listed(run, "--tag", "call back")[0]["tags"] == ["call back", "vip"]
    assert listed(run, "--tag", "call back")[0]["is_starred"] is True
    assert run("sessions", "--tag", "nobody").code == 3


def test_a_row_of_the_last_list_names_its_session(
    run: Run, home: Home, calm_and_furious: tuple[str, str]
) -> None:
    calm, furious = calm_and_furious

    run("sessions", "--sort", "friction")

    assert json.loads(run("replay", "@1", "--json").out)["session"] == furious
    assert json.loads(run("replay", "@2", "--json").out)["session"] == calm
    assert stat.S_IMODE((home.root / FILE).stat().st_mode) == 0o600
    for name, words in (("@3", "has no row 3; it has 2"), ("@0", "has no row 0")):
        done = run("replay", name)
        assert (done.code, done.out) == (3, "")
        assert words in done.err
    assert run("replay", "@x").code == 2


def test_without_a_list_there_is_no_row(run: Run, home: Home, calm_and_furious: tuple[str, str]) -> None:
    (home.root / FILE).unlink(missing_ok=True)
    assert run("replay", "@1").code == 3

    (home.root / FILE).write_text("[[1]]")
    assert run("replay", "@1").code == 3


def test_an_erased_session_leaves_the_remembered_list_too(
    run: Run, home: Home, calm_and_furious: tuple[str, str]
) -> None:
    calm, furious = calm_and_furious
    run("sessions", "--sort", "friction")
    api.SessionLabels(home, site="default", session=furious).add_note("call her", at_ms=5_000)

    erase(home, [("default", furious)])

    assert furious not in (home.root / FILE).read_text()
    assert json.loads(run("replay", "@2", "--json").out)["session"] == calm
    gone = run("replay", "@1")
    assert (gone.code, "has been erased" in gone.err) == (3, True)
    with closing(catalog.connect(home)) as con:
        assert con.execute("SELECT count(*) FROM notes").fetchone() == (0,)


def test_a_prefix_has_four_characters_and_one_owner(run: Run, calm_and_furious: tuple[str, str]) -> None:
    assert run("replay", "s00").code == 2
    assert run("replay", "s000").code == 2
    assert "several sessions" in run("replay", "s000").err
    assert run("replay", "zzzz").code == 3
    assert run("replay", session_id(2)[:22], "--transcript").code == 0
