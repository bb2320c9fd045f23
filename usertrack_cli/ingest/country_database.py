"""A country database looked at before it is used: what it is, how old, and whether it names countries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import maxminddb

from usertrack_cli.clock import SECOND_MS
from usertrack_cli.errors import UsageError
from usertrack_cli.ingest.enrichment import Countries, country_code

RECORDS_LOOKED_AT = 2_000
"""The first networks of a file; a database of something else has no country in any of them."""


@dataclass(frozen=True, slots=True)
class CountryDatabase:
    """What a file says about itself, and what was found in it.

    Attributes:
        kind: As its maker calls it, for example ``GeoLite2-Country``.
        built_at: When it was made, ms.
        named: Of ``looked_at`` records, those that name a country.
    """

    kind: str
    built_at: int
    looked_at: int
    named: int

    @property
    def is_of_countries(self) -> bool:
        """Whether sessions would get a country from it."""
        return self.named > 0


def examine(path: str) -> CountryDatabase:
    """Return what is in a database.

    Raises:
        UsageError: It is missing, or not a MaxMind database.
    """
    try:
        with maxminddb.open_database(path) as reader:
            about = reader.metadata()
            records = [record for _, record in islice(reader, RECORDS_LOOKED_AT)]
    except FileNotFoundError as error:
        raise UsageError(f"there is no {path}", hint="see where to get one: usertrack geoip --help") from error
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise UsageError(f"{path} is not a MaxMind database (.mmdb): {error}") from error
    named = sum(country_code(record) is not None for record in records)
    return CountryDatabase(about.database_type, about.build_epoch * SECOND_MS, len(records), named)


def country_of(path: str, address: str) -> str | None:
    """Return the country that sessions of ``address`` would get."""
    return Countries(path, note=lambda _: None).country(address)
