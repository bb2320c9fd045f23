"""A listening socket that systemd holds for us, so that nobody is turned away while serve is restarted.

The protocol is that of ``sd_listen_fds(3)``: the socket is file 3, and two variables say that it is meant
for this process.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

from usertrack_cli.errors import UsageError

FIRST_FD = 3


def inherited_socket(environ: MutableMapping[str, str] = os.environ) -> socket.socket | None:
    """Return the socket that this process was handed, or ``None``.

    Raises:
        UsageError: It was handed more than one, or none that listens on TCP.
    """
    count, pid = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdecimal() or count == "0":
        return None
    if count != "1":
        raise UsageError(f"{count} sockets were handed over, and serve listens on one")
    try:
        handed = socket.socket(fileno=FIRST_FD)
        is_listening = bool(handed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError as error:
        raise UsageError(f"the socket that was handed over cannot be used: {error.strerror}") from error
    if handed.family not in {socket.AF_INET, socket.AF_INET6} or not is_listening:
        raise UsageError(
            "the socket that was handed over does not listen on TCP",
            hint="compare the units with: usertrack print systemd",
        )
    os.set_inheritable(FIRST_FD, False)  # noqa: FBT003 the standard library has no other name for it
    return handed
