"""Ports for servers that have to be told theirs."""

from __future__ import annotations

import random
import socket
from pathlib import Path

GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST, USUAL_GIVEN_OUT = 10_000, 32_768
TRIES = 100


def free_port() -> int:
    """Return a port that nobody listens on, below those that the system gives to whoever asks for any.

    One of those could be given to somebody else before the server that is to have it listens.
    """
    end = int(GIVEN_OUT.read_text().split()[0]) if GIVEN_OUT.exists() else USUAL_GIVEN_OUT
    for _ in range(TRIES):
        port = random.SystemRandom().randrange(LOWEST, max(end, LOWEST + TRIES))
        try:
            with socket.create_server(("", port)):
                return port
        except OSError:
            continue
    raise AssertionError("no port is free")
