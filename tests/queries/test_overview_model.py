"""Every figure of stats, funnel and tags equals a count in plain Python on random sessions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, session_id
from usertrack_cli import clock
from usertrack_cli.commands.init import prepare
from usertrack_cli.naming import Conversion, PageGroup, TagRule, group_of
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter, is_glob
from usertrack_cli.queries.funnel import Step, funnel
from usertrack_cli.queries.overview import Asked, By, Figures, bot_sessions, groups, totals
from usertrack_cli.queries.pages import PageCount, pages
from usertrack_cli.queries.sessions import SessionRow, friction, sessions
from usertrack_cli.queries.snags import ErrorCount, SnagCount, script_errors, snags
from usertrack_cli.queries.tags import TagCount, tag_counts
from usertrack_cli.queries.traffic import WINDOWS, Traffic, traffic
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.labels import add_tag

ZONE = ZoneInfo("Europe/Berlin")
GROUPS = (PageGroup("/p/*", "/p/…"), PageGroup("/p/never", "/never"))
PAGES = ("/", "/p/1", "/p/2", "/thanks")
LATE = "/late"
FIELD = "#form>input"
DRAWN = (("/p/2", "#buy"),)
"""Fields by their layouts; on other pages these are buttons, unless something was typed into them there."""
RULE = TagRule("many pages", "pageviews >= 3")
STEPS = ("/p/…", "/*", "event:buy", "/thanks", "tag:vip", "click:#buy")

GAPS_MS = st.sampled_from([10, 300, 700, 2_000, 60_000])
ACTS = st.one_of(
    st.tuples(st.just("pageview"), st.sampled_from(PAGES)),
    st.tuples(
        st.just("click"),
        st.tuples(
            st.sampled_from([0, 25, 100]),
            st.sampled_from(["#buy", "#name", FIELD]),
            st.sampled_from([None, -1, 120, 2_500, 2_501]),
            st.sampled_from([16, 16, 2]),
        ),
    ),
    st.tuples(st.just("scroll"), st.sampled_from([0, 300, 1_600])),
    st.tuples(st.just("active"), st.sampled_from([1, 9_999, 10_000])),
    st.tuples(st.just("custom"), st.sampled_from(["buy", "play"])),
    st.tuples(st.just("tag"), st.sampled_from(["vip", "lost"])),
    st.tuples(st.just("input"), st.sampled_from(["#name", FIELD])),
    st.tuples(st.just("error"), st.sampled_from(["x is undefined", "y is null"])),
)


@dataclass(frozen=True)
class Visit:
    """One session as it was made."""

    visitor: int
    start_hours_ago: int
    acts: tuple[tuple[int, tuple[str, Any]], ...]
    country: str | None
    device: str
    referrer: str
    utm: str
    is_bot: bool
    given: tuple[str, ...]


VISITS = st.lists(
    st.builds(
        Visit,
        visitor=st.integers(1, 3),
        start_hours_ago=st.integers(2, 200),
        acts=st.lists(st.tuples(GAPS_MS, ACTS), max_size=12).map(tuple),
        country=st.sampled_from(["DE", "FR", None]),
        device=st.sampled_from(["desktop", "mobile"]),
        referrer=st.sampled_from(["", "https://news.example"]),
        utm=st.sampled_from(["", "mail"]),
        is_bot=st.sampled_from([False, False, False, True]),
        given=st.sampled_from([(), ("seen",), ("vip",)]),
    ),
    min_size=1,
    max_size=7,
)


@dataclass(frozen=True)
class Row:
    """One event as the model has it."""

    at_ms: int
    kind: str
    page: str
    pageview: int
    depth: float
    detail: Any


@dataclass(frozen=True)
class Told:
    """A session as the model has it, its rows in order."""

    session: str
    visit: Visit
    rows: tuple[Row, ...]


def stored(home: Home, plan: Sequence[Visit], now_ms: int) -> list[Told]:
    """Send the visits to the store, and return what they are."""
    told = []
    for number, visit in enumerate(plan):
        start = now_ms - visit.start_hours_ago * clock.HOUR_MS
        page, pageview, scroll = "/", 0, 0
        events: list[list[Any]] = []
        rows = []
        at = 0
        # Every session begins with a page, as every session of a browser does.
        for gap, (kind, detail) in ((0, ("pageview", "/")), *visit.acts):
            at += gap
            if kind == "pageview":
                page, pageview, scroll = detail, pageview + 1, 0
            if kind == "scroll":
                scroll = detail
            events.append(_event(kind, detail, at, page, pageview, scroll, visit))
            depth = min((scroll + 800) / 2400, 1)
            rows.append(Row(start + at, kind, page, pageview, depth, detail))
        # Every other bot gives itself away on the last page that it sees.
        is_late = visit.is_bot and number % 2 == 1
        meta = {"country": visit.country, "device": visit.device, "is_bot": visit.is_bot and not is_late}
        sender = Sender(
            home,
            session_id(number),
            ip=f"203.0.113.{visit.visitor}",
            page="/",
            meta=tuple((meta | {"language": "de", "screen_w": 1280, "screen_h": 800}).items()),
            started_at=start,
            received_at=start + clock.HOUR_MS,
        )
        sender.send(0, *events)
        if is_late:
            sender.again(page=LATE, meta=(("is_bot", True),)).send(1, ["v", at, 1])
        with closing(catalog.connect(home)) as con:
            for tag in visit.given:
                add_tag(con, site="default", session=session_id(number), tag=tag, now_ms=1)
        told.append(Told(session_id(number), visit, tuple(rows)))
    return told


def _event(kind: str, detail: Any, at: int, page: str, number: int, scroll: int, visit: Visit) -> list[Any]:
    if kind == "pageview":
        url = f"{detail}?utm_source={visit.utm}" if visit.utm else detail
        return ["p", at, number, "load", url, "T", visit.referrer, 1280, 800, 1280, 2400, 0, 0]
    if kind == "click":
        x, selector, reaction, flags = detail
        return ["c", at, x, 50, 0, scroll, 0, 500, 500, selector, "T", flags, reaction, 300]
    return {
        "scroll": ["s", at, 0, scroll],
        "active": ["a", at, detail],
        "custom": ["x", at, detail, 0],
        "tag": ["g", at, detail],
        "input": ["i", at, detail, 3, 0],
        "error": ["e", at, detail, "/a.js", 1, 2],
    }[kind]


def fields_of(told: Sequence[Told]) -> set[tuple[str, str]]:
    """Return page and selector of what takes input: known by a layout, or typed into by anybody."""
    return {*DRAWN, *((row.page, row.detail) for each in told for row in each.rows if row.kind == "input")}


def clicks_of(rows: Iterable[Row], fields: set[tuple[str, str]]) -> list[tuple[Row, bool, bool]]:
    """Return each click, whether it is part of a burst, and whether it is dead."""
    clicks = [row for row in rows if row.kind == "click"]
    by_place: defaultdict[tuple[int, bool], list[Row]] = defaultdict(list)
    dead: set[int] = set()
    for row in clicks:
        _, selector, reaction, flags = row.detail
        by_hand = flags & 42 == 0
        by_place[row.pageview, by_hand].append(row)
        is_slow = reaction is not None and (reaction == -1 or reaction > 2_500)
        if is_slow and flags & 2 == 0 and selector != FIELD and (row.page, selector) not in fields:
            dead.add(id(row))
    raging: set[int] = set()
    for (_, by_hand), near in by_place.items():
        for index in range(len(near) - 2):
            burst = near[index : index + 3]
            across = [row.detail[0] for row in burst]
            is_near = (max(across) - min(across)) / 2 <= 30
            if by_hand and burst[2].at_ms - burst[0].at_ms <= 1_000 and is_near:
                raging.update(id(row) for row in burst)
    return [(row, id(row) in raging, id(row) in dead) for row in clicks]


def keys_of(told: Told, by: By) -> list[str]:
    """Return what a session is counted under."""
    rows, visit = told.rows, told.visit
    local = datetime.fromtimestamp(rows[0].at_ms / 1000, tz=ZONE)
    pages = [group_of(row.page, GROUPS) for row in rows if row.kind == "pageview"]
    tags = {row.detail for row in rows if row.kind == "tag"} | set(visit.given)
    tags |= {RULE.name} if len(pages) >= 3 else set()
    return {
        By.ENTRY: [group_of(rows[0].page, GROUPS)],
        By.EXIT: [group_of(rows[-1].page, GROUPS)],
        By.ROUTE: [" → ".join(pages)],
        By.COUNTRY: [visit.country or "(none)"],
        By.BROWSER: ["Firefox"],
        By.OS: ["Linux"],
        By.DEVICE: [visit.device],
        By.REFERRER: [visit.referrer or "(direct)"],
        By.UTM_SOURCE: [visit.utm or "(none)"],
        By.LANGUAGE: ["de"],
        By.SCREEN: ["1280×800"],
        By.HOUR: [local.strftime("%H:00")],
        By.WEEKDAY: [local.strftime("%u %a")],
        By.DAY: [local.strftime("%Y-%m-%d")],
        By.TAG: sorted(tags) or ["(none)"],
    }[by]


def expected(told: Sequence[Told], by: By | None) -> dict[str | None, dict[str, Any]]:
    """Return the figures of each key, as plain Python adds them up."""
    parts: defaultdict[str | None, list[tuple[Told, list[Row], bool]]] = defaultdict(list)
    for each in told:
        if by is By.PAGE:
            pages = dict.fromkeys(group_of(row.page, GROUPS) for row in each.rows)
            for page in pages:
                rows = [row for row in each.rows if group_of(row.page, GROUPS) == page]
                parts[page].append((each, rows, len(pages) == 1))
        else:
            for key in [None] if by is None else keys_of(each, by):
                parts[key].append((each, list(each.rows), True))
    fields = fields_of(told)
    return {key: _figures(found, fields) for key, found in parts.items()}


def _figures(parts: list[tuple[Told, list[Row], bool]], fields: set[tuple[str, str]]) -> dict[str, Any]:
    sessions = len(parts)
    kinds = [Counter(row.kind for row in rows) for _, rows, _ in parts]
    active = [sum(row.detail for row in rows if row.kind == "active") for _, rows, _ in parts]
    bounces = [
        whole and kind["pageview"] == 1 and not kind["click"] and not kind["input"] and ms < 10_000
        for (_, _, whole), kind, ms in zip(parts, kinds, active, strict=True)
    ]
    clicks = sum(kind["click"] for kind in kinds)
    judged = [click for _, rows, _ in parts for click in clicks_of(rows, fields)]
    days = Counter(
        datetime.fromtimestamp(min(row.at_ms for row in rows) / 1000, tz=ZONE).strftime("%Y-%m-%d")
        for _, rows, _ in parts
    )
    return {
        "sessions": sessions,
        # Keys change with the month, so a visitor of two months is two.
        "visitors": len({(t.visit.visitor, _month(t)) for t, _, _ in parts}),
        "pageviews": sum(kind["pageview"] for kind in kinds),
        "clicks": clicks,
        "bounce_ratio": sum(bounces) / sessions,
        "active_ms": sum(active) / sessions,
        "depth_ratio": sum(max(row.depth for row in rows) for _, rows, _ in parts) / sessions,
        "rage_per_1000": 1000 * sum(rage for _, rage, _ in judged) / clicks if clicks else None,
        "dead_per_1000": 1000 * sum(dead for _, _, dead in judged) / clicks if clicks else None,
        "conversions": sum(climb(t.rows, ("/p/…", "/thanks"), 60_000)[0] == 2 for t, _, _ in parts),
        "days": tuple(sorted(days.items())),
    }


def stuck(told: Sequence[Told]) -> list[SnagCount]:
    """Return the elements with rage or dead clicks, as plain Python counts them."""
    found: defaultdict[tuple[str, str], list[tuple[str, bool, bool]]] = defaultdict(list)
    fields = fields_of(told)
    for each in told:
        for row, rage, dead in clicks_of(each.rows, fields):
            found[group_of(row.page, GROUPS), row.detail[1]].append((each.session, rage, dead))
    rows = [
        SnagCount(
            page=page,
            selector=selector,
            text="T",
            sessions=len({session for session, rage, dead in judged if rage or dead}),
            clicks=len(judged),
            rage=sum(rage for _, rage, _ in judged),
            dead=sum(dead for _, _, dead in judged),
        )
        for (page, selector), judged in found.items()
    ]
    listed = [row for row in rows if row.sessions]
    return sorted(listed, key=lambda row: (-row.sessions, -row.rage - row.dead, row.page, row.selector))


def broken(told: Sequence[Told]) -> list[ErrorCount]:
    """Return the script errors, as plain Python counts them."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for each in told:
        for row in each.rows:
            if row.kind == "error":
                found[group_of(row.page, GROUPS), row.detail].append(each.session)
    rows = [ErrorCount(*key, sessions=len(set(met)), times=len(met)) for key, met in found.items()]
    return sorted(rows, key=lambda row: (-row.sessions, -row.times, row.page, row.message))


