"""On what basis a batch is recorded, or why it is not."""

from __future__ import annotations

from typing import Any

import pytest

from usertrack_cli.ingest.consent import Permission, Refusal, decide
from usertrack_cli.ingest.envelope import ConsentToken
from usertrack_cli.settings import Settings, resolve

TOKEN = ConsentToken("abc", "2", "record")


def settings(**values: Any) -> Settings:
    return resolve({}, flags=values, environ={}).settings


@pytest.mark.parametrize(
    ("values", "headers", "token", "decision"),
    [
        ({}, {}, None, Permission("not_required")),
        ({}, {}, TOKEN, Permission("not_required")),
        ({"consent": "banner"}, {}, None, Refusal("no consent", is_final=False)),
        ({"consent": "api"}, {}, None, Refusal("no consent", is_final=False)),
        ({"consent": "banner"}, {}, TOKEN, Permission("granted", "2")),
        ({"consent": "api"}, {}, TOKEN, Permission("granted", "2")),
        ({}, {"dnt": b"1"}, None, Refusal("do not track", is_final=True)),
        ({}, {"gpc": b"1"}, None, Refusal("global privacy control", is_final=True)),
        ({}, {"dnt": b"0", "gpc": b"0"}, None, Permission("not_required")),
        ({"respect_dnt": False}, {"dnt": b"1"}, None, Permission("not_required")),
        ({"respect_gpc": False}, {"gpc": b"1"}, None, Permission("not_required")),
        ({"consent": "api"}, {"gpc": b"1"}, TOKEN, Refusal("global privacy control", is_final=True)),
    ],
)
def test_a_signal_of_the_browser_goes_before_consent(
    values: dict[str, Any],
    headers: dict[str, bytes],
    token: ConsentToken | None,
    decision: Permission | Refusal,
) -> None:
    assert decide(settings(**values), dnt=headers.get("dnt"), gpc=headers.get("gpc"), token=token) == decision
