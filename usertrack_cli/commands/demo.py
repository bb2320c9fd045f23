"""``usertrack demo``: the whole product once, on a shop of our own, in about a minute."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from usertrack_cli import api, clock, console
from usertrack_cli.api.snippet import script_tag
from usertrack_cli.commands.picture import write
from usertrack_cli.errors import NothingMatchedError, UsageError
from usertrack_cli.settings import SETTINGS_FILE
from usertrack_cli.store.home import Home, open_home

PAGE = "/shop"
ZONE = ZoneInfo("UTC")
_SETTINGS = f"""\
# A store made by `usertrack demo`; the next demo in this folder replaces it.
timezone = "{ZONE}"
"""


@dataclass(frozen=True, slots=True)
class _Made:
    """What a demo left behind."""

    how: str
    address: str
    sessions: int
    replayed: str


def command(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the store and the pictures go.")
    ] = Path("demo"),
    visitors: Annotated[int, typer.Option("--visitors", min=1, max=200, help="Visitors to drive live.")] = 25,
    is_recorded: Annotated[
        bool, typer.Option("--recorded", help="Use the recorded visitors even where Chromium is installed.")
    ] = False,
) -> None:
    """Record visitors on a demo shop and draw what they did.

    Where Chromium and Playwright are installed the visitors are driven live; elsewhere batches
    that were recorded from Chromium go through the same HTTP endpoint.

    Example:  usertrack demo demo/ --visitors 10
    """
    data = folder / "data"
    _clear(data)
    made = _record(data, visitors=visitors, is_recorded=is_recorded)
    home = open_home(data.absolute())
    files = _draw(home, folder, made)
    _summary(folder, made, files)


def _clear(data: Path) -> None:
    """Start anew where an earlier demo was; refuse to touch anything else."""
    if not data.exists():
        return
    mark = data / SETTINGS_FILE
    if not mark.is_file() or mark.read_text(encoding="utf-8") != _SETTINGS:
        raise UsageError(f"{data} is there already and was not made by a demo", hint="name another folder")
    shutil.rmtree(data)


def _record(data: Path, *, visitors: int, is_recorded: bool) -> _Made:
    from usertrack_cli.commands.init import prepare, write_settings
    from usertrack_cli.demo import recorded
    from usertrack_cli.demo.collector import collector
    from usertrack_cli.demo.visitors import chromium_path
    from usertrack_cli.store.home import create_home

    home = create_home(data.absolute())
    prepare(home)
    write_settings(home, _SETTINGS)
    browser = None if is_recorded else chromium_path()
    with collector(home.root) as url:
        how = _live(url, browser, visitors) if browser else _from_recording(url)
    found = api.sessions(home, api.Filter(), order="events", limit=1_000)
    longest = max(found, key=lambda each: (each.device == "desktop", each.clicks + 3 * each.pageviews))
    address = "127.0.0.1" if browser else recorded.ADDRESS
    return _Made(how=how, address=address, sessions=len(found), replayed=longest.session)


def _live(url: str, browser: str, count: int) -> str:
    from usertrack_cli.demo.shop import shop
    from usertrack_cli.demo.visitors import visit, visitors

    with ExitStack() as stack:
        site = stack.enter_context(shop(script_tag(url, "default")))
        show = _progress(count)
        console.note(f"driving {count} visitors through the shop at {site} in Chromium …")
        finished = asyncio.run(visit(site, visitors(count), path=browser, on_visit=show))
    if not finished:
        raise UsageError(
            "no visitor got through the shop in time",
            hint="play what was recorded with: usertrack demo --recorded",
        )
    late = f"; {count - finished} of them did not get through in time" if finished < count else ""
    return f"{count} visitors were driven live in Chromium{late}"


def _from_recording(url: str) -> str:
    from usertrack_cli.demo import recorded

    sent = recorded.visit(url, now_ms=clock.now_ms())
    return f"no Chromium was used: {sent} recorded batches went through the HTTP endpoint"


def _progress(count: int) -> Callable[[int], None]:
    def show(done: int) -> None:
        if done % 5 == 0 or done == count:
            console.note(f"{done} of {count} visitors are done")

    return show


def _draw(home: Home, folder: Path, made: _Made) -> list[tuple[Path, str]]:
    from usertrack_cli.render.storyboard import storyboard

    chosen = api.Filter(site="default", page=PAGE, from_ms=clock.now_ms() - 2 * clock.DAY_MS)
    heatmap = write(api.heatmap(home, chosen, zone=ZONE), folder / "heatmap.png")
    scrollmap = write(api.scrollmap(home, chosen, zone=ZONE), folder / "scrollmap.png")
    try:
        recording = api.recording(home, site="default", session=made.replayed)
    except NothingMatchedError as error:
        raise UsageError("the demo recorded nothing that could be replayed") from error
    text = "".join(f"{line}\n" for line in storyboard(recording, width=100, height=30, frames_max=24))
    replay = folder / "replay.txt"
    replay.write_text(text, encoding="utf-8")
    return [
        (heatmap, f"clicks on {PAGE}, over a wireframe of the page"),
        (scrollmap, f"how far down {PAGE} was seen"),
        (replay, f"session {made.replayed[:8]} as text"),
    ]


def _summary(folder: Path, made: _Made, files: list[tuple[Path, str]]) -> None:
    data = folder / "data"
    console.result(f"{made.how}; {made.sessions} sessions are stored in {data}")
    console.result("")
    width = max(len(str(path)) for path, _ in files)
    for path, what in files:
        console.result(f"  {path!s:<{width}}  {what}")
    console.result("")
    console.result("look further:")
    for line in (
        f"usertrack sessions --data {data}",
        f"usertrack replay {made.replayed[:8]} --data {data}",
        f"usertrack heatmap --page {PAGE} --kind move --data {data} -o {folder / 'moves.png'}",
        f"usertrack delete --ip {made.address} --dry-run --data {data}",
    ):
        console.result(f"  {line}")
