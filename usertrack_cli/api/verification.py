"""The whole way of a batch, tried once: from the operator's page through the public address into a segment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

from usertrack_cli import clock
from usertrack_cli.api.fetching import UnreachableError, fetch
from usertrack_cli.api.page_trial import page_steps
from usertrack_cli.api.snippet import script_of
from usertrack_cli.api.trial import Outcome, Step, Trial
from usertrack_cli.errors import UsageError
from usertrack_cli.settings import Settings
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import WRITER, FileLock

FORGED = "192.0.2.77"
"""An address of documentation (RFC 5737), which is nobody's."""
PAGE = "/usertrack-verify"
POLL_S = 0.1

_BATCH = "SELECT body IS NULL FROM batches WHERE site = ? AND session = ? AND seq = 0"
_WHY = {
    403: "the page's origin is not among origins",
    404: "the server does not know this site; restart serve after adding it",
    413: "a proxy refuses even small bodies",
    429: "too many sessions began within a minute, or the site is full: see usertrack doctor",
    502: "the proxy does not reach serve; is it running, and on the port that the proxy expects?",
    503: "the store is behind or failing: see usertrack doctor",
    504: "the proxy waits for serve in vain",
    507: "the disk is full: nothing new is taken in",
}


def verify(home: Home, settings: Settings, page: str | None, *, wait_s: float = 30.0) -> Iterator[Step]:
    """Try every step and say how it came out; a test session is recorded and erased again.

    Args:
        page: Address of a page with the tag; without it only the server is tried.
        wait_s: How long the test batch may take into a segment.

    Raises:
        UsageError: ``public_url`` is not set.
    """
    if not settings.public_url:
        raise UsageError(
            "public_url is not set, so there is no way to try",
            hint="set it in usertrack.toml, or name it with --public-url",
        )
    trial = Trial(home, settings, wait_s)
    if page is not None:
        yield from page_steps(trial, page)
    yield _tracker(trial)
    for check, step in (("address", _address), ("batch", _batch)):
        if trial.is_reachable:
            yield from step(trial)
        else:
            yield Step(check, Outcome.SKIPPED, "the server is not reached")


def _tracker(trial: Trial) -> Step:
    url = trial.expected
    try:
        answer = fetch(url, headers={"Accept-Encoding": "identity"})
    except UnreachableError as error:
        return Step(
            "tracker", Outcome.FAILED, f"{url} cannot be reached: {error.message}; is the proxy running?"
        )
    if answer.status != 200:
        why = _WHY.get(answer.status, "")
        if answer.status == 404:
            why = "does the proxy take the path of public_url off, and does the server know the site?"
        return Step("tracker", Outcome.FAILED, f"{url} answers {answer.status}; {why}".rstrip("; "))
    if not answer.body.startswith(b"self.__ust_cfg="):
        return Step("tracker", Outcome.FAILED, f"{url} answers something else; does the proxy lead to serve?")
    trial.is_reachable = True
    if answer.body != script_of(trial.settings)[0]:
        return Step(
            "tracker", Outcome.FAILED, "it is of another version or has other settings; restart usertrack serve"
        )
    return Step("tracker", Outcome.OK, f"of this version, {len(answer.body)} bytes")


def _address(trial: Trial) -> Iterator[Step]:
    from usertrack_cli.ingest.identity import reach

    header, parts = trial.settings.client_ip_header, urlsplit(trial.base)
    if parts.scheme == "http" and parts.port == trial.settings.port:
        yield Step("address", Outcome.SKIPPED, "serve itself answers at public_url: no proxy to try")
        return
    try:
        honest = fetch(f"{trial.endpoint}/address")
        forged = fetch(f"{trial.endpoint}/address", headers={header: FORGED})
        seen, claimed = (str(json.loads(each.body)["address"]) for each in (honest, forged))
    except (UnreachableError, ValueError, LookupError, TypeError):
        yield Step(
            "address", Outcome.FAILED, f"{trial.endpoint}/address does not answer; see: usertrack print nginx"
        )
        return
    if claimed == FORGED:
        said = f"visitors can claim any address: the proxy must overwrite {header} and not pass it on"
        yield Step("address", Outcome.FAILED, f"{said}; see: usertrack print nginx")
    elif seen != honest.own_address and reach(seen) != "public":
        said = (
            f"visitors seem to come from {seen}: the proxy does not set {header}, or trusted_proxies lacks it"
        )
        yield Step("address", Outcome.FAILED, f"{said}; see: usertrack print nginx")
    else:
        yield Step("address", Outcome.OK, "arrives as it is, and a forged one does not")


