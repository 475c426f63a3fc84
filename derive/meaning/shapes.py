r"""Shapes: what declarations say, what definitions force, and what convention suggests for the rest.

Sizes stay symbols. A declared shape is settled; every other name gets a rank by convention (capital letters matrices, small
letters vectors, or scalars on a page without arrays) when it is first met, and sizes that unification settles over all
definitions. A definition that does not fit makes the guessed ranks in it be tried anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from derive.algebra.counts import sized
from derive.algebra.names import Name, Size, size
from derive.algebra.steps import size_at
from derive.meaning.labels import classes, one_hot
from derive.meaning.linear import linear_place
from derive.meaning.naming import base_latex, is_transpose, level_of, walk, written
from derive.meaning.scope import MANY, Shape, Sizes, Vocabulary
from derive.meaning.stacks import is_stack, with_commas
from derive.notation.tree import (
    BigOperator,
    Ellipsis,
    Fenced,
    Node,
    Number,
    Product,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
)
from derive.theory import family_letters

SCALARS = frozenset(
    {"L", "J", "C", "E", r"\mathcal{L}", r"\ell", r"\mathcal{J}", r"\alpha", r"\eta", r"\lambda", r"\epsilon", r"\varepsilon",
     r"\gamma", r"\rho", r"\tau", r"\mu", "m", "n", "N", "M", "K", "t", "T", "Q", "R", "S"}
)  # fmt: skip
FAMILY = r"^{(\cdot)}"
"""What marks the name of all examples together: `x^{(i)}` is a part of `x^{(\\cdot)}`."""
LOSS_LETTERS = frozenset({"L", "J", "C", "E", "Q", r"\ell"})
_LOSS_WORDS = frozenset(
    {"loss", "cost", "error", "err", "objective", "risk", "mse", "sse", "rss", "nll", "bce", "crossentropy", "ce"}
)
PARAMETER_LETTERS = frozenset({"W", "w", "b", "U", "V", "B", r"\theta", r"\Theta", r"\beta", r"\omega"})
INPUT_LETTERS = frozenset({"x", "X"})
_MOST = 8
"""As many times a size may be counted in that of a stack."""
SCALAR_CAPITALS = frozenset({"L", "J", "C", "E"})


@dataclass
class ShapeTable:
    """Shapes of names, filled as documents are read. `arrays` says whether the page has arrays at all."""

    vocabulary: Vocabulary
    space: Sizes = field(default_factory=Sizes)
    shapes: dict[Name, Shape] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    declared: dict[tuple[Name, int], Shape] = field(default_factory=dict)
    """What was said of names and, by the number of their subscripts, of their parts."""
    redeclared: set[Name] = field(default_factory=set)
    """Names that the page declares a second time, with other sizes."""
    revalued: set[Name] = field(default_factory=set)
    """Names of which it is said a second time, and otherwise, whether their entries have one of two values only."""
    guessed: dict[Name, None] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    arrays: bool = True
    bold_vectors: bool = False
    """Whether the page sets its vectors in bold, so that a light small letter is a number."""
    introduced: frozenset[Name] = frozenset()
    values: dict[Name, tuple[Fraction, Fraction]] = field(default_factory=dict)
    """Arrays whose entries are said to have one of two values."""
    _two_valued: dict[tuple[Name, int], tuple[Fraction, Fraction] | None] = field(default_factory=dict)

    def known(self, name: Name) -> Shape | None:
        """The shape of a name: its own, or its layer family's at this layer."""
        found = self.shapes.get(name)
        if found is not None or not name.levels:
            return found
        for family, shape in self.shapes.items():
            letters = family_letters(family, name) if family.base == name.base else None
            if letters is not None:
                sizes = tuple(size_at(self.space.find(length), letters) for length in shape.sizes)
                return Shape(sizes, shape.row)
        return None

    def guess(self, name: Name, subscripts: int | None = None) -> Shape:
        """The shape of a name, a new one where it has none yet: as many sizes as it has subscripts, else by convention."""
        found = self.known(name)
        if found is not None:
            return found
        if name not in self.shapes:
            rank = self.ranks.get(name.base) if subscripts is None else subscripts
            if rank is None:
                rank = self.convention(name.base)
                if name.base.endswith(FAMILY):
                    single = Name(name.base.removesuffix(FAMILY))
                    own = self.shapes.get(single) if single not in self.guessed else None
                    rank = 1 + (self.convention(single.base) if own is None else own.rank)
                self.ranks[name.base] = rank
            self.shapes[name] = Shape(tuple(self.space.open() for _ in range(rank)))
            self.guessed[name] = None
            like = self.values.get(Name(name.base.removesuffix(MANY)))
            if like is not None and name.base.endswith(MANY):
                self.values[name] = like
        return self.shapes[name]

    def convention(self, base: str) -> int:
        letter, bold = bare_letter(base)
        if not self.arrays or ((base in SCALARS or letter.lower() in _LOSS_WORDS) and not bold):
            return 0
        if self.bold_vectors and not bold and not letter[:1].isupper():
            return 0
        if letter.startswith("\\"):
            return 1 if letter[1:2].islower() else 2
        return 2 if letter[:1].isupper() else 1

    def declare(self, node: Node, region: Node) -> bool:
        r"""Take `W \in \mathbb{R}^{m \times n}` in; False where it is another kind of membership."""
        name = written(node, self.vocabulary.subscripted, self.vocabulary.layered)
        count = classes(region)
        if count is not None and name is not None and name.power is None:
            each = tuple(self.space.open() for _ in name.entries)
            self.shapes[one_hot(name.name)] = Shape((*each, self.size_of(count)))
            return True
        sizes = self.region_sizes(region)
        if name is None or sizes is None or name.power is not None:
            return False
        values = two_values(region)
        if values is not None:
            self.values[name.name] = values
        if name.entries and not any(isinstance(entry, Ellipsis) for entry in name.entries):
            return not sizes
        whole = self.declared.get((name.name, 0)) if name.entries else None
        if name.entries:
            first = isinstance(name.entries[-1], Ellipsis)
            known = whole is not None and whole.rank == len(sizes) + 1
            examples = whole.sizes[0 if first else -1] if known and whole is not None else self.space.open()
            sizes = (examples, *sizes) if first else (*sizes, examples)
        row = len(sizes) == 2 and sizes[0].value == 1
        column = len(sizes) == 2 and sizes[1].value == 1
        shape = Shape((sizes[1],), row=True) if row else Shape((sizes[0],)) if column else Shape(sizes)
        if row and column:
            shape = Shape(())
        if shape.rank < len(sizes):
            shape = replace(shape, declared=sizes)
        own = name.name, len(name.entries)
        before = self.declared.get(own)
        if before is not None and not self._may_be(before, shape):
            self.redeclared.add(name.name)
        if before is not None and self._two_valued.get(own) != values:
            self.revalued.add(name.name)
        self.declared[own], self._two_valued[own] = shape, values
        self.shapes[name.name] = shape
        self.ranks.setdefault(name.name.base, shape.rank)
        self.guessed.pop(name.name, None)
        return True

    def _may_be(self, one: Shape, other: Shape) -> bool:
        """Whether two declarations may be of one array: what is said of single examples leaves open how many there are."""
        sizes = zip(one.sizes, other.sizes, strict=False)
        return one.rank == other.rank and all(
            a is b or self.space.is_open(a) or self.space.is_open(b) for a, b in sizes
        )

    def declare_sizes(self, node: Node, lengths: tuple[Node, ...]) -> None:
        """Take in what running text says of a name's shape."""
        name = written(node, self.vocabulary.subscripted, self.vocabulary.layered)
        if name is not None and not name.entries and name.power is None and name.name not in self.shapes:
            self.shapes[name.name] = Shape(tuple(self.size_of(length) for length in lengths))
            self.ranks.setdefault(name.name.base, len(lengths))

    def region_sizes(self, region: Node) -> tuple[Size, ...] | None:
        if isinstance(region, Fenced) and region.left in (r"\{", "[", "(") and isinstance(region.body, Sequence):
            return () if all(isinstance(item, Number | Sum) for item in region.body.items) else None
        if isinstance(region, Styled) and base_latex(region) == r"\mathbb{R}":
            return ()
        if not isinstance(region, Scripted) or region.sup is None:
            return None
        if base_latex(region.base) != r"\mathbb{R}" and two_values(region.base) is None:
            return None
        return tuple(self.size_of(part) for part in _times(region.sup))

    def size_of(self, node: Node) -> Size:
        whole = self._stack(node) if self.vocabulary.stacks else None
        if whole is not None:
            return self.sizes.setdefault(size_text(node), whole)
        if isinstance(node, Number):
            return size(int(node.text)) if node.text.isdigit() else size(node.text)
        if isinstance(node, Scripted) and isinstance(node.base, Symbol) and (node.sub is None) != (node.sup is None):
            place = node.sub if node.sub is not None else node.sup
            assert place is not None
            level = level_of(place.body if isinstance(place, Fenced) else place)
            if level is not None:  # n_l, n^{[l]}: a size that follows the layer
                return self.sizes.setdefault(size_text(node), size(f"{node.base.text}@{level!r}"))
        if self.vocabulary.shifts is not None and isinstance(node, Sum | Product):
            found = linear_place(node, frozenset(part.text for part in walk(node) if isinstance(part, Symbol)))
            if found is not None:
                return sized(found[1])
        latex = size_text(node.body if isinstance(node, Fenced) else node)
        return self.sizes.setdefault(latex, size(latex))

    def _stack(self, node: Node) -> Size | None:
        """The size of a stack, `H+D` or `2n`; None where it is no sum of sizes."""
        match node:
            case Fenced(left="(", body=body):
                return self._stack(body)
            case Sum(terms=terms) if len(terms) > 1 and all(sign == "+" for sign, _ in terms):
                return self.space.stack(*(self.size_of(term) for _, term in terms))
            case Product(factors=((_, Number(text=times)), ("", part))) if times.isdigit() and 1 < int(times) <= _MOST:
                return self.space.stack(*[self.size_of(part)] * int(times))
        return None

    def components(self, name: Name, right: Node) -> bool:
        """`X = [x_1, x_2]` makes X a vector of two entries, `y = [y_1, \\ldots, y_N]^T` one of N."""
        turned = isinstance(right, Scripted) and right.sub is None and right.sup is not None and is_transpose(right.sup)
        if isinstance(right, Scripted) and turned:
            right = right.base
        if not isinstance(right, Fenced) or right.left not in "([" or not isinstance(right.body, Sequence):
            return False
        items = right.body.items
        stacks = self.vocabulary.stacks
        arrays = stacks in ("shown", "said") or (stacks and any(_first(item).isupper() for item in items))
        if arrays and is_stack(right) and not _entries_of(name, items):
            return False
        last = items[-1]
        if any(isinstance(item, Ellipsis) for item in items) and isinstance(last, Scripted) and last.sub is not None:
            count, letter = self.size_of(last.sub), bare_letter(base_latex(last.base) or "")
            if letter[1] and letter[0].islower():  # examples, one under the other or side by side
                each = self.space.open()
                self.shapes.setdefault(name, Shape((count, each) if turned else (each, count)))
            else:
                self.shapes.setdefault(name, Shape((count,)))
            self.ranks.setdefault(name.base, self.shapes[name].rank)
            return True
        if any(base_latex(_base(item)) is None for item in items):
            return False
        self.shapes[name] = Shape((size(len(items)),))
        self.ranks[name.base] = 1
        return True

    def may_be_columns(self, name: Name, right: Node | None) -> bool:
        """Whether `M = [a, b]` may give a matrix by its columns, or a long vector under a capital letter."""
        if (
            not self.vocabulary.stacks
            or right is None
            or not bare_letter(name.base)[0][:1].isupper()
            or not with_commas(right)
        ):
            return False
        assert isinstance(right, Fenced)
        assert isinstance(right.body, Sequence)
        return not any(_first(item).isupper() for item in right.body.items)

    def layers_unlike(self) -> bool:
        """Whether a guess made one letter a number in one layer, and an array in another."""
        numbers = {name.base for name in self.guessed if name.levels and not self.shapes[name].rank}
        return any(name.base in numbers and name.levels and shape.rank for name, shape in self.shapes.items())

    def settle(self) -> None:
        """Give every size that is still open a name of its own: `n_1`, `n_2`, ..."""
        count = 0
        self.space.work_out()
        for name in self.guessed if self.vocabulary.stacks else ():
            if [self.space.find(length).value for length in self.shapes[name].sizes] == [1]:
                self.shapes[name] = Shape(())  # what takes a single place of a stack is a number
        for shape in self.shapes.values():
            for length in (part for each in shape.sizes for part in self.space.find(each).summands or (each,)):
                if self.space.is_open(length):
                    count += 1
                    while f"n_{count}" in self.sizes:
                        count += 1
                    self.space.settle(length, size(f"n_{count}"))
        for name, shape in list(self.shapes.items()):
            self.shapes[name] = replace(shape, sizes=tuple(self.space.find(length) for length in shape.sizes))


