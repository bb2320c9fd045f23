"""What the HTTP process counts about itself, who may read it, and how it is written down for Prometheus.

The text format is version 0.0.4 of https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import hmac
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from ipaddress import ip_address

from usertrack_cli.store.gauges import Gauges

LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the histogram; an answer usually takes 2 to 20 ms."""
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PASSED_ON = (b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"forwarded", b"via")
"""A proxy on this machine comes from loopback too, but leaves one of these."""

_Labels = Mapping[str, str]


class Metrics:
    """Counters since the start of the process.

    Attributes:
        refused: Batches and events that were not recorded, by reason.
    """

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._buckets = [0] * (len(LATENCY_S) + 1)
        self._seconds = 0.0

    def answered(self, status: int, seconds: float) -> None:
        """Count a batch that was answered with ``status`` after so long."""
        self._statuses[status] += 1
        self._buckets[bisect_left(LATENCY_S, seconds)] += 1
        self._seconds += seconds

    def untold(self) -> Counter[str]:
        """Return what was refused since the last call of :meth:`tell`."""
        return self.refused - self._told

    def tell(self, told: Mapping[str, int]) -> None:
        """Note that these refusals stand in the store."""
        self._told.update(told)

    def text(self, state: Gauges, begun: Mapping[str, int], *, now_ms: int, is_writing: bool) -> bytes:
        """Return everything in the text format.

        Args:
            state: Of the store.
            begun: Sessions that began since the start, by how far away their address is.
            is_writing: Whether the writer process runs.
        """
        lines = [
            *_counter("batches", "Batches answered, by HTTP status.", _by("status", self._statuses)),
            *_counter(
                "refused", "Batches and events that were not recorded, by reason.", _by("reason", self.refused)
            ),
            *_counter("sessions", "Sessions begun, by how far away their address is.", _by("reach", begun)),
            *self._histogram(),
            *_store(state, now_ms=now_ms),
            *_gauge("writer_up", "Whether the writer process runs.", [({}, int(is_writing))]),
        ]
        return ("\n".join(lines) + "\n").encode()

    def _histogram(self) -> Iterable[str]:
        name = "usertrack_batch_seconds"
        yield f"# HELP {name} Time from a batch's headers to its answer."
        yield f"# TYPE {name} histogram"
        total = 0
        for bound, count in zip((*map(str, LATENCY_S), "+Inf"), self._buckets, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._seconds!r}"
        yield f"{name}_count {total}"


def may_read(peer: str, headers: Mapping[bytes, bytes], token: str) -> bool:
    """Return True for a program on this machine, or one that knows the token.

    What a proxy passed on is not from this machine, although its connection is; neither is what a
    page in a browser here asks under a name of its own.
    """
    if token:
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), token.encode()):
            return True
    host = headers.get(b"host", b"").decode("latin-1").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return _is_loopback(peer) and name in _LOCAL_HOSTS and not any(each in headers for each in _PASSED_ON)


def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return False


def _store(state: Gauges, *, now_ms: int) -> Iterable[str]:
    oldest_s = 0.0 if state.oldest_at is None else max(0, now_ms - state.oldest_at) / 1000
    lag_s = (state.drain_lag_ms or 0) / 1000
    yield from _gauge("waiting_batches", "Batches that wait for the writer.", [({}, state.waiting)])
    yield from _gauge("oldest_batch_seconds", "Age of the oldest of them.", [({}, oldest_s)])
    yield from _gauge(
        "drain_lag_seconds", "Age of the oldest batch when the last drain had stored it.", [({}, lag_s)]
    )
    for name, about in (("segments", "Live segments"), ("rows", "Rows in them"), ("bytes", "Bytes of them")):
        field = name if name == "segments" else f"segment_{name}"
        samples = [({"level": str(each.level)}, getattr(each, name)) for each in state.levels]
        yield from _gauge(field, f"{about}, by level of compaction.", samples)
    yield from _gauge(
        "active_sessions", "Sessions heard of in the last 30 minutes.", [({}, state.active_sessions)]
    )
    yield from _gauge("evicted_sessions", "Sessions that the cap removed within a day.", [({}, state.evicted)])
    yield from _gauge("free_bytes", "Room on the file system of the store.", [({}, state.free_bytes)])
    done = [
        ({"job": job, "site": site}, at / 1000)
        for (job, _, site), at in ((name.partition(":"), at) for name, at in state.done_at.items())
    ]
    yield from _gauge("last_done_timestamp_seconds", "When prune, backup and erasure were last done.", done)


def _by(label: str, counts: Mapping[str, int] | Mapping[int, int]) -> list[tuple[_Labels, float]]:
    return [({label: str(key)}, count) for key, count in sorted(counts.items())]


def _counter(name: str, help_text: str, samples: Iterable[tuple[_Labels, float]]) -> Iterable[str]:
    return _family(f"{name}_total", "counter", help_text, samples)


def _gauge(name: str, help_text: str, samples: Iterable[tuple[_Labels, float]]) -> Iterable[str]:
    return _family(name, "gauge", help_text, samples)


def _family(name: str, kind: str, help_text: str, samples: Iterable[tuple[_Labels, float]]) -> Iterable[str]:
    yield f"# HELP usertrack_{name} {help_text}"
    yield f"# TYPE usertrack_{name} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items() if text)
        yield f"usertrack_{name}{{{inner}}} {value}" if inner else f"usertrack_{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
