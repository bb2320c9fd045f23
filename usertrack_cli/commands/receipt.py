"""``usertrack receipt``: the proofs that erasures left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import console
from usertrack_cli.console import Heading
from usertrack_cli.controller import controller_of
from usertrack_cli.errors import CheckFailedError, IncompleteError, NothingMatchedError
from usertrack_cli.options import LANG, Call, language_of, shared
from usertrack_cli.plural import count
from usertrack_cli.registry import group

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.receipt import Receipt
    from usertrack_cli.lifecycle.verification import Verified

commands = group("receipt", example="usertrack receipt verify")

_RECEIPT = Annotated[str, typer.Argument(metavar="RECEIPT", help="Its number, or its file.")]
_HINT = "list them with: usertrack receipt list"


@commands.command("list")
@shared(site=False, outputs=True)
def _list(*, call: Call) -> None:
    """List the receipts, the first one first.

    Example:  usertrack receipt list --json
    """
    from usertrack_cli.lifecycle.receipt import receipts

    headings = (
        Heading("number", "NO", "right"),
        Heading("made_at", "MADE"),
        Heading("request", "REQUEST", is_flexible=True),
        Heading("reason", "REASON"),
        Heading("sessions", "SESSIONS", "right"),
        Heading("events", "EVENTS", "right"),
        Heading("operator", "OPERATOR", is_flexible=True, is_optional=True),
        Heading("head", "HEAD", shows=lambda head: str(head)[:16]),
    )
    rows = [
        {
            "number": each.number,
            "made_at": each.body["made_at"],
            "request": each.body["request"],
            "reason": each.body["reason"],
            "sessions": each.body["found"]["sessions"],
            "events": each.body["found"]["events"],
            "operator": each.body["operator"],
            "head": each.head,
        }
        for each in receipts(call.home.ledger)
    ]
    if not rows:
        raise NothingMatchedError("no receipt yet", hint="an erasure leaves one: usertrack delete --help")
    console.listing(headings, rows, console.chosen_format(**call.wants))


@commands.command("show")
@shared(site=False)
def _show(receipt: _RECEIPT, *, call: Call) -> None:
    """Print a receipt as a page to read and to file.

    Example:  usertrack receipt show 7
    """
    from usertrack_cli.lifecycle.receipt_page import page

    console.result(page(_chosen(call, receipt)).rstrip("\n"))


@commands.command("verify")
@shared(site=False)
def _verify(
    receipt: Annotated[
        str | None, typer.Argument(metavar="[RECEIPT]", help="Its number or file; without it the whole chain.")
    ] = None,
    *,
    call: Call,
    head: Annotated[
        str, typer.Option("--head", metavar="DIGEST", help="A head kept elsewhere that has to be in the chain.")
    ] = "",
) -> None:
    """Verify signatures and chain, and that nothing erased is back.

    Each receipt names the head of the one before, so none can be changed or left out unnoticed. The session
    column of every file and table is decoded. Exits 4 where a receipt is not genuine or one is missing, 5 where
    an erased session is back.

    Example:  usertrack receipt verify --head 5ab1…
    """
    from usertrack_cli.lifecycle.verification import verify_chain, verify_one

    done = verify_one(call.home, _chosen(call, receipt)) if receipt else verify_chain(call.home, head=head)
    _report(done, is_whole=receipt is None)


def _report(done: Verified, *, is_whole: bool) -> None:
    for fault in done.faults:
        console.result(f"wrong: {fault}")
    for place, number in done.back:
        console.result(f"back: {count(number, 'erased session')} in {place}")
    for place in done.undecodable:
        console.note(f"{place} cannot be decoded and so not be searched; see: usertrack doctor")
    if done.unsigned:
        console.note(f"{count(done.unsigned, 'entry', 'entries')} of an earlier version are not signed")
    if done.pending:
        console.note(f"{count(done.pending, 'erasure')} not finished; the next start of serve continues")
    if done.faults:
        raise CheckFailedError(
            f"{count(len(done.faults), 'fault')} in the receipts", hint="compare with a copy of the ledger"
        )
    if done.back:
        raise IncompleteError(
            "sessions that were erased are in the store again",
            hint="a restore without its ledger does that; erase them with: usertrack delete --session",
        )
    if not done.receipts:
        raise NothingMatchedError("no receipt yet", hint="an erasure leaves one: usertrack delete --help")
    chain = "signatures and chain hold" if is_whole else "signature holds"
    console.result(
        f"{count(done.receipts, 'receipt')}: {chain}; none of {count(done.sessions, 'erased session')} is back"
    )
    console.result(f"chain head: {done.head}" if is_whole else f"head: {done.head}")


@commands.command("letter")
@shared(site=True)
def _letter(
    receipt: _RECEIPT,
    *,
    call: Call,
    lang: LANG = "en",
) -> None:
    """Write the answer to the person who asked for an erasure.

    It follows from the receipt and [controller] of the settings. Where those lack something, the letter says so
    in square brackets and the exit code is 4.

    Example:  usertrack receipt letter 7 --lang de > answer.txt
    """
    from usertrack_cli.lifecycle.letter import NEEDED, letter

    language, chosen = language_of(lang), _chosen(call, receipt)
    controller = controller_of(call.table, call.site)
    console.result(letter(chosen, controller, language).rstrip("\n"))
    controller.require(NEEDED, consequence="the letter says [controller.…] there; fill them in")


def _chosen(call: Call, name: str) -> Receipt:
    from usertrack_cli.lifecycle.receipt import read_receipt, receipts

    if name.isdecimal():
        for each in receipts(call.home.ledger):
            if each.number == int(name):
                return each
        raise NothingMatchedError(f"there is no receipt {name}", hint=_HINT)
    if not Path(name).is_file():
        raise NothingMatchedError(f"there is no receipt in {name}", hint=_HINT)
    return read_receipt(Path(name))
