"""The paths that are answered, and what may be done with each."""

from __future__ import annotations

_READ = "GET, HEAD, OPTIONS"
METHODS = dict.fromkeys(
    ("/tracker.js", "/banner.js", "/info.js", "/address", "/healthz", "/metrics"), _READ
) | dict.fromkeys(("/i", "/c", "/a"), "POST, OPTIONS")


def paths(tracker_path: str) -> dict[str, str]:
    """Return what each path means; a tracker that lies elsewhere has everything else beside it."""
    folder = tracker_path.rpartition("/")[0]
    beside = {f"{folder}{name}": name for name in METHODS}
    return {name: name for name in METHODS} | beside | {tracker_path: "/tracker.js"}
