"""Every kind of event, done in a real browser and found in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import wait_for_layouts
from tests.browser.scene import Scene, moment, scene, status, storage, tab, until
from usertrack_cli.api.layouts import layouts
from usertrack_cli.render.layout import BoxKind

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><head><title>Kinds 2026</title>
<meta name="viewport" content="width=device-width">
<style>body{margin:0;height:3000px} #list{height:100px;width:300px;overflow:auto;border:1px solid}
 #list div{height:900px}
 header{position:sticky;top:0;height:40px;background:#eee} button{width:160px;height:40px}
 #far{margin-top:2000px;display:block}</style>
<!--tag--></head><body>
<header><a href="#top">Top</a></header>
<h1>All kinds</h1>
<button id="go" onclick="document.title='Changed'; this.textContent='Done'">Go on</button>
<button id="dead">Nothing here</button>
<button data-ust-id="buy" data-ust-track="bought">Buy 3 now</button>
<button id="broken" onclick="throw new Error('on purpose, order 4711')">Break</button>
<input id="name" placeholder="Name">
<select id="size"><option>S<option>M</select> <label><input type="checkbox" id="yes"> Yes</label>
<div id="list"><div>Long list</div></div>
<div id="host"></div>
<button id="far">Far down</button>
<script>
 document.querySelector('#host').attachShadow({mode: 'open'}).innerHTML = '<button id="inner">Inside</button>';
</script></body></html>"""

# Each look at an element costs a millisecond here, as it does on a slow phone; the clock shows nothing else, so
# that it is the same on any machine. What is looked at between two idle moments is a slice.
SLOW = """<!doctype html><html><head><title>Many</title><script>
 let now = 0;
 let looks = 0;
 window.slices = [];
 window.atSlice = () => {};
 performance.now = () => now;
 const look = Element.prototype.getBoundingClientRect;
 Element.prototype.getBoundingClientRect = function () { now++; looks++; return look.call(this); };
 const idle = window.requestIdleCallback;
 window.requestIdleCallback = (measure, options) => idle(() => {
   looks = 0;
   measure();
   slices.push(looks);
   atSlice(slices.length);
 }, options);
</script><!--tag--></head><body style="margin:0"><main></main><script>
 for (let i = 0; i < 200; i++) {
   const b = document.createElement('button'); b.textContent = 'Button'; b.style.width = '100px';
   document.querySelector('main').append(b);
 }
</script></body></html>"""
FAST = SLOW.replace("now++;", "")
CHANGING = SLOW.replace(
    "window.atSlice = () => {};",
    "window.atSlice = (n) => { if (n === 5) document.querySelector('main').lastChild.remove(); };",
)
GROWING = """<!doctype html><html><head><title>Grows</title><!--tag--></head><body><script>
 setTimeout(() => { document.body.style.height = '5000px'; }, 400);
</script></body></html>"""
BOXES = """<!doctype html><html><head><title>Boxes</title><style>
 body{margin:0} #outer{height:200px;width:300px;overflow:auto} #outer div{height:900px}</style>
<!--tag--></head><body><div id="outer"><div>Long</div></div><div id="host"></div><script>
 document.querySelector('#host').attachShadow({mode: 'open'}).innerHTML =
   '<div id="inner" style="height:200px;width:300px;overflow:auto"><div style="height:900px">Deep</div></div>';
</script></body></html>"""
FOLDED = """<!doctype html><html><head><title>Folded</title><style>
 body{margin:0} p{margin:0;height:40px} div{height:60px}</style><!--tag--></head><body>
<details><summary>More</summary><p>Never seen</p></details>
<details open><summary>Less</summary><p>Seen</p></details>
<div style="background:rgb(255,0,0)"></div><div></div></body></html>"""
ROUTES = """<!doctype html><html><head><title>Routes</title><!--tag--></head><body>
<button id="next"
 onclick="history.pushState(0,'','/routes/two?utm_source=mail&token=geheim'); document.title='Two'">
Next</button></body></html>"""


# This long the pointer rests on a button at least, before it is clicked.
RESTED_MS = 300
# Longer than from one sample of the pointer to the next.
PAUSE_MS = 60


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    pages = {
        "/kinds": PAGE,
        "/kinds-dead": PAGE,
        "/slow": SLOW,
        "/fast": FAST,
        "/changing": CHANGING,
        "/growing": GROWING,
        "/boxes": BOXES,
        "/folded": FOLDED,
        "/routes": ROUTES,
        "/touch": PAGE,
    }
    with scene(tmp_path_factory.mktemp("kinds") / "data", pages) as made:
        yield made


