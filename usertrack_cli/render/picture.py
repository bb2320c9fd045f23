"""Pictures on disk: PNG, written whole or not at all.

Pillow tries five filters on every row; pictures like ours (flat pages, soft spots) compress as well with the
"up" filter alone, in a fifth of the time. Encoding is a chunk at a time, so a tall page needs no second copy.
"""

from __future__ import annotations

import os
import secrets
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from isal import isal_zlib
from PIL import Image

from usertrack_cli.errors import UsageError
from usertrack_cli.render.density import UInt8Array
from usertrack_cli.render.text import safe_text

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ROWS_PER_BLOCK = 512
COMPRESSION_LEVEL = 1
"""Of 0 to 3; level 2 makes pictures like ours no smaller."""

KEYWORD_BYTES_MAX = 79
"""Of the PNG specification, 11.3.3."""

TRUECOLOUR, UP_FILTER = 2, 2


def png_chunks(image: Image.Image, *, metadata: Mapping[str, str]) -> Iterator[bytes]:
    """Yield a PNG file piece by piece.

    Args:
        metadata: Keyword to text, kept as ``iTXt`` (UTF-8). Keywords are ASCII, 1 to 79 characters.
    """
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    yield SIGNATURE
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", rgb.width, rgb.height, 8, TRUECOLOUR, 0, 0, 0))
    for keyword, text in metadata.items():
        yield _chunk(b"iTXt", _international_text(keyword, text))
    compressor = isal_zlib.compressobj(COMPRESSION_LEVEL)
    for block in _filtered_blocks(rgb):
        packed = compressor.compress(block.data)
        if packed:
            yield _chunk(b"IDAT", packed)
    yield _chunk(b"IDAT", compressor.flush())
    yield _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def _international_text(keyword: str, text: str) -> bytes:
    name = keyword.encode("ascii")
    if not 1 <= len(name) <= KEYWORD_BYTES_MAX:
        raise ValueError(f"PNG keyword of {len(name)} bytes")
    # No compression, no language, no translated keyword.
    return name + b"\0\0\0\0\0" + safe_text(text).replace("\0", "").encode()


def _filtered_blocks(rgb: Image.Image) -> Iterator[UInt8Array]:
    """Yield rows as PNG wants them: the filter's number, then the difference to the row above."""
    row_bytes = rgb.width * 3
    above = np.zeros(row_bytes, dtype=np.uint8)
    for top in range(0, rgb.height, ROWS_PER_BLOCK):
        bottom = min(top + ROWS_PER_BLOCK, rgb.height)
        rows = np.asarray(rgb.crop((0, top, rgb.width, bottom))).reshape(bottom - top, row_bytes)
        block = np.empty((bottom - top, row_bytes + 1), dtype=np.uint8)
        block[:, 0] = UP_FILTER
        np.subtract(rows[0], above, out=block[0, 1:])
        np.subtract(rows[1:], rows[:-1], out=block[1:, 1:])
        above = rows[-1]
        yield block


def texts_of(path: Path) -> dict[str, str]:
    """Return the text fields of a PNG; empty where the file cannot be read as one."""
    try:
        with Image.open(path) as file:
            file.load()
            found = getattr(file, "text", {})
            return {str(keyword): str(text) for keyword, text in found.items()}
    except (OSError, ValueError, Image.DecompressionBombError):
        return {}


def write_png(image: Image.Image, path: Path, *, metadata: Mapping[str, str]) -> None:
    """Write a PNG: beside its place, synced, then renamed into it.

    An existing file is replaced; on a failure it stays as it was and nothing is left beside it.

    Raises:
        UsageError: The file cannot be written there.
    """
    beside = path.with_name(f".{secrets.token_hex(8)}.png.tmp")
    try:
        _write_synced(beside, png_chunks(image, metadata=metadata))
        beside.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        _remove(beside)
        raise UsageError(
            f"cannot write {safe_text(str(path))}: {error.strerror or error}",
            hint="name another file with --output",
        ) from error
    except BaseException:
        _remove(beside)
        raise


def _remove(path: Path) -> None:
    # The failure that led here is the one to report.
    with suppress(OSError):
        path.unlink()


def _write_synced(path: Path, pieces: Iterator[bytes]) -> None:
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
