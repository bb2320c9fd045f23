"""Run by ``heatmap.py`` in a fresh interpreter: the milliseconds of each stage of one heatmap, as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

clock = time.perf_counter
marks = [("", clock())]


def mark(name: str) -> None:
    """Note that a stage is over."""
    marks.append((name, clock()))


import duckdb  # noqa: E402, F401 - what an import costs is measured

mark("import duckdb")
import numpy as np  # noqa: E402, F401 - as above

mark("import numpy")
from PIL import Image  # noqa: E402, F401 - as above

mark("import PIL")
from usertrack_cli.queries import moves  # noqa: E402 - as above
from usertrack_cli.queries.events import ask  # noqa: E402 - as above
from usertrack_cli.queries.filters import Filter  # noqa: E402 - as above
from usertrack_cli.queries.pages import layouts_seen  # noqa: E402 - as above
from usertrack_cli.queries.widths import widths  # noqa: E402 - as above
from usertrack_cli.render import backdrop, density, palette  # noqa: E402 - as above
from usertrack_cli.render.caption import Caption, caption_picture, stacked  # noqa: E402 - as above
from usertrack_cli.render.density import Scale  # noqa: E402 - as above
from usertrack_cli.render.heatmap import density_legend, lay_over, page_levels  # noqa: E402 - as above
from usertrack_cli.render.picture import write_png  # noqa: E402 - as above
from usertrack_cli.store.home import Home  # noqa: E402 - as above
from usertrack_cli.store.snapshot import snapshot  # noqa: E402 - as above

mark("import usertrack")
home = Home(Path(sys.argv[1]))
chosen = Filter(site="default", page=sys.argv[3], width_class="wide")
snapshot(home, site="default")
mark("snapshot, checksums")
found = ask(home, chosen, lambda con: (widths(con, chosen, ("move",)), layouts_seen(con, chosen)))[0]
mark("widths, samples, layouts")
drawn = moves.Drawn(width_px=1280, height_px=8000, cell_px=density.CELL_PX)
cells = moves.sample_cells(found.samples("wide"), drawn)
mark("cells")
counts = density.counts_of_cells(cells, width_px=1280, height_px=8000)
mark("count")
smooth = density.smooth(counts, radius_px=24)
mark("smooth")
tone = density.tone(smooth, scale=Scale.SQRT)
mark("scale")
page = backdrop.blank(1280, 8000)
table, alpha = palette.colour_table(palette.Colormap.INFERNO), palette.alpha_table()
caption = Caption(
    page=chosen.page or "",
    kind="move heatmap",
    width_class="wide",
    dates="",
    zone="",
    session_count=1,
    event_count=1,
)
legend = density_legend(tone, unit="samples", radius_px=24, colours=palette.over_white(table, alpha))
picture = stacked(caption_picture(caption, legend, width_px=1280), page.image)
mark("caption")
lay_over(picture, page_levels(tone.levels, page), table=table, alpha=alpha)
mark("colour")
write_png(picture, Path(sys.argv[2]), metadata={})
mark("PNG")
print(json.dumps({name: (at - marks[i][1]) * 1000 for i, (name, at) in enumerate(marks[1:])}))
