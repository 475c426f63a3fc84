"""Subscripts, superscripts and primes, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.notation.errors import MalformedNotation
from derive.notation.tree import (
    Applied,
    BigOperator,
    Derivative,
    Differential,
    Fenced,
    Node,
    Product,
    Relations,
    Scripted,
    Sequence,
    Span,
    Sum,
    Symbol,
)

if TYPE_CHECKING:
    from derive.notation.parser import Parser


class Scripts:
    """The scripts that follow one base."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.sub: Node | None = None
        self.sup: Node | None = None
        self.primes = 0

    @property
    def read_any(self) -> bool:
        return self.sub is not None or self.sup is not None or self.primes > 0

    def read(self) -> bool:
        """Read all scripts that stand here; whether there were any."""
        parser = self.parser
        while True:
            token = parser.token
            if token.kind == "prime":
                parser.take()
                self.primes += 1
                continue
            if token.kind not in ("sub", "sup"):
                return self.read_any
            parser.take()
            parser.in_script += 1
            node = parser.argument()
            parser.in_script -= 1
            if node is None:
                continue
            if token.kind == "sub":
                if self.sub is not None:
                    raise MalformedNotation("a second subscript", token.start)
                self.sub = node
            else:
                self._superscript(node, token.start)

    def _superscript(self, node: Node, column: int) -> None:
        count = _primes(node)
        if count:
            self.primes += count
            return
        alone = isinstance(node, Scripted) and node.primes and node.sub is None and node.sup is None
        if alone and isinstance(node, Scripted) and isinstance(node.base, Fenced):  # g^{[1]'} is g' of layer 1
            self.primes += node.primes
            node = node.base
        if self.sup is not None:
            raise MalformedNotation("a second superscript", column)
        self.sup = node

    def on(self, base: Node, span: Span) -> Node:
        """The base with these scripts."""
        if not self.read_any:
            return base
        return Scripted(base, self.sub, self.sup, self.primes, span=span)


def _primes(node: Node) -> int:
    if node == Symbol(r"\prime"):
        return 1
    if isinstance(node, Scripted) and node.base == Symbol(r"\prime") and node.sub is None and node.sup is None:
        return 1 + node.primes
    if isinstance(node, Product) and all(sign == "" and part == Symbol(r"\prime") for sign, part in node.factors):
        return len(node.factors)
    return 0


def loose(node: Node) -> bool:
    """Whether a node in mere braces would run into its neighbours without them."""
    if isinstance(node, Scripted):
        return node.base in (Symbol(r"\nabla"), Symbol(r"\partial"))
    if isinstance(node, Applied):
        return not isinstance(node.argument, Fenced)
    if isinstance(node, Derivative):
        return node.style != "fraction"
    return isinstance(node, Sum | Relations | Sequence | Product | BigOperator | Differential) or node == Symbol(
        r"\nabla"
    )
