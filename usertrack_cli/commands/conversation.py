"""The short conversation of ``usertrack init``: five questions, each of which Enter answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from usertrack_cli import console, values
from usertrack_cli.api.sites import toml_value
from usertrack_cli.settings import SETTINGS, Consent, is_public_url

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Answers:
    """What the operator said; empty where the usual will do."""

    data: Path
    page: str
    public_url: str
    consent: str
    geoip_db: str


def converse(data: Path, *, may_move: bool) -> Answers:
    """Ask what a first settings file needs.

    Args:
        may_move: The directory was not typed, so it is asked for.
    """
    console.note("five questions; Enter takes what stands in brackets, and usertrack.toml can be changed later")
    if may_move:
        data = _asked("Where to put the data", str(data), lambda text: Path(text).expanduser().absolute())
    page = _asked("Address of your site, such as https://shop.example", "", _origin, shown="any")
    public_url = _asked(
        "Address at which browsers will reach usertrack, such as https://stats.example",
        "",
        values.url,
        shown="this machine only",
    )
    usual = "banner" if is_public_url(public_url) else "off"
    consent = _asked(
        "Consent: banner asks each visitor, api waits for your page, off records at once",
        usual,
        values.one_of(Consent),
    )
    # What is usual follows public_url when that changes; what was chosen stays.
    consent = "" if consent == usual else consent
    geoip_db = _asked("Country database (.mmdb); see usertrack geoip --help", "", _database, shown="none")
    return Answers(data, page, public_url, consent, geoip_db)


def settings_text(answers: Answers, starter: str) -> str:
    """Return the starter file with the answers in place of its examples."""
    said = {
        "public_url": answers.public_url,
        "origins": [answers.page] if answers.page else [],
        "geoip_db": answers.geoip_db,
    }
    lines = []
    for line in starter.splitlines():
        name = line.removeprefix("# ").partition(" = ")[0]
        value = said.pop(name, "") if line.startswith("# ") and name in said else ""
        lines.append(f"{name} = {toml_value(value)}" if value else line)
        if name == "public_url" and answers.consent:
            lines += ["", f"# {SETTINGS['consent'].help}", f"consent = {toml_value(answers.consent)}"]
    return "\n".join(lines) + "\n"


def _asked(question: str, usual: str, parse: Callable[[str], Answer], *, shown: str = "") -> Answer:
    while True:
        text = console.asked(f"{question} [{shown or usual}]: ").strip() or usual
        try:
            return parse(text)
        except ValueError as error:
            console.note(str(error))


def _origin(text: str) -> str:
    """Return the origin of an address, which people copy from the browser with its path."""
    parts = urlsplit(text)
    return values.origins([f"{parts.scheme}://{parts.netloc}"])[0] if text else ""


def _database(text: str) -> str:
    if text and not Path(text).expanduser().is_file():
        raise ValueError(f"there is no file {text}")
    return str(Path(text).expanduser().absolute()) if text else ""
