"""What ``usertrack doctor --pii`` prints."""

from __future__ import annotations

from dataclasses import asdict

from usertrack_cli import console
from usertrack_cli.console import Format, Heading
from usertrack_cli.errors import CheckFailedError
from usertrack_cli.options import Call

_HEADINGS = (
    Heading("sign", "WHAT"),
    Heading("site", "SITE", is_optional=True),
    Heading("place", "WHERE"),
    Heading("page", "PAGE", is_flexible=True),
    Heading("found", "SUCH AS"),
    Heading("count", "TIMES", "right"),
)
_RULE = Heading("rule", "KEPT OUT BY")


def look_for_personal_data(call: Call, chosen: Format) -> None:
    """Print what personal data slipped into stored texts, masked, and the rule that keeps each out.

    Raises:
        CheckFailedError: There is some.
    """
    from usertrack_cli.lifecycle.leaks import leaks

    found = leaks(call.home, site=call.site)
    if not found:
        console.result("no e-mail address, card number, token or telephone number in any stored text")
        return
    rows = [asdict(each) for each in found]
    if chosen is Format.TABLE:
        console.listing(_HEADINGS, rows, chosen)
        # A rule is there to be copied, so it is never cut off to fit a column.
        console.result("\nkept out by:")
        for rule in dict.fromkeys(each.rule for each in found):
            console.result(f"  {rule}")
    else:
        console.listing((*_HEADINGS, _RULE), rows, chosen)
    console.note(
        "the rules hold for what is recorded from now on; remove what is stored with: usertrack delete --page"
    )
    kinds = sorted({str(each.sign) for each in found})
    raise CheckFailedError(f"personal data in stored texts: {', '.join(kinds)}")
