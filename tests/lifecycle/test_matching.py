"""A letter names an address; it leads to every session of that visitor and to nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from tests.senders import FIRST_AGENT, FIRST_IP, SECOND_AGENT, SECOND_IP, Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.lifecycle.matching import find_sessions, find_visitor
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.visitors import Narrowing
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Inbox
from usertrack_cli.store.lock import WRITER, FileLock
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.visitor import Keyring, epoch_at, visitor_key


def found(home: Home, ip: str, agent: str | None = None) -> set[str]:
    return {each.session for each in find_visitor(home, ip=ip, user_agent=agent, site=None).sessions}


def test_two_people_behind_one_address_are_told_apart_by_the_agent_alone(home: Home) -> None:
    Sender(home, session_id(1)).send(0, pageview())
    Sender(home, session_id(2), agent=SECOND_AGENT).send(0, pageview())
    Sender(home, session_id(3), ip=SECOND_IP).send(0, pageview())

    match = find_visitor(home, ip=FIRST_IP, user_agent=None, site=None)

    assert found(home, FIRST_IP, FIRST_AGENT) == {session_id(1)}
    assert found(home, FIRST_IP) == {session_id(1), session_id(2)}
    assert dict(match.per_agent) == {FIRST_AGENT: 1, SECOND_AGENT: 1}


@pytest.mark.parametrize(
    ("sent", "asked", "is_found"),
    [
        ("2001:db8:1:2:aaaa:bbbb:cccc:1", "2001:db8:1:2:1234:5678:9abc:def0", True),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0002::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("::ffff:203.0.113.7", "::FFFF:CB00:7107", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("203.0.113.7", "203.0.113.8", False),
    ],
)
def test_an_address_is_the_same_however_it_is_written_and_whichever_temporary_one_it_is(
    home: Home, sent: str, asked: str, is_found: bool
) -> None:
    Sender(home, session_id(1), ip=sent).send(0, pageview())

    assert bool(found(home, asked)) is is_found


def test_an_ipv6_address_is_cut_to_the_prefix_of_each_epoch(home: Home) -> None:
    now_ms = clock.now_ms()
    before_ms = now_ms - 40 * DAY_MS
    with closing(catalog.connect_keys(home, may_create=False)) as keys:
        # The setting was 56 then and is 64 now.
        Keyring(keys).key("default", epoch_at(before_ms, "monthly"), ipv6_prefix=56, now_ms=before_ms)
    old = Sender(home, session_id(1), ip="2001:db8:1:2f0::1", started_at=before_ms, received_at=before_ms)
    old.send(0, pageview())
    Sender(home, session_id(2), ip="2001:db8:1:2f0::1").send(0, pageview())

    assert found(home, "2001:db8:1:2f0::2") == {session_id(1), session_id(2)}
    assert found(home, "2001:db8:1:2f1::2") == {session_id(1)}  # the same /56, another /64


def test_an_epoch_that_changes_in_the_middle_of_a_session_hides_nothing(home: Home) -> None:
    start_ms = clock.now_ms() - 60 * DAY_MS
    first = Sender(home, session_id(1), started_at=start_ms, received_at=start_ms)
    first.send(0, pageview())
    with closing(catalog.connect(home)) as con:
        # The next batch of the same session under the key of the month after.
        later = first.again(received_at=start_ms + 40 * DAY_MS).batch(1, pageview())
        assert later.epoch != first.batch(0).epoch
        Inbox(con).append([replace(later, opens=None)])
    Sender(home, session_id(2), ip=SECOND_IP, received_at=start_ms, started_at=start_ms).send(0, pageview())

    match = find_visitor(home, ip=FIRST_IP, user_agent=FIRST_AGENT, site=None)
    assert [len(each.visitors) for each in match.sessions] == [2]
    erase(home, match.places)

    assert found(home, FIRST_IP) == set()
    assert found(home, SECOND_IP) == {session_id(2)}


def test_a_phone_that_changed_network_is_found_by_either_address_and_goes_whole(home: Home) -> None:
    at_home = Sender(home, session_id(1))
    at_home.send(0, pageview())
    on_the_way = at_home.again(ip=SECOND_IP)
    with closing(catalog.connect(home)) as con:
        Inbox(con).append([replace(on_the_way.batch(1, pageview()), opens=None)])

    for address in (FIRST_IP, SECOND_IP):
        (session,) = find_visitor(home, ip=address, user_agent=None, site=None).sessions
        assert (session.session, session.events) == (session_id(1), 2)


def test_where_addresses_are_stored_they_find_what_no_key_finds_any_more(home: Home) -> None:
    kept = Sender(home, session_id(1))
    with closing(catalog.connect(home)) as con:
        Inbox(con).append([replace(kept.batch(0, pageview()), ip=FIRST_IP, visitor="0" * 32)])
        Inbox(con).append([replace(kept.again(session=session_id(2)).batch(0, pageview()), ip=SECOND_IP)])

    assert found(home, f"::ffff:{FIRST_IP}") == {session_id(1), session_id(2)}
    assert found(home, SECOND_IP) == {session_id(2)}
    match = find_visitor(home, ip=FIRST_IP, user_agent=None, site=None)
    erase(home, match.places)
    assert FIRST_IP.encode() not in b"".join(file.read_bytes() for file in home.root.glob("catalog.sqlite*"))


def waiting(home: Home, sender: Sender) -> None:
    lock = FileLock(home.root / WRITER)
    assert lock.acquire()  # as if a writer were busy: nothing of it is in a segment yet
    sender.send(0, pageview())


def open_only(home: Home, sender: Sender) -> None:
    sender.send(0, pageview())
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        con.execute("DELETE FROM segments")
        con.execute("DELETE FROM batches")
    for file in home.segments.rglob("*.parquet"):
        file.unlink()


def in_quarantine(home: Home, sender: Sender) -> None:
    sender.send(0, pageview())
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE batches SET body = CAST('nothing' AS BLOB)")
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        con.execute("DELETE FROM sessions_open")


def moved_aside(home: Home, sender: Sender) -> None:
    """A file that was taken for damaged although every page of it can be read."""
    sender.send(0, pageview())
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE segments SET sha256 = 'other'")
        con.execute("DELETE FROM sessions_open")
    snapshot(home)
    assert list(home.quarantine.rglob("*.parquet"))


def retired(home: Home, sender: Sender) -> None:
    sender.send(0, pageview())
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE segments SET retired_at = ?", (clock.now_ms(),))
        con.execute("DELETE FROM sessions_open")


@pytest.mark.parametrize(
    "place", [waiting, open_only, in_quarantine, moved_aside, retired], ids=lambda place: place.__name__
)
def test_a_visitor_is_found_and_erased_wherever_something_of_them_lies(
    home: Home, place: Callable[[Home, Sender], None]
) -> None:
    sender = Sender(home, session_id(1))
    place(home, sender)

    match = find_visitor(home, ip=sender.ip, user_agent=None, site=None)
    assert match.places == [("default", sender.session)]
    assert find_sessions(home, [sender.session], site=None).places == match.places
    erase(home, match.places)

    assert found(home, sender.ip) == set()
    assert list(home.root.rglob("*.parquet")) == []
    assert list(home.quarantine.rglob("batch-*")) == []


def test_a_narrowing_keeps_whole_sessions_that_fit(home: Home) -> None:
    Sender(home, session_id(1), page="/a").send(0, pageview(0, "/a"), pageview(1000, "/b", number=2))
    Sender(home, session_id(2), page="/b").send(0, pageview(0, "/b"))
    only_a = Narrowing(chosen=Filter(page="/a", includes_bots=True))

    (session,) = find_visitor(home, ip=FIRST_IP, user_agent=None, site=None, narrowing=only_a).sessions

    assert (session.session, session.events) == (session_id(1), 2)


def test_a_key_of_one_site_says_nothing_about_another(home: Home) -> None:
    here, there = Sender(home, session_id(1)), Sender(home, session_id(2), site="blog")
    here.send(0, pageview())
    there.send(0, pageview())

    with closing(catalog.connect_keys(home, may_create=False)) as keys:
        hashes = {visitor_key(key, FIRST_IP, FIRST_AGENT) for _, key in Keyring(keys).live()}
    assert len(hashes) == 2
    match = find_visitor(home, ip=FIRST_IP, user_agent=None, site="blog")
    assert match.places == [("blog", session_id(2))]
