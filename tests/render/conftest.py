"""Sessions in a small shop, wide and on a phone, made up once and played by many tests."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from usertrack_cli.render.layout import FIXED, Box, BoxKind, Layout
from usertrack_cli.render.recording import Event, Recording

PRODUCTS = (
    "Walnut desk organiser",
    "Oak bread board",
    "Elm stool",
    "Brass lamp",
    "Linen apron",
    "Copper kettle",
    "Wool throw",
    "Ash coat hook",
    "Clay teapot",
)


class Script:
    """Writes events one after the other, as a visitor at one page would cause them."""

    def __init__(self, **state: Any) -> None:
        self.events: list[Event] = []
        self.state = state

    def add(self, at_ms: int, kind: str, **fields: Any) -> None:
        self.state |= {
            name: fields[name]
            for name in ("page", "pageview", "scroll_x", "scroll_y", "viewport_w", "viewport_h", "document_h")
            if name in fields
        }
        self.events.append(Event(at_ms=at_ms, kind=kind, **{**self.state, **fields}))

    def glide(self, at_ms: int, *points: tuple[int, int], every_ms: int = 60, steps: int = 12) -> None:
        for place, (start, end) in enumerate(pairwise(points)):
            for step in range(steps):
                part = step / steps
                bow = int(30 * part * (1 - part) * 4)
                self.add(
                    at_ms + (place * steps + step) * every_ms,
                    "move",
                    x=int(start[0] + (end[0] - start[0]) * part) + bow,
                    y=int(start[1] + (end[1] - start[1]) * part) - bow + self.state["scroll_y"],
                )

    def click(self, at_ms: int, x: int, y: int, **fields: Any) -> None:
        self.add(at_ms, "click", x=x, y=y + self.state["scroll_y"], button=0, **{"flags": 16} | fields)


def product_cards(width: int, *, columns: int, top: int, height: int) -> list[Box]:
    gap = 24
    card = (width - gap * (columns + 1)) // columns
    boxes = []
    for place, product in enumerate(PRODUCTS):
        x = gap + place % columns * (card + gap)
        y = top + place // columns * (height + gap)
        name = f"#shop>div:nth-of-type({place + 1})"
        boxes += [
            Box(BoxKind.CONTAINER, x, y, card, height, selector=name),
            Box(BoxKind.IMAGE, x + 8, y + 8, card - 16, height - 150, "", selector=f"{name}>img"),
            Box(BoxKind.HEADING, x + 16, y + height - 128, card - 32, 24, product, selector=f"{name}>h3"),
            Box(BoxKind.TEXT, x + 16, y + height - 96, card - 32, 40, "Solid, oiled by hand and"),
            Box(BoxKind.LINK, x + 16, y + height - 48, 110, 36, "View product", selector=f"{name}>a"),
        ]
    return boxes


def shop_layout() -> Layout:
    nav = ("Shop", "Sale", "About us", "Help")
    boxes = [
        Box(BoxKind.CONTAINER, 0, 0, 1280, 64, flags=FIXED, selector="header"),
        Box(BoxKind.HEADING, 24, 18, 120, 28, "Oak & Elm", FIXED, "header>h1"),
        *(
            Box(BoxKind.LINK, 220 + 90 * place, 22, 62, 20, text, FIXED, f"nav>a:nth-of-type({place + 1})")
            for place, text in enumerate(nav)
        ),
        Box(BoxKind.FIELD, 860, 16, 220, 32, "Search", FIXED, "#search"),
        Box(BoxKind.BUTTON, 1160, 14, 90, 36, "Cart (2)", FIXED, "#cart"),
        Box(BoxKind.CONTAINER, 0, 64, 1280, 240, selector="#hero"),
        Box(BoxKind.HEADING, 80, 120, 700, 52, "Things made to be mended", selector="#hero>h2"),
        Box(BoxKind.TEXT, 80, 184, 560, 48, "Wood, metal and wool from"),
        Box(BoxKind.BUTTON, 80, 244, 160, 44, "See the catalogue", selector="#hero>button"),
        Box(BoxKind.IMAGE, 840, 84, 400, 200, "A workbench", selector="#hero>img"),
        *product_cards(1280, columns=3, top=340, height=340),
    ]
    reviews = len(boxes)
    boxes += [
        Box(BoxKind.CONTAINER, 24, 1460, 600, 300, selector="#reviews"),
        *(
            Box(
                BoxKind.TEXT,
                40,
                1480 + 60 * place,
                560,
                40,
                f"Review {place + 1}: holds well",
                container=reviews,
            )
            for place in range(12)
        ),
        Box(BoxKind.CONTAINER, 660, 1460, 596, 300, selector="form"),
        Box(BoxKind.HEADING, 684, 1476, 300, 28, "Write to us", selector="form>h3"),
        Box(BoxKind.FIELD, 684, 1520, 260, 40, "Name", selector="#name"),
        Box(BoxKind.FIELD, 968, 1520, 260, 40, "E-mail", selector="#email"),
        Box(BoxKind.FIELD, 684, 1576, 544, 100, "Your question", selector="#question"),
        Box(BoxKind.BUTTON, 684, 1696, 140, 44, "Send", selector="form>button"),
        Box(BoxKind.LINK, 24, 1820, 90, 20, "Imprint", selector="footer>a"),
        Box(BoxKind.LINK, 140, 1820, 90, 20, "Privacy", selector="footer>a:nth-of-type(2)"),
    ]
    return Layout("/shop", "shop-wide", 1280, 1880, 1280, 800, tuple(boxes))


def thanks_layout(width: int = 1280, height: int = 800) -> Layout:
    boxes = (
        Box(BoxKind.HEADING, 60, 80, width - 120, 52, "Thank you", selector="h1"),
        Box(BoxKind.TEXT, 60, 150, width - 120, 60, "We answer within a day"),
        Box(BoxKind.BUTTON, 60, 230, 180, 44, "Back to the shop", selector="#back"),
        Box(BoxKind.MEDIA, 60, 300, width - 120, 360, "How we work", selector="video"),
    )
    return Layout("/thanks", f"thanks-{width}", width, height, width, height, boxes)


@pytest.fixture(scope="session")
def shop_recording() -> Recording:
    """A minute at a desk: four pages' worth of everything that a replay can show."""
    script = Script(
        page="/shop",
        pageview=1,
        viewport_w=1280,
        viewport_h=800,
        document_w=1280,
        document_h=1880,
        scroll_x=0,
        scroll_y=0,
    )
    script.add(0, "pageview", title="Oak & Elm – things made to be mended")
    script.add(1000, "layout", layout="shop-wide")
    script.glide(1500, (640, 700), (420, 420), (250, 32))
    script.click(3200, 250, 32, selector="nav>a:nth-of-type(1)", text="Shop", flags=17, reaction_ms=40)
    script.glide(3600, (250, 32), (500, 500))
    script.add(4600, "scroll", scroll_y=240)
    script.add(4800, "scroll", scroll_y=420)
    script.glide(5000, (500, 500), (620, 560), (680, 144))
    for place in range(4):
        script.click(
            6600 + 220 * place,
            680 + 3 * place,
            144,
            selector="#shop>div:nth-of-type(2)>h3",
            text="Oak bread board",
            reaction_ms=-1,
        )
    script.add(9000, "custom", name="newsletter_shown", props='{"variant":"b"}')
    for step in range(6):
        script.add(12_000 + step * 120, "scroll", scroll_y=520 + step * 112)
    script.glide(13_000, (300, 300), (300, 520))
    script.add(14_000, "container_scroll", container="#reviews", container_x=0, container_y=120)
    script.add(14_200, "container_scroll", container="#reviews", container_x=0, container_y=240)
    script.glide(15_000, (300, 520), (800, 460))
    script.click(16_000, 800, 460, selector="#name", text="Name", reaction_ms=20)
    script.add(17_500, "input", selector="#name", value_length=4)
    script.add(18_500, "input", selector="#name", value_length=11)
    script.click(19_500, 1050, 460, selector="#email", text="E-mail", reaction_ms=12)
    script.add(21_000, "input", selector="#email", value_length=18)
    script.add(22_000, "visibility", value="0")
    script.add(95_000, "visibility", value="1")
    script.add(96_000, "error", name="TypeError: cart is undefined")
    script.glide(96_200, (1050, 460), (740, 640))
    script.click(97_200, 740, 640, selector="form>button", text="Send", reaction_ms=180)
    script.add(97_400, "pageview", page="/thanks", pageview=2, scroll_y=0, document_h=800, title="Thank you")
    script.add(98_400, "layout", layout="thanks-1280")
    script.glide(98_500, (740, 640), (300, 400))
    script.add(100_000, "resize", viewport_w=1000, viewport_h=700)
    script.add(101_000, "tag", name="contacted")
    script.add(102_000, "leave")
    return Recording(
        session="Cy-o5YCYTCzjnySI_mLVgw",
        site="default",
        started_at_ms=1_795_433_954_227,
        duration_ms=102_000,
        country="DE",
        browser="Firefox 153",
        os="Linux",
        device="desktop",
        tags=("contacted",),
        events=tuple(script.events),
        layouts={"shop-wide": shop_layout(), "thanks-1280": thanks_layout()},
    )


