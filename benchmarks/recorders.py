"""Run by ``tracker.py``: other session recorders, as published on npm, set up to record the same page.

Each is served from this machine and sends to a server that takes everything and keeps nothing; it is told what
its own server would tell it. Every one masks what is typed, most by default.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_RRWEB = """<script src="{url}/record.umd.min.cjs"></script><script>
 const seen = [];
 (rrwebRecord.record || rrwebRecord)({{ emit: (event) => void seen.push(event), maskAllInputs: true }});
 const send = () => seen.length && fetch('{url}/rrweb',
   {{ method: 'POST', credentials: 'omit', body: JSON.stringify(seen.splice(0)) }});
 setTimeout(send, 2000);
 setTimeout(() => {{ send(); setInterval(send, 10000); }}, 5000);
</script>"""
_CLARITY = """<script src="{url}/clarity.min.js"></script><script>
 clarity('start', {{ projectId: 'benchmark', upload: '{url}/clarity', track: true, content: true }});
</script>"""
_POSTHOG = """<script>
 window.posthog = {{ __SV: 1, people: [], _i: [['phc_benchmark',
   {{ api_host: '{url}', disable_surveys: true, opt_out_useragent_filter: true }}]] }};
</script><script src="{url}/array.js"></script>"""
_TOLD_POSTHOG = {
    "supportedCompression": ["gzip-js"],
    "sessionRecording": {"endpoint": "/s/", "version": "v2"},
    "featureFlags": {},
    "toolbarParams": {},
    "isAuthenticated": False,
}


@dataclass(frozen=True)
class Recorder:
    """One published build.

    Attributes:
        parts: What a page loads of it, the recorder that comes later included.
        tag: Goes into the page; ``{url}`` is where it loads from and sends to.
    """

    name: str
    parts: tuple[Path, ...]
    tag: str

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes, and bytes on the way to a browser."""
        content = [part.read_bytes() for part in self.parts]
        return sum(map(len, content)), sum(len(gzip.compress(each, 9, mtime=0)) for each in content)


_PUBLISHED = {
    "@rrweb/record": (("dist/record.umd.min.cjs",), _RRWEB),
    "clarity-js": (("build/clarity.min.js",), _CLARITY),
    "posthog-js": (("dist/array.js", "dist/lazy-recorder.js"), _POSTHOG),
}


def installed(folder: Path) -> Iterator[Recorder]:
    """Fetch each from npm; one that cannot be had, or has other files by now, is said and left out."""
    for package, (names, tag) in _PUBLISHED.items():
        done = subprocess.run(
            ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", package],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        root = folder / "node_modules" / package
        parts = tuple(root / name for name in names)
        if done.returncode or not all(part.is_file() for part in parts):
            print(f"{package}: not to be had: {done.stderr.strip()[-60:] or 'no such build in it'}")
            continue
        version = json.loads((root / "package.json").read_text())["version"]
        yield Recorder(f"{package} {version}", parts, tag)


@dataclass
class Sunk:
    """What was sent."""

    requests: int = 0
    body_bytes: int = 0
    fetched: list[str] = field(default_factory=list)


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, files: dict[str, Path], sunk: Sunk, *rest: Any) -> None:
        self._files, self._sunk = files, sunk
        super().__init__(*rest)

    def handle(self) -> None:
        """Answer until the page goes away, which resets what it had open."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        self._sunk.fetched.append(path)
        if name in self._files:
            self._answer(self._files[name].read_bytes(), "text/javascript")
        elif name == "config.js":
            told = {"phc_benchmark": {"config": _TOLD_POSTHOG, "siteApps": []}}
            self._answer(f"window._POSTHOG_REMOTE_CONFIG = {json.dumps(told)}".encode(), "text/javascript")
        else:
            self._answer(json.dumps(_TOLD_POSTHOG).encode(), "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._sunk.requests += 1
        self._sunk.body_bytes += len(body)
        self._answer(json.dumps(_TOLD_POSTHOG).encode(), "application/json")

    def do_OPTIONS(self) -> None:
        self._answer(b"", "text/plain")

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
        self.send_header("Access-Control-Allow-Credentials", "true")
        self.send_header(
            "Access-Control-Allow-Headers", self.headers.get("Access-Control-Request-Headers", "Content-Type")
        )
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the class above
        """Say nothing."""


@contextmanager
def sink(recorder: Recorder) -> Iterator[tuple[str, Sunk]]:
    """Serve a recorder and take what it sends while the body runs; gives its tag and what was sent."""
    sunk = Sunk()
    files = {part.name: part for part in recorder.parts}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Sink, files, sunk))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield recorder.tag.format(url=f"http://127.0.0.1:{server.server_address[1]}"), sunk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
