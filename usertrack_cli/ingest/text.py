"""Strings from outside, made fit for the store: no control characters, one normal form, a limit."""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"

_BLANKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# An escaped pair is one character; the same escapes alone are none and fail a strict decoder.
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\."
)


def cleaned(text: str, chars_max: int) -> str:
    """Return ``text`` without control characters and lone surrogates, in NFC, of at most ``chars_max``.

    Line breaks and tabs become one space, anything else that no font shows becomes U+FFFD.
    """
    # Cut before normalising: ordering a long run of combining marks takes the square of its length.
    text = text[:chars_max]
    if text.isascii():
        if text.isprintable():
            return text
        return _UNFIT.sub(REPLACEMENT, _BLANKS.sub(" ", text))
    text = _UNFIT.sub(REPLACEMENT, _BLANKS.sub(" ", text))
    return unicodedata.normalize("NFC", text)[:chars_max]


def is_plain(raw: bytes) -> bool:
    """Return True where every string inside this JSON is fit for the store but for its length.

    JSON itself forbids control characters outside escapes, DEL excepted.
    """
    return raw.isascii() and b"\\" not in raw and b"\x7f" not in raw


def without_lone_surrogates(raw: bytes) -> bytes:
    r"""Return JSON in which each ``\ud800`` that has no partner is ``\ufffd``."""

    def fit(match: re.Match[bytes]) -> bytes:
        return b"\\ufffd" if match["lone"] else match[0]

    return _ESCAPES.sub(fit, raw)
