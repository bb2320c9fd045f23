"""``usertrack verify`` passes where all is well and names what is broken."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.proxy.standing import Standing, certificate, proxied, usertrack
from usertrack_cli.api.markup import ScriptTag, markup
from usertrack_cli.api.policy import blocking_connect, blocking_script
from usertrack_cli.app import main
from usertrack_cli.demo.collector import collector
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import WRITER, FileLock

HTML = "<!doctype html><html><head>{head}</head><body>Shop</body></html>"


@dataclass
class Page:
    """A page that tests change."""

    url: str = ""
    head: str = ""
    policy: str = ""
    status: int = 200


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, page: Page, *arguments: object) -> None:
        self._page = page
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        content = HTML.format(head=self._page.head).encode()
        self.send_response(self._page.status)
        if self._page.policy:
            self.send_header("Content-Security-Policy", self._page.policy)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[Page]:
    made = Page()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, made))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A set-up in which nothing is wrong."""
    with proxied("nginx", tmp_path_factory.mktemp("well")) as running:
        yield running


def tag(standing: Standing, path: str = "/tracker.js", more: str = "") -> str:
    return f'<script defer src="{standing.public}{path}"{more}></script>'


@dataclass(frozen=True)
class Said:
    """What the command said: the detail of each step that failed, and how it ended."""

    code: int
    failed: Mapping[str, str]
    outcomes: Mapping[str, str]
    err: str


def verified(standing: Standing, *arguments: str, wait: int = 60) -> Said:
    chain, _ = certificate(standing.logs.parent)
    out, err = io.StringIO(), io.StringIO()
    with _variable("SSL_CERT_FILE", str(chain)), redirect_stdout(out), redirect_stderr(err):
        code = main(["verify", *arguments, "--json", "--wait", str(wait), "--data", str(standing.home.root)])
    steps = json.loads(out.getvalue() or "[]")
    return Said(
        code,
        {each["check"]: each["detail"] for each in steps if each["outcome"] == "failed"},
        {each["check"]: each["outcome"] for each in steps},
        err.getvalue(),
    )


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def test_where_all_is_well_every_step_is_and_nothing_stays(well: Standing, page: Page) -> None:
    page.head = f"<!-- {tag(well)} -->{tag(well)}"
    said = verified(well, page.url)

    assert (said.code, said.failed) == (0, {})
    checks = "page tag, mixed content, policy, origin, tracker, address, batch, segment, removed"
    assert list(said.outcomes) == ["page", *checks.removeprefix("page ").split(", ")]
    sessions = usertrack(well.home, "sql", "--json", "SELECT count(*) AS n FROM events")
    assert json.loads(sessions.stdout)[0]["n"] == 0


PAGES: list[tuple[str, Callable[[Standing], Page], str, str]] = [
    ("no tag", lambda _: Page(), "tag", "no tag"),
    ("commented out", lambda it: Page(head=f"<!-- {tag(it)} -->"), "tag", "no tag"),
    ("two tags", lambda it: Page(head=tag(it) * 2), "tag", "2 tags"),
    (
        "wrong prefix",
        lambda it: Page(head=tag(it).replace("/stats/", "/")),
        "tag",
        "/stats/tracker.js",
    ),
    ("another site", lambda it: Page(head=tag(it, "/tracker.js?site=blog")), "tag", "site blog"),
    (
        "stale digest",
        lambda it: Page(head=tag(it, more=' integrity="sha384-AAAA" crossorigin')),
        "tag",
        "--sri",
    ),
    ("page missing", lambda it: Page(head=tag(it), status=404), "page", "answers 404"),
    ("script-src", lambda it: Page(head=tag(it), policy="script-src 'self'"), "policy", "script-src 'self'"),
    (
        "connect-src",
        lambda it: Page(head=tag(it), policy="script-src *; connect-src 'none'"),
        "policy",
        "connect-src 'none'",
    ),
    (
        "policy in the page",
        lambda it: Page(
            head=f'<meta http-equiv="Content-Security-Policy" content="default-src https:">{tag(it)}'.replace(
                "https:", "https://cdn.example", 1
            )
        ),
        "policy",
        "default-src",
    ),
]