def centre(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def span_ms(visited: Scene) -> int:
    """How long the visit took, from its first event to its last."""
    times = [int(row[0]) for row in visited.rows("page = '/kinds'", select="epoch_ms(occurred_at)")]
    return max(times) - min(times)


def named(rows: list[tuple[Any, ...]], *names: str) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def visited(stage: Scene, browser: Browser) -> Iterator[Scene]:
    """One visit in which everything happens once."""
    with tab(browser) as page:
        page.goto(stage.origin + "/kinds?utm_source=news&secret=1#start")
        page.mouse.move(600, 300, steps=3)
        page.mouse.move(*centre(page, "#go"), steps=5)
        moment(page, RESTED_MS)
        page.mouse.click(*centre(page, "#go"))
        page.click("#dead")
        page.click("[data-ust-id=buy]")
        page.click("#broken")
        page.click("#broken")
        page.locator("#host").locator("#inner").click()
        page.click("#name")
        page.keyboard.type("Ada Lovelace")
        page.select_option("#size", "M")
        page.focus("#yes")
        page.keyboard.press("Space")
        page.mouse.move(*centre(page, "#list"))
        page.mouse.wheel(0, 240)
        page.wait_for_function("document.querySelector('#list').scrollTop === 240")
        page.mouse.move(800, 600)
        page.mouse.wheel(0, 700)
        page.wait_for_function("scrollY === 700")
        page.evaluate("location.hash = 'part?token=1'")
        page.evaluate("usertrack.track('signup', {plan: 'pro', seats: 3}); usertrack.tag('beta')")
        page.evaluate("UST.addTag('from-ust'); UST.addEvent({category: 'shop', action: 'like', value: 2})")
        page.set_viewport_size({"width": 1000, "height": 700})
        page.evaluate("""() => {
          dispatchEvent(new Event('blur'));
          Object.defineProperty(document, 'hidden', {configurable: true, get: () => window.away});
          for (const away of [true, false]) {
            window.away = away;
            document.dispatchEvent(new Event('visibilitychange'));
          }
        }""")
        for kind in ("resize", "layout", "scroll", "container_scroll"):
            stage.wait_for(f"page = '/kinds' AND kind = '{kind}'", page=page)
        page.goto("about:blank")
    stage.wait_for("page = '/kinds' AND kind = 'leave'")
    yield stage


def test_every_kind_is_in_the_store(visited: Scene) -> None:
    kinds = {row[0] for row in visited.rows("page = '/kinds'", select="kind")}

    assert kinds == {
        "pageview",
        "move",
        "click",
        "scroll",
        "container_scroll",
        "resize",
        "input",
        "visibility",
        "focus",
        "hash",
        "active",
        "error",
        "custom",
        "tag",
        "layout",
        "leave",
    }


def test_a_pageview_says_where_and_how_and_no_secret(visited: Scene) -> None:
    select = "name, title, url_query, utm_source, pageview, viewport_w, document_h, device, language"

    assert visited.rows("page = '/kinds' AND kind = 'pageview'", select=select) == [
        ("load", "Kinds x", "utm_source=news", "news", 1, 1280, 3000, "desktop", "en-GB")
    ]


def test_a_click_names_its_target_and_how_the_page_answered(visited: Scene) -> None:
    names = ("selector", "text", "flags", "button", "element_x", "element_y", "reaction_ms", "hover_ms")
    clicks = {
        row["selector"]: row
        for row in named(visited.rows("page = '/kinds' AND kind = 'click'", select=", ".join(names)), *names)
    }

    go = clicks["#go"]
    assert (go["text"], go["flags"] & 16, go["button"]) == ("Go on", 16, 0)
    assert abs(go["element_x"] - 500) < 20 and abs(go["element_y"] - 500) < 40
    assert 0 <= go["reaction_ms"] <= 5000
    # At least as long as the hand waited, and not since before the page was opened.
    assert RESTED_MS - 10 < go["hover_ms"] <= span_ms(visited)
    assert clicks['[data-ust-id="buy"]']["text"] == "Buy x now"
    assert (clicks["#dead"]["text"], clicks["#inner"]["text"]) == ("Nothing here", "Inside")
    # What goes on inside a shadow root is out of sight, so silence there is no verdict.
    assert clicks["#inner"]["reaction_ms"] != -1
    assert clicks["#yes"]["flags"] & 8


def test_positions_are_where_the_page_was_clicked(visited: Scene) -> None:
    x, y, scroll_y = visited.rows(
        "page = '/kinds' AND kind = 'click' AND selector = '#go'", select="x, y, scroll_y"
    )[0]
    moves = visited.rows("page = '/kinds' AND kind = 'move'", select="x, y")

    assert (x, y, scroll_y) == (80, y, 0)
    assert any(abs(mx - x) <= 4 and abs(my - y) <= 4 for mx, my in moves)


def test_scrolling_of_the_window_and_of_boxes_is_told_apart(visited: Scene) -> None:
    assert visited.rows("page = '/kinds' AND kind = 'scroll' AND scroll_y >= 700")
    boxes = visited.rows(
        "page = '/kinds' AND kind = 'container_scroll'",
        select="container, container_y, container_scroll_h, container_client_h",
    )

    assert boxes[-1] == ("#list", 240, 900, 100)


def test_fields_tell_how_much_and_never_what(visited: Scene) -> None:
    fields = visited.rows("page = '/kinds' AND kind = 'input'", select="selector, value_length, value")

    # A long pause between two letters ends a word, so the field may be told of twice: at last it is whole.
    assert list({name: length for name, length, _ in fields}.items()) == [
        ("#name", 12),
        ("#size", 1),
        ("#yes", 1),
    ]
    assert {value for _, _, value in fields} == {None}
    assert "Lovelace" not in json.dumps(visited.board.batches())


def test_a_route_says_so_and_a_fragment_ends_where_values_begin(visited: Scene) -> None:
    assert visited.rows("page = '/kinds' AND kind = 'hash'", select="value") == [("#part",)]


def test_an_error_is_told_once_and_without_numbers(visited: Scene) -> None:
    errors = visited.rows("page = '/kinds' AND kind = 'error'", select="name")

    assert len(errors) == 1
    assert "4711" not in errors[0][0] and "on purpose" in errors[0][0]


def test_events_and_tags_of_the_page_come_with_their_properties(visited: Scene) -> None:
    customs = visited.rows("page = '/kinds' AND kind = 'custom'", select="name, props")
    tags = visited.rows("page = '/kinds' AND kind = 'tag'", select="name")

    assert [(name, json.loads(props or "null")) for name, props in customs] == [
        ("bought", None),
        ("signup", {"plan": "pro", "seats": 3}),
        ("like", {"category": "shop", "action": "like", "value": 2}),
    ]
    assert tags == [("beta",), ("from-ust",)]


def test_window_and_visibility_are_followed(visited: Scene) -> None:
    assert visited.rows("page = '/kinds' AND kind = 'resize'", select="viewport_w, viewport_h")[0] == (
        1000,
        700,
    )
    assert visited.rows("page = '/kinds' AND kind = 'visibility'", select="value")[:2] == [("0",), ("1",)]
    assert visited.rows("page = '/kinds' AND kind = 'focus'", select="value")[0] == ("0",)
    active = sum(row[0] for row in visited.rows("page = '/kinds' AND kind = 'active'", select="active_ms"))
    # The session begins a moment before its first event.
    assert 1_000 < active < span_ms(visited) + 1_000


def test_events_come_in_the_order_they_happened(visited: Scene) -> None:
    times = [row[0] for row in visited.rows("page = '/kinds'", select="epoch_ms(occurred_at)")]

    assert times == sorted(times)
    assert len({row[0] for row in visited.rows("page = '/kinds'", select="session")}) == 1


def test_a_move_that_is_heard_late_is_no_earlier_than_what_came_since(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/routes")
        session = status(page)["session"]
        page.evaluate("""() => {
            const move = new PointerEvent('pointermove', { clientX: 300, clientY: 200, bubbles: true });
            const until = performance.now() + 50;
            while (performance.now() < until);
            usertrack.track('since');
            document.body.dispatchEvent(move);
        }""")
        stage.wait_for(f"session = '{session}' AND kind = 'move'", page=page)
    where = f"session = '{session}' AND kind IN ('custom', 'move')"
    rows = stage.rows(where, select="kind, epoch_ms(occurred_at)")

    assert [kind for kind, _ in rows] == ["custom", "move"]
    assert rows[0][1] <= rows[1][1]


def test_a_slow_page_is_measured_in_slices_and_says_the_same_as_a_fast_one(
    stage: Scene, browser: Browser
) -> None:
    slices = {}
    for path in ("/slow", "/fast"):
        with tab(browser) as page:
            page.goto(stage.origin + path)
            stage.wait_for(f"page = '{path}' AND kind = 'layout'", page=page)
            slices[path] = page.evaluate("slices")
    hashes = dict(stage.rows("kind = 'layout' AND page IN ('/slow', '/fast')", select="page, layout"))

    assert hashes["/slow"] == hashes["/fast"]
    # Two hundred milliseconds in all, and never more than half a frame at a time.
    assert sum(slices["/slow"]) > 200
    assert max(slices["/slow"]) <= 10
    # The control: where looking costs nothing one slice is enough.
    assert len(slices["/fast"]) == 1 and slices["/fast"][0] > 200


def test_what_is_folded_away_is_no_part_of_the_layout_and_any_colour_makes_a_box(
    stage: Scene, browser: Browser
) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/folded")
        wait_for_layouts(stage.home, [page])
    of_page = set(stage.rows("page = '/folded' AND kind = 'layout'", select="page, layout"))
    (layout,) = layouts(stage.home, "default", of_page)

    assert [box.text for box in layout.boxes if box.text] == ["More", "Less", "Seen"]
    # Of the two without words, the red one and not the other.
    assert [box.h for box in layout.boxes if box.kind is BoxKind.CONTAINER][1:] == [60]


def test_a_page_that_changes_while_it_is_measured_is_measured_anew(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/changing")
        rows = stage.wait_for("page = '/changing' AND kind = 'layout'", select="layout", page=page)
        slices = page.evaluate("slices.length")
        page.goto(stage.origin + "/fast")
        unchanged = stage.wait_for("page = '/fast' AND kind = 'layout'", select="layout", page=page)

    assert len(rows) == 1
    assert rows[0] != unchanged[0]
    assert slices > 200 / 10 + 5


@pytest.mark.parametrize(
    ("name", "y", "scroll"),
    [
        ("#outer", 100, "document.querySelector('#outer')"),
        ("#inner", 300, "document.querySelector('#host').shadowRoot.querySelector('#inner')"),
    ],
)
def test_inside_a_box_positions_say_how_far_it_was_scrolled(
    stage: Scene, browser: Browser, name: str, y: int, scroll: str
) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/boxes")
        session = status(page)["session"]
        page.mouse.move(100, y - 40)
        page.mouse.move(110, y - 30)
        moment(page, PAUSE_MS)
        page.mouse.wheel(0, 240)
        page.wait_for_function(f"{scroll}.scrollTop === 240")
        moment(page, PAUSE_MS)
        page.mouse.move(120, y)
        page.mouse.click(130, y)
        page.goto("about:blank")
    stage.wait_for(f"session = '{session}' AND kind = 'leave'")
    select = "kind, x, container, container_y"
    rows = stage.rows(f"session = '{session}' AND kind IN ('move', 'click')", select=select)

    # Where the pointer rested before the box was scrolled, and where it went and clicked after that.
    assert ("move", 110, name, 0) in rows
    assert ("move", 120, name, 240) in rows
    assert rows[-1] == ("click", 130, name, 240)
    assert {row[2] for row in rows} == {name}


def test_a_page_broken_in_a_loop_says_so_ten_times(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/routes")
        session = status(page)["session"]
        page.evaluate(
            "() => { for (const letter of 'abcdefghijklmn') for (const again of [1, 2])"
            " dispatchEvent(new ErrorEvent('error', {message: `on purpose ${letter}`})); }"
        )
        page.goto("about:blank")
    stage.wait_for(f"session = '{session}' AND kind = 'leave'")
    errors = stage.rows(f"session = '{session}' AND kind = 'error'", select="name")

    assert errors == [(f"on purpose {letter}",) for letter in "abcdefghij"]


def test_a_promise_nobody_caught_and_the_middle_button_are_told(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/routes")
        session = status(page)["session"]
        page.evaluate("() => void Promise.reject(new Error('on purpose, of order 4711'))")
        page.click("#next", button="middle")
        errors = stage.wait_for(f"session = '{session}' AND kind = 'error'", select="name", page=page)
        clicks = stage.wait_for(
            f"session = '{session}' AND kind = 'click'", select="button, selector", page=page
        )

    assert errors == [("on purpose, of order x",)]
    assert clicks == [(1, "#next")]


def test_a_document_that_grows_says_so(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/growing")
        rows = stage.wait_for("page = '/growing' AND kind = 'resize'", select="document_h", page=page)

    assert rows[-1][0] >= 5000


@pytest.mark.parametrize("has_navigation", [True, False])
def test_a_route_change_is_a_pageview_of_its_own(stage: Scene, browser: Browser, has_navigation: bool) -> None:
    with tab(browser) as page:
        if not has_navigation:  # as in browsers that have the History API only
            page.add_init_script("delete window.navigation")
        page.goto(stage.origin + "/routes")
        assert page.evaluate("'navigation' in window") is has_navigation
        session = status(page)["session"]
        page.click("#next")
        rows = stage.wait_for(
            f"session = '{session}' AND page = '/routes/two' AND kind = 'pageview'",
            select="name, title, url_query, pageview, referrer",
            page=page,
        )
        page.go_back()
        of_this = f"session = '{session}' AND page = '/routes' AND kind = 'pageview'"
        back = stage.wait_for(of_this, select="name, pageview", count=2, page=page)

    assert rows == [("spa", "Two", "utm_source=mail", 2, "/routes")]
    assert back == [("load", 1), ("spa", 3)]


def test_of_where_a_visitor_comes_from_only_the_origin_is_kept(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/routes", referer="https://mail.example/box/ada?token=geheim#x")
        assert page.evaluate("document.referrer").startswith("https://mail.example/")
        session = status(page)["session"]
        rows = stage.wait_for(f"session = '{session}' AND kind = 'pageview'", select="referrer", page=page)

    assert rows == [("https://mail.example",)]
    sent = [each.body for each in stage.board.sent if each.body["s"] == session]
    assert sent and "geheim" not in json.dumps(sent)


def test_a_click_that_nothing_follows_is_told_from_one_cut_short(stage: Scene, browser: Browser) -> None:
    reactions = {}
    for name, acts in {"waited": [], "went on": ["#broken"]}.items():
        with tab(browser) as page:
            page.clock.install()
            page.goto(stage.origin + "/kinds-dead")
            session = status(page)["session"]
            page.clock.run_for(3_000)  # all that the page does by itself is over
            page.click("#dead")
            page.clock.run_for(500)
            for selector in acts:
                page.click(selector)
            page.clock.run_for(6_000)
            of_this = f"session = '{session}' AND kind = 'click' AND selector = '#dead'"
            reactions[name] = stage.wait_for(of_this, select="reaction_ms", page=page)
    # The control: a page that answers.
    with tab(browser) as page:
        page.goto(stage.origin + "/kinds-dead")
        session = status(page)["session"]
        page.click("#go")
        of_this = f"session = '{session}' AND kind = 'click' AND selector = '#go'"
        [(answered,)] = stage.wait_for(of_this, select="reaction_ms", page=page)

    assert reactions == {"waited": [(-1,)], "went on": [(None,)]}
    assert 0 <= answered <= 5_000


def test_a_tap_is_a_click_and_a_finger_leaves_no_trail(stage: Scene, browser: Browser) -> None:
    with tab(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as page:
        page.goto(stage.origin + "/touch")
        page.tap("#go")
        page.goto("about:blank")
    rows = stage.wait_for("page = '/touch' AND kind = 'click'", select="selector, flags, hover_ms, width_class")

    assert rows == [("#go", 4 | 16, -1, "narrow")]
    assert stage.rows("page = '/touch' AND kind = 'move'") == []


def test_nothing_is_left_in_the_browser_but_the_session_of_the_tab(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/routes")
        session = status(page)["session"]
        stage.wait_for(f"session = '{session}' AND kind = 'pageview'", page=page)
        until(lambda: storage(page) == ([], ["ust.s"]), "an acknowledged queue")
        assert page.context.cookies() == []
