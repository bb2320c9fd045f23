"""Files that travel with the package: the built scripts, the demo shop and its recorded batches."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

_IN_CHECKOUT = {
    "tracker.js": "tracker/dist/tracker.js",
    "banner.js": "tracker/dist/banner.js",
    "info.js": "tracker/dist/info.js",
    "site": "fixtures/site",
    "demo": "fixtures/demo",
}


def asset(name: str) -> Traversable:
    """Return the file or folder ``name``: one of the built scripts, ``site`` or ``demo``.

    An installed package carries them in ``assets/``; a source checkout has them where they are made.
    """
    package = files("usertrack_cli")
    packed = package / "assets" / name
    if packed.is_file() or packed.is_dir():
        return packed
    checkout = package / ".." / _IN_CHECKOUT[name]
    if not (checkout.is_file() or checkout.is_dir()):
        raise FileNotFoundError(f"the package lacks its file {name}; install it again")
    return checkout
