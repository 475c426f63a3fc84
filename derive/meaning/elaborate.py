r"""Syntax to meaning: a formula's tree to the arrays it may denote.

`Elaborator.readings` gives every ordinary reading of an expression, plainest first. Where no reading fits, the shapes say so
(`ShapeMismatch`); where something was never introduced or is not known here, `NotUnderstood` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

from derive.algebra.arrays import (
    Array,
    ShapeMismatch,
    apply,
    broadcast,
    diagonal,
    entrywise,
    ones,
    plus,
    scalar,
    scale,
    show,
    spread,
    sum_entries,
    trace,
    transpose,
)
from derive.algebra.functions import NOTATION, PI
from derive.algebra.maps import MapEntry
from derive.algebra.names import Level, Name, fresh
from derive.algebra.steps import StepChain, fresh_letter, instantiate, step_chain, step_power, step_product, step_sum
from derive.algebra.terms import (
    ONE,
    ZERO,
    Entry,
    Extent,
    Fun,
    Num,
    Partial,
    Positive,
    Term,
    Total,
    add,
    delta,
    mul,
    neg,
    num,
    power,
    rename,
    sub,
    transform,
)
from derive.algebra.terms import walk as terms_in
from derive.meaning.blocks import STANDING, Blocks
from derive.meaning.clocks import linear, range_of, steps_over
from derive.meaning.conditions import DIFFERENT, cover_everything
from derive.meaning.labels import INDICATORS, chosen_by_class, is_bracket, is_indicator
from derive.meaning.maps import Maps
from derive.meaning.naming import any_layer, base_latex, is_transpose, subscript_text, walk
from derive.meaning.powers import OPAQUE
from derive.meaning.products import Reading, multiply
from derive.meaning.rows import COLON
from derive.meaning.samples import outside, sample_name, sums_over
from derive.meaning.scope import NotUnderstood, OfVector, Running, Shape
from derive.meaning.shapes import LOSS_LETTERS, PARAMETER_LETTERS, SCALARS, bare_letter
from derive.meaning.stacks import BRACKETS, CONCATENATIONS, is_stack, with_commas
from derive.meaning.sums import chosen, ends, is_count, left_out, members, sum_letters
from derive.notation.tree import (
    Applied,
    BigOperator,
    Cases,
    Derivative,
    Ellipsis,
    Fenced,
    Matrix,
    Node,
    Number,
    Product,
    Relations,
    Root,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
    Tagged,
    Word,
)
from derive.notation.tree import (
    Fraction as FractionNode,
)

_MOST_READINGS = 24


class Elaborator(Maps, Blocks):
    """Gives expressions their meaning within one scope."""

    def side(self, node: Node) -> list[Reading]:
        """The readings of one side of a statement.

        Raises:
            NotUnderstood: beside a sum over inputs stands what may belong to one of them.
        """
        letters = self.scope.vocabulary.samples
        if letters and any(sums_over(node, letters)):
            for part in outside(node, letters):
                name = self._written(part) if isinstance(part, Symbol | Scripted | Styled) else None
                if name is not None and self._belongs_to_one(name.name):
                    raise NotUnderstood(f"{name.latex} beside a sum over {min(letters)}", column=part.span[0])
        return self.readings(node)

    def _belongs_to_one(self, name: Name) -> bool:
        letter, _ = bare_letter(name.base)
        constant = letter in PARAMETER_LETTERS or letter in SCALARS - LOSS_LETTERS
        return self.scope.shape_of(name) is not None and not constant

    def readings(self, node: Node) -> list[Reading]:
        """The readings of an expression, plainest first, at most a few dozen."""
        scope = self.scope
        recalled = scope.recalled(node)
        if recalled is not None:
            return list(recalled)
        before, since = scope.state, len(scope.looked_up)
        found = list(islice(self._node(node), _MOST_READINGS))
        if not found:
            raise NotUnderstood("no reading of this fits its shapes", column=node.span[0])
        found.sort(key=lambda reading: reading.cost)
        if scope.state == before:
            scope.keep(node, tuple(found), since)
        return found

    def _node(self, node: Node) -> Iterator[Reading]:
        match node:
            case Number(text=text):
                yield Reading(scalar(num(Fraction(text))))
            case Tagged(body=body):
                yield from self._node(body)
            case Fenced(body=Relations() as told) | Fenced(body=Fenced(body=Relations() as told)) if is_bracket(node):
                yield from self._indicator(told)
            case Fenced() if is_stack(node):
                yield from self._list(node)
            case Matrix(environment=environment) if environment in BRACKETS:
                yield from self._matrix(node)
            case Fenced(left="(" | "[" | r"\{" | ".", body=body):
                yield from self._node(body)
            case Fenced(left="|") if (batch := is_count(node)) is not None:
                examples = fresh(self.scope.space.open())
                yield Reading(scalar(Total(examples, members(self.scope, batch, examples))))
            case Fenced(left="|" | r"\|"):
                yield from self._norm(node, None)
            case Sum():
                yield from self._sum(node)
            case Product():
                yield from self._product(node)
            case FractionNode(numerator=above, denominator=below):
                yield from self._quotient(self.readings(above), self.readings(below))
            case Root(body=body, degree=degree):
                order = self._integer(degree) if degree is not None else 2
                for inside in self.readings(body):
                    yield Reading(
                        entrywise(lambda t: power(t, Fraction(1, order)), inside.value), inside.notes, inside.cost
                    )
            case Applied(function=function, argument=argument):
                yield from self._applied(function, argument)
            case BigOperator():
                yield from self._big(node)
            case Derivative():
                yield from self._derivative(node)
            case Cases():
                yield from self._cases(node)
            case Scripted(base=base, sub=Relations() as told, sup=None, primes=0) if base_latex(base) in INDICATORS:
                yield from self._indicator(told)  # `\mathbf{1}_{i = y}`
            case Scripted() | Symbol() | Word() | Styled():
                yield from self._name(node)
            case _:
                latex = base_latex(node)
                if latex is None:
                    raise NotUnderstood(
                        f"no meaning is known for this {type(node).__name__.lower()}", column=node.span[0]
                    )
                yield from self._name(node)

    # names and scripts

    def _name(self, node: Node) -> Iterator[Reading]:
        name = self._written(node)
        if name is None or name.power is not None:
            yield from self._scripted(node)
            return
        letter = name.latex
        if name.primes:
            raise NotUnderstood(f"{letter}' stands without an argument", column=node.span[0])
        if repr(name.name) in self.scope.vocabulary.heads:
            value = self._array(name)
            yield Reading(transpose(value) if name.transposed else value)
            return
        if letter in (r"\pi", "\u03c0") and not name.entries and self.scope.shape_of(name.name) is None:
            yield Reading(scalar(PI))
            return
        if letter == "e" and not name.entries and self.scope.shape_of(name.name) is None:
            yield Reading(scalar(Fun("exp", 0, ONE)))
            return
        if letter in self.scope.sizes and self.scope.shape_of(name.name) is None:
            yield Reading(scalar(Extent(self.scope.sizes[letter])))
            return
        if letter in (r"\mathbf{1}", r"\vec{1}", r"\mathbb{1}", r"\boldsymbol{1}") and not name.entries:
            vector = ones((self.scope.space.open(),))
            yield Reading(transpose(vector) if name.transposed else vector)
            return
        if letter in (r"\mathbf{0}", r"\vec{0}") and not name.entries and self.scope.shape_of(name.name) is None:
            index = fresh(self.scope.space.open())
            yield Reading(Array((index,), ZERO, row=name.transposed))
            return
        if (
            letter in ("I", r"\mathbf{I}", r"\mathbb{I}")
            and len(name.entries) < 2
            and self.scope.shape_of(name.name) is None
        ):
            sizes = [self.scope.sizes.get(base_latex(entry) or "") for entry in name.entries]  # `I_n` says how large
            if None in sizes:
                raise NotUnderstood(f"{letter} with a subscript that is no size", column=node.span[0])
            length = sizes[0] if sizes and sizes[0] is not None else self.scope.space.open()
            row, column = fresh(length), fresh(length)
            yield Reading(Array((row, column), delta(row, column)))
            return
        value = self._array(name)
        yield Reading(transpose(value) if name.transposed else value)
        if value.rank == 1 and COLON in name.entries:
            note = f"the part of {letter} lies as a row"
            yield Reading(value if name.transposed else transpose(value), (note,), 1)

    def _indicator(self, node: Relations) -> Iterator[Reading]:
        """One where a condition holds, zero elsewhere; entry by entry where it compares an array with a number."""
        relation, right = node.rest[0]
        if node.first is None or len(node.rest) != 1:
            raise NotUnderstood("a condition that is no single comparison", column=node.span[0])
        if relation == "=":
            yield Reading(scalar(self._same(node.first, right)))
            return
        for difference in self._added([("+", self.readings(node.first)), ("-", self.readings(right))]):
            holds = entrywise(lambda t: self._holds(relation, t, node), difference.value)
            yield Reading(holds, difference.notes, difference.cost)

    def _scripted(self, node: Node) -> Iterator[Reading]:
        if not isinstance(node, Scripted):
            raise NotUnderstood("a name that is not understood", column=node.span[0])
        if node.sub is not None and not isinstance(node.base, Fenced):
            if node.sup is None or node.primes or is_transpose(node.sup):
                raise NotUnderstood("a name that is not understood", column=node.span[0])
            node = replace(node, base=replace(node, sup=None), sub=None)  # `a_i^2` is the square of `a_i`
        elif node.sub is not None and node.sup is not None and isinstance(node.base, Fenced) and node.base.left in "([":
            # `(x + y)_i^2` is the square of an entry
            node = replace(node, base=Fenced("(", replace(node, sup=None), ")", span=node.span), sub=None)
        if isinstance(node.base, Fenced) and node.base.left in ("|", r"\|"):
            kind = "2" if node.sub is None else subscript_text(node.sub)
            if kind not in ("1", "2", "F", r"\mathrm{F}"):
                raise NotUnderstood(f"a norm with the subscript {kind}", column=node.span[0])
            yield from self._norm(node.base, node.sup, sum_of_sizes=kind == "1")
            return
        sup = node.sup
        base = node.base
        if sup is None:
            if node.sub is None or node.primes:
                raise NotUnderstood("primes at an expression", column=node.span[0])
            places = node.sub.items if isinstance(node.sub, Sequence) else (node.sub,)
            if isinstance(node.sub, Product):
                places = tuple(factor for _, factor in node.sub.factors)
            for inside in self.readings(base):
                if inside.value.rank == len(places):
                    yield Reading(self._entries(inside.value, places), inside.notes, inside.cost)
            return
        if base_latex(base) == "e" and node.sub is None and self.scope.shape_of(Name("e")) is None:
            for inside in self.readings(sup):
                yield Reading(apply("exp", inside.value), inside.notes, inside.cost)
            return
        if is_transpose(sup):
            listed = with_commas(base)
            for inside in self.readings(base):
                yield Reading(transpose(inside.value), inside.notes, inside.cost)
                if listed and inside.value.rank == 1 and not inside.value.row:  # `[h, x]^\top` for the column
                    yield Reading(inside.value, (*inside.notes, STANDING), inside.cost + 1)
            return
        if isinstance(sup, Sum) and len(sup.terms) == 1 and sup.terms[0][0] == "-" and is_transpose(sup.terms[0][1]):
            for inside in self.readings(base):  # `Y^{-T}`
                yield Reading(transpose(self.inverse(inside.value)), inside.notes, inside.cost)
            return
        counted = self._step_exponent(sup)
        if counted is not None:
            for inside in self.readings(base):
                if inside.value.rank == 2:
                    yield Reading(self.step_matrix_power(inside.value, *counted), inside.notes, inside.cost)
                    continue
                if inside.value.rank:
                    raise NotUnderstood("a vector to a power that counts steps", column=sup.span[0])
                yield Reading(entrywise(lambda t: step_power(t, *counted), inside.value), inside.notes, inside.cost)
            return
        if self._is_real_power(base, sup):
            yield from self._real_powers(base, sup)
            return
        exponent = self._rational(sup)
        for inside in self.readings(base):
            yield from self._powers(inside, exponent)

    def _step_exponent(self, sup: Node) -> tuple[dict[str, int], int] | None:
        """An exponent that counts steps: letters of steps, of sums over them, and whole numbers."""
        found = linear(sup)
        clocks = self.scope.vocabulary.clocks
        steps = {
            *clocks,
            *self.scope.vocabulary.steps,
            *(end.letter for _, end in clocks.values()),
            *self.scope.stepping,
        }
        return found if found is not None and found[0] and found[0].keys() <= steps else None

    # sums, products, quotients

    def _sum(self, node: Sum) -> Iterator[Reading]:
        yield from self._added([(sign, self.readings(term)) for sign, term in node.terms])

    def _added(self, parts: list[tuple[str, list[Reading]]]) -> Iterator[Reading]:
        sign, first = parts[0]
        partial = [Reading(_signed(sign, r.value), r.notes, r.cost) for r in first]
        for sign, options in parts[1:]:
            following: list[Reading] = []
            mismatch: ShapeMismatch | None = None
            for left in partial:
                for right in options:
                    try:
                        with self.scope.space.trying():
                            value, note = self._plus(left.value, _signed(sign, right.value))
                    except ShapeMismatch as error:
                        mismatch = mismatch or error
                        continue
                    if (same := self._with_identity(left.value, _signed(sign, right.value))) is not None:
                        told = (*left.notes, *right.notes, "the number one is the identity matrix")
                        following.append(Reading(same, told, left.cost + right.cost + 1))
                    notes = left.notes + right.notes + ((note,) if note else ())
                    following.append(Reading(value, notes, left.cost + right.cost + (1 if note else 0)))
            if not following:
                assert mismatch is not None
                raise mismatch
            partial = sorted(following, key=lambda reading: reading.cost)[:_MOST_READINGS]
        yield from partial

    def _with_identity(self, left: Array, right: Array) -> Array | None:
        """`1 + J` with a Jacobian J, as pages on residual networks write it."""
        if not self.scope.vocabulary.maps or left.body is not ONE or right.rank != 2:
            return None
        row, column = right.indices
        find = self.scope.space.find
        if find(row.size) is not find(column.size) or not any(
            isinstance(node, Partial) or (isinstance(node, MapEntry) and node.slots) for node in terms_in(right.body)
        ):
            return None
        return Array(right.indices, add(delta(row, column), right.body))

    def _plus(self, left: Array, right: Array) -> tuple[Array, str]:
        """A sum with the repetitions that notes leave unsaid: a number added to every entry, a bias to every example."""
        if left.rank == right.rank:
            return plus(left, right, self.scope.agree), ""
        small, large = (left, right) if left.rank < right.rank else (right, left)
        if not small.rank:
            if self.scope.strict and not isinstance(small.body, Num):
                raise ShapeMismatch(f"{show(left)} cannot be added to {show(right)}", left, right)
            note = "" if isinstance(small.body, Num) else "a number is added to every entry"
            return plus(spread(small, large.shape, large.row), large), note
        for axis in (1, 0) if small.row else (0, 1):
            if self.scope.agree(small.shape[0], large.shape[axis]):
                repeated = broadcast(small, large.shape, axis)
                return plus(repeated, large), "a vector is added to every " + ("column" if axis == 0 else "row")
        raise ShapeMismatch(f"{show(left)} cannot be added to {show(right)}", left, right)

    def _product(self, node: Product) -> Iterator[Reading]:
        if self.scope.vocabulary.maps:
            if (called := self.map_call(node.factors)) is not None:
                yield from self.mapped(*called)
                return
            node = replace(node, factors=self.with_maps(node.factors))
        self._refuse_differentials(node)
        factors = self._applications(node.factors)
        groups: list[tuple[str, list[Node | list[Reading]]]] = []
        for sign, factor in factors:
            if sign == "" and groups:
                groups[-1][1].append(factor)
            else:
                groups.append((sign, [factor]))
        chain = self._chain_of_derivatives(factors)
        if chain is not None:
            yield chain
            return
        result: list[Reading] | None = None
        for sign, group in groups:
            value = self._run(group)
            if result is None:
                result = value
            elif sign in ("/", r"\oslash"):
                result = list(self._quotient(result, value))
            else:
                result = self._times(result, sign, value)
        yield from result or []

    def _refuse_differentials(self, node: Product) -> None:
        """`dW` set close may be a name of its own, a differential, or d times W: which one, nothing here tells."""
        for (_, first), (sign, second) in zip(node.factors, node.factors[1:], strict=False):
            letter = second.base if isinstance(second, Scripted) else second
            close = sign == "" and first.span[1] == second.span[0]
            if close and first == Symbol("d") and isinstance(letter, Symbol) and self.scope.shape_of(Name("d")) is None:
                name = f"d{letter.text}"
                raise NotUnderstood(f"{name} may be a name of its own or a product", name, first.span[0])

    def _run(self, members: list[Node | list[Reading]]) -> list[Reading]:
        result: list[Reading] | None = None
        for member in members:
            value = member if isinstance(member, list) else self.readings(member)
            result = value if result is None else self._times(result, "", value)
        return result or []

    def _times(self, lefts: list[Reading], sign: str, rights: list[Reading]) -> list[Reading]:
        found: list[Reading] = []
        mismatch: ShapeMismatch | None = None
        signed = self.scope.vocabulary.entrywise and not self.scope.plainest
        for left in lefts:
            for right in rights:
                try:
                    ways = multiply(left, sign, right, self.scope.agree, self.scope.space.trying, signed=signed)
                    if self.scope.strict and not sign:
                        ways = _as_written(ways, left, right)
                    found.extend(_plainest(ways) if self.scope.plainest else ways)
                except ShapeMismatch as error:
                    mismatch = mismatch or error
        if not found:
            assert mismatch is not None
            raise mismatch
        return sorted(found, key=lambda reading: reading.cost)[:_MOST_READINGS]

    def _quotient(self, aboves: list[Reading], belows: list[Reading]) -> Iterator[Reading]:
        for above in aboves:
            for below in belows:
                inverse = entrywise(lambda t: power(t, -1), below.value)
                notes, cost = above.notes + below.notes, above.cost + below.cost
                if not below.value.rank:
                    yield Reading(scale(inverse, above.value), notes, cost)
                else:
                    numerator = above.value
                    if not numerator.rank:
                        numerator = spread(numerator, inverse.shape, inverse.row)
                    yield from multiply(
                        Reading(numerator, notes, cost),
                        r"\odot",
                        Reading(inverse),
                        self.scope.agree,
                        self.scope.space.trying,
                    )

    # functions

    def _applications(self, factors: tuple[tuple[str, Node], ...]) -> list[tuple[str, Node | list[Reading]]]:
        """The factors with each function letter joined to the parentheses that follow it."""
        factors = self._with_scripts(factors)
        result: list[tuple[str, Node | list[Reading]]] = []
        skip = False
        for place, (sign, factor) in enumerate(factors):
            if skip:
                skip = False
                continue
            following = factors[place + 1] if place + 1 < len(factors) else None
            if following is not None and following[0] == "" and is_indicator(factor, following[1]):
                assert isinstance(following[1], Fenced)
                assert isinstance(following[1].body, Relations)
                result.append((sign, list(self._indicator(following[1].body))))
                skip = True
            elif (
                following is not None
                and following[0] == ""
                and isinstance(following[1], Fenced)
                and (function := self.function_letter(factor)) is not None
            ):
                letter, order, exponent = function
                result.append((sign, list(self._call(letter, order, exponent, following[1].body))))
                skip = True
            elif (
                following is not None
                and following[0] == ""
                and isinstance(following[1], Fenced)
                and self._is_value(factor)
            ):
                raise NotUnderstood("a value at other arguments than it is defined with", column=factor.span[0])
            else:
                result.append((sign, factor))
        return result

    def _with_scripts(self, factors: tuple[tuple[str, Node], ...]) -> tuple[tuple[str, Node], ...]:
        r"""`\phi'(Z)^T` is the transpose of what the function gives, `\sigma(z)_j` an entry of it."""
        result: list[tuple[str, Node]] = []
        for sign, factor in factors:
            if (
                result
                and sign == ""
                and isinstance(factor, Scripted)
                and isinstance(factor.base, Fenced)
                and factor.base.left == "("
                and self.function_letter(result[-1][1]) is not None
            ):
                before, function = result.pop()
                called = Product((("", function), ("", factor.base)), span=function.span)
                result.append((before, replace(factor, base=Fenced("(", called, ")", span=factor.span))))
                continue
            result.append((sign, factor))
        return tuple(result)

    def _is_value(self, node: Node) -> bool:
        name = self._written(node)
        return name is not None and repr(name.name) in self.scope.vocabulary.values

    def function_letter(self, node: Node) -> tuple[str, int, Node | None] | None:
        """A letter that stands for a function: its name in terms, the order of its derivative, a power on it."""
        name = self._written(node)
        if name is None or name.entries or name.transposed:
            return None
        functions = self.scope.vocabulary.functions
        known = functions.get(repr(name.name))
        if known is None and name.name.levels:
            known = functions.get(any_layer(name.name))  # `\sigma_i(s) = ...` says it of every layer
        if known is None and self.scope.shape_of(name.name) is None:
            known = NOTATION.get(_bare(name.latex).lower())
        return None if known is None else (known, name.primes, name.power)

    def _call(self, function: str, order: int, exponent: Node | None, argument: Node) -> Iterator[Reading]:
        for inside in self.readings(argument):
            by_class = chosen_by_class(inside.value.body, lambda t: Fun(function, order, t))
            value = apply(function, inside.value, order)
            if by_class is not None:
                value = replace(value, body=by_class)
            if exponent is not None:
                number = self._rational(exponent)
                value = entrywise(lambda t, n=number: power(t, n), value)  # type: ignore[misc]
            yield Reading(value, inside.notes, inside.cost)

    def _applied(self, function: Node, argument: Node) -> Iterator[Reading]:
        if isinstance(argument, Scripted) and isinstance(argument.base, Fenced):
            # `softmax(o)_j` is entry j of what the function gives, `diag(s)^{-1}` the inverse of what it gives
            inner = Applied(function, argument.base, span=function.span)
            yield from self._scripted(replace(argument, base=Fenced("(", inner, ")")))
            return
        own = self._of_vector(function)
        if own is not None:
            for reading in self.readings(argument):
                factor = isinstance(argument, Fenced) and argument.left == "[" and not reading.value.rank
                value = self._value_times(function, reading.value) if factor else self._at_vector(own, reading.value)
                yield Reading(value, reading.notes, reading.cost)
            return
        word, power_node, sub_node, primes = _word(function)
        inside = argument.body if isinstance(argument, Fenced) and argument.left in ("(", "[", r"\{") else argument
        row = word.lower()
        if row in NOTATION or repr(Name(rf"\mathrm{{{word}}}")) in self.scope.vocabulary.functions:
            known = self.scope.vocabulary.functions.get(repr(Name(rf"\mathrm{{{word}}}"))) or NOTATION[row]
            yield from self._call(known, primes, power_node, inside)
        elif row == "softmax":
            for reading in self.readings(inside):
                yield Reading(softmax(reading.value), reading.notes, reading.cost)
        elif row == "prod" and isinstance(inside, Sequence):
            # d2l.ai, section 5.3: a product of derivatives in whatever order and transposition their shapes ask for
            chain = self._chain_of_derivatives([("", item) for item in inside.items])
            if chain is None:
                raise NotUnderstood("a prod that is no chain of derivatives", column=function.span[0])
            yield chain
        elif row in CONCATENATIONS and isinstance(inside, Sequence):
            yield from self._concatenated(argument, inside.items)
        elif row in ("diag", "diagonal"):
            listed = self._spelled_out(inside) or self._listed(inside)
            yield from _of_fitting(listed or self.readings(inside), diagonal)
        elif row == "det":
            yield from _of_fitting(self.readings(inside), self.determinant)
        elif row in ("tr", "trace"):
            yield from _of_fitting(self.readings(inside), lambda value: trace(value, self.scope.agree))
        elif row == "max" and isinstance(inside, Sequence) and len(inside.items) == 2:
            left, right = (self.readings(item) for item in inside.items)
            if isinstance(left[0].value.body, Num):  # `max(0, x)` as x where it is positive
                left, right = right, left
            for difference in self._added([("+", left), ("-", right)]):
                second = right[0].value
                step = entrywise(lambda t: mul(t, Positive(t)), difference.value)
                value, _ = self._plus(step, second)
                yield Reading(value, difference.notes, 0)
        elif row in ("max", "min") and sub_node is not None:
            yield self._extreme(row, sub_node, inside)
        elif row == "sum" and sub_node is None:
            for reading in self.readings(inside):
                yield Reading(sum_entries(reading.value), reading.notes, reading.cost)
        else:
            raise NotUnderstood(f"no function called {word} is known here", column=function.span[0])

    def _of_vector(self, function: Node) -> OfVector | None:
        name = self._written(function)
        return None if name is None else self.scope.vocabulary.of_vectors.get(repr(name.name))

    def _value_times(self, function: Node, factor: Array) -> Array:
        """What a function gives at the vector that it is defined with, times a number."""
        name = self._written(function)
        assert name is not None
        return scale(factor, self.scope.array(name.name))

    def _at_vector(self, function: OfVector, argument: Array) -> Array:
        """What a function that the page defines gives at a vector: its right side, read with a vector of that size in the place of
        the parameter, and the entries of the vector put in."""
        outer = self.scope
        if argument.rank != 1:
            raise NotUnderstood("a function of a vector at what is none")
        others = {name: each for name, each in outer.vocabulary.of_vectors.items() if each is not function}
        shape = Shape(argument.shape)

        def shape_of(name: Name) -> Shape | None:
            return shape if name is function.parameter else outer.shape_of(name)

        inner = replace(
            outer, vocabulary=replace(outer.vocabulary, of_vectors=others), shape_of=shape_of, plainest=True, running={},
            kept=None, looked_up=[],
        )  # fmt: skip
        value = Elaborator(inner).readings(function.body)[0].value
        outer.changes = inner.changes
        running = inner.running.get(function.letter)
        index = None if running is None else running.index
        if value.rank or value.body.free - {index} or (function.letter and index is None):
            raise NotUnderstood("a function of a vector whose right side leaves letters open")
        # the index letters of the argument are others than those of the right side, whatever they are called
        own = {} if index is None else {index: fresh(index.size)}
        body = transform(rename(value.body, own), lambda node: _entry_of(node, function.parameter, argument))
        return Array(tuple(own.values()), body)

    def _spelled_out(self, node: Node) -> list[Reading]:
        r"""The vector of `diag(\ldots x_i \ldots)`: what stands for its entry i."""
        parts = node.factors if isinstance(node, Product) else ()
        if len(parts) != 3 or not all(isinstance(parts[place][1], Ellipsis) for place in (0, 2)):
            return []
        (inside, *_) = self.readings(parts[1][1])
        self.scope.changes += 1
        free = [
            running.index
            for running in self.scope.running.values()
            if running.index is not None and running.index in inside.value.body.free
        ]
        if inside.value.rank or len(free) != 1:
            raise NotUnderstood("an entry that does not say which", column=node.span[0])
        return [Reading(Array((free[0],), inside.value.body), inside.notes, inside.cost)]

    def _listed(self, node: Node) -> list[Reading]:
        r"""The vector of `diag(r_1, \ldots, r_N)`, with as many entries."""
        items = node.items if isinstance(node, Sequence) else ()
        first, last = (items[0], items[-1]) if len(items) > 2 else (None, None)
        if (
            not isinstance(first, Scripted)
            or not isinstance(last, Scripted)
            or last.sub is None
            or last.sup is not None
        ):
            return []
        if first != replace(last, sub=Number("1")) or not any(isinstance(item, Ellipsis) for item in items):
            return []
        name, length = base_latex(last.base), self.scope.sizes.get(base_latex(last.sub) or "")
        if name is None or length is None:
            return []
        value = self.scope.array(Name(name), 1)
        if value.rank != 1 or not self.scope.agree(value.shape[0], length):
            raise NotUnderstood("a list of other entries than there are", column=node.span[0])
        return [Reading(value)]

    def _extreme(self, word: str, place: Node, body: Node) -> Reading:
        """The largest or smallest of several: a number of which nothing is known but what it depends on."""
        letters = [part.text for part in walk(place) if isinstance(part, Symbol) and part.text not in self.scope.sizes]
        if len(letters) != 1:
            raise NotUnderstood(f"a {word} over what is no index", column=place.span[0])
        before = self.scope.running.pop(letters[0], None)
        self.scope.running[letters[0]] = Running(letters[0])
        try:
            (inside, *_) = self.readings(body)
            index = self.scope.running[letters[0]].index
        finally:
            self.scope.running.pop(letters[0], None)
            if before is not None:
                self.scope.running[letters[0]] = before
        if index is None or inside.value.rank:
            raise NotUnderstood(f"a {word} over what is no index", column=place.span[0])
        free = tuple(sorted(inside.value.body.free - {index}, key=lambda each: each.label))
        name = Name(f"{OPAQUE}{word} of {inside.value.body!r}")
        return Reading(scalar(Entry(name, free)), inside.notes, inside.cost)

    def _cases(self, node: Cases) -> Iterator[Reading]:
        """Branches one after the other: each holds where its condition does and none before it did. A number, such as zero, stands
        for an array of it beside branches that are arrays."""
        if not cover_everything(condition for _, condition in node.branches):
            raise NotUnderstood("cases that may leave something out: none of them is for the rest", column=node.span[0])
        branches = [self.readings(branch)[0].value for branch, _ in node.branches]
        array = next((value for value in branches if value.rank), None)
        value: Array | None = None
        remaining: Term = ONE
        for inside, (_, condition) in zip(branches, node.branches, strict=True):
            if array is not None and not inside.rank and isinstance(inside.body, Num):
                inside = spread(inside, array.shape, array.row)
            holds = ONE if condition is None else self.condition(condition)
            chosen_here = mul(remaining, holds)
            part = entrywise(lambda t: mul(chosen_here, t), inside)  # noqa: B023 - used at once
            value = part if value is None else plus(value, part, self.scope.agree)
            remaining = mul(remaining, sub(ONE, holds))
        assert value is not None
        yield Reading(value)

    def condition(self, node: Node) -> Term:
        """One where a comparison holds, and zero elsewhere."""
        relations = (
            node
            if isinstance(node, Relations)
            else next((part for part in walk(node) if isinstance(part, Relations)), None)
        )
        if relations is None:
            raise NotUnderstood("a condition in words", column=node.span[0])
        if relations.first is None or len(relations.rest) != 1:
            raise NotUnderstood("a condition that is no single comparison", column=node.span[0])
        relation, right = relations.rest[0]
        if relation in DIFFERENT or relation == "=":
            of_class = self._label(relations.first) is not None or self._label(right) is not None
            same = (self._same if of_class else self._same_place)(relations.first, right)
            return same if relation == "=" else sub(ONE, same)
        if (between_places := self._between_places(relation, relations.first, right)) is not None:
            return between_places
        difference = sub(self.readings(relations.first)[0].value.body, self.readings(right)[0].value.body)
        return self._holds(relation, difference, node)

    def _same_place(self, left: Node, right: Node) -> Term:
        """Kronecker's delta of two index letters of the formula."""
        self.scope.changes += 1
        one, other = (self.scope.running.get(base_latex(side) or "") for side in (left, right))
        if one is None or other is None or one.index is None or other.index is None:
            raise NotUnderstood("a condition that compares no two index letters of the formula", column=left.span[0])
        if not self.scope.agree(one.index.size, other.index.size):
            raise NotUnderstood("a condition that compares indices of different ranges", column=left.span[0])
        return delta(one.index, other.index)

    def _holds(self, relation: str, difference: Term, node: Node) -> Term:
        match relation:
            case ">":
                return Positive(difference)
            case "<":
                return Positive(neg(difference))
            case r"\geq" | r"\ge":
                return sub(ONE, Positive(neg(difference)))
            case r"\leq" | r"\le":
                return sub(ONE, Positive(difference))
            case _:
                raise NotUnderstood(f"a condition with {relation}", column=node.span[0])

    # sums over an index

    def _big(self, node: BigOperator) -> Iterator[Reading]:
        stepped = steps_over(node, self.scope.vocabulary)
        if stepped is not None and stepped not in self.scope.running:
            yield from self._over_steps(node, stepped)
            return
        if node.operator != r"\sum":
            raise NotUnderstood(f"{node.operator} is not supported", column=node.span[0])
        letters, batch = sum_letters(node.lower), chosen(node.lower)
        for part in walk(node.body):
            name = self._written(part) if isinstance(part, Scripted) else None
            if name is not None and any(level.letter in letters for level in name.name.levels):
                raise NotUnderstood(f"a sum over the members {name.latex} of a family", column=part.span[0])
        if len(letters) == 1 and letters[0] in self.scope.vocabulary.samples:
            factor = Entry(sample_name(letters[0]))
            for reading in self.readings(node.body):
                yield Reading(entrywise(lambda t: mul(factor, t), reading.value), reading.notes, reading.cost)
            return
        saved = {letter: self.scope.running.pop(letter, None) for letter in letters}
        for letter in letters:
            self.scope.running[letter] = Running(letter, self._told_range(node, letter) if len(letters) == 1 else None)
        try:
            inside = self.readings(node.body)
            indices = [self.scope.running[letter].index for letter in letters]
            for index in indices:
                if index is not None and len(indices) == 1:
                    ends(self.scope, node, index)
            held: Term | None = None
            if batch is not None and indices[0] is not None and self.scope.shape_of(Name(base_latex(batch) or "")):
                held = members(self.scope, batch, indices[0])
            elif (other := left_out(node.lower)) is not None and indices[0] is not None:
                index = indices[0]
                of_class = self._label(other) is not None
                same = (
                    self._same(Symbol(letters[0]), other) if of_class else delta(index, self._place(other, index.size))
                )
                held = sub(ONE, same)
            if held is not None:
                inside = [
                    Reading(entrywise(lambda t: mul(held, t), each.value), each.notes, each.cost) for each in inside
                ]
        finally:
            for letter, before in saved.items():
                self.scope.running.pop(letter, None)
                if before is not None:
                    self.scope.running[letter] = before
        for reading in inside:
            value = reading.value
            for letter, index in reversed(list(zip(letters, indices, strict=True))):
                if index is None:
                    raise NotUnderstood(f"the sum over {letter} has no entry that tells its range", column=node.span[0])
                own = fresh(index.size)
                body = Total(own, rename(value.body, {index: own}))
                value = Array(value.indices, body, value.row)
            yield Reading(value, reading.notes, reading.cost)

    def _over_steps(self, node: BigOperator, letter: str) -> Iterator[Reading]:
        """A sum over the members of a family: its letter is bound, whatever stands for a step outside."""
        first, last = range_of(node, letter, self.scope.vocabulary.clocks)
        outer = letter in self.scope.stepping
        self.scope.stepping.add(letter)
        try:
            inside = self.readings(node.body)
        finally:
            if not outer:
                self.scope.stepping.discard(letter)
        for reading in inside:
            value, own = reading.value, fresh_letter()
            if any(f"@{letter}" in length.name for length in value.shape):
                raise NotUnderstood("a sum over layers of different sizes", column=node.span[0])
            if node.operator == r"\prod" and value.rank > 1:
                yield from self._chained(node, reading, letter, first, last)
                continue
            over = step_sum if node.operator == r"\sum" else step_product
            body = over(own, first, last, instantiate(value.body, {letter: Level(own, 0)}))
            yield Reading(Array(value.indices, body, value.row), reading.notes, reading.cost)

    def _chained(self, node: BigOperator, inside: Reading, letter: str, first: Level, last: Level) -> Iterator[Reading]:
        """A product of matrices over steps. Where the page does not say which factor stands on the left, what follows from its own
        recursions tells: both orders are read, but nothing is defined by one of them."""
        later_left = self.scope.vocabulary.later_left
        if later_left is None and self.scope.plainest:
            raise NotUnderstood("a product of matrices in an order that the page does not say", column=node.span[0])
        i, j = self.square(inside.value, "product over steps")
        row, column, own = fresh(i.size), fresh(j.size), fresh_letter()
        body = instantiate(inside.value.body, {letter: Level(own, 0)})
        for late, end in ((True, "left"), (False, "right")):
            if later_left is late or later_left is None:
                # a product the other way round is the transpose of that of the transposes
                ends, places = ((i, j), (row, column)) if late else ((j, i), (column, row))
                chain = step_chain(StepChain(*ends, body, own, first, last, *places), first, last)
                note = f"the factor of the last step stands on the {end}"
                cost = inside.cost if late or later_left is not None else inside.cost + 1
                yield Reading(Array((row, column), chain), (*inside.notes, note), cost)

    # derivatives


