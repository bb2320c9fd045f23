"""Every command over a store whose every text is hostile: nothing raw reaches a reader, nothing crashes."""

from __future__ import annotations

import json
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.senders import FIRST_IP, Sender, session_id
from usertrack_cli import api, console, registry
from usertrack_cli.render.text import safe_text
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout

NAUGHTY_STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "blns.json"
HOSTILE = (
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m\x9d0;title\x9c\x90q\x9c",
    "a\r\nb\x08\x7f\x0c\x0b\x85",
    "\u202egpj.exe\u2066x\u2069\u061c\u200f",
    "zero\u200bwidth\ufeff\u00ad\u2060",
    "Z" + "\u0335\u0321\u0301" * 40,
    "tag\U000e0041\U000e007f\u2028\u2029",
    "[/nope] [link=file:///etc/passwd]x[/link] [bold red] :smile:",
    "漢字" * 30,
    "👩\u200d🚀👍🏽❤\ufe0f",
    "\u3164\u115f\ue000\ufffe",
    "=cmd|' /C calc'!A0\t=1",
)
COMMANDS: dict[str, list[list[str]]] = {
    "sessions": [[], ["--csv"], ["--json"], ["--nl"], ["--sort", "friction"], ["--tag", "@tag"]],
    "pages": [[], ["--csv"], ["--json"]],
    "stats": [
        [],
        ["--json"],
        ["--by", "route"],
        ["--by", "tag", "--csv"],
        ["--by", "page", "--suggest"],
    ],
    "tags": [["list"], ["list", "--csv"], ["test", "true"], ["add", "@tag", "@session"]],
    "elements": [["--page", "@page"], ["--page", "@page", "--csv"]],
    "funnel": [["@page", "/b"], ["@page", "/b", "--by", "browser"]],
    "compare": [
        ["--page", "@page", "--a", "2020-01", "--b", "2020-02"],
        ["--page", "@page", "--a", "2001..2090", "--b", "2002..2090", "-o", "@tmp/c.png"],
    ],
    "replay": [
        ["@session"],
        ["@session", "--transcript"],
        ["@session", "--at", "2"],
        ["@session", "--json"],
        ["--worst", "--transcript"],
        ["--next", "--tag", "@tag"],
    ],
    "export": [
        ["--session", "@session"],
        ["--format", "csv"],
        ["--format", "jsonl", "--view", "sessions"],
    ],
    "sql": [["SELECT page, text, title, name, value FROM events"]],
    "delete": [["--ip", FIRST_IP, "--dry-run"]],
    "restrict": [["--ip", FIRST_IP, "--dry-run"], ["--list"]],
    "object": [["--ip", "192.0.2.1"]],
    "consent": [["list"], ["list", "--csv"], ["stats"]],
    "receipt": [["list"], ["show", "1"], ["verify"], ["letter", "1", "--lang", "de"]],
    "keys": [[], ["--json"]],
    "heatmap": [["--page", "@page", "-o", "@tmp/h.png"]],
    "scrollmap": [["--page", "@page", "-o", "@tmp/s.png"]],
    "live": [["--count", "1"]],
    "report": [["-o", "@tmp/r.html", "--replays", "2"]],
    "access": [["--session", "@session", "-o", "@tmp/copy"]],
    "notice": [[]],
    "doctor": [[], ["--pii"], ["--pii", "--json"], ["--traffic"]],
    "prune": [["--dry-run"]],
    "config": [[]],
}
SILENT = frozenset(
    [
        "init",
        "serve",
        "demo",
        "import",
        "screenshot",
        "backup",
        "restore",
        "migrate",
        "snippet",
        "sites",
        "geoip",
        "verify",
        "print",
    ]
)
"""Commands that print nothing of what visitors sent; any other has to be in one of these two lists."""


def hostile_store(home: Home, texts: tuple[str, ...]) -> str:
    """Fill the store with sessions in which every text is one of these; return the second of them."""
    for number, text in enumerate(texts, start=1):
        hostile_session(home, session_id(number), text)
    return session_id(min(2, len(texts)))


