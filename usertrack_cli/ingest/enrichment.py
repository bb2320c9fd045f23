"""What address and user agent say about a session: country, browser, system, device, whether it is a bot."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import maxminddb
from ua_parser import Domain, Resolver
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver as RegexResolver

from usertrack_cli.ingest.envelope import Client

AGENTS_REMEMBERED = 8_192
"""Different agents that a busy site sees in a day; each takes some 500 bytes."""

Device = Literal["desktop", "tablet", "mobile"]

_BOT = re.compile(
    r"(?<!cu)bot(?:\b|[/;_-])|crawl|spider|slurp|headless|phantomjs|puppeteer|playwright|selenium|webdriver|cypress"
    r"|lighthouse|pagespeed|pingdom|uptime|monitor|preview|fetch|scrap|archiver|validator|facebookexternalhit"
    r"|curl/|wget/|python-|python/|aiohttp|httpx|go-http-client|java/|okhttp|libwww|node-fetch|axios|postman",
    re.IGNORECASE,
)
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobile)", re.IGNORECASE)
_MOBILE = re.compile(r"mobi|iphone|ipod|android|windows phone|opera mini|blackberry", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Agent:
    """What a user agent string says."""

    browser: str | None
    browser_major: int | None
    os: str | None
    device: Device
    is_bot: bool


class Agents:
    """Reads user agent strings and remembers the last of them."""

    def __init__(self) -> None:
        # Only the patterns are needed, which eager matchers would compile once more while serve starts.
        self._parser: Resolver = RegexResolver(load_lazy_builtins())
        self.read = lru_cache(maxsize=AGENTS_REMEMBERED)(self._read)

    def _read(self, user_agent: str) -> Agent:
        result = self._parser(user_agent, Domain.ALL)
        browser, system, machine = result.user_agent, result.os, result.device
        major = browser.major if browser else None
        return Agent(
            browser=browser.family if browser else None,
            browser_major=int(major)
            if major and major.isascii() and major.isdigit() and len(major) < 7
            else None,
            os=system.family if system else None,
            device=_device(user_agent),
            is_bot=bool(_BOT.search(user_agent)) or (machine is not None and machine.family == "Spider"),
        )


def device(agent: Agent, client: Client | None) -> Device:
    """Return the device, told apart by touch where the agent hides it: a tablet may say it is a Mac."""
    is_touched = client is not None and bool(client.touch)
    if agent.device == "desktop" and is_touched and agent.os == "Mac OS X":
        return "tablet"
    return agent.device


def is_bot(agent: Agent, client: Client | None) -> bool:
    """Return True where the agent says so, or the browser is driven by a program."""
    return agent.is_bot or (client is not None and bool(client.wd))


def _device(user_agent: str) -> Device:
    if _TABLET.search(user_agent):
        return "tablet"
    return "mobile" if _MOBILE.search(user_agent) else "desktop"


class Countries:
    """Looks countries up in the operator's database; without a usable one there is no country.

    Args:
        path: Of a MaxMind database of countries or cities; empty for none.
        note: Told once, in one sentence, that the database cannot be used.
    """

    def __init__(self, path: str, *, note: Callable[[str], None]) -> None:
        self._note = note
        self._reader: maxminddb.Reader | None = None
        if not path:
            return
        try:
            self._reader = maxminddb.open_database(path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            note(f"countries stay unknown: {path} cannot be used: {error}")

    def country(self, address: str) -> str | None:
        """Return the two letters of the country of ``address``, or ``None``."""
        if self._reader is None:
            return None
        try:
            return country_code(self._reader.get(address))
        except (ValueError, OSError, maxminddb.InvalidDatabaseError):
            # The address itself is sound, so the file is not: cut off, or replaced while it was read.
            self._reader = None
            self._note("countries stay unknown from here on: the geoip_db is damaged")
            return None


def country_code(record: Any) -> str | None:
    """Return the code in a record of a country or city database, or in a flat one."""
    if not isinstance(record, dict):
        return None
    nested = record.get("country")
    code = nested.get("iso_code") if isinstance(nested, dict) else record.get("country_code", nested)
    return code if isinstance(code, str) and _COUNTRY.fullmatch(code) else None
