"""What is read of a batch, what is refused, and that the bad never costs the good."""

from __future__ import annotations

import gzip
import json
import unicodedata
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.bodies import CLICK, EVERY_KIND, MOVE, SCROLL, batch, body, packed
from usertrack_cli.ingest.envelope import EVENTS_MAX, WireError
from usertrack_cli.ingest.event import BY_CODE, PX_MAX, RUN_SAMPLES_MAX
from usertrack_cli.ingest.wire import BODY_BYTES_MAX, DECODED_BYTES_MAX, decode, stored_body

NAUGHTY_STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "blns.json"


def events_of(raw: bytes) -> list[Any]:
    found: list[Any] = json.loads(stored_body(decode(raw), is_as_decoded=False))["e"]
    return found


def status_of(raw: bytes) -> int:
    with pytest.raises(WireError) as caught:
        decode(raw)
    return caught.value.status


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for text in strings_in(list(pair))]
    return [text for part in value for text in strings_in(part)] if isinstance(value, list) else []


def is_fit(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text) and not any(
        unicodedata.category(character) in {"Cc", "Cs"} for character in text
    )


def test_every_kind_is_read_and_its_missing_fields_are_null() -> None:
    found = events_of(body(e=EVERY_KIND))

    assert {event[0] for event in found} == set(BY_CODE) - {"K"}
    for sent, kept in zip(EVERY_KIND, found, strict=True):
        assert kept[: len(sent)] == sent
        assert not any(kept[len(sent) :])


def test_a_click_may_end_after_its_flags() -> None:
    assert events_of(body(e=[CLICK[:12]])) == [[*CLICK[:12], None, None, None]]


@pytest.mark.parametrize("code", sorted(set(BY_CODE) - {"K"}))
def test_further_fields_are_tolerated_everywhere(code: str) -> None:
    sent = next(event for event in EVERY_KIND if event[0] == code)
    # Fields that the format may have but this event lacks are filled first: what follows is unknown.
    whole = events_of(body(e=[sent]))[0]

    assert events_of(body(e=[[*whole, "new", {"in": [2]}]])) == [whole]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b"\xef\xbb\xbf" + body(),
        body().decode().encode("utf-16"),
        body().replace(b"/shop", b"/\xff"),
        body() + b"x",
        body()[:-1],
        body(e=[[1, 2]]).replace(b"[1,2]", b'["s",NaN,1]'),
        b"[" * 100_000 + b"]" * 100_000,
        body(e=[["g", 1, "DEEP"]]).replace(b'"DEEP"', b"[" * 50_000 + b"]" * 50_000),
        body(v=2),
        body(s="short"),
        body(s="-bCdEfGhIjKlMnOpQrStU1"),
        body(s="sAbCdEfGhIjKlMnOpQrS/."),
        body(q=-1),
        body(q=2**31),
        body(q=True),
        body(t=-1),
        body(t=2**63),
        body(n="now"),
        body(pg=[]),
        body(pg=[1, "shop", 1, 1, 1, 1, 1, 1]),
        body(pg=[1, "../../etc", 1, 1, 1, 1, 1, 1]),
        body(e={}),
    ],
)
def test_what_is_no_batch_is_400(raw: bytes) -> None:
    assert status_of(raw) == 400


BAD_EVENTS: list[tuple[str, str]] = [
    ("lone surrogate as code", '["\\ud800",1]'),
    ("not a list", "{}"),
    ("a number", "7"),
    ("null", "null"),
    ("empty", "[]"),
    ("too short", '["s",1]'),
    ("unknown code", '["Z",1,2,3]'),
    ("beyond 64 bits", '["s",9223372036854775808,0,0]'),
    ("below 64 bits", '["s",-9223372036854775809,0,0]'),
    ("5,000 digits", f'["s",{"9" * 5000},0,0]'),
    ("infinite", '["s",1e400,0,0]'),
    ("true for a number", '["s",1,true,0]'),
    ("text for a number", '["s",1,"0",0]'),
    ("before the session", '["s",-1,0,0]'),
    ("after 48 h", f'["s",{49 * 3_600_000},0,0]'),
    ("a year for a time", '["s",1763900000000,0,0]'),
    ("a run too long", f'["m",1,0,0,0,0,{[1] * (3 * RUN_SAMPLES_MAX + 3)}]'),
    ("a run cut off", '["m",1,0,0,0,0,[50,1]]'),
    ("deep", f'["x",1,"n",{{"a":{"[" * 50}{"]" * 50}}}]'),
    ("a page that is none", '["p",0,1,"teleport","/","","",1,1,1,1,0,0]'),
]


@pytest.mark.parametrize("raw", [raw for _, raw in BAD_EVENTS], ids=[name for name, _ in BAD_EVENTS])
def test_a_bad_event_costs_itself_only(raw: str) -> None:
    sent = body(e=[MOVE, "BAD", CLICK]).replace(b'"BAD"', raw.encode())

    found = decode(sent)

    assert [event[0] for event in events_of(sent)] == ["m", "c"]
    assert sum(found.rejected.values()) == 1


