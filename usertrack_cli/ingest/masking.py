"""The operator's limits on what is recorded, enforced again where nobody can switch them off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from usertrack_cli.ingest.envelope import PageState
from usertrack_cli.ingest.event import (
    NAMES,
    Custom,
    Event,
    Fragment,
    Input,
    Layout,
    Pageview,
    ScriptError,
)
from usertrack_cli.ingest.layout import cyrb53, new_layouts
from usertrack_cli.ingest.page import canonical_fragment, canonical_page, canonical_referrer, canonical_url
from usertrack_cli.ingest.wire import Batch
from usertrack_cli.settings import Settings
from usertrack_cli.store.inbox import NewLayout
from usertrack_cli.values import RECORDABLE

SAMPLE_BITS = 53
"""Of the number drawn from a session's id, which decides about sampling as it does in the tracker."""


PAGES_REMEMBERED = 4_096
"""Pages, and pageviews with what led there, that a site shows within minutes; about 300 bytes each."""

_CHANGED = frozenset({Pageview, Fragment, Input, ScriptError, Custom, Layout})
"""Events that may hold what the operator does not want; all others stay as they are or go whole."""


class Admitted(Struct, frozen=True, gc=False):
    """What is left of a batch.

    Attributes:
        is_as_decoded: Nothing was taken away or changed, so its encoded form still holds.
        layouts: Taken out of the events.
        rejected: Layouts that were refused.
    """

    batch: Batch
    is_as_decoded: bool
    layouts: tuple[NewLayout, ...] = ()
    rejected: int = 0


class Mask:
    """What one site's settings leave of a batch."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._excluded: list[re.Pattern[str]] = [_glob(each) for each in settings.exclude_pages]
        unnamed = set(RECORDABLE) - set(settings.record)
        if settings.inputs == "off":
            unnamed.add("input")
        self._dropped = frozenset(record for record, name in NAMES.items() if name in unnamed)
        self._touched = self._dropped | _CHANGED
        self._query_keys = frozenset(settings.query_keys)
        self.is_excluded = lru_cache(maxsize=PAGES_REMEMBERED)(self._is_excluded)
        self._masked_pageview = lru_cache(maxsize=PAGES_REMEMBERED)(self._without_secrets)

    def admitted(self, batch: Batch, *, own_origin: str) -> Admitted:
        """Return what may be stored of ``batch``.

        Args:
            own_origin: Of the page that sent it; tells own referrers from foreign ones.
        """
        if not self._is_sampled(batch.session):
            return Admitted(replace(batch, events=()), is_as_decoded=False)
        if self._touched.isdisjoint(batch.kinds) and not self.is_excluded(batch.state.page):
            return Admitted(batch, is_as_decoded=True)
        state, events = self._on_recorded_pages(batch.state, batch.events)
        layouts: tuple[NewLayout, ...] = ()
        refused = 0
        if Layout in batch.kinds and Layout not in self._dropped:
            layouts, refused = new_layouts(state, events)
        kept = self._kept(events, own_origin)
        return Admitted(
            replace(batch, state=state, events=kept),
            is_as_decoded=kept == batch.events and state is batch.state,
            layouts=layouts,
            rejected=refused,
        )

    def _kept(self, events: Sequence[Event], own_origin: str) -> list[Event]:
        """Return ``events`` as they may be kept; most kinds are none of the settings' business."""
        kept: list[Event] = []
        for event in events:
            if type(event) not in self._touched:
                kept.append(event)
            elif type(event) not in self._dropped:
                masked = self._masked(event, own_origin)
                if masked is not None:
                    kept.append(masked)
        return kept

    def _is_excluded(self, page: str) -> bool:
        return any(glob.fullmatch(page) for glob in self._excluded)

    def _is_sampled(self, session: str) -> bool:
        if self._settings.sample_ratio >= 1:
            return True
        return cyrb53(session) / (1 << SAMPLE_BITS) < self._settings.sample_ratio

    def _on_recorded_pages(
        self, state: PageState, events: Sequence[Event]
    ) -> tuple[PageState, Sequence[Event]]:
        """Leave out what happened on excluded pages, and their names."""
        if not self._excluded:
            return state, events
        kept: list[Event] = []
        first_page: str | None = None
        is_hidden = self.is_excluded(state.page)
        for event in events:
            if isinstance(event, Pageview):
                page = canonical_page(event.url)
                is_hidden = page is None or self.is_excluded(page)
                first_page = first_page or (None if is_hidden else page)
            if not is_hidden:
                kept.append(event)
        if self.is_excluded(state.page):
            # Every event left comes after a pageview, so the state names a page for nobody.
            state = replace(state, page=first_page or "/")
        return state, kept

    def _without_secrets(self, url: str, referrer: str, own_origin: str) -> tuple[str | None, str]:
        """Return address and referrer of a pageview as they may be kept; no address, no pageview."""
        source = canonical_referrer(referrer, own_origin=own_origin)
        return canonical_url(url, self._query_keys), "" if self.is_excluded(source) else source

    def _masked(self, event: Event, own_origin: str) -> Event | None:
        """Return ``event`` as it may be kept, or ``None``."""
        match event:
            case Pageview():
                url, referrer = self._masked_pageview(event.url, event.referrer, own_origin)
                return None if url is None else replace(event, url=url, referrer=referrer)
            case Input() if self._settings.inputs != "plain" or not isinstance(event.value, str):
                return replace(event, value=None)
            case Fragment():
                return replace(event, fragment=canonical_fragment(event.fragment))
            case ScriptError():
                return replace(event, file=re.split(r"[?#]", event.file, maxsplit=1)[0])
            case Custom() if not event.props:
                return replace(event, props=None)
            case Layout():
                return None
            case _:
                return event


def _glob(pattern: str) -> re.Pattern[str]:
    """Return the pattern for a glob in which ``*`` stands for any run of characters, ``/`` included."""
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\*+", pattern)), re.DOTALL)