def _batch(trial: Trial) -> Iterator[Step]:
    headers = {"Content-Type": "text/plain"} | ({"Origin": trial.origin} if trial.origin else {})
    try:
        answer = fetch(f"{trial.endpoint}/i", method="POST", body=_body(trial), headers=headers)
    except UnreachableError as error:
        yield Step("batch", Outcome.FAILED, f"a test batch could not be sent: {error.message}")
        return
    if answer.status not in {200, 204}:
        why = _WHY.get(answer.status, "see: usertrack doctor")
        yield Step("batch", Outcome.FAILED, f"a test batch was answered {answer.status}: {why}")
        return
    if _state(trial) is None:
        yield Step("batch", Outcome.FAILED, _lost(trial))
        return
    yield Step("batch", Outcome.OK, f"acknowledged with {answer.status}")
    yield _segment(trial)
    yield _removed(trial)


def _lost(trial: Trial) -> str:
    if trial.settings.ignore_addresses:
        return "acknowledged and not recorded: is your address one of ignore_addresses?"
    return f"acknowledged, but not in {trial.home.root}: another serve answers, or --data is another directory"


def _segment(trial: Trial) -> Step:
    began_s = clock.monotonic_s()
    if _becomes(lambda: bool(_state(trial)), wait_s=trial.wait_s):
        if _is_in_segment(trial):
            return Step("segment", Outcome.OK, f"stored after {clock.monotonic_s() - began_s:.1f} s")
        return Step(
            "segment", Outcome.FAILED, "the batch was drained and is in no segment; see: usertrack doctor"
        )
    lock = FileLock(trial.home.root / WRITER)
    is_nobody = lock.acquire()
    lock.release()
    why = (
        "no writer runs; restart usertrack serve"
        if is_nobody
        else "the writer does not work; see what serve says"
    )
    return Step("segment", Outcome.FAILED, f"the batch still waits after {trial.wait_s:.0f} s: {why}")


def _removed(trial: Trial) -> Step:
    from usertrack_cli.lifecycle.erasure import erase

    done = erase(trial.home, [(trial.settings.site, trial.session)])
    return Step("removed", Outcome.OK, f"{done.rows} test events erased again")


def _state(trial: Trial) -> bool | None:
    """Return whether the batch became rows, ``None`` where it never came."""
    with closing(catalog.connect(trial.home)) as con:
        row = con.execute(_BATCH, (trial.settings.site, trial.session)).fetchone()
    return None if row is None else bool(row[0])


def _is_in_segment(trial: Trial) -> bool:
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.filters import Filter
    from usertrack_cli.queries.sessions import known_sessions

    site = trial.settings.site
    return bool(ask(trial.home, Filter(site=site), lambda con: known_sessions(con, [trial.session], site=site)))


def _becomes(holds: Callable[[], bool], *, wait_s: float) -> bool:
    deadline = clock.monotonic_s() + wait_s
    while not holds():
        if clock.monotonic_s() > deadline:
            return False
        clock.pause_s(POLL_S)
    return True


def _body(trial: Trial) -> bytes:
    """Return a batch that says it is a program's, so that it is in nobody's figures while it is there."""
    now_ms, settings = clock.now_ms(), trial.settings
    consent: object = (
        0 if settings.consent == "off" else ["usertrack-verify", settings.consent_version, "record"]
    )
    pageview = ["p", 0, 1, "load", PAGE, "usertrack verify", "", 1280, 800, 1280, 800, 0, 0]
    content = {
        "v": 1, "k": settings.site, "s": trial.session, "q": 0, "t": now_ms, "n": now_ms, "c": consent,
        "pg": [1, PAGE, 1280, 800, 1280, 800, 0, 0], "m": {"wd": 1}, "u": [], "e": [pageview],
    }  # fmt: skip
    return json.dumps(content).encode()
