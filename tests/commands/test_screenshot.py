"""The screenshot command up to the browser; tests/browser/test_pictures.py goes on from there."""

from __future__ import annotations

import importlib.util

import pytest

from tests.commands.conftest import Run
from usertrack_cli.api import camera
from usertrack_cli.commands.init import write_settings
from usertrack_cli.store.home import Home


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://10.0.0.1/",
        "http://a:b@x.example/",
    ],
)
def test_an_address_that_may_not_be_opened_ends_with_2(home: Home, run: Run, url: str) -> None:
    done = run("screenshot", "--page", "/shop", "--url", url)

    assert done.code == 2
    assert not (home.root / "screenshots").exists()


def test_allowing_this_machine_allows_no_other_private_network(home: Home, run: Run) -> None:
    done = run("screenshot", "--page", "/shop", "--url", "http://192.168.0.1/", "--allow-loopback")

    assert done.code == 2
    assert "not a public address" in done.err


def test_without_an_address_the_setting_is_named(home: Home, run: Run) -> None:
    done = run("screenshot", "--page", "/shop")

    assert done.code == 2
    assert "site_url" in done.err


def test_the_setting_and_the_page_make_the_address(home: Home, run: Run) -> None:
    write_settings(home, 'site_url = "http://127.0.0.1:9"\n')

    done = run("screenshot", "--page", "//evil.example/shop")

    assert done.code == 2
    assert "127.0.0.1 is not a public address" in done.err


def test_several_pages_at_once_are_refused(home: Home, run: Run) -> None:
    assert run("screenshot", "--page", "/shop/*", "--url", "http://127.0.0.1/").code == 2


def test_without_playwright_the_extra_is_named(home: Home, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(camera, "find_spec", lambda name: None if name == "playwright" else found(name))

    done = run("screenshot", "--page", "/shop", "--url", "http://127.0.0.1:9/", "--allow-loopback")

    assert done.code == 2
    assert "usertrack[browser]" in done.err
