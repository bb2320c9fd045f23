"""What runs usertrack day and night: units of systemd, lines for cron, rotation of logs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from usertrack_cli.errors import UsageError
from usertrack_cli.settings import SYSTEM_DATA_DIR, Settings

USER = "usertrack"
KEEP_BACKUPS = 7

_HARDENED = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
UMask=0077
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where things lie on this machine.

    Attributes:
        program: Command line that starts usertrack.
        backups: Folder that backups go to.
        logs: Folder of the log files of cron.
    """

    program: Sequence[str]
    data: Path
    backups: Path
    logs: Path

    def __post_init__(self) -> None:
        """Refuse what neither a unit nor a crontab can hold.

        Raises:
            UsageError: A path has a line break.
        """
        for each in (*self.program, str(self.data), str(self.backups), str(self.logs)):
            if any(ord(letter) < ord(" ") for letter in each):
                raise UsageError("a path with a line break cannot be written down")


def systemd(settings: Settings, place: Place) -> dict[str, str]:
    """Return the units by file name."""
    timers = {
        "prune": ("Remove what the retention settings no longer keep", "hourly", ["prune"]),
        "backup": (
            "Back the usertrack store up",
            "daily",
            ["backup", str(place.backups), "--keep", str(KEEP_BACKUPS)],
        ),
        "doctor": ("Check the usertrack store", "hourly", ["doctor"]),
    }
    units = {"usertrack.socket": _socket(settings), "usertrack.service": _service(place)}
    for name, (about, when, words) in timers.items():
        units[f"usertrack-{name}.service"] = _task(place, about, words)
        units[f"usertrack-{name}.timer"] = _timer(about, when)
    return units


def _socket(settings: Settings) -> str:
    return f"""\
# Holds the port while serve is restarted: requests queue instead of being turned away.
[Unit]
Description=Port of usertrack

[Socket]
ListenStream={_listened(settings)}
Backlog=2048
NoDelay=yes

[Install]
WantedBy=sockets.target
"""


def _listened(settings: Settings) -> str:
    try:
        address = ip_address({"localhost": "127.0.0.1"}.get(settings.host, settings.host))
    except ValueError as error:
        raise UsageError(
            f"systemd listens on addresses, and host is {settings.host}", hint="set host to an IP address"
        ) from error
    return f"[{address}]:{settings.port}" if address.version == 6 else f"{address}:{settings.port}"


def _service(place: Place) -> str:
    return f"""\
[Unit]
Description=usertrack collects sessions
Requires=usertrack.socket
After=network.target usertrack.socket

[Service]
Type=exec
ExecStart={_command(place, ["serve"])}
Restart=on-failure
RestartSec=1s
TimeoutStopSec=10s
LimitNOFILE=16384
{_user(place)}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
{_hardened(place)}
[Install]
WantedBy=multi-user.target
"""


def _task(place: Place, about: str, words: Sequence[str]) -> str:
    extra = f"ReadWritePaths={_quoted(str(place.backups))}\n" if words[0] == "backup" else ""
    return f"""\
[Unit]
Description={about}

[Service]
Type=oneshot
ExecStart={_command(place, words)}
Nice=10
{_user(place)}
{extra}PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
{_hardened(place)}"""


def _timer(about: str, when: str) -> str:
    return f"""\
[Unit]
Description={about}, {when}

[Timer]
OnCalendar={when}
RandomizedDelaySec=5min
Persistent=yes

[Install]
WantedBy=timers.target
"""


def _user(place: Place) -> str:
    made = "StateDirectory=usertrack\nStateDirectoryMode=0700\n" if place.data == SYSTEM_DATA_DIR else ""
    return f"User={USER}\nGroup={USER}\n{made}ReadWritePaths={_quoted(str(place.data))}"


def _hardened(place: Place) -> str:
    homes = (Path("/home"), Path("/root"), Path("/run/user"))
    paths = [Path(place.program[0]), place.data, place.backups]
    is_at_home = any(path.is_relative_to(home) for path in paths for home in homes)
    return _HARDENED.format(home="read-only" if is_at_home else "yes")


def _command(place: Place, words: Sequence[str]) -> str:
    return " ".join(_quoted(word) for word in (*place.program, *words, "--data", str(place.data)))


def _quoted(word: str) -> str:
    """Return a word as systemd reads it back."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if escaped and not any(letter in escaped for letter in " '\";") else f'"{escaped}"'


def cron(place: Place) -> str:
    """Return a file for ``/etc/cron.d``; a command says nothing there unless something is wrong."""
    log = shlex.quote(str(place.logs / "cron.log"))
    # Cron mails whatever is printed: nothing, unless it failed.
    logged = f" >> {log} 2>&1 || tail -n 5 {log}"
    lines = [
        ("17 * * * *", ["prune"], logged),
        ("23 3 * * *", ["backup", str(place.backups), "--keep", str(KEEP_BACKUPS)], logged),
        ("41 * * * *", ["doctor"], " > /dev/null"),
    ]
    written = "\n".join(
        # A percent sign ends a command in a crontab.
        f"{when}  {USER}  {shlex.join([*place.program, *words, '--data', str(place.data)])}{rest}".replace(
            "%", "\\%"
        )
        for when, words, rest in lines
    )
    return f"""\
# usertrack from cron, for example as /etc/cron.d/usertrack; what goes wrong comes by mail.
# Written by: usertrack print cron. {USER} must be able to write to {place.backups} and {place.logs}.
{written}
"""


def logrotate(place: Place) -> str:
    """Return a file for ``/etc/logrotate.d``."""
    return f"""\
# Logs of usertrack under cron, for example as /etc/logrotate.d/usertrack
# Written by: usertrack print logrotate. Under systemd the journal keeps what serve says.
"{place.logs}/*.log" {{
    weekly
    rotate 8
    compress
    delaycompress
    missingok
    notifempty
    copytruncate
    su {USER} {USER}
}}
"""
