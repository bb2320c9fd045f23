"""What the guard lets through, how wide it says that is, and where it cuts."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render.text import (
    ELLIPSIS,
    MARKS_MAX,
    ascii_text,
    cell_width,
    clusters,
    end_of,
    safe_text,
)

NAUGHTY_STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "blns.json"

SPICED = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp", "Co"]),
        st.sampled_from("漢字e\u0301\u0489\ufe0f\u200d👍🏽[/]\u3164\u2800"),
    )
)


def is_allowed(text: str) -> bool:
    return all(
        character.isprintable()
        and (character == " " or unicodedata.category(character)[0] in "LMNPS")
        and character not in "\u3164\u115f\u1160\uffa0\u2800\ufe0f\u034f"
        for character in text
    )


@given(SPICED)
def test_only_visible_characters_pass(text: str) -> None:
    assert is_allowed(safe_text(text))


@given(SPICED, st.integers(-1, 30))
def test_guarded_text_is_never_wider_than_its_cells(text: str, cells: int) -> None:
    assert cell_width(safe_text(text, cells=cells)) <= max(cells, 0)


@given(SPICED, st.integers(0, 30))
def test_the_guard_changes_nothing_the_second_time(text: str, cells: int) -> None:
    once = safe_text(text)
    cut = safe_text(text, cells=cells)

    assert safe_text(once) == once
    assert safe_text(cut, cells=cells) == cut


@given(SPICED)
def test_marks_never_stack_beyond_the_limit(text: str) -> None:
    safe = safe_text(text)

    assert all(len(cluster) <= 1 + MARKS_MAX for cluster, _ in clusters(safe))
    assert not safe or cell_width(safe[0]) > 0


@given(SPICED)
def test_clusters_add_up_to_the_text_and_its_width(text: str) -> None:
    safe = safe_text(text)

    assert "".join(cluster for cluster, _ in clusters(safe)) == safe
    assert sum(width for _, width in clusters(safe)) == cell_width(safe)


@given(SPICED)
def test_ascii_text_keeps_every_cell_in_place(text: str) -> None:
    safe = safe_text(text)

    assert ascii_text(safe).isascii()
    assert ascii_text(safe).isprintable()
    assert len(ascii_text(safe)) == cell_width(safe)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J\x1b[31mred", "·[2J·[31mred"),
        ("\x1b]52;c;cm0gLXJm\x07", "·]52;c;cm0gLXJm·"),
        ("\x1b]8;;http://evil\x1b\\link", "·]8;;http://evil·\\link"),
        ("\x9b31m", "·31m"),
        ("over\rwrite\x08", "over write·"),
        ("two\nlines\u2028three\u2029four\x85five", "two lines three four five"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("a\u2066b\u2069c\u200fd\u061ce", "abcde"),
        ("zero\u200bwidth\ufeff\u00ad\u2060", "zerowidth"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("\ud800half", "·half"),
        ("no\u00a0break\u2007thin\u3000wide", "no break thin wide"),
        ("e\u0301", "é"),
        ("Z" + "\u0335\u0336" * 25, "Z\u0335\u0336"),
        ("\u0301bare", "bare"),
        ("👍🏽 👩\u200d🚀 ❤\ufe0f", "👍 👩🚀 ❤"),
        ("a\u3164b", "a·b"),
        ("[/nope] [link=file:///etc/passwd] :smile:", "[/nope] [link=file:///etc/passwd] :smile:"),
        ("", ""),
    ],
)
def test_hostile_text_is_shown_for_what_it_is(raw: str, shown: str) -> None:
    assert safe_text(raw) == shown


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("Pricing", 7, "Pricing"),
        ("Pricing", 6, "Prici…"),
        ("Pricing", 1, ELLIPSIS),
        ("Pricing", 0, ""),
        ("two words", 5, "two…"),
        ("漢字かな", 8, "漢字かな"),
        ("漢字かな", 7, "漢字か…"),
        ("漢字かな", 6, "漢字…"),
        ("a\u0336b\u0336c\u0336", 2, "a\u0336…"),
    ],
)
def test_text_is_cut_between_cells(text: str, cells: int, shown: str) -> None:
    assert safe_text(text, cells=cells) == shown


def test_ascii_text_says_the_same_in_seven_bits() -> None:
    assert ascii_text("“Café” – 漢 …") == '"Cafe" - ?? ~'


@pytest.mark.skipif(not NAUGHTY_STRINGS.exists(), reason=f"{NAUGHTY_STRINGS.name} is not beside the repository")
def test_no_naughty_string_gets_through() -> None:
    for text in json.loads(NAUGHTY_STRINGS.read_text(encoding="utf-8")):
        assert is_allowed(safe_text(text)), text


@given(SPICED, st.integers(1, 30))
def test_the_end_of_a_text_fits_and_is_its_end(text: str, cells: int) -> None:
    whole = safe_text(text)

    shown = end_of(whole, cells=cells)

    assert cell_width(shown) <= cells
    assert shown == whole or (shown.startswith("…") and whole.endswith(shown.removeprefix("…")))
