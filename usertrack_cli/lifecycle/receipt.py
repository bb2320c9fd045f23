"""Receipts: what an erasure found and removed, signed, and chained so that none can be left out.

A receipt is the JSON object ``receipt`` in canonical form (sorted keys, no spaces, ASCII), its
Ed25519 signature, and its head: the SHA-256 of that form. Each names the head of the one before,
so who keeps one head elsewhere can tell later whether anything up to it was changed or removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from usertrack_cli import __version__
from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import Home
from usertrack_cli.store.ledger import put_entry, read_entry, receipt_files
from usertrack_cli.store.seed import signing_seed

VERSION = 2
"""The first form of the ledger was an unsigned list."""
FIRST_PREVIOUS = "0" * 64


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt as it lies in the ledger."""

    file: Path
    body: Mapping[str, Any]
    signature: str
    head: str

    @property
    def number(self) -> int:
        """Its place in the chain, from 1."""
        return int(self.body["number"])

    @property
    def digests(self) -> frozenset[str]:
        """The keyed digests of the erased sessions."""
        return frozenset(self.body["sessions"])

    @property
    def salt(self) -> bytes:
        """What the digests are keyed with."""
        return bytes.fromhex(self.body["salt"])


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed and hashed."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def head_of(body: Mapping[str, Any]) -> str:
    """Return the head: what the next receipt names, and what to keep elsewhere."""
    return hashlib.sha256(canonical(body)).hexdigest()


def instant(moment_ms: int) -> str:
    """Return ``2026-11-23T14:05:09Z``."""
    return datetime.fromtimestamp(moment_ms // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def issue(home: Home, content: Mapping[str, Any], *, now_ms: int) -> Receipt:
    """Sign what an erasure did as the next receipt of the chain, and keep it; once for each ``id``.

    The caller holds the maintenance lock.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from usertrack_cli.lifecycle.receipt_page import page

    earlier = receipt_files(home.ledger)
    last = read_receipt(earlier[-1]) if earlier else None
    if last is not None and last.body["id"] == content["id"]:
        return last  # written before the crash
    key = Ed25519PrivateKey.from_private_bytes(signing_seed(home))
    body = {
        "version": VERSION,
        "number": last.number + 1 if last is not None else 1,
        "previous": last.head if last is not None else FIRST_PREVIOUS,
        "made_at": instant(now_ms),
        "program": f"usertrack {__version__}",
        "public_key": key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
        **content,
    }
    head = head_of(body)
    receipt = Receipt(
        home.ledger / f"receipt-{body['number']:06d}-{head[:8]}.json",
        body,
        key.sign(canonical(body)).hex(),
        head,
    )
    text = json.dumps({"receipt": body, "signature": receipt.signature, "head": head}, indent=1, sort_keys=True)
    put_entry(home, receipt.file.with_suffix(".txt"), page(receipt).encode("utf-8"))
    put_entry(home, receipt.file, text.encode("ascii"))
    return receipt


def read_receipt(file: Path) -> Receipt:
    """Return a receipt as it is written; whether it is genuine is another question.

    Raises:
        StoreError: It is not a receipt.
    """
    content = read_entry(file)
    with suppress(KeyError, TypeError, ValueError):
        receipt = Receipt(file, content["receipt"], str(content["signature"]), str(content["head"]))
        if receipt.number > 0 and isinstance(receipt.digests, frozenset) and receipt.salt:
            return receipt
    raise StoreError(f"{file.name} is not a receipt", hint="list them with: usertrack receipt list")


def receipts(folder: Path) -> list[Receipt]:
    """Return the receipts of a ledger, by number."""
    return sorted((read_receipt(file) for file in receipt_files(folder)), key=lambda each: each.number)


def fault_of(receipt: Receipt) -> str:
    """Return what is wrong with a receipt taken for itself, or an empty text."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(receipt.body["public_key"])))
        key.verify(bytes.fromhex(receipt.signature), canonical(receipt.body))
    except (InvalidSignature, ValueError, KeyError):
        return "its signature does not fit what it says"
    return "" if receipt.head == head_of(receipt.body) else "its head is not the digest of what it says"


def chain_faults(chain: Iterable[Receipt]) -> list[str]:
    """Return what is wrong with a whole chain, a sentence for each fault; none where all is well."""
    faults = []
    previous, number = FIRST_PREVIOUS, 0
    for receipt in chain:
        fault = fault_of(receipt)
        if fault:
            faults.append(f"receipt {receipt.number}: {fault}")
        if receipt.number != number + 1:
            is_double = receipt.number <= number
            faults.append(
                f"receipt {receipt.number} is there twice" if is_double else f"receipt {number + 1} is missing"
            )
        elif receipt.body["previous"] != previous:
            faults.append(f"receipt {receipt.number} does not follow the receipt before it")
        previous, number = head_of(receipt.body), receipt.number
    return faults


def own_public_key(home: Home) -> str:
    """Return the public key that this store signs with now, in hex, or an empty text."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if not home.seed.is_file():
        return ""
    key = Ed25519PrivateKey.from_private_bytes(signing_seed(home))
    return str(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex())
