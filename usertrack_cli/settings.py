"""Every setting once: its name, type, default and help; and where its value came from.

A value is taken from the flag, else the variable ``USERTRACK_<NAME>``, else the site's table
``[site.<slug>]`` in ``usertrack.toml``, else the top level of that file, else the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from usertrack_cli import controller, naming, values
from usertrack_cli.errors import StoreError, UsageError
from usertrack_cli.log import LogFormat
from usertrack_cli.values import RECORDABLE, SITE_PATTERN, duration_ms

SETTINGS_FILE = "usertrack.toml"
SYSTEM_DATA_DIR = Path("/var/lib/usertrack")

Consent = Literal["off", "banner", "api"]
Inputs = Literal["off", "mask", "plain"]
KeyEpoch = Literal["daily", "monthly", "never"]
StoreIp = Literal["hash", "plain"]
BeforeConsent = Literal["off", "count"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one setting, apart from its value."""

    name: str
    parse: Callable[[object], Any]
    default: Any
    help: str
    is_per_site: bool


def _setting(default: Any, parse: Callable[[object], Any], text: str, *, per_site: bool = False) -> Any:
    return field(
        default=parse(default), metadata={"parse": parse, "raw": default, "help": text, "per_site": per_site}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force for one site; instances come from :func:`load`."""

    site: str = _setting("default", values.slug, "Site that commands mean when none is named.")
    host: str = _setting("127.0.0.1", values.text, "Address that serve listens on.")
    port: int = _setting(8770, values.port, "Port that serve listens on; 0 takes a free one.")
    public_url: str = _setting("", values.url, "Where browsers reach serve, for example https://stats.example.")
    site_url: str = _setting(
        "", values.url, "Where the recorded site is, for screenshots of its pages.", per_site=True
    )
    origins: tuple[str, ...] = _setting(
        [],
        values.origins,
        "Origins whose pages may send; empty means any, for the site 'default' only.",
        per_site=True,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        ["127.0.0.0/8", "::1/128"],
        values.networks,
        "Networks of proxies whose word on the visitor's address is taken.",
    )
    client_ip_header: str = _setting(
        "X-Forwarded-For", values.header, "Header in which they name the visitor's address."
    )
    tracker_path: str = _setting(
        "/tracker.js", values.script_path, "Path of the tracker below public_url; batches go beside it."
    )
    metrics_token: str = _setting(
        "", values.token, "Who sends it as a bearer token may read /metrics from elsewhere."
    )
    log_format: LogFormat = _setting(
        "text", values.one_of(LogFormat), "Form of what serve says on standard error: text or json."
    )
    geoip_db: str = _setting(
        "", values.text, "MaxMind country or city database (.mmdb) for the country of a session."
    )
    timezone: str = _setting(
        "", values.zone, "Zone of the dates in filters and pictures; empty means the system's."
    )
    consent: Consent = _setting(
        "off",
        values.one_of(Consent),
        "off records at once; banner asks each visitor; api waits for usertrack.consent(true).",
        per_site=True,
    )
    before_consent: BeforeConsent = _setting(
        "off", values.one_of(BeforeConsent), "count adds pages seen up to totals, of nobody.", per_site=True
    )
    consent_version: str = _setting(
        "1", values.text, "Version of the banner's text; a new one asks every visitor again.", per_site=True
    )
    erase_on_withdrawal: bool = _setting(
        True, values.flag, "Erase a running session when its visitor withdraws consent.", per_site=True
    )
    banner_title: str = _setting("", values.text, "Title of the banner; empty takes ours.", per_site=True)
    banner_text: str = _setting("", values.text, "Text of the banner; empty takes ours.", per_site=True)
    banner_accept: str = _setting("", values.text, "Label of its button to accept.", per_site=True)
    banner_decline: str = _setting("", values.text, "Label of its button to decline.", per_site=True)
    privacy_url: str = _setting(
        "", values.text, "Address of your privacy policy, for the banner.", per_site=True
    )
    contact: str = _setting(
        "", values.text, "Where visitors reach you; ?ust-info shows it to them.", per_site=True
    )
    respect_dnt: bool = _setting(
        True, values.flag, "Record nothing from browsers that send Do Not Track.", per_site=True
    )
    respect_gpc: bool = _setting(
        True, values.flag, "Record nothing from browsers that send Sec-GPC.", per_site=True
    )
    inputs: Inputs = _setting(
        "mask", values.one_of(Inputs), "Typed input: off, mask (its length), plain (its text).", per_site=True
    )
    record: tuple[str, ...] = _setting(
        list(RECORDABLE), values.kinds, "Kinds of events to record.", per_site=True
    )
    exclude_pages: tuple[str, ...] = _setting(
        [], values.texts, "Pages never recorded, for example /admin/*.", per_site=True
    )
    exclude_fields: tuple[str, ...] = _setting(
        [], values.texts, "CSS selectors of fields never recorded.", per_site=True
    )
    mask_selectors: tuple[str, ...] = _setting(
        [], values.texts, "CSS selectors whose texts are never kept.", per_site=True
    )
    query_keys: tuple[str, ...] = _setting(
        [], values.texts, "Query keys kept besides utm_* and ref; all others are dropped.", per_site=True
    )
    ignore_addresses: tuple[str, ...] = _setting(
        [], values.networks, "Networks that are never recorded.", per_site=True
    )
    sample_ratio: float = _setting(1.0, values.ratio, "Share of sessions recorded, 0 to 1.", per_site=True)
    store_ip: StoreIp = _setting(
        "hash",
        values.one_of(StoreIp),
        "hash keeps a keyed hash of address and agent; plain keeps the address too.",
        per_site=True,
    )
    key_epoch: KeyEpoch = _setting(
        "monthly", values.one_of(KeyEpoch), "How long one visitor key lives.", per_site=True
    )
    ipv6_prefix: int = _setting(
        64, values.ipv6_prefix, "Bits of an IPv6 address that name a visitor.", per_site=True
    )
    max_sessions: int = _setting(
        100_000, values.positive, "Sessions kept per site; the oldest give way.", per_site=True
    )
    max_age: int = _setting("390d", duration_ms, "Sessions older than this are removed.", per_site=True)
    moves: int = _setting("30d", duration_ms, "Pointer movements older than this are removed.", per_site=True)
    flush_interval: int = _setting("2s", duration_ms, "How often the writer turns batches into segments.")
    page: tuple[naming.PageGroup, ...] = _setting(
        (), naming.page_groups, "Tables of match and name: pages that match count as one.", per_site=True
    )
    tag: tuple[naming.TagRule, ...] = _setting(
        (), naming.tag_rules, "Tables of name and where: a tag by SQL over the view sessions.", per_site=True
    )
    conversion: tuple[naming.Conversion, ...] = _setting(
        (), naming.conversions, "Tables of name and steps (and within): a funnel with a name.", per_site=True
    )


def _catalogue() -> dict[str, Setting]:
    return {
        f.name: Setting(
            f.name, f.metadata["parse"], f.metadata["raw"], f.metadata["help"], f.metadata["per_site"]
        )
        for f in fields(Settings)
    }


SETTINGS: Mapping[str, Setting] = _catalogue()


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings with, for each name, where its value came from."""

    settings: Settings
    origin: Mapping[str, str]


def data_dir(flag: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data directory: ``--data``, ``USERTRACK_DATA``, the system's, or the user's own."""
    if flag is not None:
        return flag.absolute()
    if environ.get("USERTRACK_DATA"):
        return Path(environ["USERTRACK_DATA"]).absolute()
    if SYSTEM_DATA_DIR.is_dir():
        return SYSTEM_DATA_DIR
    from platformdirs import user_data_path

    return user_data_path("usertrack", appauthor=False)


def read_file(data: Path) -> dict[str, Any]:
    """Return the contents of ``usertrack.toml``, empty where there is none.

    Raises:
        UsageError: The file is not TOML, or names a setting or site that cannot be.
        StoreError: The file cannot be read.
    """
    path = data / SETTINGS_FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    sites = table.get("site", {})
    # `site = "shop"` chooses the site that commands mean; `[site.shop]` holds that site's own settings.
    tables = sites if isinstance(sites, dict) else {}
    for slug, overrides in tables.items():
        if not SITE_PATTERN.fullmatch(slug) or not isinstance(overrides, dict):
            raise UsageError(f"[site.{slug}] in {path} does not name a site", hint="use a-z, 0-9 and '-'")
        _refuse_unknown(overrides, path, f"[site.{slug}]", only_per_site=True)
    _refuse_unknown(
        {name: value for name, value in table.items() if value is not tables}, path, "", only_per_site=False
    )
    for where, part in [("", table), *((f"site.{slug}.", own) for slug, own in tables.items())]:
        if (wrong := controller.wrong_in(part.get(controller.TABLE, {}))) is not None:
            raise UsageError(f"[{where}{controller.TABLE}] in {path}: {wrong}")
    return table


def _refuse_unknown(table: Mapping[str, Any], path: Path, where: str, *, only_per_site: bool) -> None:
    for name in [each for each in table if each != controller.TABLE]:
        if name not in SETTINGS:
            raise UsageError(
                f"{name} {where + ' ' if where else ''}in {path} is not a setting",
                hint="see usertrack config",
            )
        if only_per_site and not SETTINGS[name].is_per_site:
            raise UsageError(f"{name} in {path} cannot differ by site", hint=f"move it out of {where}")


def site_slugs(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sites that may be recorded: ``default`` and every ``[site.<slug>]`` of the file."""
    sites = table.get("site", {})
    return tuple(sorted({"default", *(sites if isinstance(sites, dict) else {sites: None})}))


def resolve(
    table: Mapping[str, Any],
    *,
    site: str | None = None,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Resolved:
    """Return the settings in force for ``site`` and where each came from.

    Args:
        table: What :func:`read_file` returned.
        site: Slug; where ``None`` the site that is itself set.
        flags: Values typed on the command line; ``None`` values count as not typed.

    Raises:
        UsageError: A value cannot be what its setting needs; the message names setting and origin.
    """
    sites = table.get("site", {})
    top = {name: value for name, value in table.items() if not (name == "site" and isinstance(value, dict))}
    typed = {name: value for name, value in (flags or {}).items() if value is not None}
    if site is None:
        site = str(typed.get("site") or environ.get("USERTRACK_SITE") or top.get("site") or "default")
    own = sites.get(site, {}) if isinstance(sites, dict) else {}
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, setting in SETTINGS.items():
        variable = f"USERTRACK_{name.upper()}"
        for raw, source in (
            (typed.get(name), f"--{name.replace('_', '-')}"),
            (environ.get(variable), variable),
            (own.get(name), f"{SETTINGS_FILE} [site.{site}]"),
            (top.get(name), SETTINGS_FILE),
            (setting.default, "default"),
        ):
            if raw is not None:
                found[name], origin[name] = _parsed(setting, raw, source), source
                break
    found["site"] = _parsed(SETTINGS["site"], site, "site")
    if "consent" in origin and origin["consent"] == "default" and is_public_url(found["public_url"]):
        # Recording needs prior consent in the EU, so a site that is reachable asks unless told otherwise.
        found["consent"], origin["consent"] = "banner", "default, since public_url is set"
    return Resolved(Settings(**found), origin)


def _parsed(setting: Setting, raw: object, source: str) -> Any:
    try:
        return setting.parse(raw)
    except ValueError as error:
        raise UsageError(f"{setting.name} from {source} cannot be {raw!r}: {error}") from error


def is_public_url(url: str) -> bool:
    """Return True for an address that browsers elsewhere are meant to reach."""
    return bool(url) and urlsplit(url).hostname not in {"localhost", "127.0.0.1", "::1"}


def zone_of(settings: Settings) -> ZoneInfo:
    """Return the zone that dates are read and printed in."""
    if settings.timezone:
        return ZoneInfo(settings.timezone)
    try:
        name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
        return ZoneInfo(name if name and name != "Etc/UTC" else "UTC")
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")