def _times(sup: Node) -> list[Node]:
    r"""The sizes of `n \times 2m`."""
    if not isinstance(sup, Product) or all(sign != r"\times" for sign, _ in sup.factors):
        return [sup]
    groups: list[list[tuple[str, Node]]] = []
    for sign, factor in sup.factors:
        if sign == "" and groups:
            groups[-1].append((sign, factor))
        else:
            groups.append([("", factor)])
    return [group[0][1] if len(group) == 1 else Product(tuple(group)) for group in groups]


def _entries_of(name: Name, items: Iterable[Node]) -> bool:
    r"""Whether `x = [x_1, x_2]` lists a name's own entries."""
    own = {name.base.lower(), bare_letter(name.base)[0].lower()}
    return all(
        isinstance(item, Ellipsis)
        or (isinstance(item, Scripted) and isinstance(item.sub, Number | Symbol) and _lower(item.base) in own)
        for item in items
    )


def _first(node: Node) -> str:
    """The first letter of a name without fonts and accents."""
    return bare_letter(base_latex(_base(node)) or "")[0].removeprefix("\\")[:1]


def _lower(base: Node) -> str:
    return (base_latex(base) or "").lower()


def two_values(region: Node) -> tuple[Fraction, Fraction] | None:
    r"""The numbers of `\{0, 1\}` or `\{-1, 1\}^n`."""
    if isinstance(region, Scripted) and region.sub is None and not region.primes:
        region = region.base
    match region:
        case Fenced(left=r"\{", body=Sequence(items=(one, other))):
            values = [_number(item) for item in (one, other)]
            if values[0] is not None and values[1] is not None:
                return values[0], values[1]
    return None


