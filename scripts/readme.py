"""Write the generated parts of the README: settings and commands. ``--check`` only compares."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from usertrack_cli import controller, registry
from usertrack_cli.settings import SETTINGS

README = Path(__file__).parent.parent / "README.md"


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


def main() -> int:
    """Write or compare; return the exit code."""
    before = README.read_text(encoding="utf-8")
    after = written(before)
    if "--check" in sys.argv:
        if before != after:
            sys.stderr.write("README.md is not what scripts/readme.py writes; run: make format\n")
        return int(before != after)
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