def _of_fitting(ways: list[Reading], function: Callable[[Array], Array]) -> Iterator[Reading]:
    """What a function gives of the readings that it takes: `(1 - h^2)` may be a number or a vector, and only one has a diagonal.

    Raises:
        ShapeMismatch: it takes none of them.
    """
    found: list[Reading] = []
    mismatch: ShapeMismatch | None = None
    for way in ways:
        try:
            found.append(Reading(function(way.value), way.notes, way.cost))
        except ShapeMismatch as error:
            mismatch = mismatch or error
    if not found and mismatch is not None:
        raise mismatch
    yield from found


def softmax(value: Array) -> Array:
    """exp(x_j) / sum_k exp(x_k), along the last axis."""
    if not value.rank:
        raise NotUnderstood("the softmax of a scalar")
    last = value.indices[-1]
    other = fresh(last.size)
    total_of_all = Total(other, Fun("exp", 0, rename(value.body, {last: other})))
    return Array(value.indices, mul(Fun("exp", 0, value.body), power(total_of_all, -1)), value.row)


def _plainest(ways: Iterator[Reading]) -> Iterator[Reading]:
    """The first reading, and those that are as plain: what stands around them decides between these."""
    first: Reading | None = None
    for way in ways:
        first = first or way
        if way.cost <= first.cost:
            yield way


def _as_written(ways: Iterator[Reading], left: Reading, right: Reading) -> Iterator[Reading]:
    """The readings that need no more than what is written."""
    found = False
    for way in ways:
        if way.cost == left.cost + right.cost:
            found = True
            yield way
    if not found:
        raise ShapeMismatch(f"{show(left.value)} times {show(right.value)}", left.value, right.value)


def _signed(sign: str, value: Array) -> Array:
    if sign == "+":
        return value
    if sign == "-":
        return entrywise(neg, value)
    raise NotUnderstood(f"{sign} leaves open what is meant")


def _word(node: Node) -> tuple[str, Node | None, Node | None, int]:
    if isinstance(node, Scripted) and isinstance(node.base, Word):
        return node.base.text, node.sup, node.sub, node.primes
    if isinstance(node, Word):
        return node.text, None, None, 0
    raise NotUnderstood("a function that is not known", column=node.span[0])


def _entry_of(node: Term, parameter: Name, argument: Array) -> Term | None:
    return argument.at(*node.indices) if isinstance(node, Entry) and node.name is parameter else None


def _bare(latex: str) -> str:
    return latex[8:-1] if latex.startswith(r"\mathrm{") else latex