def visited(told: Sequence[Told]) -> list[PageCount]:
    """Return the pages, as plain Python counts them."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in told:
        for row in each.rows:
            found[group_of(row.page, GROUPS)].append((each.session, row.kind))
    rows = [
        PageCount(
            page=page,
            sessions=len({session for session, _ in acts}),
            pageviews=sum(kind == "pageview" for _, kind in acts),
            clicks=sum(kind == "click" for _, kind in acts),
        )
        for page, acts in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.sessions, row.page))


def by_start(told: Sequence[Told]) -> list[Told]:
    """Return the sessions as a list has them, the most recent first."""
    return sorted(told, key=lambda each: (-each.rows[0].at_ms, each.session))


def _shown(row: SessionRow) -> tuple[Any, ...]:
    facts = (row.started_at, row.duration_ms, row.active_ms, row.pageviews, row.clicks, row.events)
    return (row.session, *facts, row.errors, row.entry_page, row.country, row.device, row.tags)


def _row(told: Told) -> tuple[Any, ...]:
    kinds = Counter(row.kind for row in told.rows)
    first, last = told.rows[0], told.rows[-1]
    active = sum(row.detail for row in told.rows if row.kind == "active")
    facts = (first.at_ms, last.at_ms - first.at_ms, active, kinds["pageview"], kinds["click"], len(told.rows))
    tags = tuple(sorted({row.detail for row in told.rows if row.kind == "tag"}))
    return (told.session, *facts, kinds["error"], first.page, told.visit.country, told.visit.device, tags)


def annoyed(told: Sequence[Told]) -> dict[str, tuple[int, int]]:
    """Return bursts of rage clicks and dead clicks of the sessions that have any."""
    fields = fields_of(told)
    found = {}
    for each in told:
        judged = clicks_of(each.rows, fields)
        bursts, before = 0, dict[tuple[int, bool], tuple[int, bool]]()
        for row, is_rage, _ in judged:
            place = (row.pageview, row.detail[3] & 42 == 0)
            last_ms, was_rage = before.get(place, (0, False))
            bursts += is_rage and not (was_rage and row.at_ms - last_ms <= 1_000)
            before[place] = (row.at_ms, is_rage)
        dead = sum(is_dead for _, _, is_dead in judged)
        if bursts or dead:
            found[each.session] = (bursts, dead)
    return found


def daily(told: Sequence[Told], now_ms: int) -> Traffic:
    """Return what each of the last days had, today's 24 hours first."""
    events, pageviews, of_page = Counter[int](), Counter[int](), Counter[tuple[str, int]]()
    for each in told:
        for row in each.rows:
            ago = (now_ms - 1 - row.at_ms) // clock.DAY_MS
            events[ago] += 1
            if row.kind == "pageview":
                pageviews[ago] += 1
                of_page[group_of(row.page, GROUPS), ago] += 1
    return Traffic(
        pageviews=tuple(pageviews[ago] for ago in range(WINDOWS)),
        events=tuple(events[ago] for ago in range(WINDOWS)),
        pages={page: tuple(of_page[page, ago] for ago in range(WINDOWS)) for page, _ in of_page},
    )


