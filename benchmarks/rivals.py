"""Run by ``heatmap.py``: one rival draws a flat file of int32 ``x, y`` pairs as a PNG of 1280 x 8000 px."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

WIDTH_PX, HEIGHT_PX, CELL_PX = 1280, 8000, 4

_DRAW = """async encoded => {
  const bytes = Uint8Array.from(atob(encoded), c => c.charCodeAt(0))
  const points = new Int32Array(bytes.buffer)
  const columns = WIDTH / CELL
  const counts = new Float64Array(columns * HEIGHT / CELL)
  for (let i = 0; i < points.length; i += 2) {
    counts[(points[i + 1] / CELL | 0) * columns + (points[i] / CELL | 0)]++
  }
  const data = []
  let max = 0
  counts.forEach((value, cell) => {
    if (!value) return
    data.push({ x: cell % columns * CELL, y: (cell / columns | 0) * CELL, value })
    max = Math.max(max, value)
  })
  h337.create({ container: document.querySelector('#map'), radius: 24 }).setData({ max, min: 0, data })
  return document.querySelector('canvas').toDataURL('image/png')
}"""


def heatmap_js(points: Path, target: Path, script: str) -> None:
    """Draw with heatmap.js in headless Chromium."""
    from playwright.sync_api import sync_playwright

    from usertrack_cli.demo.visitors import chromium_path, launch_options

    path = chromium_path()
    assert path is not None, "no Chromium"
    drawing = (
        _DRAW.replace("WIDTH", str(WIDTH_PX)).replace("HEIGHT", str(HEIGHT_PX)).replace("CELL", str(CELL_PX))
    )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(**launch_options(path))
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": 800})
        page.set_content(f'<div id="map" style="width:{WIDTH_PX}px;height:{HEIGHT_PX}px"></div>')
        page.add_script_tag(path=script)
        url = page.evaluate(drawing, base64.b64encode(points.read_bytes()).decode())
        target.write_bytes(base64.b64decode(url.partition(",")[2]))
        browser.close()


def datashader(points: Path, target: Path) -> None:
    """Draw with datashader; the spread stands for the smoothing."""
    import datashader as ds
    import numpy as np
    import pandas as pd
    from datashader import transfer_functions as tf

    pairs = np.fromfile(points, dtype="<i4").reshape(-1, 2)
    frame = pd.DataFrame({"x": pairs[:, 0].astype("f4"), "y": pairs[:, 1].astype("f4")})
    canvas = ds.Canvas(WIDTH_PX, HEIGHT_PX, x_range=(0, WIDTH_PX), y_range=(0, HEIGHT_PX))
    shaded = tf.shade(tf.spread(canvas.points(frame, "x", "y"), px=8), how="cbrt")
    shaded.to_pil().save(target)


if __name__ == "__main__":
    name, points_file, target_file, *more = sys.argv[1:]
    if name == "datashader":
        datashader(Path(points_file), Path(target_file))
    else:
        heatmap_js(Path(points_file), Path(target_file), *more)
