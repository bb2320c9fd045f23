"""Groups of pages: wherever a page is named or asked for, and proposed from what was recorded."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.naming import page_groups
from usertrack_cli.queries.suggestion import suggestions
from usertrack_cli.store.home import Home

GROUP = '[[page]]\nmatch = "/product/*"\nname = "/product/…"\n'
NAME = "/product/…"


@pytest.fixture
def products(home: Home) -> Home:
    """Three sessions on four pages of products, recorded before the group was thought of."""
    for number, product in enumerate((1, 2, 2), start=1):
        sender = Sender(home, session_id(number), page=f"/product/{product}")
        sender.send(
            0,
            pageview(0, f"/product/{product}"),
            click(500, 40, 50),
            pageview(2000, "/product/9", number=2),
            pageview(3000, "/cart", number=3),
        )
    (home.root / "usertrack.toml").write_text(GROUP)
    return home


def rows(run: Run, *arguments: str) -> list[dict[str, object]]:
    done = run(*arguments, "--json")
    assert done.code == 0, done.err
    found: list[dict[str, object]] = json.loads(done.out)
    return found


def test_a_group_is_one_page_in_every_list(run: Run, products: Home) -> None:
    assert [(row["page"], row["sessions"], row["pageviews"]) for row in rows(run, "pages")] == [
        ("/cart", 3, 3),
        (NAME, 3, 6),
    ]
    for by in ("page", "entry"):
        assert NAME in [row["key"] for row in rows(run, "stats", "--by", by)]
    assert [row["key"] for row in rows(run, "stats", "--by", "route")] == [f"{NAME} → {NAME} → /cart", "total"]
    assert rows(run, "stats", "--by", "exit")[0]["key"] == "/cart"


def test_a_group_can_be_asked_for_where_a_page_can(run: Run, products: Home, tmp_path: Path) -> None:
    picture = tmp_path / "map.png"

    assert len(rows(run, "sessions", "--page", NAME)) == 3
    assert rows(run, "elements", "--page", NAME)[0]["clicks"] == 3
    assert [row["sessions"] for row in rows(run, "funnel", NAME, "/cart")] == [3, 3]
    assert run("heatmap", "--page", NAME, "-o", str(picture)).code == 0
    assert picture.stat().st_size > 1_000
    assert run("scrollmap", "--page", NAME, "-o", str(picture)).code == 0


def test_a_page_of_a_group_can_still_be_asked_for_alone(run: Run, products: Home) -> None:
    assert len(rows(run, "sessions", "--page", "/product/2")) == 2
    assert [row["sessions"] for row in rows(run, "funnel", "/product/1", NAME)] == [1, 1]


def test_groups_are_proposed_as_lines_for_the_settings(run: Run, home: Home) -> None:
    pages = [f"/item/{number}" for number in range(9)] + ["/about", "/cart"]
    Sender(home, session_id(1)).send(0, *(pageview(n * 10, page, number=n + 1) for n, page in enumerate(pages)))

    done = run("stats", "--by", "page", "--suggest")

    table = tomllib.loads(done.out)
    assert [str(group) for group in page_groups(table["page"])] == ["/item/* as /item/…"]
    assert run("stats", "--suggest").code == 2


def test_what_looks_like_a_menu_is_no_group_and_longer_patterns_come_first() -> None:
    menu = dict.fromkeys(
        ["/about", "/cart", "/shop", "/help", "/jobs", "/press", "/blog", "/team", "/terms"], 5
    )
    users = {f"/user/{n}/{part}": 1 for n in range(10) for part in ("edit", "posts")}
    articles = {f"/blog/{letter * 4}": 3 for letter in "abcdefgh"}

    found = suggestions(menu | users | articles)

    assert [(group.match, group.name, count) for group, count in found] == [
        ("/user/*/edit", "/user/…/edit", 10),
        ("/user/*/posts", "/user/…/posts", 10),
        ("/blog/*", "/blog/…", 8),
    ]