def _month(told: Told) -> str:
    received = told.rows[0].at_ms + clock.HOUR_MS
    return datetime.fromtimestamp(received / 1000, tz=UTC).strftime("%Y-%m")


def is_step(row: Row, step: str) -> bool:
    kind, _, name = step.partition(":")
    if not step.startswith("/"):
        kinds = {"event": "custom", "tag": "tag", "click": "click"}
        said = row.detail[1] if row.kind == "click" else row.detail
        return row.kind == kinds[kind] and said == name
    if row.kind != "pageview":
        return False
    if is_glob(step):
        return row.page.startswith(step.removesuffix("*"))
    return step in {row.page, group_of(row.page, GROUPS)}


def climb(rows: Sequence[Row], steps: Sequence[str], within_ms: int | None) -> tuple[int, list[int]]:
    """Return how many steps a session came, and when it reached them, from the best of its starts."""
    best: tuple[int, list[int]] = (0, [])
    for start, first in enumerate(rows):
        if not is_step(first, steps[0]):
            continue
        moments = [first.at_ms]
        at = start
        for step in steps[1:]:
            later = [
                index
                for index in range(at + 1, len(rows))
                if is_step(rows[index], step)
                and (within_ms is None or rows[index].at_ms - first.at_ms <= within_ms)
            ]
            if not later:
                break
            at = later[0]
            moments.append(rows[at].at_ms)
        if len(moments) > best[0]:
            best = (len(moments), moments)
    return best