@pytest.mark.parametrize(
    ("made", "check", "said"), [each[1:] for each in PAGES], ids=[each[0] for each in PAGES]
)
def test_a_broken_page_is_named(
    well: Standing, page: Page, made: Callable[[Standing], Page], check: str, said: str
) -> None:
    broken = made(well)
    page.head, page.policy, page.status = broken.head, broken.policy, broken.status

    found = verified(well, page.url)

    assert found.code == 4
    assert list(found.failed) == [check]
    assert said in found.failed[check]
    assert check in found.err


def test_a_page_that_nobody_serves_is_named(well: Standing) -> None:
    found = verified(well, "http://127.0.0.1:9/")

    assert (found.code, list(found.failed)) == (4, ["page"])
    assert "refused" in found.failed["page"]


def test_settings_that_serve_does_not_know_yet_and_a_foreign_origin_are_named(
    page: Page, tmp_path: Path
) -> None:
    with proxied("nginx", tmp_path / "n", settings='origins = ["https://shop.example"]\n') as standing:
        page.head = tag(standing)
        blocked = verified(standing, page.url)
        with (standing.home.root / "usertrack.toml").open("a") as file:
            file.write('inputs = "off"\n')
        stale = verified(standing)

    assert list(blocked.failed) == ["origin", "batch"]
    assert f'origins = ["{page.url.rstrip("/")}"]' in blocked.failed["origin"]
    assert "403" in blocked.failed["batch"]
    assert list(stale.failed) == ["tracker"]
    assert "restart usertrack serve" in stale.failed["tracker"]


@pytest.mark.parametrize(
    ("old", "new", "check", "said"),
    [
        ("proxy_set_header X-Forwarded-For $remote_addr;", "", "address", "can claim any address"),
        (
            "proxy_set_header X-Forwarded-For $remote_addr;",
            'proxy_set_header X-Forwarded-For "";',
            "address",
            "seem to come from 127.0.0.1",
        ),
        (
            "proxy_pass http://usertrack/;",
            "proxy_pass http://usertrack;",
            "tracker",
            "take the path of public_url",
        ),
        ("server 127.0.0.1:", "server 127.0.0.7:", "tracker", "does not reach serve"),
        ("proxy_pass http://usertrack/;", 'return 200 "hello";', "tracker", "answers something else"),
        ("client_max_body_size 1m;", "client_max_body_size 1;", "batch", "413"),
    ],
)
def test_a_broken_proxy_is_named(tmp_path: Path, old: str, new: str, check: str, said: str) -> None:
    with proxied("nginx", tmp_path / "n", spoil={old: new}) as standing:
        found = verified(standing)

    assert found.code == 4
    assert list(found.failed) == [check]
    assert said in found.failed[check]


def test_no_proxy_is_named(tmp_path: Path) -> None:
    with proxied("nginx", tmp_path / "n") as standing:
        (standing.home.root / "usertrack.toml").write_text('public_url = "https://localhost:9/stats"\n')
        found = verified(standing)

    assert (found.code, list(found.failed)) == (4, ["tracker"])
    assert found.outcomes["batch"] == "skipped"
    assert "refused" in found.failed["tracker"]


