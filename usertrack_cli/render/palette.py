"""Colours: tables from an 8-bit level to red, green, blue and to how much of the page shows through.

The control points are every fifteenth entry of the published tables (inferno and viridis by Nathaniel
Smith and Stéfan van der Walt, CC0; cividis by Nuñez, Anderton and Renslow, CC BY 4.0; turbo by Anton
Mikhailov, Apache 2.0). Straight lines between them stay within 11 of 255 of the originals.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import numpy as np

from usertrack_cli.render.density import UInt8Array

OPACITY = 0.8
"""Of the hottest colour: the word under it can still be read."""


class Colormap(StrEnum):
    """Colour tables by name; all but turbo keep their order of lightness without colour vision."""

    INFERNO = "inferno"
    TURBO = "turbo"
    VIRIDIS = "viridis"
    CIVIDIS = "cividis"


CONTROL_POINTS = {
    # Cut: 000004 0a0722 1e0c45 at the start, for black says nothing on a page, and fcffa4 at the end,
    # which is lost on white.
    Colormap.INFERNO: "380962 510e6c 69166e 801f6c 982766 b0315b c63d4d d94d3d e9612b f47918 fa9407 fcb014"
    " f8cd37 f2ea69",
    Colormap.TURBO: "30123b 3f3e9c 4666dd 458cfd 2fb2f4 1ad4d0 22ebaa 52fa7a 8bff4b b7f735 dbe236 f5c53a"
    " fea130 f9751d e84b0c ce2d04 a91601 7a0403",
    Colormap.VIRIDIS: "440154 481769 472a7a 433d84 3d4e8a 355e8d 2e6d8e 297b8e 23898e 1f978b 21a585 2eb37c"
    " 46c06f 65cb5e 89d548 b0dd2f d8e219 fde725",
    Colormap.CIVIDIS: "00224e 002d68 163770 2e416d 3f4c6c 4e566c 5c616e 696b71 767676 838179 928c78 a09875"
    " afa471 bfb06b cfbd62 dfca57 f0d846 fee838",
}

DIVERGING = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"
"""Blue to red by Cynthia Brewer (Apache 2.0): told apart without colour vision, unlike green and red."""


@cache
def diverging_table() -> UInt8Array:
    """Return the colours of a signed scale, shape ``(256, 3)``: blue below level 128, red above; read-only."""
    return _interpolated(DIVERGING)


def diverging_alpha_table(opacity: float = OPACITY) -> UInt8Array:
    """Return how opaque each level of a signed scale is: 0 at level 128, ``opacity`` at both ends."""
    level = np.minimum(np.abs(np.arange(256) - 128) / 127, 1)
    alpha: UInt8Array = np.rint((1 - (1 - level) ** 2) * opacity * 255).astype(np.uint8)
    return alpha


@cache
def colour_table(colormap: Colormap) -> UInt8Array:
    """Return the colours of all levels, shape ``(256, 3)``, columns red, green, blue; read-only."""
    return _interpolated(CONTROL_POINTS[colormap])


def _interpolated(control_points: str) -> UInt8Array:
    points = np.array([list(bytes.fromhex(point)) for point in control_points.split()])
    levels = np.linspace(0, len(points) - 1, 256)
    channels = [np.interp(levels, np.arange(len(points)), points[:, channel]) for channel in range(3)]
    table: UInt8Array = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    table.flags.writeable = False
    return table


def alpha_table(opacity: float = OPACITY) -> UInt8Array:
    """Return how opaque each level is, shape ``(256,)``: from 0 at level 0 up to ``opacity`` (0 to 1).

    The ramp is ``1 - (1 - level)²``: the middle of the scale is coloured rather than merely tinted, and
    yet the lowest levels set in so softly that no edge of a cell is seen.
    """
    ramp = 1 - (1 - np.linspace(0, 1, 256)) ** 2
    alpha: UInt8Array = np.rint(ramp * opacity * 255).astype(np.uint8)
    return alpha


def flat_alpha_table(opacity: float) -> UInt8Array:
    """Return the same opacity (0 to 1) for every level: where level 0 says something too."""
    return np.full(256, round(opacity * 255), dtype=np.uint8)


def over_white(table: UInt8Array, alpha: UInt8Array) -> UInt8Array:
    """Return the colours as they look on a white page, shape ``(256, 3)``: what a legend must show."""
    share = alpha[:, None].astype(np.float32) / 255
    blended: UInt8Array = np.rint(table * share + 255 * (1 - share)).astype(np.uint8)
    return blended
