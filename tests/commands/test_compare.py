from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.conftest import Done, Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.commands.compare import days_of
from usertrack_cli.errors import UsageError
from usertrack_cli.store.home import Home


def at(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def two_months(home: Home) -> Home:
    """#buy was clicked by 8 of 10 sessions in September and by 2 of 10 in October; #help by 3 each."""
    for month, buyers in (("09", 8), ("10", 2)):
        for number in range(10):
            moment = at(f"2026-{month}-{number + 10}")
            events = [click(1000, 60, 70)] if number < buyers else []
            events += [click(2000, 600, 700, selector="#help", text="Help")] if number < 3 else []
            Sender(
                home, session_id(int(month) * 100 + number), started_at=moment, received_at=moment + 9000
            ).send(0, pageview(), *events)
    return home


def compared(run: Run, *more: str) -> Done:
    return run("compare", "--page", "/shop", "--tz", "UTC", "--a", "2026-09", "--b", "2026-10", *more)


def test_the_change_of_each_element_with_its_chance(two_months: Home, run: Run) -> None:
    done = compared(run, "--json")

    buy, rest = json.loads(done.out)
    assert (buy["element"], buy["a_share"], buy["b_share"], buy["change"]) == ("#buy", 0.8, 0.2, -0.6)
    assert buy["change_ratio"] == -0.75
    # Half of the twenty clicked: a difference of 0.6 is this many standard errors.
    assert buy["p"] == pytest.approx(math.erfc(0.6 / math.sqrt(0.5 * 0.5 * 2 / 10) / math.sqrt(2)), abs=1e-5)
    assert buy["is_significant"] is True
    assert (rest["element"], rest["change"], rest["p"], rest["is_significant"]) == ("#help", 0.0, 1.0, False)


@pytest.mark.parametrize(("max_drop", "code"), [("74%", 4), ("75%", 0), ("76", 0)])
def test_a_drop_beyond_the_limit_ends_with_4(two_months: Home, run: Run, max_drop: str, code: int) -> None:
    done = compared(run, "--element", "#buy", "--max-drop", max_drop)

    assert done.code == code
    assert "#buy" in done.out
    assert ("#buy dropped by 75.0%" in done.err) is (code == 4)


def test_an_element_that_nobody_clicked_before_cannot_be_checked(two_months: Home, run: Run) -> None:
    assert compared(run, "--element", "#none", "--max-drop", "10%").code == 3


def test_the_difference_is_drawn_with_both_sides_named(two_months: Home, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "difference.png"

    done = compared(run, "-o", str(target))

    assert done.code == 0, done.err
    assert f"{target} is drawn" in done.err
    with Image.open(target) as image:
        image.load()
        said = dict(image.text)  # type: ignore[attr-defined]
    assert (said["usertrack:a"], said["usertrack:b"]) == ("2026-09", "2026-10")
    assert (said["usertrack:a-count"], said["usertrack:b-count"]) == ("11", "5")


def test_devices_are_compared_too(home: Home, run: Run) -> None:
    for number, device in enumerate(("desktop", "desktop", "mobile")):
        Sender(home, session_id(number), meta=(("device", device),)).send(
            0, pageview(), *([click(1000, 60, 70)] if number else [])
        )

    done = run("compare", "--page", "/shop", "--a-device", "desktop", "--b-device", "mobile", "--json")

    (buy,) = json.loads(done.out)
    assert (buy["a_share"], buy["b_share"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--a", "2026-09", "--b", "2026-09"),
        ("--a", "September", "--b", "2026-10"),
        ("--a", "2026-09", "--b", "2026-10", "--element", "#buy"),
        ("--a", "2026-09", "--b", "2026-10", "--max-drop", "5%"),
        ("--a", "2026-09", "--b", "2026-10", "--element", "#buy", "--max-drop", "lots"),
        ("--a", "2026-09", "--b", "2026-10", "--element", "#buy", "--max-drop", "101%"),
    ],
)
def test_a_call_that_compares_nothing_is_refused(
    two_months: Home, run: Run, arguments: tuple[str, ...]
) -> None:
    assert run("compare", "--page", "/shop", *arguments).code == 2


def test_a_side_without_clicks_ends_with_3(two_months: Home, run: Run) -> None:
    done = run("compare", "--page", "/shop", "--a", "2026-09", "--b", "2026-08")

    assert done.code == 3
    assert "no clicks recorded on /shop with these filters: 2026-08" in done.err


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-10-05", date(2026, 10, 5), date(2026, 10, 5)),
        ("2026-10-05..2026-11", date(2026, 10, 5), date(2026, 11, 30)),
    ],
)
def test_a_period_is_whole_days(period: str, first: date, last: date) -> None:
    assert days_of(period) == (first, last)


@pytest.mark.parametrize(
    "period", ["", "26-10", "2026-13", "2026-02-30", "2026-10..2026-09", "2026-1-1-1", "..", "x"]
)
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(UsageError):
        days_of(period)
