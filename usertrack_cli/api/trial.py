"""A trial of recording: what is tried, what is known so far, and how a step came out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from usertrack_cli.api.fetching import Fetched
from usertrack_cli.api.markup import Markup, ScriptTag
from usertrack_cli.api.snippet import tracker_url
from usertrack_cli.settings import Settings
from usertrack_cli.store.home import Home


class Outcome(StrEnum):
    """How a step came out."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at; where it failed the detail says what to do."""

    check: str
    outcome: Outcome
    detail: str


@dataclass(slots=True)
class Trial:
    """What is known so far.

    Attributes:
        page: The operator's page, where it could be read.
        tag: The one tag in it.
        is_reachable: The tracker came through the public address.
        session: Of the test batch.
    """

    home: Home
    settings: Settings
    wait_s: float
    page: Fetched | None = None
    found: Markup = field(default_factory=Markup)
    tag: ScriptTag | None = None
    is_reachable: bool = False
    session: str = field(default_factory=lambda: f"v{secrets.token_hex(10)}0")

    @property
    def base(self) -> str:
        """Where browsers reach serve."""
        return self.settings.public_url

    @property
    def expected(self) -> str:
        """Address of the tracker that the tag should load."""
        return tracker_url(self.base, self.settings.site, path=self.settings.tracker_path)

    @property
    def endpoint(self) -> str:
        """What stands before the paths beside the tracker."""
        return f"{self.base}{self.settings.tracker_path.rpartition('/')[0]}"

    @property
    def origin(self) -> str:
        """Origin of the page."""
        if self.page is None:
            return ""
        parts = urlsplit(self.page.url)
        return f"{parts.scheme}://{parts.netloc}"
