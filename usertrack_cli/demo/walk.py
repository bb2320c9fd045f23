"""One made-up visitor and the way they take through the shop."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

_STEP_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One made-up person."""

    number: int
    user_agent: str
    width: int
    height: int
    is_phone: bool
    seed: int


class Walk:
    """One visitor's way through the shop."""

    def __init__(self, page: Page, person: Visitor, shop_url: str) -> None:
        self._page = page
        self._person = person
        self._url = shop_url
        self._chance = random.Random(person.seed)  # noqa: S311 - not a secret
        self._x, self._y = person.width * 0.6, person.height * 0.4

    async def through_the_shop(self) -> None:
        """Look around, choose something, and now and then buy it."""
        chance = self._chance
        if chance.random() < 0.4:
            await self._page.goto(self._url + "/")
            await self._read(1.2)
            await self._scroll(chance.randint(1, 3))
            await self._scroll_to_top()
            await self._press("#nav-shop")
        else:
            await self._page.goto(self._url + "/shop")
        await self._browse()
        if chance.random() < 0.75:
            await self._product()
        if chance.random() < 0.45:
            await self._scroll_to_top()
            await self._press("#nav-cart")
            await self._read(1.0)
            if chance.random() < 0.7:
                await self._press("#checkout")
                await self._order()

    async def _browse(self) -> None:
        chance = self._chance
        await self._read(1.5)
        await self._scroll(chance.choice((1, 2, 3, 3, 5, 7)))
        for _ in range(chance.randint(1, 3)):
            await self._glide_to(f"#card-{self._favourite()}")
        if chance.random() < 0.3:
            await self._scroll_inside("#recent")
        if chance.random() < 0.5:
            await self._scroll_to_top()
            await self._press(f"[data-filter={chance.choice(('desks', 'lighting', 'storage', 'all'))}]")
            await self._press("[data-filter=all]")
        await self._press(f"#view-{self._favourite()}")

    async def _product(self) -> None:
        chance = self._chance
        await self._read(1.0)
        if chance.random() < 0.5:
            await self._hammer("#spin", chance.choice((1, 1, 3, 4)))
            await self._read(3.0)
        for tab in chance.sample(("details", "shipping", "reviews"), chance.randint(0, 3)):
            await self._press(f"#tab-{tab}")
            await self._read(0.6)
        if chance.random() < 0.7:
            await self._press("#qty-plus")
            await self._press("#buy")
            await self._read(0.4)

    async def _order(self) -> None:
        await self._read(0.6)
        for selector, text in (
            ("#name", "Ada Example"),
            ("#email", "ada@example.org"),
            ("#password", "correct horse"),
            ("#card", "4242424242424242"),
            ("#notes", "Please ring twice"),
        ):
            await self._press(selector, pause_s=0.1)
            await self._page.keyboard.type(text, delay=25)
        if self._chance.random() < 0.7:
            await self._press("#place-order")
            await self._read(1.0)

    def _favourite(self) -> int:
        return self._chance.choice((1, 2, 2, 2, 3, 5, 5, 5, 5, 6, 8, 9))

    async def _read(self, seconds: float) -> None:
        """Rest, with the small movements of a resting hand."""
        for _ in range(max(1, round(seconds / 0.3))):
            await asyncio.sleep(0.3 * self._chance.uniform(0.7, 1.3))
            await self._glide(self._x + self._chance.gauss(0, 25), self._y + self._chance.gauss(0, 18), steps=4)

    async def _scroll(self, turns: int) -> None:
        for _ in range(turns):
            await self._wheel(self._chance.randint(200, 520))
            await asyncio.sleep(self._chance.uniform(0.2, 0.6))

    async def _scroll_to_top(self) -> None:
        await self._page.evaluate("window.scrollTo({top: 0})")
        await asyncio.sleep(0.15)

    async def _wheel(self, amount: int) -> None:
        if self._person.is_phone:
            await self._page.evaluate("amount => window.scrollBy({top: amount})", amount)
        else:
            await self._page.mouse.wheel(0, amount)

    async def _scroll_inside(self, selector: str) -> None:
        if await self._glide_to(selector):
            for _ in range(3):
                await self._wheel(90)
                await asyncio.sleep(0.15)

    async def _glide_to(self, selector: str) -> bool:
        target = self._page.locator(selector).first
        if not await target.is_visible():
            return False
        await target.scroll_into_view_if_needed()
        box = await target.bounding_box()
        if box is None:
            return False
        x = box["x"] + box["width"] * min(max(self._chance.gauss(0.5, 0.16), 0.08), 0.92)
        y = box["y"] + box["height"] * min(max(self._chance.gauss(0.5, 0.16), 0.1), 0.9)
        await self._glide(x, y)
        return True

    async def _press(self, selector: str, *, pause_s: float = 0.3) -> None:
        if not await self._glide_to(selector):
            return
        await asyncio.sleep(self._chance.uniform(0.5, 1.5) * pause_s)
        if self._person.is_phone:
            await self._page.touchscreen.tap(self._x, self._y)
        else:
            await self._page.mouse.click(self._x, self._y)
        await self._page.wait_for_load_state()
        await asyncio.sleep(pause_s)

    async def _hammer(self, selector: str, times: int) -> None:
        """Click one spot again and again, as people do when nothing happens."""
        await self._press(selector, pause_s=0.1)
        for _ in range(times - 1):
            if self._person.is_phone:
                await self._page.touchscreen.tap(self._x, self._y)
            else:
                await self._page.mouse.click(self._x, self._y)
            await asyncio.sleep(self._chance.uniform(0.12, 0.25))

    async def _glide(self, x: float, y: float, *, steps: int | None = None) -> None:
        """Move the pointer the way a hand does: a minimum-jerk curve with a slight bow."""
        x = min(max(x, 2), self._person.width - 3)
        y = min(max(y, 2), self._person.height - 3)
        if self._person.is_phone:
            self._x, self._y = x, y
            return
        start_x, start_y = self._x, self._y
        distance = ((x - start_x) ** 2 + (y - start_y) ** 2) ** 0.5
        count = steps or max(5, min(28, round(distance / 28)))
        bow = self._chance.gauss(0, 0.06) * distance
        for step in range(1, count + 1):
            u = step / count
            eased = u**3 * (10 - 15 * u + 6 * u * u)
            arch = bow * 4 * u * (1 - u)
            ratio = 1 / distance if distance else 0
            await self._page.mouse.move(
                start_x + (x - start_x) * eased - (y - start_y) * ratio * arch,
                start_y + (y - start_y) * eased + (x - start_x) * ratio * arch,
            )
            await asyncio.sleep(_STEP_S)
        self._x, self._y = x, y
