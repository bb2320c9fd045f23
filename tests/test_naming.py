"""What the operator names in the settings is read as meant, or refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from usertrack_cli.errors import UsageError
from usertrack_cli.naming import Conversion, PageGroup, TagRule, conversions, group_of, page_groups, tag_rules
from usertrack_cli.settings import read_file, resolve

FILE = """
[[page]]
match = "/product/*"
name = "/product/…"

[[tag]]
name = "lost at checkout"
where = "exit_page = '/checkout'"

[[conversion]]
name = "order"
steps = ["/cart", "/thanks"]
within = "30m"

[[site.blog.page]]
match = "/post/*"
name = "/post/…"
"""


def test_the_tables_of_the_file_become_settings_and_a_site_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "usertrack.toml").write_text(FILE)
    table = read_file(tmp_path)

    settings = resolve(table, environ={}).settings
    assert settings.page == (PageGroup("/product/*", "/product/…"),)
    assert settings.tag == (TagRule("lost at checkout", "exit_page = '/checkout'"),)
    assert settings.conversion == (Conversion("order", ("/cart", "/thanks"), 1_800_000),)
    assert resolve(table, environ={}, site="blog").settings.page == (PageGroup("/post/*", "/post/…"),)


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (page_groups, "x"),
        (page_groups, [7]),
        (page_groups, [{"match": "/a/*"}]),
        (page_groups, [{"match": "a/*", "name": "/a"}]),
        (page_groups, [{"match": "/a/*", "name": "/a/*"}]),
        (page_groups, [{"match": "/a/*", "name": "/a", "colour": "red"}]),
        (page_groups, [{"match": "/a/*", "name": "/a"}] * 101),
        (tag_rules, [{"name": "x" * 65, "where": "true"}]),
        (tag_rules, [{"name": "x", "where": " "}]),
        (conversions, [{"name": "order", "steps": []}]),
        (conversions, [{"name": "order", "steps": "/thanks"}]),
        (conversions, [{"name": "/order", "steps": ["/thanks"]}]),
        (conversions, [{"name": "order", "steps": ["/thanks"], "within": "soon"}]),
        (conversions, [{"name": "order", "steps": ["/a"]}, {"name": "order", "steps": ["/b"]}]),
    ],
)
def test_what_cannot_be_meant_is_refused(read: Any, raw: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(raw)


def test_a_wrong_table_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "usertrack.toml").write_text('[[page]]\nmatch = "/a"\n')

    with pytest.raises(UsageError, match=r"page from usertrack\.toml .* name is needed"):
        resolve(read_file(tmp_path), environ={})


def test_of_two_groups_the_first_counts() -> None:
    groups = (PageGroup("/a/*/edit", "/a/…/edit"), PageGroup("/a/*", "/a/…"))

    assert [group_of(page, groups) for page in ("/a/1/edit", "/a/1", "/b")] == ["/a/…/edit", "/a/…", "/b"]