def test_another_store_behind_the_address_is_named(well: Standing, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    assert usertrack(other, "init").returncode == 0
    (other.root / "usertrack.toml").write_text(f'public_url = "{well.public}"\n')
    found = verified(Standing("nginx", well.public, well.port, well.inside, other, well.logs))

    assert (found.code, list(found.failed)) == (4, ["batch"])
    assert "another serve answers" in found.failed["batch"]


def test_without_a_proxy_there_is_none_to_try(home: Home) -> None:
    port = free_port()
    (home.root / "usertrack.toml").write_text(f'public_url = "http://localhost:{port}"\nport = {port}\n')
    (home.root / "usertrack.toml").chmod(0o600)
    with collector(home.root, flags=["--port", str(port)]):
        found = verified(Standing("none", "", port, port, home, home.root / "log"))

    assert (found.code, found.failed) == (0, {})
    assert found.outcomes["address"] == "skipped"


def writer_of(standing: Standing) -> int:
    said = subprocess.run(
        ["pgrep", "-f", f"lifecycle.writer {standing.home.root}"], capture_output=True, text=True, check=True
    )
    return int(said.stdout.split()[0])


def test_a_writer_that_hangs_is_named_and_the_test_session_is_still_removed(tmp_path: Path) -> None:
    with proxied("nginx", tmp_path / "n") as standing:
        lock = FileLock(standing.home.root / WRITER)
        while lock.acquire():  # it has only just been started
            lock.release()
            time.sleep(0.05)
        writer = writer_of(standing)
        os.kill(writer, signal.SIGSTOP)
        try:
            found = verified(standing, wait=2)
        finally:
            os.kill(writer, signal.SIGCONT)
        sessions = usertrack(standing.home, "sql", "--json", "SELECT count(*) AS n FROM events")

    assert (found.code, list(found.failed)) == (4, ["segment"])
    assert "the writer does not work" in found.failed["segment"]
    assert found.outcomes["removed"] == "ok"
    assert json.loads(sessions.stdout)[0]["n"] == 0


def full_disk(folder: Path) -> None:
    """A scenario for a file system of its own: somebody fills the disk while serve runs."""
    with proxied("nginx", folder / "n") as standing:
        with contextlib.suppress(OSError), (folder / "filler").open("wb") as file:
            while True:
                file.write(bytes(2**20))
        time.sleep(1.5)  # serve looks once a second
        found = verified(standing)
    assert (found.code, list(found.failed)) == (4, ["batch"]), found
    assert "the disk is full" in found.failed["batch"]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    has_namespaces = (
        subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode == 0
    )
    if shutil.which("unshare") is None or not has_namespaces:
        pytest.skip("NOT PROVED HERE: a full disk needs user namespaces (unshare -Urm)")
    disk = tmp_path / "disk"
    disk.mkdir()
    code = f'from pathlib import Path; from tests.proxy.test_verify import full_disk; full_disk(Path("{disk}"))'
    mount = f"mount -t tmpfs -o size=120m,mode=0700 none {disk} && exec {sys.executable} -W ignore -c '{code}'"
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", mount],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]


def test_without_a_public_address_there_is_nothing_to_try(home: Home) -> None:
    done = usertrack(home, "verify")

    assert done.returncode == 2
    assert "public_url is not set" in done.stderr


SCRIPT = ScriptTag("https://stats.example/s/tracker.js", "", "")
SHOP = "https://shop.example/"


@pytest.mark.parametrize(
    ("policy", "is_allowed"),
    [
        ("", True),
        ("img-src 'none'", True),
        ("script-src https://stats.example", True),
        ("script-src stats.example", True),
        ("script-src *.example", True),
        ("script-src https:", True),
        ("script-src *", True),
        ("script-src http://stats.example", True),
        ("SCRIPT-SRC HTTPS://STATS.EXAMPLE", True),
        ("script-src https://stats.example/s/", True),
        ("script-src https://stats.example:*", True),
        ("default-src 'none'; script-src https://stats.example", True),
        ("script-src 'none'; script-src-elem https://stats.example", True),
        ("script-src 'self'", False),
        ("script-src 'none'", False),
        ("script-src", False),
        ("script-src *.stats.example", False),
        ("script-src https://stats.example:8443", False),
        ("script-src https://stats.example/other/", False),
        ("script-src 'strict-dynamic' https://stats.example", False),
        ("default-src 'self'", False),
        ("script-src https://evil-stats.example", False),
    ],
)
def test_a_policy_is_read_as_browsers_read_it(policy: str, is_allowed: bool) -> None:
    assert (blocking_script([policy], SCRIPT, page=SHOP) is None) is is_allowed


def test_a_nonce_or_a_digest_makes_a_script_trusted() -> None:
    policy = "script-src 'strict-dynamic' 'nonce-abc' 'sha384-xyz'"

    assert blocking_script([policy], ScriptTag(SCRIPT.url, "abc", ""), page=SHOP) is None
    assert blocking_script([policy], ScriptTag(SCRIPT.url, "", "sha384-xyz"), page=SHOP) is None
    assert blocking_script([policy], ScriptTag(SCRIPT.url, "abd", ""), page=SHOP) is not None


def test_every_policy_has_to_agree() -> None:
    policies = ["connect-src *", "connect-src 'self'"]

    assert blocking_connect(policies, "https://stats.example/i", page=SHOP) == "connect-src 'self'"


def test_addresses_in_a_page_are_those_of_its_base() -> None:
    found = markup(
        '<base href="/a/"><SCRIPT SRC=" t.js "></SCRIPT><script>x</script>', url="https://shop.example/b/c"
    )

    assert [each.url for each in found.scripts] == ["https://shop.example/a/t.js"]
