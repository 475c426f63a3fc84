r"""The index form entry by entry: `\sum_k W^{(2)}_{kj} \delta_k`, for what matrix notation cannot write."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction as Rational

from derive.algebra.terms import (
    Add,
    Delta,
    Entry,
    Extent,
    Fun,
    Index,
    Mul,
    Name,
    Num,
    Partial,
    Pow,
    Term,
    Total,
    names,
    rename,
    walk,
)
from derive.matrices.plan import NoMatrixForm
from derive.notation.tree import BigOperator, Derivative, Product, Scripted, Symbol
from derive.theory import Theory
from derive.wording.build import Bond, Piece, called, negative, number, powered, product, quotient, total_of, whole
from derive.wording.names import function_of, name_of, size_of

_LETTERS = ("i", "j", "k", "m", "n", "p", "q", "r", "s", "u", "v")


def letters_for(theory: Theory, indices: Iterable[Index], term: Term) -> dict[Index, Index]:
    """Letters that are no names or sizes of the page, for free and summed indices alike."""
    taken = {name.base for name in (*theory.symbols, *theory.definitions)} | {name.base for name in names(term)}
    taken |= {size.name for symbol in theory.symbols.values() for size in symbol.shape}
    free = [letter for letter in _LETTERS if letter not in taken]
    wanted = list(dict.fromkeys([*indices, *(node.index for node in walk(term) if isinstance(node, Total))]))
    if len(wanted) > len(free):
        raise NoMatrixForm("more indices than letters")
    return {index: Index(letter, index.size) for index, letter in zip(wanted, free, strict=False)}


class EntryWriter:
    """Writes terms whose indices have been given letters."""

    def __init__(self, theory: Theory) -> None:
        self.theory = theory

    def write(self, term: Term) -> Piece:
        match term:
            case Num():
                return number(term.value)
            case Extent():
                return Piece(size_of(term.size))
            case Entry():
                return Piece(name_of(self.theory, term.name, term.indices))
            case Partial(of=Entry() as of, by=by):
                above = name_of(self.theory, of.name, of.indices)
                return Piece(Derivative(r"\partial", above, (name_of(self.theory, by.name, by.indices),)))
            case Delta():
                pair = (("", Symbol(term.left.label)), ("", Symbol(term.right.label)))
                return Piece(Scripted(Symbol(r"\delta"), sub=Product(pair)))
            case Fun(function="pi"):
                return Piece(Symbol(r"\pi"))
            case Fun():
                function = function_of(self.theory, term.function)
                head = Scripted(function, primes=term.order) if term.order else function
                return called(head, self.write(term.argument))
            case Pow():
                if term.exponent < 0:
                    return quotient(number(Rational(1)), powered(self.write(term.base), -term.exponent))
                return powered(self.write(term.base), term.exponent)
            case Add():
                return total_of(self.write(part) for part in term.terms)
            case Mul():
                return self._product(term.factors)
            case Total():
                body = self.write(term.body)
                inside = whole(body) if body.bond is not Bond.SUM and not body.signed else None
                from derive.wording.build import fence

                node = inside if inside is not None else fence(whole(body)).node
                return Piece(BigOperator(r"\sum", Symbol(term.index.label), None, node), Bond.PRODUCT)
            case _:
                raise NoMatrixForm(f"{term!r} cannot be written entry by entry")

    def _product(self, factors: tuple[Term, ...]) -> Piece:
        value = Rational(1)
        above: list[Piece] = []
        below: list[Piece] = []
        sums: list[Piece] = []
        for factor in factors:
            if isinstance(factor, Num):
                value *= factor.value
            elif isinstance(factor, Pow) and factor.exponent < 0:
                below.append(powered(self.write(factor.base), -factor.exponent))
            elif isinstance(factor, Total):
                sums.append(self.write(factor))
            else:
                above.append(self.write(factor))
        above += sums  # a sum reaches to the end of its term, so it comes last
        if abs(value.numerator) != 1 or not above:
            above.insert(0, number(Rational(abs(value.numerator))))
        if value.denominator != 1:
            below.insert(0, number(Rational(value.denominator)))
        top = above[0] if len(above) == 1 else product(above)
        found = quotient(top, below[0] if len(below) == 1 else product(below)) if below else top
        return negative(found) if value < 0 else found


def lettered(term: Term, letters: dict[Index, Index]) -> Term:
    """A term whose indices, summed ones too, are called by letters."""
    from derive.algebra.terms import transform

    def change(node: Term) -> Term | None:
        if isinstance(node, Total) and node.index in letters:
            return Total(letters[node.index], rename(node.body, {node.index: letters[node.index]}))
        return None

    free = {index: letter for index, letter in letters.items() if index in term.free}
    return rename(transform(term, change, variables=True), free)


def element(theory: Theory, name: Name, indices: tuple[Index, ...]) -> Piece:
    return Piece(name_of(theory, name, indices))
