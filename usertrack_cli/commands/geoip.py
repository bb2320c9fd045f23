"""``usertrack geoip``: where to get a country database, and whether one can be used."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

import typer

from usertrack_cli import clock, console
from usertrack_cli.clock import DAY_MS
from usertrack_cli.errors import CheckFailedError, UsageError
from usertrack_cli.options import Call, shared

OLD_MS = 120 * DAY_MS
"""Blocks of addresses change hands; makers publish a new file every month or oftener."""


@shared(site=False)
def command(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="geoip_db of the settings if unsaid.")
    ] = None,
    *,
    call: Call,
    address: Annotated[
        list[str] | None, typer.Option("--address", metavar="IP", help="Look this one up; may be repeated.")
    ] = None,
) -> None:
    """Check a country database, and look addresses up in it.

    Any MaxMind file (.mmdb) of countries or cities will do, and none is needed: without one, sessions have
    no country. To be had from

    DB-IP, "IP to Country Lite", without an account:

    https://db-ip.com/db/download/ip-to-country-lite

    MaxMind, "GeoLite2 Country", with a free account; Debian's package geoipupdate keeps it fresh:

    https://www.maxmind.com/en/geolite2/signup

    Put its path into usertrack.toml as geoip_db; serve reads it when it starts, and sends no address to
    anybody.

    Example:  usertrack geoip /usr/share/GeoIP/GeoLite2-Country.mmdb --address 9.9.9.9
    """
    from usertrack_cli.ingest.country_database import country_of, examine

    path = file or call.settings.geoip_db
    if not path:
        raise UsageError(
            "no country database: name a FILE, or set geoip_db", hint="where to get one: usertrack geoip --help"
        )
    wanted = [_address(each) for each in address or []]
    found = examine(path)
    day = console.instant_text(found.built_at, call.zone).partition(" ")[0]
    console.result(f"{path}: {found.kind}, of {day}; {found.named} of {found.looked_at} records name a country")
    for each in wanted:
        console.result(f"{each}: {country_of(path, each) or 'unknown'}")
    if not found.is_of_countries:
        raise CheckFailedError("it names no countries", hint="take a database of countries or cities")
    if clock.now_ms() - found.built_at > OLD_MS:
        console.note("it is more than four months old; fetch a newer one and restart usertrack serve")


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise UsageError(f"{text} is not an address") from error
