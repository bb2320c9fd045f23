"""Every failure that a command can expect, and the exit code it ends with.

UsertrackError
├── UsageError            2   the call or a setting is wrong
├── NothingMatchedError   3   the question was fine, no row answers it
├── CheckFailedError      4   a check or threshold did not hold
├── IncompleteError       5   an erasure or its verification could not be finished
└── StoreError            6   no store, a damaged store, or a locked one
"""

from __future__ import annotations


class UsertrackError(Exception):
    """A failure with one sentence for the reader and, where there is one, a way out.

    Args:
        message: What failed; one sentence without a full stop.
        hint: What to do about it, or ``None``.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(UsertrackError):
    """The command was called wrongly, or a setting cannot be used."""

    exit_code = 2


class NothingMatchedError(UsertrackError):
    """Nothing in the store answers the question."""

    exit_code = 3


class CheckFailedError(UsertrackError):
    """A check or threshold that the command was asked to hold was not held."""

    exit_code = 4


class IncompleteError(UsertrackError):
    """An erasure, or the proof of it, could not be finished; running it again continues."""

    exit_code = 5


class StoreError(UsertrackError):
    """The store is missing, damaged, locked or of another version."""

    exit_code = 6
