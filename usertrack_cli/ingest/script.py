"""The tracker as it is served: the operator's settings before the built scripts."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha384
from typing import Any

from usertrack_cli.assets import asset
from usertrack_cli.errors import UsertrackError
from usertrack_cli.settings import Settings
from usertrack_cli.values import RECORDABLE

PARTS = ("tracker.js", "banner.js", "info.js")
"""What the tracker is built into: what every page needs, consent, and what a visitor asks for."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script as it is served, plain and compressed."""

    plain: bytes
    compressed: bytes
    etag: str

    @property
    def integrity(self) -> str:
        """What a script tag says so that the browser runs these bytes and no others."""
        return f"sha384-{b64encode(sha384(self.plain).digest()).decode('ascii')}"


def tracker_config(settings: Settings) -> dict[str, Any]:
    """Return the settings that the tracker obeys, under the names it knows."""
    texts = {
        "title": settings.banner_title,
        "text": settings.banner_text,
        "accept": settings.banner_accept,
        "decline": settings.banner_decline,
        "url": settings.privacy_url,
    }
    config = {
        "site": settings.site,
        "consent": settings.consent,
        "dnt": settings.respect_dnt,
        "gpc": settings.respect_gpc,
        "inputs": settings.inputs,
        "record": None if set(settings.record) == set(RECORDABLE) else list(settings.record),
        "excludePages": list(settings.exclude_pages),
        "excludeFields": list(settings.exclude_fields),
        "maskSelectors": list(settings.mask_selectors),
        "queryKeys": list(settings.query_keys),
        "sampleRatio": settings.sample_ratio,
        "consentVersion": settings.consent_version,
    }
    optional = {
        "texts": {name: text for name, text in texts.items() if text},
        "contact": settings.contact,
        "beforeConsent": settings.before_consent if settings.before_consent == "count" else None,
    }
    return config | {name: value for name, value in optional.items() if value}


def built_parts() -> dict[str, bytes]:
    """Return the built scripts by name.

    Raises:
        UsertrackError: One of them is not there.
    """
    try:
        return {name: asset(name).read_bytes() for name in PARTS}
    except FileNotFoundError as error:
        raise UsertrackError(str(error), hint="build it with: npm run build, in tracker") from error


def scripts(sites: Mapping[str, Settings], parts: Mapping[str, bytes]) -> dict[str, Script]:
    """Return the tracker of each site."""
    return {slug: site_script(settings, parts) for slug, settings in sites.items()}


def shared_scripts(parts: Mapping[str, bytes]) -> dict[str, Script]:
    """Return the scripts that the tracker loads when it needs them, by path."""
    return {f"/{name}": _script(content) for name, content in parts.items() if name != "tracker.js"}


def site_script(settings: Settings, parts: Mapping[str, bytes]) -> Script:
    """Return one site's tracker with its settings; who asks for consent gets the banner in the same file."""
    config = json.dumps(tracker_config(settings), separators=(",", ":"))
    asks = settings.consent != "off"
    return _script(
        b"self.__ust_cfg="
        + config.encode("ascii")
        + b";\n"
        # Before the tracker, which looks for it when it starts.
        + (parts["banner.js"] if asks else b"")
        + parts["tracker.js"]
    )


def _script(plain: bytes) -> Script:
    # No time in the header: the same script has the same bytes after every start.
    return Script(plain, gzip.compress(plain, mtime=0), blake2b(plain, digest_size=12).hexdigest())