@pytest.fixture(scope="session")
def phone_recording() -> Recording:
    """Half a minute on a phone: taps instead of a pointer, one column of products."""
    boxes = (
        Box(BoxKind.CONTAINER, 0, 0, 390, 56, flags=FIXED, selector="header"),
        Box(BoxKind.HEADING, 16, 14, 120, 28, "Oak & Elm", FIXED, "header>h1"),
        Box(BoxKind.BUTTON, 330, 8, 48, 40, "", FIXED, "#menu"),
        Box(BoxKind.HEADING, 16, 90, 358, 64, "Things made to be mended", selector="#hero>h2"),
        Box(BoxKind.BUTTON, 16, 170, 358, 48, "See the catalogue", selector="#hero>button"),
        *product_cards(390, columns=1, top=250, height=380),
        Box(BoxKind.BUTTON, 16, 780, 358, 48, "Open the cart", FIXED, "#cart"),
    )
    layout = Layout("/shop", "shop-narrow", 390, 3900, 390, 844, boxes)
    script = Script(
        page="/shop",
        pageview=1,
        viewport_w=390,
        viewport_h=844,
        document_w=390,
        document_h=3900,
        scroll_x=0,
        scroll_y=0,
    )
    script.add(0, "pageview", title="Oak & Elm")
    script.add(1000, "layout", layout="shop-narrow")
    script.click(3000, 195, 194, selector="#hero>button", text="See the catalogue", flags=20, reaction_ms=90)
    for step in range(10):
        script.add(5000 + step * 150, "scroll", scroll_y=60 * (step + 1))
    script.click(9000, 80, 420, selector="#shop>div:nth-of-type(2)>a", text="View product", flags=20)
    script.click(12_000, 200, 804, selector="#cart", text="Open the cart", flags=21, reaction_ms=-1)
    script.add(20_000, "leave")
    return Recording(
        session="9fQ2bLw0SEuv1dYxk3T5aA",
        site="default",
        started_at_ms=1_795_440_000_000,
        duration_ms=20_000,
        country="FR",
        browser="Safari 19",
        os="iOS",
        device="mobile",
        events=tuple(script.events),
        layouts={"shop-narrow": layout},
    )
