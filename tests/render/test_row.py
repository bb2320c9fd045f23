"""Labels that share a row: none over another, none out of its walls, buttons moved rather than cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render.row import Piece, settled


def button(left: int, words: int, *, own: int = 3) -> Piece:
    return Piece(left, max(words, own), words, own, 3, is_loose=True)


def text(left: int, words: int, *, own: int = 3) -> Piece:
    return Piece(left, words, words, own, 1, is_loose=False)


def test_buttons_move_aside_while_there_is_room() -> None:
    places = settled([button(0, 5), button(4, 7), button(8, 9)], start=0, end=80)

    assert places == [(0, 5), (6, 7), (14, 9)]


def test_buttons_at_the_right_wall_move_to_the_left() -> None:
    places = settled([button(70, 8), button(76, 8)], start=0, end=80)

    assert places == [(63, 8), (72, 8)]


def test_without_room_the_longest_words_are_cut_first() -> None:
    places = settled([button(0, 5), button(6, 20)], start=0, end=20)

    assert places == [(0, 5), (6, 14)]


def test_the_blanks_of_a_wide_button_go_before_the_words_of_its_neighbour() -> None:
    places = settled([button(0, 12), button(6, 6, own=30)], start=0, end=25)

    assert places == [(0, 12), (13, 12)]


def test_a_text_ends_where_the_next_label_begins() -> None:
    places = settled([text(0, 20), text(10, 4)], start=0, end=40)

    assert places == [(0, 9), (10, 4)]


def test_a_text_at_the_end_of_a_row_moves_to_the_left_rather_than_be_cut() -> None:
    assert settled([text(36, 8)], start=0, end=40) == [(32, 8)]


PIECES = st.lists(
    st.builds(
        Piece,
        left=st.integers(0, 60),
        width=st.integers(1, 30),
        text=st.integers(1, 30),
        own=st.integers(1, 30),
        least=st.sampled_from([1, 3]),
        is_loose=st.booleans(),
    ),
    max_size=8,
).map(lambda pieces: sorted(pieces, key=lambda piece: piece.left))


@given(PIECES, st.integers(0, 10), st.integers(11, 70))
def test_no_label_covers_another_or_leaves_its_walls(pieces: list[Piece], start: int, end: int) -> None:
    places = [place for place in settled(pieces, start=start, end=end) if place[1] > 0]

    assert all(start <= left and left + width <= end for left, width in places)
    assert all(left + width <= after for (left, width), (after, _) in pairwise(places))