def _number(node: Node) -> Fraction | None:
    match node:
        case Number(text=text):
            return Fraction(text)
        case Sum(terms=(("+" | "-" as sign, Number(text=text)),)):
            return Fraction(text) * (-1 if sign == "-" else 1)
    return None


def size_text(node: Node) -> str:
    """A size as it is written: `n`, `n_0`, `n^{[1]}`."""
    match node:
        case Scripted(base=base, sub=sub, sup=sup):
            below = f"_{{{size_text(sub)}}}" if sub is not None else ""
            above = f"^{{{size_text(sup)}}}" if sup is not None else ""
            return size_text(base) + below + above
        case Fenced(left=left, body=body, right=right):
            return left + size_text(body) + right
        case Sum(terms=terms):
            return "".join(
                (sign if place or sign == "-" else "") + size_text(t) for place, (sign, t) in enumerate(terms)
            )
        case Product(factors=factors):
            return "".join(f"{sign} {size_text(factor)}".strip() for sign, factor in factors)
        case Number(text=text):
            return text
        case _:
            return base_latex(node) or "?"


def _base(node: Node) -> Node:
    return node.base if isinstance(node, Scripted) else node


def bare_letter(base: str) -> tuple[str, bool]:
    """The letter of a base without fonts and accents, and whether it is bold."""
    bold = False
    letter = base.partition("_{")[0].partition(FAMILY)[0]
    while letter.startswith("\\") and letter.endswith("}") and "{" in letter:
        command, _, rest = letter.partition("{")
        bold = bold or command == r"\mathbf"
        letter = rest[:-1]
    return letter, bold


