"""A receipt as one page of text that a person can read, file and print."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from usertrack_cli.plural import count

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.receipt import Receipt

WIDTH = 80
EPOCHS_SHOWN = 6
FILES_SHOWN = 8
_LABEL = 16
_REASONS = {
    "delete": "a request (usertrack delete)",
    "withdrawal": "the visitor withdrew consent",
    "restore": "a backup was restored that still held them",
}
_TABLES = {"sessions_open": "open sessions", "watched": "watched marks", "outputs": "notes of written files"}


def page(receipt: Receipt) -> str:
    """Return the page; it says the same as the signed JSON beside it, shortened where that is long."""
    body = receipt.body
    title = f"Erasure receipt {receipt.number}"
    lines = [title, "=" * len(title), ""]
    lines += _entry(
        "made", f"{body['made_at']} by {body['operator']}, {body['program']}, store {body['store']}"
    )
    lines += _entry("request", body["request"] or "no number given")
    lines += _entry("because of", _REASONS.get(body["reason"], body["reason"]))
    if body["finished_after_interruption"]:
        lines += _entry("", "interrupted, and finished later under the same request")
    lines += ["", *_searched(body["searched"]), "", *_found(body["found"])]
    lines += ["", *_files(body["files"]), *_outputs(body["outputs"])]
    lines += ["", *_verified(body), "", *_unlinkable(body["unlinkable"]), *_backup(body), "", *_proof(receipt)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _entry(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"{label:<{_LABEL}}", subsequent_indent=" " * _LABEL, break_on_hyphens=False
    ) or [label]


def _searched(searched: Mapping[str, Any]) -> list[str]:
    by = ", ".join(searched["by"]) or "nothing"
    if searched["agents"]:
        by += f" ({count(searched['agents'], 'agent string')} tried under each key)"
    lines = _entry("searched by", by)
    lines += _entry("sites", ", ".join(searched["sites"]) or "none")
    if searched["epochs"]:
        lines += _entry("key epochs", _epochs(searched["epochs"]))
    lines += _entry("places", ", ".join(searched["places"]))
    if searched["unsearchable_files"]:
        files = count(searched["unsearchable_files"], "damaged file")
        lines += _entry("not searched", f"{files} in quarantine that cannot be decoded")
    return lines


def _epochs(epochs: Sequence[Mapping[str, Any]]) -> str:
    shown = [f"{each['site']} {each['epoch'] or 'never ending'}" for each in epochs[:EPOCHS_SHOWN]]
    more = len(epochs) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _found(found: Mapping[str, Any]) -> list[str]:
    if not found["sessions"]:
        return _entry("found", "nothing: no session in this store belongs to what was searched by")
    parts = [count(found["sessions"], "session"), count(found["events"], "event")]
    parts.append(f"in {count(found['segments'], 'segment')}")
    lines = _entry("found, erased", ", ".join(parts))
    tables = [f"{_TABLES.get(name, name)} {number}" for name, number in sorted(found["tables"].items())]
    tables += [f"texts of layouts {found['layouts']}"] if found["layouts"] else []
    tables += [f"quarantined files {found['quarantined']}"] if found["quarantined"] else []
    if found["damaged_rows"]:
        tables.append(f"rows of a damaged file that could not be told apart {found['damaged_rows']}")
    return lines + (_entry("", "; ".join(tables)) if tables else [])


def _files(files: Sequence[Mapping[str, Any]]) -> list[str]:
    if not files:
        return _entry("files", "none was changed")
    lines: list[str] = []
    for each in files[:FILES_SHOWN]:
        before = ", ".join(old["sha256"][:16] for old in each["before"][:3])
        after = ", ".join(new["sha256"][:16] for new in each["after"][:3]) or "nothing"
        lines += _entry("" if lines else "files, SHA-256", f"{each['site']} {each['day']}: {before} -> {after}")
    if len(files) > FILES_SHOWN:
        lines += _entry("", f"and {len(files) - FILES_SHOWN} days more in the JSON")
    return lines


def _outputs(outputs: Mapping[str, int]) -> list[str]:
    if not outputs["named"]:
        return []
    return _entry("written files", f"{outputs['named']} held such a session, {outputs['removed']} removed")


def _verified(body: Mapping[str, Any]) -> list[str]:
    verified = body["verified"]
    if not body["found"]["sessions"]:
        return []
    return _entry(
        "verified",
        f"{verified['at']}: the decoded session column of {count(verified['files'], 'file')} and"
        f" {count(verified['tables'], 'table')} hold none of them; the write-ahead log is empty of them."
        " Their ids stay for 72 h in the list by which late batches are dropped.",
    )


def _unlinkable(epochs: Sequence[Mapping[str, Any]]) -> list[str]:
    if not epochs:
        return _entry("not linkable", "no key epoch: each key that was ever made still exists")
    shown = [f"{each['site']} {each['epoch']} since {each['since'][:10]}" for each in epochs[:EPOCHS_SHOWN]]
    more = f" and {len(epochs) - len(shown)} more" if len(epochs) > len(shown) else ""
    return _entry(
        "not linkable",
        f"{', '.join(shown)}{more}: the keys were destroyed, what they named belongs to nobody"
        " any more (GDPR Article 11)",
    )


def _backup(body: Mapping[str, Any]) -> list[str]:
    made_at = body["backup_made_at"]
    held = f"the backup of {made_at} still holds them; a restore erases them again" if made_at else ""
    return _entry("not covered", "logs of the web server; copies made by others") + (
        _entry("", held) if held else []
    )


def _proof(receipt: Receipt) -> list[str]:
    body = receipt.body
    lines = _entry("sessions", f"{count(len(body['sessions']), 'keyed digest')} in the JSON")
    if spans := len(body.get("log_spans", ())):
        lines += _entry("access logs", f"{count(spans, 'keyed digest')} of half hours that no log brings back")
    lines += _entry("previous head", body["previous"])
    lines += _entry("Ed25519 key", body["public_key"])
    lines += _entry("head", receipt.head)
    return [*lines, *_entry("", "Keep this head elsewhere. Check it with: usertrack receipt verify")]
