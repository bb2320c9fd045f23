"""Content security policies: whether a page may load the tracker and send to the server.

After https://www.w3.org/TR/CSP3/, as far as a script from another host and its requests are concerned.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from usertrack_cli.api.markup import ScriptTag

SCRIPT = ("script-src-elem", "script-src", "default-src")
CONNECT = ("connect-src", "default-src")
"""Directives that decide, the first that a policy has."""
_PORTS = {"http": 80, "https": 443}


def blocking_script(policies: Iterable[str], script: ScriptTag, *, page: str) -> str | None:
    """Return the directive that keeps the page from loading ``script``, or ``None``."""
    for policy in policies:
        name, sources = _deciding(policy, SCRIPT)
        if not name or _is_trusted(sources, script):
            continue
        is_dynamic = "'strict-dynamic'" in {each.lower() for each in sources}
        if is_dynamic or not _matches(sources, script.url, page=page):
            return f"{name} {' '.join(sources)}".strip()
    return None


def blocking_connect(policies: Iterable[str], url: str, *, page: str) -> str | None:
    """Return the directive that keeps the page from sending to ``url``, or ``None``."""
    for policy in policies:
        name, sources = _deciding(policy, CONNECT)
        if name and not _matches(sources, url, page=page):
            return f"{name} {' '.join(sources)}".strip()
    return None


def _deciding(policy: str, names: tuple[str, ...]) -> tuple[str, list[str]]:
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            directives.setdefault(words[0].lower(), words[1:])
    return next(((name, directives[name]) for name in names if name in directives), ("", []))


def _is_trusted(sources: list[str], script: ScriptTag) -> bool:
    nonce = f"'nonce-{script.nonce}'" if script.nonce else ""
    hashes = {f"'{each}'" for each in script.integrity.split()}
    return (nonce != "" and nonce in sources) or bool(hashes & set(sources))


def _matches(sources: list[str], url: str, *, page: str) -> bool:
    wanted, own = urlsplit(url), urlsplit(page)
    return any(_matches_one(source, wanted, own) for source in sources)


def _matches_one(source: str, wanted: SplitResult, own: SplitResult) -> bool:
    lowered = source.lower()
    if lowered == "'self'":
        return _is_scheme(wanted.scheme, own.scheme) and (wanted.hostname, _port(wanted)) == (
            own.hostname,
            _port(own),
        )
    if lowered.startswith("'"):
        return False
    if lowered == "*":
        return wanted.scheme in {"http", "https"}
    if lowered.endswith(":"):
        return _is_scheme(wanted.scheme, lowered[:-1])
    allowed = urlsplit(source if "//" in source else f"{own.scheme}://{source}")
    return (
        _is_scheme(wanted.scheme, allowed.scheme)
        and _is_host(wanted.hostname or "", allowed.hostname or "")
        and _is_port(wanted, allowed.netloc)
        and _is_path(wanted.path, allowed.path)
    )


def _is_scheme(wanted: str, allowed: str) -> bool:
    return wanted == allowed or (allowed, wanted) == ("http", "https")


def _is_host(wanted: str, allowed: str) -> bool:
    return wanted == allowed or (allowed.startswith("*.") and wanted.endswith(allowed[1:]))


def _is_port(wanted: SplitResult, netloc: str) -> bool:
    port = netloc.rpartition(":")[2] if ":" in netloc and not netloc.endswith("]") else ""
    return port == "*" or _port(wanted) == (int(port) if port.isdecimal() else _PORTS.get(wanted.scheme))


def _is_path(wanted: str, allowed: str) -> bool:
    if allowed in {"", "/"}:
        return True
    return wanted.startswith(allowed) if allowed.endswith("/") else wanted == allowed


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)
