"""Signs of personal data in a text: e-mail addresses, card numbers, tokens, telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from urllib.parse import unquote

CARD_DIGITS_MIN, CARD_DIGITS_MAX = 13, 19
PHONE_DIGITS_MIN, PHONE_DIGITS_MAX = 8, 15
"""E.164 allows 15; shorter ones cannot be told from other numbers."""
TOKEN_CHARS_MIN = 16

_EMAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,24}")
_CARD = re.compile(r"(?<![\w.])[3-6]\d(?:[ -]?\d){11,17}(?![\w])")
_PHONE = re.compile(r"(?<![\w.])(?:(?:\+|00)[1-9]\d{0,2}(?:[ ()./-]{0,2}\d){6,13}|0\d{2,5}[ /-]\d{4,9})(?!\w)")
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_UUID = re.compile(
    r"(?<![\w])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w])", re.IGNORECASE
)
_KEY = re.compile(r"(?<![\w])(?:sk|pk|rk)_(?:live|test)_\w{8,}|gh[oprsu]_\w{20,}|AKIA[0-9A-Z]{16}")
_LONG = re.compile(rf"(?<![\w]){'[A-Za-z0-9_]'}{{{TOKEN_CHARS_MIN},}}(?![\w])")


class Sign(StrEnum):
    """What a text seems to hold."""

    EMAIL = "e-mail"
    CARD = "card number"
    TOKEN = "token"  # noqa: S105 - no password
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found; ``masked`` says what it looked like and not what it was."""

    sign: Sign
    start: int
    end: int
    masked: str


def signs_in(text: str) -> tuple[str, list[Found]]:
    """Return the text without its percent codes, and what was found in it, from left to right."""
    plain = unquote(text)
    found: list[Found] = []
    for each in _all(plain):
        if all(each.end <= other.start or each.start >= other.end for other in found):
            found.append(each)
    return plain, sorted(found, key=lambda each: each.start)


def masked_text(text: str) -> str:
    """Return a text with everything that was found in it masked."""
    plain, found = signs_in(text)
    for each in reversed(found):
        plain = plain[: each.start] + each.masked + plain[each.end :]
    return plain


def _all(text: str) -> Iterator[Found]:
    for match in _EMAIL.finditer(text):
        name, _, domain = match[0].rpartition("@")
        yield Found(Sign.EMAIL, *match.span(), f"{name[0]}…@….{domain.rpartition('.')[2]}")
    for pattern in (_JWT, _KEY, _UUID):
        for match in pattern.finditer(text):
            yield _token(match)
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if CARD_DIGITS_MIN <= len(digits) <= CARD_DIGITS_MAX and is_luhn(digits) and len(set(digits)) > 1:
            yield Found(Sign.CARD, *match.span(), f"{digits[0]}… ({len(digits)} digits)")
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if PHONE_DIGITS_MIN <= len(digits) <= PHONE_DIGITS_MAX:
            yield Found(Sign.PHONE, *match.span(), f"{match[0][:3]}… ({len(digits)} digits)")
    for match in _LONG.finditer(text):
        if _is_random(match[0]):
            yield _token(match)


def _token(match: re.Match[str]) -> Found:
    return Found(Sign.TOKEN, *match.span(), f"{match[0][:3]}… ({len(match[0])} characters)")


def _is_random(word: str) -> bool:
    """Tell a token from a long word: digits and letters change places in it again and again."""
    digits = sum(character.isdigit() for character in word)
    letters = sum(character.isalpha() for character in word)
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(word))
    return digits >= 3 and letters >= 3 and changes >= 4


def is_luhn(digits: str) -> bool:
    """Return True where the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0