def test_events_that_a_newer_tracker_sends_are_counted_by_reason() -> None:
    found = decode(body(e=[["Z", 1], ["Y", 2], ["s", 1], SCROLL]))

    assert found.rejected == {"unknown": 2, "malformed": 1}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (["s", 10, 0, 10**12], ["s", 10, 0, PX_MAX]),
        (["s", 10, -(10**12), 3], ["s", 10, -PX_MAX, 3]),
        (["s", 10.4, 0.5, 479.7], ["s", 10, 0, 480]),
        (["g", 1, "a" * 500], ["g", 1, "a" * 64]),
        (["g", 1, "👍" * 500], ["g", 1, "👍" * 64]),
        (["g", 1, "a\x00b\x1b[31m\x9b\x7f"], ["g", 1, "a\ufffdb\ufffd[31m\ufffd\ufffd"]),
        (["g", 1, "two\r\nlines\tand more"], ["g", 1, "two lines and more"]),
        (["g", 1, "e\u0301"], ["g", 1, "é"]),
        (["g", 1, "\ud800x\udc00"], ["g", 1, "\ufffdx\ufffd"]),
        (["g", 1, "👍"], ["g", 1, "👍"]),
        (["x", 1, "n", {"a\x00": "\ud800", "f": 1.5}], ["x", 1, "n", {"a\ufffd": "\ufffd", "f": 1.5}]),
        ([*CLICK[:9], "s" * 999, "t" * 999, 0], [*CLICK[:9], "s" * 256, "t" * 64, 0, None, None, None]),
    ],
)
def test_what_can_be_repaired_is(sent: list[Any], kept: list[Any]) -> None:
    raw = json.dumps(batch(e=[sent])).encode()

    assert events_of(raw) == [kept]
    assert decode(raw).rejected == {}


def test_an_escaped_backslash_before_a_surrogate_stays_what_it_is() -> None:
    raw = body(e=[["g", 1, "X"], ["g", 2, "Y"]]).replace(b'"X"', rb'"\\ud800"').replace(b'"Y"', rb'"\ud800"')

    assert events_of(raw) == [["g", 1, "\\ud800"], ["g", 2, "\ufffd"]]


def test_no_naughty_string_gets_through_unfit() -> None:
    if not NAUGHTY_STRINGS.exists():
        pytest.skip(f"LOUD: {NAUGHTY_STRINGS.name} is not here, the naughty strings were not tried")
    for text in json.loads(NAUGHTY_STRINGS.read_text(encoding="utf-8")):
        sent = [
            ["p", 0, 1, "load", "/" + text, text, text, 1, 1, 1, 1, 0, 0],
            ["g", 1, text],
            ["x", 2, text, {text: text}],
        ]

        found = events_of(packed(batch(e=sent)))

        assert len(found) == 3
        assert all(is_fit(each) for each in strings_in(found)), text


def test_gzip_is_told_by_its_first_bytes() -> None:
    assert events_of(gzip.compress(body(e=EVERY_KIND))) == events_of(body(e=EVERY_KIND))


# Without the time in its header: every worker must find the same cases.
ZIPPED = gzip.compress(body(), mtime=0)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (gzip.compress(b"\0" * (DECODED_BYTES_MAX + 1), mtime=0), 413),
        (gzip.compress(gzip.compress(b"\0" * 50_000_000, mtime=0), mtime=0), 400),
        (ZIPPED[:-9], 400),
        (ZIPPED + b"x", 400),
        (ZIPPED * 2, 400),
        (ZIPPED[:-8] + b"\0" * 8, 400),
        (b"\x1f\x8b", 400),
        (zlib.compress(body()), 400),
        (b" " * (BODY_BYTES_MAX + 1), 413),
    ],
)
def test_bombs_and_broken_gzip_are_refused(raw: bytes, status: int) -> None:
    assert status_of(raw) == status


def test_more_events_than_any_page_makes_are_refused() -> None:
    assert status_of(gzip.compress(body(e=[1] * (EVENTS_MAX + 1)))) == 413
    assert len(events_of(body(e=[["u", 1]] * EVENTS_MAX))) == EVENTS_MAX


def test_a_later_attempt_has_the_digest_of_the_first() -> None:
    first = batch(e=EVERY_KIND, m={"dpr": 2})
    again = first | {"n": first["n"] + 5_000, "u": [1, 2]}

    assert decode(packed(first)).digest == decode(gzip.compress(packed(again))).digest
    # A first attempt may need repair where a later one does not, for what is not part of it.
    assert decode(packed(again | {"u": "broken"})).digest == decode(packed(first)).digest


@pytest.mark.parametrize(
    "change",
    [{"pg": [2, "/shop", 1280, 800, 1280, 1902, 0, 240]}, {"e": [["s", 1200, 0, 481]]}, {"m": {"dpr": 1}}],
)
def test_other_content_has_another_digest(change: dict[str, Any]) -> None:
    first = batch(m={"dpr": 2})

    assert decode(packed(first)).digest != decode(packed(first | change)).digest