def as_dict(figures: Figures) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in figures.__dataclass_fields__ if name != "key"}


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return found.keys() == wanted.keys() and all(
        found[name] == (pytest.approx(value) if isinstance(value, float) else value)
        for name, value in wanted.items()
    )


def visit(*acts: tuple[int, tuple[str, Any]]) -> Visit:
    """A session that did just this."""
    return Visit(1, 3, acts, "DE", "desktop", "", "", is_bot=False, given=())


def clicks(*moments: tuple[int, int]) -> Visit:
    """A session of clicks: how many ms after the one before, and how far from the left."""
    return visit(*((gap, ("click", (x, "#buy", 120, 16))) for gap, x in moments))


AT_THE_LIMITS = [
    visit((10, ("active", 9_999))),
    visit((10, ("active", 10_000))),
    visit((10, ("active", 1)), (10, ("scroll", 300))),
    visit((10, ("click", (0, "#buy", 2_500, 16)))),
    visit((10, ("click", (0, "#buy", 2_501, 16)))),
    visit((10, ("click", (0, FIELD, 2_501, 16)))),
    # Drawn as a field on one page and a button on the others; the other way round by what was typed.
    visit(*((10, act) for page in PAGES for act in (("pageview", page), ("click", (0, "#buy", -1, 16))))),
    visit((10, ("input", "#name")), (10, ("error", "x is undefined"))),
    visit(*((10, act) for page in PAGES for act in (("pageview", page), ("click", (0, "#name", -1, 16))))),
    clicks((300, 0), (300, 0), (700, 0)),
    clicks((300, 0), (301, 0), (700, 0)),
    clicks((300, 0), (300, 60), (300, 0)),
    clicks((300, 0), (300, 61), (300, 0)),
]
"""Each limit from both of its sides: time looked at, reaction, length and width of a burst."""


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=VISITS, cut_hours=st.sampled_from([None, 48]))
@example(plan=AT_THE_LIMITS, cut_hours=None)
def test_every_figure_of_every_group_is_what_plain_python_counts(
    tmp_path_factory: pytest.TempPathFactory, plan: list[Visit], cut_hours: int | None
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    now_ms = clock.now_ms()
    everything = stored(home, plan, now_ms)
    from_ms = None if cut_hours is None else now_ms - cut_hours * clock.HOUR_MS
    inside = [each for each in everything if from_ms is None or each.rows[0].at_ms >= from_ms]
    told = [each for each in inside if not each.visit.is_bot]
    chosen = Filter(site="default", groups=GROUPS, rules=(RULE,), from_ms=from_ms)
    asked = Asked(
        zone="Europe/Berlin", fields=DRAWN, conversion=Conversion("order", ("/p/…", "/thanks"), 60_000)
    )

    def question(
        con: duckdb.DuckDBPyConnection,
    ) -> tuple[Figures, dict[By, list[Figures]], dict[str | None, int], list[TagCount]]:
        by_all = {by: groups(con, chosen, by, asked, limit=999) for by in By}
        bots = {page: bot_sessions(con, replace(chosen, page=page)) for page in (None, *PAGES)}
        return totals(con, chosen, asked), by_all, bots, tag_counts(con, chosen)

    total, found, bots, tags = ask(home, chosen, question, needs_tags=True, needs_bots=True)

    automated = [each for each in inside if each.visit.is_bot]
    assert bots == {None: len(automated)} | {
        page: sum(any(row.page == page for row in each.rows) for each in automated) for page in PAGES
    }
    if told:
        assert same(as_dict(total), expected(told, None)[None])
    for by, rows in found.items():
        wanted = expected(told, by)
        assert {row.key for row in rows} == set(wanted), by
        for row in rows:
            assert same(as_dict(row), wanted[row.key]), (by, row.key, as_dict(row), wanted[row.key])
    tagged = Counter(tag for each in told for tag in keys_of(each, By.TAG) if tag != "(none)")
    assert {each.tag: each.sessions for each in tags} == dict(tagged)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=VISITS, cut_hours=st.sampled_from([None, 48]))
