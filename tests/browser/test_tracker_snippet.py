"""The tag that ``snippet`` prints works where a page trusts nobody."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.scene import Scene, scene, status, tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

HTML = (
    "<!doctype html><html><head><title>Strict</title>{tag}</head><body><button id=go>Go</button></body></html>"
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {"/strict": HTML.format(tag="<!--tag-->")}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, pages: dict[str, str]) -> Iterator[Scene]:
    data = tmp_path_factory.mktemp("snippet") / "data"
    with scene(data, pages, settings='exclude_pages = ["/x"]\ncontact = "wir@läden.example"\n') as made:
        yield made


def printed(stage: Scene, base: str, *flags: str) -> list[str]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "usertrack_cli",
            "snippet",
            "--data",
            str(stage.home.root),
            "--public-url",
            base,
            *flags,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def base_of(stage: Scene, browser: Browser) -> str:
    with tab(browser) as page:
        page.goto(stage.origin + "/strict")
        return str(page.evaluate("new URL(document.querySelector('script').src).origin"))


def test_the_printed_digest_and_policy_let_the_tracker_run(
    stage: Scene, browser: Browser, pages: dict[str, str]
) -> None:
    base = base_of(stage, browser)
    tag, policy = printed(stage, base, "--sri", "--csp")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy.partition(": ")[2]}">'
    spoilt = re.sub(r"sha384-.", "sha384-_", tag)
    pages |= {"/sri": HTML.format(tag=meta + tag), "/spoilt": HTML.format(tag=spoilt)}

    with tab(browser) as page:
        page.goto(stage.origin + "/sri")
        told = status(page)
        stage.wait_for("page = '/sri' AND kind = 'pageview'", page=page)
        page.goto(stage.origin + "/sri?ust-debug")
        page.get_by_role("status").wait_for()
    with tab(browser) as page:
        page.goto(stage.origin + "/spoilt")
        is_there = page.evaluate("!!window.usertrack")

    assert told["recording"] is True
    # The control: another digest, and the browser refuses.
    assert is_there is False


def test_a_strict_policy_reports_nothing(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(stage.origin + "/strict?ust-opt-out")
        page.get_by_role("status").wait_for()
        page.goto(stage.origin + "/strict?ust-opt-in")
        page.get_by_role("status").wait_for()
        assert status(page)["recording"] is True

    assert [each for each in said if "Security" in each] == []