def is_loss(name: Name) -> bool:
    """Whether convention takes a name for a loss: a number that is made small."""
    letter, bold = bare_letter(name.base)
    return (letter in LOSS_LETTERS and not bold) or letter.lower() in _LOSS_WORDS


def size_letters(trees: Iterable[Node]) -> frozenset[str]:
    r"""The letters in the exponents of `\\mathbb{R}` and in the bounds of sums: they count something."""
    found: set[str] = set()
    for tree in trees:
        for node in walk(tree):
            counts: Node | None = None
            if isinstance(node, Scripted) and base_latex(node.base) == r"\mathbb{R}":
                counts = node.sup
            elif isinstance(node, BigOperator):
                counts = node.upper
            if counts is not None:
                found |= {part.text for part in walk(counts) if isinstance(part, Symbol)}
    return frozenset(found)


def has_bold_vectors(trees: Iterable[Node]) -> bool:
    """Whether a small letter stands in bold on the page."""
    return any(
        isinstance(node, Styled) and node.style == "bold" and isinstance(node.body, Symbol) and node.body.text.islower()
        for tree in trees
        for node in walk(tree)
    )


def has_light_vectors(memberships: Iterable[tuple[Node, Node]]) -> bool:
    r"""Whether a small letter that is not bold is said to be in some `\mathbb{R}^n`."""
    for left, region in memberships:
        letter, bold = bare_letter(base_latex(_base(left)) or "")
        light = not bold and letter.removeprefix("\\")[:1].islower()
        if (
            light
            and isinstance(region, Scripted)
            and base_latex(region.base) == r"\mathbb{R}"
            and region.sup is not None
        ):
            return True
    return False


def has_arrays(trees: Iterable[Node]) -> bool:
    """Whether a page writes arrays: bold letters, transposes, a declared dimension, or a capital times something."""
    for tree in trees:
        for node in walk(tree):
            match node:
                case Styled(style="bold"):
                    return True
                case Scripted(base=Styled(style="blackboard"), sup=Node()):
                    return True
                case Scripted(sup=Symbol(text="T" | r"\top")):
                    return True
                case Product(factors=factors) if len(factors) > 1:
                    for _, factor in factors[:-1]:
                        letter = base_latex(_base(factor)) or ""
                        if letter[:1].isupper() and bare_letter(letter)[0] not in SCALARS:
                            return True
    return False
