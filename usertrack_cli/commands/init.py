"""``usertrack init``: make a data directory with a settings file that explains itself."""

from __future__ import annotations

import os
import shlex
from contextlib import closing

from usertrack_cli import clock, console
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import SETTINGS_FILE, data_dir, read_file
from usertrack_cli.store import catalog
from usertrack_cli.store.epochs import refuse_lost_keys
from usertrack_cli.store.home import FILE_MODE, Home, create_home, sync_dir
from usertrack_cli.store.seed import signing_seed
from usertrack_cli.store.visitor import Keyring, epoch_at

_STARTER = """\
# Settings of this usertrack store; every one of them: usertrack config
# A flag or a variable USERTRACK_<NAME> goes before this file.

# Where browsers reach `usertrack serve`. Once it is set, recording waits for consent.
# public_url = "https://stats.example"

# Pages that may send. Empty means any.
# origins = ["https://shop.example"]

# A MaxMind country database (.mmdb) adds the country of each session.
# geoip_db = "/usr/share/GeoIP/GeoLite2-Country.mmdb"

# Who answers for the recording, as usertrack notice, access and receipt letter have to say it.
# [controller]
# name = "Example Ltd"
# address = "1 Example Street, Exampletown"
# contact = "privacy@shop.example"
# purposes = "finding out where our pages are hard to use"
# legal_basis = "consent, Article 6(1)(a) GDPR"
# recipients = "none"

# One table a further site:
# [site.blog]
# origins = ["https://blog.example"]
"""


@shared(site=False)
def command(*, call: Call) -> None:
    """Make a data directory; one that exists is left as it is.

    On a terminal it asks for your site, the public address, consent, a country database and the place;
    elsewhere it asks nothing.

    Example:  usertrack init --data /var/lib/usertrack
    """
    data, text = call.data, _STARTER
    is_new = not (data / SETTINGS_FILE).exists()
    if is_new and console.can_ask():
        from usertrack_cli.commands.conversation import converse, settings_text

        is_typed = call.values.get("data") is not None or "USERTRACK_DATA" in os.environ
        answers = converse(data, may_move=not is_typed)
        data, text = answers.data, settings_text(answers, _STARTER)
        is_new = not (data / SETTINGS_FILE).exists()
    home = create_home(data)
    prepare(home)
    if is_new:
        write_settings(home, text)
    where = "" if data == data_dir(None) else f" --data {shlex.quote(str(data))}"
    is_public = bool(read_file(data).get("public_url"))
    console.result(f"{'made' if is_new else 'found'} {home.root}")
    console.result(
        f"next: usertrack serve{where}, and the tag for your pages from:"
        f" usertrack snippet{'' if is_public else ' --local'}{where}"
    )
    if is_public:
        console.result(f"before it: usertrack print nginx{where}; and to try it all: usertrack verify{where}")


def prepare(home: Home) -> None:
    """Make the databases of a data directory where they are missing.

    Raises:
        StoreError: The keys are gone although sessions are there.
    """
    has_data = home.catalog.is_file()
    with (
        closing(catalog.create(home)) as con,
        closing(catalog.connect_keys(home, may_create=not has_data)) as keys,
    ):
        if has_data:
            refuse_lost_keys(con, keys, home)
        else:
            now_ms = clock.now_ms()
            Keyring(keys).key("default", epoch_at(now_ms, "monthly"), ipv6_prefix=64, now_ms=now_ms)
    signing_seed(home)


def write_settings(home: Home, text: str) -> None:
    """Write ``usertrack.toml`` whole, readable by its owner only."""
    draft = home.root / f".{SETTINGS_FILE}.draft"
    with os.fdopen(
        os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, FILE_MODE), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(home.root / SETTINGS_FILE)
    sync_dir(home.root)
