"""Commands on a terminal of their own, with somebody who answers their questions."""

from __future__ import annotations

import os
import pty
import select
import time
from collections.abc import Mapping, Sequence

PATIENCE_S = 60.0


def talk(command: Sequence[str], lines: Sequence[str], *, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command on a terminal, answer each question in turn, and return its code and all that was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], list(command), environment)  # noqa: S606
    shown, answers = b"", iter(lines)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is gone
            break
        if not part:
            break
        shown += part
        if part.endswith(b"]: "):
            line = next(answers, None)
            os.write(terminal, b"\x04" if line is None else line.encode() + b"\n")
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return code, shown.decode()
