"""The events of the wire format, one record each, with the bounds that their fields are held to.

A record is what a strict decoder accepts; ``repair`` is for what it refuses.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from usertrack_cli.clock import HOUR_MS

ELAPSED_MS_MAX = 48 * HOUR_MS
"""A session ends after 24 h and waits in the browser for 24 h more."""
PX_MAX = 1_000_000
"""Pages of endless scrolling reach some 100,000 px; sums of a run still fit 32 bits."""
RUN_SAMPLES_MAX = 200
"""Where the tracker cuts a run of movements."""
BOXES_MAX = 400
"""Where the tracker stops measuring a layout."""
PROPS_MAX = 20
"""Fields of a custom event; more is a document, not an event."""

Elapsed = Annotated[int, Meta(ge=0, le=ELAPSED_MS_MAX)]
Px = Annotated[int, Meta(ge=-PX_MAX, le=PX_MAX, extra={"clamp": True})]
Permille = Annotated[int, Meta(ge=-1_000, le=2_000, extra={"clamp": True})]
Small = Annotated[int, Meta(ge=0, le=1_000_000)]
Waited = Annotated[int, Meta(ge=-1, le=3_600_000, extra={"clamp": True})]
Bit = Annotated[int, Meta(ge=0, le=1)]
Flags = Annotated[int, Meta(ge=0, le=0xFFFF)]
Length = Annotated[int, Meta(ge=0, le=1_000_000, extra={"clamp": True})]
Scalar = Annotated[int, Meta(ge=-(2**53), le=2**53, extra={"exact": True})]

Address = Annotated[str, Meta(max_length=2_048)]
Title = Annotated[str, Meta(max_length=200)]
Selector = Annotated[str, Meta(max_length=256)]
Label = Annotated[str, Meta(max_length=64)]
Message = Annotated[str, Meta(max_length=256)]
Name = Annotated[str, Meta(max_length=64)]
Value = Annotated[str, Meta(max_length=1_000)]
Hash = Annotated[str, Meta(max_length=32)]
Run = Annotated[list[Px], Meta(max_length=3 * RUN_SAMPLES_MAX)]
Props = Annotated[dict[Name, Scalar | float | Message | bool | None], Meta(max_length=PROPS_MAX)]


class Container(Struct, array_like=True, frozen=True, gc=False):
    """The inner scroller under the pointer and how far it is scrolled."""

    selector: Selector
    x: Px
    y: Px


class Box(Struct, array_like=True, frozen=True, gc=False):
    """One element of a layout, in document px; ``container`` is the index of the box it scrolls in."""

    kind: Literal["h", "a", "b", "f", "i", "m", "t", "x"]
    x: Px
    y: Px
    w: Px
    h: Px
    text: Label
    flags: Flags = 0
    selector: Selector = ""
    container: Annotated[int, Meta(ge=-1, lt=BOXES_MAX)] = -1


class Pageview(Struct, array_like=True, frozen=True, gc=False, tag="p"):
    """A page was shown."""

    t: Elapsed
    number: Small
    how: Literal["load", "spa", "bfcache"]
    url: Address
    title: Title
    referrer: Address
    vw: Px
    vh: Px
    dw: Px
    dh: Px
    sx: Px
    sy: Px


class Move(Struct, array_like=True, frozen=True, gc=False, tag="m"):
    """A run of pointer positions: the first, then ``dt, dx, dy`` for each further one."""

    t: Elapsed
    sx: Px
    sy: Px
    x: Px
    y: Px
    run: Run
    container: Container | None = None


class Click(Struct, array_like=True, frozen=True, gc=False, tag="c"):
    """A click, tap or key press on a target."""

    t: Elapsed
    x: Px
    y: Px
    sx: Px
    sy: Px
    button: Flags
    ex: Permille
    ey: Permille
    selector: Selector
    text: Label
    flags: Flags
    reaction_ms: Waited | None = None
    hover_ms: Waited | None = None
    container: Container | None = None


class Scroll(Struct, array_like=True, frozen=True, gc=False, tag="s"):
    """The window was scrolled."""

    t: Elapsed
    sx: Px
    sy: Px


class ContainerScroll(Struct, array_like=True, frozen=True, gc=False, tag="S"):
    """An inner scroller was scrolled."""

    t: Elapsed
    selector: Selector
    sx: Px
    sy: Px
    sw: Px
    sh: Px
    cw: Px
    ch: Px


class Resize(Struct, array_like=True, frozen=True, gc=False, tag="r"):
    """Viewport or document changed its size."""

    t: Elapsed
    vw: Px
    vh: Px
    dw: Px
    dh: Px


class Input(Struct, array_like=True, frozen=True, gc=False, tag="i"):
    """A field was filled; ``value`` is 0 unless the site keeps plain text."""

    t: Elapsed
    selector: Selector
    length: Length
    value: Value | Literal[0] | None = 0


class Visibility(Struct, array_like=True, frozen=True, gc=False, tag="v"):
    """The tab came to the front or went to the back."""

    t: Elapsed
    is_on: Bit


class Focus(Struct, array_like=True, frozen=True, gc=False, tag="f"):
    """The window gained or lost the focus."""

    t: Elapsed
    is_on: Bit


class Fragment(Struct, array_like=True, frozen=True, gc=False, tag="h"):
    """The fragment of the address changed."""

    t: Elapsed
    fragment: Address


class Leave(Struct, array_like=True, frozen=True, gc=False, tag="u"):
    """The page was left."""

    t: Elapsed


class Active(Struct, array_like=True, frozen=True, gc=False, tag="a"):
    """Time spent with the page since the last flush."""

    t: Elapsed
    active_ms: Annotated[int, Meta(ge=0, le=ELAPSED_MS_MAX)]


class ScriptError(Struct, array_like=True, frozen=True, gc=False, tag="e"):
    """A script of the page failed."""

    t: Elapsed
    message: Message
    file: Address = ""
    line: Length = 0
    column: Length = 0


class Custom(Struct, array_like=True, frozen=True, gc=False, tag="x"):
    """An event that the site itself reports."""

    t: Elapsed
    name: Name
    props: Props | Literal[0] | None = 0


class Tag(Struct, array_like=True, frozen=True, gc=False, tag="g"):
    """A label that the site puts on the session."""

    t: Elapsed
    tag: Name


class LayoutSeen(Struct, array_like=True, frozen=True, gc=False, tag="k"):
    """The page has the layout of this hash."""

    t: Elapsed
    hash: Hash
    dw: Px
    dh: Px


class Layout(Struct, array_like=True, frozen=True, gc=False, tag="K"):
    """The boxes behind a layout's hash, sent because the server asked for them."""

    t: Elapsed
    hash: Hash
    boxes: Annotated[list[Box], Meta(max_length=BOXES_MAX)]


Event = (
    Pageview
    | Move
    | Click
    | Scroll
    | ContainerScroll
    | Resize
    | Input
    | Visibility
    | Focus
    | Fragment
    | Leave
    | Active
    | ScriptError
    | Custom
    | Tag
    | LayoutSeen
    | Layout
)

BY_CODE: dict[str, type[Event]] = {str(record.__struct_config__.tag): record for record in get_args(Event)}
NAMES: dict[type[Event], str] = {
    Move: "move",
    Click: "click",
    Scroll: "scroll",
    ContainerScroll: "scroll",
    Resize: "resize",
    Input: "input",
    Visibility: "visibility",
    Focus: "visibility",
    ScriptError: "error",
    Custom: "custom",
    Tag: "tag",
    LayoutSeen: "layout",
    Layout: "layout",
}
"""What the setting ``record`` calls an event; those without a name are the frame of all others."""