@example(plan=AT_THE_LIMITS, cut_hours=None)
def test_every_list_is_what_plain_python_counts(
    tmp_path_factory: pytest.TempPathFactory, plan: list[Visit], cut_hours: int | None
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    now_ms = clock.now_ms()
    people = [each for each in stored(home, plan, now_ms) if not each.visit.is_bot]
    from_ms = None if cut_hours is None else now_ms - cut_hours * clock.HOUR_MS
    told = [each for each in people if from_ms is None or each.rows[0].at_ms >= from_ms]
    chosen = Filter(site="default", groups=GROUPS, from_ms=from_ms)

    stuck_on, errors, seen, listed, friction_of = ask(
        home,
        chosen,
        lambda con: (
            snags(con, chosen, limit=999, fields=DRAWN),
            script_errors(con, chosen, limit=999),
            pages(con, chosen),
            sessions(con, chosen, order="recent", limit=999),
            friction(con, chosen, only=[each.session for each in told] or [""], fields=DRAWN),
        ),
    )
    month = Filter(site="default", groups=GROUPS, from_ms=now_ms - WINDOWS * clock.DAY_MS)
    days = ask(home, month, lambda con: traffic(con, month, now_ms=now_ms))

    assert stuck_on == stuck(told)
    assert errors == broken(told)
    assert seen == visited(told)
    assert [_shown(each) for each in listed] == [_row(each) for each in by_start(told)]
    assert friction_of == annoyed(told)
    assert days == daily(people, now_ms)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=VISITS,
    steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=4),
    within_ms=st.sampled_from([None, 1_000, 60_000]),
)
@example(
    plan=[
        visit((300, ("custom", "buy")), (700, ("pageview", "/thanks"))),
        visit((300, ("custom", "buy")), (701, ("pageview", "/thanks"))),
        visit((300, ("pageview", "/thanks")), (300, ("custom", "buy"))),
        # Too late from its first start, in time from its second.
        visit((2_000, ("pageview", "/p/1")), (10, ("custom", "buy")), (10, ("pageview", "/thanks"))),
    ],
    steps=["/*", "event:buy", "/thanks"],
    within_ms=1_000,
)
def test_every_step_of_a_funnel_is_what_plain_python_counts(
    tmp_path_factory: pytest.TempPathFactory, plan: list[Visit], steps: list[str], within_ms: int | None
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    told = [each for each in stored(home, plan, clock.now_ms()) if not each.visit.is_bot]
    chosen = Filter(site="default", groups=GROUPS)

    def asked(by: str | None) -> Callable[[duckdb.DuckDBPyConnection], list[Step]]:
        return lambda con: funnel(con, chosen, steps, within_ms=within_ms, by=by)

    whole, split = ask(home, chosen, lambda con: (asked(None)(con), asked("device")(con)))

    assert whole == climbed(told, steps, within_ms, key=None)
    for device in {step.key for step in split if step.sessions}:
        of_device = [each for each in told if each.visit.device == device]
        assert [step for step in split if step.key == device] == climbed(
            of_device, steps, within_ms, key=device
        )
    assert sum(step.sessions for step in split) == sum(step.sessions for step in whole)


def climbed(told: list[Told], steps: list[str], within_ms: int | None, *, key: str | None) -> list[Step]:
    climbs = {each.session: climb(each.rows, steps, within_ms) for each in told}
    found = []
    for number, step in enumerate(steps, start=1):
        here = {session: moments for session, (depth, moments) in climbs.items() if depth >= number}
        # Halves go to the even neighbour, as in SQL.
        waits = [moments[number - 1] - moments[max(0, number - 2)] for moments in here.values()]
        dropped = sorted(session for session in here if climbs[session][0] == number)
        last = number == len(steps)
        found.append(
            Step(step, len(here), round(median(waits)) if waits else 0, () if last else tuple(dropped), key)
        )
    return found
