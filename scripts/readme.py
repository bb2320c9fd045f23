"""Write the generated parts of the README: settings and commands. ``--check`` only compares."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.manual import completions, manual
from usertrack_cli import controller, registry
from usertrack_cli.settings import SETTINGS

DOCS = Path(__file__).parent.parent / "docs"
README = DOCS.parent / "README.md"
MANUAL = DOCS / "man" / "usertrack.1"
COMPLETIONS = DOCS / "completions"


def settings_table() -> str:
    """Return every setting with its default and meaning."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, setting in SETTINGS.items():
        default = (
            ", ".join(setting.default) if isinstance(setting.default, list | tuple) else str(setting.default)
        )
        shown = f"`{default.lower() if isinstance(setting.default, bool) else default}`" if default else ""
        scope = " Per site." if setting.is_per_site else ""
        lines.append(f"| `{name}` | {shown} | {setting.help}{scope} |")
    return "\n".join(lines)


def controller_table() -> str:
    """Return every field of the controller with its meaning."""
    lines = ["| field | meaning |", "|---|---|"]
    for name, meaning in controller.FIELDS.items():
        needed = " Needed." if name in controller.REQUIRED else ""
        lines.append(f"| `{name}` | {meaning}{needed} |")
    return "\n".join(lines)


def command_table() -> str:
    """Return every command with its first sentence."""
    lines = ["| command | what it does |", "|---|---|"]
    lines += [f"| `usertrack {name}` | {registry.summary(name)} |" for name in registry.names()]
    return "\n".join(lines)


def written(text: str) -> str:
    """Return the README with its generated parts new."""
    parts = (("settings", settings_table()), ("controller", controller_table()), ("commands", command_table()))
    for name, part in parts:
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda match, part=part: f"{match[1]}{part}\n{match[2]}", text)
    return text


def files() -> dict[Path, str]:
    """Return every generated file with what has to stand in it."""
    made = {README: written(README.read_text(encoding="utf-8")), MANUAL: manual()}
    return made | {COMPLETIONS / name: content for name, content in completions().items()}


def main() -> int:
    """Write or compare; return the exit code."""
    stale = 0
    for file, content in files().items():
        if file.is_file() and file.read_text(encoding="utf-8") == content:
            continue
        if "--check" in sys.argv:
            sys.stderr.write(f"{file.name} is not what scripts/readme.py writes; run: make format\n")
            stale = 1
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_text(content, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
