"""The tag that a web master pastes into the pages, and where it leads to."""

from __future__ import annotations

from urllib.parse import urlsplit

from usertrack_cli.settings import Settings


def tracker_url(base: str, site: str, *, path: str = "/tracker.js") -> str:
    """Return the address of the tracker of ``site`` at the collector at ``base``."""
    return f"{base}{path}{'' if site == 'default' else f'?site={site}'}"


def script_tag(base: str, site: str, *, path: str = "/tracker.js", integrity: str = "") -> str:
    """Return the tag that loads the tracker of ``site`` from the collector at ``base``.

    Args:
        path: Of the script below ``base``.
        integrity: Digest of the script; the browser runs no other one.
    """
    held = f' integrity="{integrity}" crossorigin="anonymous"' if integrity else ""
    return f'<script defer src="{tracker_url(base, site, path=path)}"{held}></script>'


def script_of(settings: Settings) -> tuple[bytes, str]:
    """Return the tracker as serve would send it now, and its integrity."""
    from usertrack_cli.ingest.script import built_parts, site_script

    script = site_script(settings, built_parts())
    return script.plain, script.integrity


def policy(base: str) -> str:
    """Return what a page's Content-Security-Policy has to allow besides what it allows already."""
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"script-src {origin}; connect-src {origin}"
