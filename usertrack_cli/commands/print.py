"""``usertrack print``: configuration for the programs around usertrack, from the settings in force."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.api import proxies, services
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, one_of, shared

KINDS = ("nginx", "caddy", "systemd", "cron", "logrotate")


@shared(site=False, settings=("public_url", "host", "port", "client_ip_header"))
def command(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="nginx, caddy, systemd, cron or logrotate.")],
    *,
    call: Call,
    certificate: Annotated[
        str, typer.Option("--certificate", metavar="FILE", help="Certificate chain; else Let's Encrypt's.")
    ] = "",
    key: Annotated[str, typer.Option("--key", metavar="FILE", help="Private key of the certificate.")] = "",
    backups: Annotated[
        Path, typer.Option("--backups", metavar="DIR", help="Folder that backups go to.")
    ] = Path("/var/backups/usertrack"),
    logs: Annotated[Path, typer.Option("--logs", metavar="DIR", help="Folder of cron's logs.")] = Path(
        "/var/log/usertrack"
    ),
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the units of systemd there, a file each.")
    ] = None,
) -> None:
    """Print files for nginx, Caddy, systemd, cron and logrotate.

    It is written from the settings in force: public_url with its port and path, host and port of serve,
    the data directory, the header for the visitor's address.

    Example:  usertrack print nginx > /etc/nginx/conf.d/usertrack.conf
    """
    one_of(what, "WHAT", KINDS)
    if call.settings.port == 0:
        raise UsageError("port is 0, another one at each start", hint="set port in usertrack.toml")
    if out is not None and what != "systemd":
        raise UsageError(
            "--out is for systemd, which needs several files", hint=f"usertrack print {what} > FILE"
        )
    if what in {"nginx", "caddy"}:
        public = proxies.public_of(call.settings, certificate=certificate, key=key)
        write = proxies.nginx if what == "nginx" else proxies.caddy
        console.result(write(call.settings, public).rstrip("\n"))
        return
    place = services.Place(program=program(), data=call.data, backups=backups.absolute(), logs=logs.absolute())
    if what == "systemd":
        _units(services.systemd(call.settings, place), place, out)
    else:
        console.result((services.cron if what == "cron" else services.logrotate)(place).rstrip("\n"))


def _units(units: dict[str, str], place: services.Place, out: Path | None) -> None:
    if out is None:
        for name, text in units.items():
            console.result(f"# /etc/systemd/system/{name}\n{text}")
        console.note("several files; --out DIR writes each of them")
        return
    try:
        for name, text in units.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written to: {error.strerror}") from error
    for name in units:
        console.result(str(out / name))
    console.note(f"once: useradd --system --home-dir {place.data} --shell /usr/sbin/nologin {services.USER}")
    console.note(f"once: install -d -m 700 -o {services.USER} -g {services.USER} {place.data} {place.backups}")
    console.note("then: systemctl daemon-reload && systemctl enable --now usertrack.socket usertrack.service")
    console.note(
        "and:  systemctl enable --now usertrack-prune.timer usertrack-backup.timer usertrack-doctor.timer"
    )


def program() -> list[str]:
    """Return the command line that starts this very installation, whatever the PATH is later."""
    called = Path(sys.argv[0])
    beside = Path(sys.executable).with_name("usertrack")
    for path in (called if called.name == "usertrack" else beside, beside):
        found = shutil.which(path)
        if found is not None:
            return [os.path.abspath(found)]  # noqa: PTH100 a link to the interpreter must stay one
    return [sys.executable, "-m", "usertrack_cli"]