@pytest.mark.parametrize(
    "facts", [[], "x", {"dpr": "huge"}, {"scr": [1]}, {"lang": "de\x00"}, {"lang": "de\n"}, {"dpr": 0}]
)
def test_facts_about_the_browser_that_cannot_be_read_cost_nothing_else(facts: object) -> None:
    found = decode(json.dumps(batch(m=facts)).encode())

    assert len(found.events) == 1
    assert found.client is None or found.client.dpr is None


@pytest.mark.parametrize(
    "token", [0, None, [], ["", "1"], ["a\x00", "1"], ["a", "1\n"], ["a", "\ud800"], {"a": 1}, "yes"]
)
def test_a_consent_that_cannot_be_read_is_none(token: object) -> None:
    found = decode(json.dumps(batch(c=token)).encode())

    assert found.consent is None
    assert len(found.events) == 1


def test_a_consent_is_token_version_and_scope() -> None:
    found = decode(body(c=["abc", "2", "record", "more"])).consent

    assert found is not None
    assert (found.token, found.version, found.scope) == ("abc", "2", "record")


def test_facts_that_can_be_read_are_kept_beside_those_that_cannot() -> None:
    found = decode(body(m={"dpr": "huge", "scr": [1280, 800], "lang": "de-DE", "new": 1}))

    assert found.client is not None
    assert (found.client.scr, found.client.lang, found.client.dpr) == ([1280, 800], "de-DE", None)


@pytest.mark.parametrize(
    ("age_h", "elapsed_h", "is_too_old"), [(1, 0, False), (47, 0, False), (49, 0, True), (49, 2, False)]
)
def test_age_is_measured_by_the_browsers_own_clock(age_h: int, elapsed_h: int, is_too_old: bool) -> None:
    hour = 3_600_000

    found = decode(body(t=0, n=age_h * hour, e=[["s", elapsed_h * hour, 0, 0]]))

    assert found.is_too_old() is is_too_old


PX = st.integers(-PX_MAX, PX_MAX)
ELAPSED = st.integers(0, 48 * 3_600_000)
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60).filter(
    lambda text: unicodedata.is_normalized("NFC", text)
)
SAMPLES = st.lists(st.tuples(PX, PX, PX), max_size=20).map(lambda runs: [n for run in runs for n in run])
CONTAINER = st.one_of(st.none(), st.tuples(TEXT, PX, PX).map(list))
EVENT = st.one_of(
    st.tuples(st.just("m"), ELAPSED, PX, PX, PX, PX, SAMPLES, CONTAINER),
    st.tuples(st.just("s"), ELAPSED, PX, PX),
    st.tuples(st.just("r"), ELAPSED, PX, PX, PX, PX),
    st.tuples(st.just("g"), ELAPSED, TEXT),
    st.tuples(st.just("h"), ELAPSED, TEXT),
    st.tuples(st.just("i"), ELAPSED, TEXT, st.integers(0, 999), st.one_of(st.none(), st.just(0), TEXT)),
    st.tuples(st.just("S"), ELAPSED, TEXT, PX, PX, PX, PX, PX, PX),
    st.tuples(st.just("a"), ELAPSED, ELAPSED),
).map(list)


@given(st.lists(EVENT, max_size=12), st.booleans())
def test_a_batch_survives_decoding_unchanged(sent: list[list[Any]], is_escaped: bool) -> None:
    raw = json.dumps(batch(e=sent), ensure_ascii=is_escaped).encode()

    found = decode(raw)

    assert json.loads(stored_body(found, is_as_decoded=True))["e"] == sent
    assert found.rejected == {}


@given(st.lists(EVENT, max_size=8), st.integers(0, 8), st.sampled_from([raw for _, raw in BAD_EVENTS]))
def test_a_batch_with_a_bad_event_reads_as_the_same_without_it(
    sent: list[list[Any]], at: int, bad: str
) -> None:
    whole = batch(e=sent)
    spoilt = packed(whole | {"e": [*sent[:at], "BAD", *sent[at:]]}).replace(b'"BAD"', bad.encode())

    found = decode(spoilt)

    assert found.encoded == decode(packed(whole)).encoded
    assert found.digest == decode(packed(whole)).digest


JSON_VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters())),
    lambda inner: st.one_of(st.lists(inner, max_size=8), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=20,
)


@given(st.lists(st.tuples(st.sampled_from(sorted(BY_CODE)), st.lists(JSON_VALUE, max_size=14)), max_size=4))
def test_nothing_unfit_ever_comes_out(fields: list[tuple[str, list[Any]]]) -> None:
    raw = json.dumps(batch(e=[[code, *rest] for code, rest in fields])).encode()

    try:
        found = json.loads(stored_body(decode(raw), is_as_decoded=False))
    except WireError as error:
        assert error.status == 400
        return

    assert all(is_fit(text) for text in strings_in(found))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for each in (raw, b"\x1f\x8b" + raw, b"{" + raw):
        assert status_of(each) in {400, 413}
