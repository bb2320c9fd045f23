"""The controller: who answers for the recording, read from the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from usertrack_cli.controller import REQUIRED, controller_of
from usertrack_cli.errors import CheckFailedError, UsageError
from usertrack_cli.settings import SETTINGS_FILE, read_file


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_site_can_answer_for_itself_and_a_text_can_have_two_languages(tmp_path: Path) -> None:
    data = written(
        tmp_path,
        """
[controller]
name = "Oak & Ember"
purposes = { en = "Mending pages", de = "Seiten verbessern" }
[site.blog.controller]
name = "Blog & Co"
""",
    )

    table = read_file(data)

    assert controller_of(table).text("name", "de") == "Oak & Ember"
    assert controller_of(table, "blog").text("name", "en") == "Blog & Co"
    assert controller_of(table, "shop").text("name", "en") == "Oak & Ember"
    assert controller_of(table, "blog").text("purposes", "de") == "Seiten verbessern"
    with pytest.raises(CheckFailedError, match=r"lacks address, contact, legal_basis, recipients$"):
        controller_of(table).require(consequence="")
    controller_of(table).require(("name", "purposes"), consequence="")


def test_without_a_table_everything_needed_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=f"lacks {', '.join(REQUIRED)}$"):
        controller_of(read_file(written(tmp_path, 'site = "blog"')), "blog").require(consequence="")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('controller = "me"', "has to be a table"),
        ('[controller]\nnmae = "me"', "nmae is not one of"),
        ("[controller]\nname = 3", "name has to be a text"),
        ('[controller]\nname = { fr = "moi" }', "only en and de"),
        ('[site.blog.controller]\nnmae = "me"', r"\[site.blog.controller\]"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_file(written(tmp_path, text))
