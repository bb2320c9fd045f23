"""A recording as text: every moment that matters, no escape among them."""

from __future__ import annotations

from usertrack_cli.render.grid import Capabilities, Colours
from usertrack_cli.render.recording import Recording
from usertrack_cli.render.storyboard import storyboard


def test_each_moment_has_a_heading_and_a_frame(shop_recording: Recording) -> None:
    lines = list(storyboard(shop_recording))

    assert lines[0] == "00:00.0  opened /shop “Oak & Elm – things made to be mended”"
    assert "00:07.2  clicked “Oak bread board” (div h3) → nothing for 5 s, ×4" in lines
    assert len(lines) == 11 * (1 + 24 + 1)
    assert "\x1b" not in "".join(lines)


def test_too_many_moments_leave_clicks_out_first_and_say_so(shop_recording: Recording) -> None:
    lines = list(storyboard(shop_recording, frames_max=5))
    headings = [line for line in lines if line[:2].isdigit() and line[5:6] == "."]

    assert [heading.split("  ")[1].split(" ")[0] for heading in headings] == [
        "opened",
        "clicked",
        "event",
        "error:",
        "opened",
    ]
    assert lines[-1] == "6 of 11 moments were left out"


def test_a_plain_terminal_gets_plain_text(shop_recording: Recording) -> None:
    plain = Capabilities(is_unicode=False, colours=Colours.NONE)

    assert "".join(storyboard(shop_recording, frames_max=3, capabilities=plain)).isascii()
