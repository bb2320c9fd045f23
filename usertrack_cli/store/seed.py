"""The seed that receipts are signed with: 32 random bytes, made once."""

from __future__ import annotations

import os
import secrets

from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import FILE_MODE, Home, sync_dir
from usertrack_cli.store.ledger import receipt_files

SEED_BYTES = 32


def signing_seed(home: Home) -> bytes:
    """Return the seed, made where nothing was ever signed with one.

    Raises:
        StoreError: It is gone although receipts were signed with it: a new one could not continue them.
    """
    if home.seed.is_file():
        seed = home.seed.read_bytes()
        if len(seed) != SEED_BYTES:
            raise StoreError(f"{home.seed} is damaged", hint="bring it back from: usertrack keys backup")
        return seed
    if receipt_files(home.ledger):
        raise StoreError(
            f"{home.seed} is missing although receipts were signed with it",
            hint="bring it back from a backup of the keys",
        )
    return make_seed(home)


def make_seed(home: Home, seed: bytes | None = None) -> bytes:
    """Write the seed, a random one unless it is given; of two makers one wins."""
    draft = home.seed.with_name(f".{home.seed.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "wb") as file:
        file.write(seed or secrets.token_bytes(SEED_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        home.seed.hardlink_to(draft)
        sync_dir(home.root)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return home.seed.read_bytes()
