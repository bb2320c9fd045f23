"""``usertrack notice``: what a privacy policy has to say, from the settings that run."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.options import LANG, Call, language_of, one_of, shared

PARTS = ("all", "notice", "keys", "record")


@shared()
def command(
    *,
    call: Call,
    lang: LANG = "en",
    part: Annotated[
        str, typer.Option("--part", help="notice, keys (what browsers store), record (Article 30), or all.")
    ] = "all",
) -> None:
    """Print privacy notice, storage keys and record of processing.

    All from the settings in force, as Markdown, so that what they say cannot drift from what runs. Where
    [controller] lacks something it is listed, and the exit code is 4. It is a draft: have it read by somebody
    who knows your law.

    Example:  usertrack notice --lang de > datenschutz.md
    """
    from usertrack_cli.controller import controller_of
    from usertrack_cli.lifecycle.notice import privacy_notice, processing_record, storage_table

    language, wanted = language_of(lang), one_of(part, "--part", PARTS)
    settings, controller = call.settings, controller_of(call.table, call.settings.site)
    made = {
        "notice": privacy_notice(settings, controller, language),
        "keys": storage_table(settings, language),
        "record": processing_record(settings, controller, language),
    }
    parts = [text for name, text in made.items() if wanted in {"all", name}]
    console.result("\n".join(parts).rstrip("\n"))
    if wanted != "keys":
        controller.require(consequence="the text says [controller.…] there; fill them in and print it again")
