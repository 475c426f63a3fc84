r"""The index form entry by entry, for what matrix notation cannot write: `\sum_k W^{(2)}_{kj} \delta_k`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from derive.algebra.names import Index, Level, Name, Selection, Size
from derive.algebra.steps import StepPower, StepProduct, StepSum, instantiate, letters_of
from derive.algebra.terms import Add, Arg, Delta, Entry, Extent, Fun, Mul, Num, Partial, Positive, Pow, Term, Total
from derive.notation import tree
from derive.notation.tree import BigOperator, Cases, Fenced, Product, Relations, Scripted, Symbol
from derive.theory import Theory
from derive.wording import naming
from derive.wording.build import Bond, Piece, called, exponential, negative, number, raised, tight, total_of, whole
from derive.wording.matrices import Own, no_name, scalar_product

_INDEX_LETTERS = "ijkmnpqrstuv"


class NoNotation(TypeError):
    """A term that cannot be written entry by entry."""


def identity_entry(one: tree.Node, other: tree.Node) -> tree.Node:
    """`I_{ij}`"""
    return Scripted(Symbol("I"), sub=Product((("", one), ("", other))))


class EntryWriter:
    """One formula's entries. Index letters are handed out in the order in which indices are met; `argument` is what a
    function's argument is called, and `same` how it is written that two indices are the same."""

    def __init__(
        self, theory: Theory, free: Iterable[Index] = (), own: Own = no_name, argument: tree.Node | None = None,
        same: Callable[[tree.Node, tree.Node], tree.Node] = identity_entry,
    ) -> None:  # fmt: skip
        self.theory, self.own, self.argument, self.same = theory, own, argument, same
        taken = _letters_of(theory)
        self.letters = [letter for letter in _INDEX_LETTERS if letter not in taken]
        self.called: dict[Index, tree.Node] = {}
        for index in free:
            self.introduce(index)

    def introduce(self, index: Index) -> tree.Node:
        """A letter for an index. When all are given out, primed ones follow."""
        place = len(self.called)
        count = len(self.letters)
        letter: tree.Node = Symbol(self.letters[place % count])
        self.called[index] = Scripted(letter, primes=place // count) if place >= count else letter
        return self.called[index]

    def letter(self, index: Index) -> tree.Node:
        """What an index is called here; one that was never introduced gets the next letter."""
        return self.called[index] if index in self.called else self.introduce(index)

    def entry(self, name: Name, indices: tuple[Index, ...]) -> tree.Node:
        r"""An entry of an array: `W^{(2)}_{jk}`, and `{W_2}_{jk}` where a subscript is part of the name."""
        return entry(naming.name(self.theory, name), [self.letter(index) for index in indices])

    def selection(self, start: Size, place: Index, part: Iterable[Index]) -> tree.Node:
        """Iverson's bracket, one where a place in a stack is that of a part's entry, or of its only one: `[s = i + H]`."""
        shift = [] if start.value == 0 else [naming.size(start)]
        own = [self.letter(index) for index in part] or [tree.Number("1")]  # places are counted from one
        counted = [*own, *shift]
        right = counted[0] if len(counted) == 1 else tree.Sum(tuple(("+", each) for each in counted))
        return Fenced("[", Relations(self.letter(place), (("=", right),)), "]")

    def term(self, term: Term) -> Piece:
        match term:
            case Num(value=value):
                return number(value)
            case Extent(size=length):
                return Piece(naming.size(length))
            case Entry(name=Selection(start=start), indices=(place, *part)):
                return Piece(self.selection(start, place, part))
            case Entry(name=name, indices=indices):
                return Piece(self.entry(name, indices))
            case Arg():
                return Piece(self.argument if self.argument is not None else Symbol("x"))
            case Partial(of=Entry(name=of, indices=places), by=by):
                own = self.own(of, by.name)
                if own is not None:
                    return Piece(self.entry(own, places + by.indices))
                return Piece(naming.derivative(self.entry(of, places), self.entry(by.name, by.indices)))
            case Partial(of=of, by=by):
                inside = Fenced("(", whole(self.term(of)), ")")
                return Piece(tree.Derivative(r"\partial", inside, (self.entry(by.name, by.indices),), "operator"))
            case Delta(left=left, right=right):
                return Piece(self.same(self.letter(left), self.letter(right)))
            case Positive():
                return self.product((term,))
            case Fun(function="exp", order=0, argument=argument) if "e" not in _letters_of(self.theory):
                return exponential(self.term(argument))
            case Fun(function="pi"):
                return Piece(naming.function(self.theory, "pi"))
            case Fun(function=function, order=order, argument=argument):
                return called(naming.function(self.theory, function, order), self.term(argument))
            case Add(terms=terms):
                return total_of(map(self.term, terms))
            case Mul(factors=factors):
                return self.product(factors)
            case Pow():
                return self.product((term,))
            case Total():
                return self.sum(term)
            case StepSum() | StepProduct():
                return self.over_steps(term)
            case StepPower(base=base):
                simple = tight(self.term(base), Bond.ATOM)
                return Piece(raised(simple.node, whole(self.term(term.exponent))))
        raise NoNotation(f"no notation for {type(term).__name__}")

    def product(self, factors: tuple[Term, ...]) -> Piece:
        """Factors in their order, but sums last, so that none takes in what follows it; a step tells two cases apart."""
        step = next((factor for factor in factors if isinstance(factor, Positive)), None)
        if step is not None:
            rest = list(factors)
            rest.remove(step)
            holds = Relations(whole(self.term(step.argument)), ((">", tree.Number("0")),))
            return Piece(Cases(((whole(self.product(tuple(rest))), holds), (tree.Number("0"), None))), Bond.PRODUCT)
        ordered = sorted(factors, key=lambda factor: isinstance(factor, Total | StepSum | StepProduct))
        parts: list[tuple[Piece | Fraction, Fraction]] = []
        for factor in ordered:
            match factor:
                case Num(value=value):
                    parts.append((value, Fraction(1)))
                case Pow(base=base, exponent=exponent):
                    parts.append((self.term(base), exponent))
                case _:
                    parts.append((self.term(factor), Fraction(1)))
        return scalar_product(parts)

    def sum(self, term: Total) -> Piece:
        outside = self.called.get(term.index)
        letter = self.introduce(term.index)
        body = self.term(term.body)
        del self.called[term.index]
        if outside is not None:
            self.called[term.index] = outside
        inside = Fenced("(", body.node, ")") if body.bond is Bond.SUM else body.node
        sum_ = Piece(BigOperator(r"\sum", letter, None, inside), Bond.PRODUCT)
        return negative(sum_) if body.signed else sum_

    def over_steps(self, term: StepSum | StepProduct) -> Piece:
        """A sum or product over steps, with the letter of the page's steps where that is not taken."""
        taken = letters_of(term.body) | {term.first.letter, term.last.letter}
        own = next(letter for letter in _STEP_LETTERS if letter not in taken)
        inside = self.term(instantiate(term.body, {term.letter: Level(own, 0)}))
        body = Fenced("(", whole(inside), ")") if inside.bond is Bond.SUM or inside.signed else inside.node
        lower = Relations(naming.level(Level(own, 0)), (("=", naming.level(term.first)),))
        operator = r"\sum" if isinstance(term, StepSum) else r"\prod"
        return Piece(BigOperator(operator, lower, naming.level(term.last), body), Bond.PRODUCT)


_STEP_LETTERS = ("t", "s", "r", "u", "v", "q", "p")


def entry(name: tree.Node, places: Iterable[tree.Node]) -> tree.Node:
    """A name with its places as a subscript."""
    below = tuple(places)
    if not below:
        return name
    script = below[0] if len(below) == 1 else Product(tuple(("", place) for place in below))
    if isinstance(name, Scripted) and name.sub is None:
        return Scripted(name.base, script, name.sup, name.primes)
    return Scripted(name, sub=script)


def _letters_of(theory: Theory) -> set[str]:
    """Every letter that means something in the theory, its layers and sizes included."""
    known = [*theory.symbols, *theory.definitions]
    taken = {name.base for name in known} | set(theory.spellings) | set(theory.functions)
    taken |= {level.letter for name in known for level in name.levels}
    for symbol in theory.symbols.values():
        taken |= {length.name.partition("@")[0] for length in symbol.shape}
    return taken
