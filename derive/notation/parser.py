"""Reads LaTeX mathematics into the tree of `derive.notation.tree`.

A parser by hand: one function for each binding strength (sequence and relations, sums, products, factors), one token of
look-ahead, time linear in the formula's length. The depth of nesting is bounded far below Python's own limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derive.notation import atoms, derivatives, environments
from derive.notation.arrange import arrange, partners
from derive.notation.errors import MalformedNotation, NotationTooLarge, UnsupportedNotation
from derive.notation.lexer import STARTS, Token, tokenize
from derive.notation.scripts import Scripts, loose
from derive.notation.tree import (
    Accented,
    Ellipsis,
    Fenced,
    Fraction,
    Node,
    Number,
    Product,
    Relations,
    Rows,
    Sequence,
    Span,
    Styled,
    Sum,
    Symbol,
    Tagged,
    Text,
    Word,
)

MAX_DEPTH = 60

_ENDS = frozenset({"end", "endgroup", "close", "right", "row", "amp", "finish", "tag", "over"})
_SEPARATORS = frozenset({"comma", "quad", "prose"})
_BOUNDS = _ENDS | _SEPARATORS | {"relation", "group", "open", "left", "begin"}


def parse(latex: str) -> Node:
    r"""The tree of one formula, given without its dollars.

    Raises MalformedNotation, UnsupportedNotation or NotationTooLarge, each with the column where reading stopped.

    >>> parse(r"\delta^{(2)}")
    Scripted(base=Symbol(text='\\delta'), sub=None, sup=Fenced(left='(', body=Number(text='2'), right=')'), primes=0)
    """
    return Parser(arrange(tokenize(latex))).formula()


class Parser:
    """One formula's tokens and how far they are read."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.partner = partners(tokens)
        self.at = 0
        self.depth = 0
        self.in_script = 0
        self.differentials = False  # whether a letter d is a differential here: in derivatives

    # Reading tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def expect(self, kind: str, what: str) -> Token:
        if self.token.kind != kind:
            raise MalformedNotation(f"{what} is missing", self.token.start)
        return self.take()

    def span(self, first: int) -> Span:
        """From the token with index `first` to the last one read."""
        return (self.tokens[first].start, self.tokens[max(self.at - 1, first)].end)

    def deeper(self, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotationTooLarge(f"a formula nested more than {MAX_DEPTH} levels deep", self.token.start)
        node = read()
        self.depth -= 1
        return node

    # Whole formulas

    def formula(self) -> Node:
        rows = environments.rows(self)
        if self.token.kind != "end":
            self.stray()
        if not rows:
            raise MalformedNotation("an empty formula", 0)
        return rows[0] if len(rows) == 1 else Rows("aligned", tuple(rows), span=(rows[0].span[0], rows[-1].span[1]))

    def stray(self) -> None:
        token = self.token
        what = {"amp": "&", "endgroup": "}", "right": "\\right", "finish": "\\end", "close": token.text}
        raise MalformedNotation(f"a stray {what.get(token.kind, token.text or token.kind)}", token.start)

    def row(self) -> Node | None:
        """One line with its tag; None if nothing stands in it."""
        first, tag, body = self.at, None, None
        while self.token.kind == "tag":
            tag = self.take().text
        if self.token.kind not in _ENDS:
            body = self.statement()
        while self.token.kind in ("tag", "comma", "point"):
            token = self.take()
            tag = token.text if token.kind == "tag" else tag
        if tag is not None and body is not None:
            return Tagged(body, tag, span=self.span(first))
        return body

    def statement(self) -> Node:
        """Relations side by side, up to whatever ends the group."""
        return self.deeper(self._statement)

    def _statement(self) -> Node:
        first = self.at
        items: list[Node] = []
        separators: list[str] = []
        pending = ""
        while True:
            kind = self.token.kind
            if kind == "prose" and not self.in_script:
                token = self.take()
                prose = token.text.strip()
                if not items or self._only_punctuation():
                    if items:
                        separators.append(pending or r"\quad")
                    items.append(Text(token.text, span=(token.start, token.end)))
                    pending = r"\quad"
                else:
                    pending = prose
            elif kind in ("comma", "quad"):
                sign = self.take().text
                pending = pending if pending and pending != r"\quad" else sign
            elif kind == "point" and self._only_punctuation():
                while self.token.kind in ("comma", "quad", "point"):
                    self.take()
            elif kind in _ENDS:
                break
            else:
                if items and not pending:
                    self.stray()
                item = self.relations()
                if items:
                    separators.append(pending)
                items.append(item)
                pending = ""
        if not items:
            raise MalformedNotation("nothing stands here", self.token.start)
        if len(items) == 1:
            return items[0]
        return Sequence(tuple(items), tuple(separators), span=self.span(first))

    def _only_punctuation(self) -> bool:
        at = self.at
        while self.tokens[at].kind in ("comma", "quad", "point"):
            at += 1
        return self.tokens[at].kind in _ENDS or (
            self.token.kind == "point" and self.tokens[self.at + 1].kind != "letter"
        )

    def relations(self) -> Node:
        first = self.at
        head = None if self._at_relation() else self.sum()
        rest: list[tuple[str, Node]] = []
        while self._at_relation():
            token = self.take()
            if self._bare_end() and (self.in_script or not rest):
                symbol = Symbol(token.text, span=(token.start, token.end))
                if head is None and not rest:
                    return symbol
            if self.token.kind in _ENDS | _SEPARATORS | {"relation", "point"}:
                raise MalformedNotation(f"nothing stands right of {token.text}", self.token.start)
            rest.append((token.text, self.sum()))
        if not rest:
            assert head is not None
            return head
        return Relations(head, tuple(rest), span=self.span(first))

    def _bare_end(self) -> bool:
        return self.token.kind in _ENDS | _SEPARATORS

    def _at_relation(self) -> bool:
        token = self.token
        if token.kind == "colon":
            after = self.tokens[self.at + 1].kind
            before = self.tokens[self.at - 1].kind if self.at else "end"
            return before not in _BOUNDS | {"sum", "product"} and after not in _ENDS | _SEPARATORS | {"point"}
        return token.kind == "relation"

    # Sums and products

    def sum(self) -> Node:
        first = self.at
        terms: list[tuple[str, Node]] = []
        sign = "+"
        written = False
        if self.token.kind == "sum":
            token = self.take()
            sign, written = token.text, True
            if self._bare_end():
                return Symbol(sign, span=(token.start, token.end))
        while True:
            terms.append((sign, self.product()))
            if self.token.kind != "sum":
                break
            token = self.take()
            sign = token.text
            if self._bare_end() and self.in_script:  # a mark such as x_{t+}
                last = Symbol(sign, span=(token.start, token.end))
                kept = terms.pop()
                terms.append((kept[0], self.joined([("", kept[1]), ("", last)], first)))
                break
        if len(terms) == 1 and not (written and terms[0][0] != "+"):
            return terms[0][1] if not written else Sum(tuple(terms), span=self.span(first))
        return Sum(tuple(terms), span=self.span(first))

    def product(self) -> Node:
        first = self.at
        if self.token.kind == "product":  # a sign in a letter's place, as in f(\cdot)
            token = self.take()
            node: Node = Symbol(token.text, span=(token.start, token.end))
        else:
            node = self.factor()
        factors: list[tuple[str, Node]] = [("", node)]
        while True:
            token = self.token
            if token.kind == "product":
                self.take()
                if self._bare_end():
                    if not self.in_script and self.token.kind not in ("close", "comma"):
                        raise MalformedNotation(f"nothing stands right of {token.text}", self.token.start)
                    factors.append(("", Symbol(token.text, span=(token.start, token.end))))
                    break
                if token.text == "/" and derivatives.over_slash(self, factors):
                    continue
                factors.append((token.text, self._signed_factor()))
            elif self.starts(token):
                factors.append(("", self.factor()))
            else:
                break
        return self.joined(factors, first)

    def starts(self, token: Token) -> bool:
        """Whether a factor begins with this token."""
        if token.kind in STARTS:
            return True
        if token.kind == "prose":
            return self.in_script > 0
        return token.kind == "colon" and not self._at_relation()

    def _signed_factor(self) -> Node:
        first = self.at
        if self.token.kind != "sum":
            return self.factor()
        sign = self.take().text
        return Sum(((sign, self.factor()),), span=self.span(first))

    def joined(self, factors: list[tuple[str, Node]], first: int) -> Node:
        """One node for a row of factors; a product in mere braces is spliced into the row."""
        if len(factors) == 1:
            return factors[0][1]
        flat: list[tuple[str, Node]] = []
        for index, (sign, node) in enumerate(factors):
            if isinstance(node, Product):
                plain = all(inner == "" for inner, _ in node.factors)
                if index == 0 or (plain and sign != "/"):
                    flat.append((sign, node.factors[0][1]))
                    flat.extend(node.factors[1:])
                    continue
                node = Fenced(".", node, ".", span=node.span)
            flat.append((sign, node))
        return Product(tuple(flat), span=self.span(first))

    def run(self, *, functions: bool) -> Node:
        """The juxtaposed factors that an operator takes; `functions` says whether a later function belongs to them."""
        return self.deeper(lambda: self._run(functions))

    def _run(self, functions: bool) -> Node:
        first = self.at
        factors = [("", self.factor())]
        while self.starts(self.token) and not derivatives.begins(self):
            if not functions and self._function_begins():
                break
            factors.append(("", self.factor()))
        return self.joined(factors, first)

    def _function_begins(self) -> bool:
        kind = self.token.kind
        return kind in ("function", "operatorname", "arg") or (kind == "name")

    # Factors

    def factor(self) -> Node:
        """One atom with its scripts."""
        first = self.at
        token = self.token
        if token.kind == "partial":
            return derivatives.partial(self)
        if token.kind == "nabla":
            return derivatives.nabla(self)
        if self.differentials and derivatives.is_d(self, token):
            return derivatives.total(self)
        if token.kind in ("function", "operatorname", "arg", "name"):
            return atoms.function(self)
        if token.kind == "big":
            return atoms.big_operator(self)
        if token.kind == "group":
            base: Node | None = self.group()
        else:
            base = self.atom()
        if base is None:
            if self.token.kind not in ("sub", "sup", "prime"):
                if self.starts(self.token):
                    return self.deeper(self.factor)
                raise MalformedNotation("empty braces", token.start)
            base = Text("", span=(token.start, token.end))
        return self.scripted(base, first)

    def scripted(self, base: Node, first: int) -> Node:
        scripts = Scripts(self)
        if not scripts.read():
            return base
        if isinstance(base, Text):
            raise UnsupportedNotation("a script without a base", self.tokens[first].start)
        return scripts.on(base, self.span(first))

    def group(self) -> Node | None:
        """A braced group; None if it is empty. What would flow into its neighbours is held by invisible fences."""
        first = self.at
        before = self.tokens[first - 1].kind if first else "end"
        self.take()
        if self.token.kind == "endgroup":
            self.take()
            return None
        node = self._to_brace()
        return self.held(node, before, first)

    def held(self, node: Node, before: str, first: int) -> Node:
        after = self.token.kind
        alone = before in _BOUNDS and after in _BOUNDS - {"group", "open", "left", "begin"}
        if alone or not loose(node):
            return node
        if isinstance(node, Product) and after not in ("sub", "sup", "prime"):
            return node
        if (
            not isinstance(node, Sum | Relations | Sequence)
            and before in ("sum", *_BOUNDS)
            and after in ("sum", *_ENDS)
        ):
            return node
        return Fenced(".", node, ".", span=self.span(first))

    def _to_brace(self) -> Node:
        outer, self.differentials = self.differentials, False
        node = self._fraction_over(self.statement())
        self.differentials = outer
        self.expect("endgroup", "a closing brace")
        return node

    def _fraction_over(self, node: Node) -> Node:
        if self.token.kind != "over":
            return node
        self.take()
        below = self.statement()
        return Fraction(node, below, span=(node.span[0], below.span[1]))

    def argument(self, *, differentials: bool = False) -> Node | None:
        """What a command takes: a braced group or a single token; None for empty braces."""
        token = self.token
        if token.kind == "group":
            self.take()
            if self.token.kind == "endgroup":
                self.take()
                return None
            outer, self.differentials = self.differentials, differentials
            node = self._fraction_over(self.statement())
            self.differentials = outer
            self.expect("endgroup", "a closing brace")
            return node
        if token.kind == "number" and len(token.text) > 1:  # \frac12 takes one digit
            digit = Token("number", token.text[0], token.start, token.start + 1)
            self.tokens[self.at] = replace(token, text=token.text[1:], start=token.start + 1)
            return Number(digit.text, span=(digit.start, digit.end))
        if token.kind in ("sum", "product", "prime", "relation", "colon"):
            self.take()
            return Symbol(token.text if token.text != "'" else r"\prime", span=(token.start, token.end))
        if token.kind in ("name", "operatorname", "function", "prose"):
            self.take()
            return Word(token.text.strip(), span=(token.start, token.end))
        if token.kind == "partial" or token.kind == "nabla":
            self.take()
            return Symbol("\\" + token.kind, span=(token.start, token.end))
        return self.deeper(self.atom)

    def needed(self, what: str, *, differentials: bool = False) -> Node:
        start = self.token.start
        node = self.argument(differentials=differentials)
        if node is None:
            raise MalformedNotation(f"{what} is empty", start)
        return node

    def atom(self) -> Node:
        first = self.at
        token = self.take()
        span = (token.start, token.end)
        match token.kind:
            case "letter":
                return Symbol(token.text, span=span)
            case "number":
                return Number(token.text, span=span)
            case "upright":
                return Styled("upright", Symbol(token.text, span=span), span=span)
            case "prose" if self.in_script:
                return Word(token.text.strip(), span=span)
            case "ellipsis":
                return Ellipsis(token.text, span=span)
            case "colon":
                return Symbol(":", span=span)
            case "prime" if token.text == r"\prime":
                return Symbol(r"\prime", span=span)
            case "open":
                return atoms.fence(self, token, first)
            case "left":
                return atoms.sized_fence(self, token, first)
            case "frac":
                return derivatives.fraction(self, first)
            case "sqrt":
                return atoms.root(self, first)
            case "style":
                return atoms.styled(self, token, first)
            case "accent":
                body = self.needed(f"the argument of \\{token.text}")
                return Accented(token.text, body, span=self.span(first))  # type: ignore[arg-type]
            case "body":
                return atoms.body(self, token, first)
            case "begin":
                return environments.environment(self, token, first)
        self.at = first
        if token.kind == "end":
            raise MalformedNotation("the formula ends too early", token.start)
        if token.kind in ("sub", "sup", "prime"):
            raise UnsupportedNotation("a script without a base", token.start)
        return self.refuse(token)

    def refuse(self, token: Token) -> Node:
        what = token.text or token.raw or {"endgroup": "}", "amp": "&", "row": "\\\\"}.get(token.kind, token.kind)
        raise MalformedNotation(f"{what} stands where a factor is expected", token.start)