def hostile_session(home: Home, session: str, text: str, *more: str) -> None:
    """Send one session that says ``text`` wherever it can, and ``more`` in further events."""
    sender = Sender(home, session)
    boxes = json.dumps(
        [[kind, 10, 60 * place, 300, 40, text, 0, text, -1] for place, kind in enumerate("xhabfimt")]
    ).encode()
    layout = NewLayout(
        page=f"/{text}",
        hash=text,
        document_w=1280,
        document_h=2400,
        viewport_w=1280,
        viewport_h=800,
        boxes=boxes,
    )
    columns = ("country", "browser", "os", "device", "language", "consent_version")
    hostile = sender.again(page=f"/{text}", meta=tuple((name, text) for name in columns))
    events: list[list[Any]] = [
        ["p", 0, 1, text, f"/{text}?utm_source={text}", text, text, 1280, 800, 1280, 2400, 0, 0],
        ["k", 10, text, 1280, 2400],
        ["c", 900, 40, 50, 0, 0, 0, 500, 500, text, text, 16, -1, 300, [text, 1, 2]],
        *(["c", 950 + n, 40, 50, 0, 0, 0, 500, 500, text, text, 16, 90, 300] for n in range(4)),
        ["i", 2_000, text, 5, text],
        ["S", 2_500, text, 1, 2, 3, 4, 5, 6],
        ["h", 2_600, text],
        ["x", 3_000, text, {text: text}],
        ["g", 3_100, text],
        ["e", 3_200, text, text, 1, 2],
    ]
    for other in more:
        events += [["c", 4_000, 9, 9, 0, 0, 0, 500, 500, other, other, 16, None, 300], ["x", 4_100, other, 0]]
        events += [["g", 4_200, other], ["e", 4_300, other, other, 1, 2], ["i", 4_400, other, 3, other]]
        events += [["p", 4_500, 2, other, f"/{other}", other, other, 1280, 800, 1280, 2400, 0, 0]]
    hostile.send(0, *events, layouts=(layout,))
    labels = api.SessionLabels(home, site="default", session=hostile.session)
    labels.add_note(text + "!", at_ms=10)
    if text.strip():
        with closing(catalog.connect(home)) as con:
            con.execute("INSERT INTO tags VALUES ('default', ?, ?, 1)", (hostile.session, text))
            con.execute("INSERT INTO consents VALUES ('default', ?1, ?1, ?1, 1, 1, 1)", (text,))


def forbidden_in(text: str) -> str:
    """What no reader should meet: anything but printable characters, line ends and the tabs of TSV."""
    return "".join(
        character
        for character in text
        if character not in "\n\t"
        and (not character.isprintable() or unicodedata.category(character) in {"Cf", "Cs", "Co", "Cc", "Cn"})
    )


def check_every_command(
    run: Run, tmp_path: Path, session: str, text: str, *, only: tuple[str, ...] = tuple(COMMANDS)
) -> list[str]:
    """Run them all and return what was wrong."""
    wrong = []
    stand_ins = {"@session": session, "@page": f"/{text}", "@tag": text}
    for command in only:
        for call in COMMANDS[command]:
            words = [stand_ins.get(word, word.replace("@tmp", str(tmp_path))) for word in call]
            done = run(command, *words)
            raw = forbidden_in(done.out) + forbidden_in(done.err)
            if done.code not in {0, 3, 4} or raw:
                wrong.append(f"{command} {call}: {done.code} {raw!r} {done.err[:200]}")
    return wrong


def test_every_command_is_here() -> None:
    assert set(registry.names()) <= set(COMMANDS) | SILENT


@pytest.mark.parametrize("is_terminal", [False, True])
def test_no_stored_text_reaches_a_reader_raw(
    run: Run, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    session = hostile_store(home, HOSTILE)
    if is_terminal:
        # Tables as a person sees them; their own colours are off, so that nothing may hide behind them.
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr(console, "is_terminal", lambda: True)
        monkeypatch.setitem(COMMANDS, "replay", COMMANDS["replay"][1:5])

    assert check_every_command(run, tmp_path, session, HOSTILE[1]) == []


@pytest.mark.skipif(
    not NAUGHTY_STRINGS.exists(), reason="blns.json is not beside the repository, so its strings are not tried"
)
def test_no_naughty_string_reaches_a_reader_raw(run: Run, home: Home, tmp_path: Path) -> None:
    naughty = [text for text in json.loads(NAUGHTY_STRINGS.read_text(encoding="utf-8")) if text]
    for number, start in enumerate(range(0, len(naughty), 20), start=1):
        hostile_session(home, session_id(number), *naughty[start : start + 20])

    # The rest prints nothing of a visitor, or draws it; test_hostile_replay.py replays every string.
    telling = ("sessions", "pages", "stats", "tags", "elements", "funnel", "sql", "consent", "live", "doctor")
    assert check_every_command(run, tmp_path, session_id(1), naughty[1], only=telling) == []
    for other in (1, 9, 17):
        one = check_every_command(run, tmp_path, session_id(other), naughty[1], only=("replay", "export"))
        assert one == []


def test_without_the_guard_the_check_fails(
    run: Run, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = hostile_store(home, HOSTILE[:1])

    monkeypatch.setattr(console, "safe_text", lambda text, **_: text)
    monkeypatch.setattr("usertrack_cli.render.spreadsheet.safe_text", lambda text, **_: text)
    monkeypatch.setattr("usertrack_cli.render.transcript.safe_text", lambda text, **_: text)

    wrong = check_every_command(run, tmp_path, session, HOSTILE[0], only=("sessions", "replay"))
    assert any(line.startswith("sessions") for line in wrong)
    assert any(line.startswith("replay") for line in wrong)
    assert "\x1b" not in safe_text(HOSTILE[0])
