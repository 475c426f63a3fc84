"""What can go wrong while one formula is read. Malformed and unsupported are different things."""

from __future__ import annotations


class NotationError(Exception):
    """A formula that was not read. `column` is the 0-based offset in the formula's LaTeX where reading stopped."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.message, self.column = message, column


class MalformedNotation(NotationError):
    """The text is no formula: unbalanced braces, a missing argument, a stray `&`."""


class UnsupportedNotation(NotationError):
    r"""The text may well be a formula, but uses something this reader does not know (`\input`, TikZ, an integral)."""


class NotationTooLarge(NotationError):
    """The formula is beyond the bounds on length, depth or number of nodes that keep reading safe."""
