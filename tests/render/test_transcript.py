"""What a visitor did, in words."""

from __future__ import annotations

import pytest

from usertrack_cli.render.recording import Event, Recording
from usertrack_cli.render.transcript import MomentKind, clock_text, moments, selector_text, transcript


def recording_of(*events: Event) -> Recording:
    return Recording(session="s", site="default", started_at_ms=0, duration_ms=60_000, events=events)


def click(at_ms: int, x: int = 100, **fields: object) -> Event:
    return Event(at_ms=at_ms, kind="click", page="/", pageview=1, x=x, y=100, text="Buy", **fields)  # type: ignore[arg-type]  # fields by name


def test_a_session_reads_as_a_story(shop_recording: Recording) -> None:
    assert transcript(shop_recording) == [
        "00:00 opened /shop “Oak & Elm – things made to be mended”",
        "00:03 clicked “Shop” (nav a)",
        "00:04 scrolled to 65% of the page",
        "00:07 clicked “Oak bread board” (div h3) → nothing for 5 s, ×4",
        '00:09 event newsletter_shown {"variant":"b"}',
        "00:12 scrolled to 100% of the page",
        "00:14 scrolled #reviews",
        "00:16 clicked “Name” (#name)",
        "00:18 typed 11 characters into #name",
        "00:19 clicked “E-mail” (#email)",
        "00:21 typed 18 characters into #email",
        "00:22 went to another tab",
        "01:35 came back to the tab",
        "01:36 error: TypeError: cart is undefined",
        "01:37 clicked “Send” (form button)",
        "01:37 opened /thanks “Thank you”",
        "01:40 viewport is 1000×700",
        "01:41 tagged contacted",
        "01:42 left /thanks",
    ]


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        ((0, 400, 900), MomentKind.RAGE),
        ((0, 700, 950), MomentKind.RAGE),
        ((0, 900, 1_800), MomentKind.CLICK),
        ((0, 400), MomentKind.CLICK),
    ],
)
def test_three_clicks_within_a_second_are_rage(times: tuple[int, ...], kind: MomentKind) -> None:
    told = moments(recording_of(*(click(at_ms) for at_ms in times)))

    assert [(moment.kind, moment.count) for moment in told] == [(kind, len(times))]


def test_the_clicks_around_a_burst_are_none_of_it() -> None:
    told = moments(recording_of(*(click(at_ms) for at_ms in (0, 950, 1_050, 1_150))))

    assert [(moment.kind, moment.count, moment.at_ms) for moment in told] == [
        (MomentKind.CLICK, 1, 0),
        (MomentKind.RAGE, 3, 1_150),
    ]


def test_a_burst_is_one_moment_whatever_its_clicks_set_off() -> None:
    error = Event(at_ms=150, kind="error", page="/", pageview=1, name="x is undefined")

    told = moments(recording_of(click(0), click(100, x=155), error, click(200, x=130)))

    assert [(moment.kind, moment.count) for moment in told] == [(MomentKind.ERROR, 1), (MomentKind.RAGE, 3)]


def test_clicks_on_two_spots_are_two_moments() -> None:
    assert len(moments(recording_of(click(0), click(100, x=400)))) == 2


@pytest.mark.parametrize(
    ("reaction_ms", "text"),
    [
        (None, "clicked “Buy”"),
        (2_500, "clicked “Buy”"),
        (2_600, "clicked “Buy” → nothing for 2.6 s"),
        (-1, "clicked “Buy” → nothing for 5 s"),
    ],
)
def test_a_click_says_when_nothing_came_of_it(reaction_ms: int | None, text: str) -> None:
    assert moments(recording_of(click(0, reaction_ms=reaction_ms)))[0].text == text


def test_losing_the_focus_with_the_tab_is_said_once() -> None:
    away = recording_of(
        Event(at_ms=0, kind="visibility", page="/", pageview=1, value="0"),
        Event(at_ms=10, kind="focus", page="/", pageview=1, value="0"),
    )

    assert transcript(away) == ["00:00 went to another tab"]


@pytest.mark.parametrize(
    ("at_ms", "tenths", "text"),
    [
        (0, False, "00:00"),
        (12_499, True, "00:12.4"),
        (3_599_999, False, "59:59"),
        (3_600_000, False, "1:00:00"),
    ],
)
def test_times_read_as_on_a_clock(at_ms: int, tenths: bool, text: str) -> None:
    assert clock_text(at_ms, tenths=tenths) == text


def test_selectors_lose_what_nobody_says() -> None:
    assert selector_text("#shop>div:nth-of-type(2)>h3") == "div h3"
    assert selector_text(None) == ""
