r"""Rewriting of derived expressions: values reused, quotients cancelled, and forms that do not overflow.

Every rule is an identity of real numbers, applied to whatever term has its shape; none asks which loss or
activation it is.

    f'(u) -> the derivative's own expression      sigmoid(1 - sigmoid), 1 - tanh^2, ...
    sigma(z) -> a, where a := sigma(z)            what the forward pass has computed is not computed again
    [z > 0] -> [a > 0], where a := max(z, 0)      so that z need not be kept
    (y/a) a (1 - a) -> y (1 - a)                  cross-entropy through a sigmoid or a softmax becomes p - y
    1/(1 + exp(-u)) -> sigmoid(u)                 so that its logarithms are found
    exp(u) sigmoid(-u) -> sigmoid(u)              which exp(u)/(1 + exp(u)) has become
    u [u > 0] -> max(u, 0)                        and u + max(-u, 0) -> max(u, 0)
    log sigmoid(u) -> -softplus(-u)               and log(1 - sigmoid(u)) -> -softplus(u)
    log(1 + exp(u)) -> softplus(u)
    log(u v) -> log u + log v                     for factors u that are greater than zero
    exp(u_j)/sum_k exp(u_k)                       -> the same with max_k u_k subtracted from each u
    log sum_k exp(u_k)                            -> M + log1p(sum over the others of exp(u_k - M)), M = max_k u_k

The last two are the usual guards, the logarithm with the largest term left out of the sum, so that nothing is lost where it
outweighs the others (Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions, IMA Journal
of Numerical Analysis 41, 2021).
"""

from __future__ import annotations

from collections.abc import Mapping

from derive.algebra.functions import KNOWN
from derive.algebra.names import Index, Name
from derive.algebra.rules import differentiate
from derive.algebra.terms import (
    MINUS_ONE,
    ONE,
    Add,
    Arg,
    Entry,
    Fun,
    Mul,
    Num,
    Positive,
    Pow,
    Term,
    Total,
    add,
    mul,
    neg,
    num,
    power,
    sub,
    total,
    transform,
    walk,
)
from derive.matrices.tidy import split_number
from derive.theory import Definition, FunctionDefinition
from numeric.batch import NotLowerable
from numeric.extreme import Extreme, extreme
from numeric.matching import factors_of, match, match_within

_VARIABLE = Entry(Name("#"))


def at(body: Term, argument: Term) -> Term:
    """A function's body at an argument."""
    return transform(body, lambda node: argument if isinstance(node, Arg) else None)


def plain_functions(term: Term, functions: Mapping[str, FunctionDefinition]) -> Term:
    """A term without derivatives of functions, and without functions that only the document knows.

    Raises:
        NotLowerable: a function that the document leaves general.
    """

    def change(node: Term) -> Term | None:
        if not isinstance(node, Fun):
            return None
        own = functions.get(node.function)
        name = own.known if own is not None and own.known else node.function
        if name in KNOWN and (own is None or own.known):
            if not node.order:
                return KNOWN[name].definition if name == "identity" else Fun(name, 0, node.argument)
            body = KNOWN[name].derivative
            order = node.order - 1
        elif own is not None and own.body is not None:
            body, order = own.body, node.order
        else:
            raise NotLowerable(f"nothing says what the function {node.function} is")
        for _ in range(order):
            body = _slope(body)
        return plain_functions(at(body, node.argument), functions)

    return transform(term, change)


def _slope(body: Term) -> Term:
    """The derivative of a function's body by its argument."""
    varied = at(body, _VARIABLE)
    slope = differentiate(varied, lambda entry: ONE if entry is _VARIABLE else num(0), lambda partial: partial)
    return transform(slope, lambda node: Arg(0) if node is _VARIABLE else None)


def recognised(term: Term) -> Term:
    """Logistic sigmoids and rectifiers that are written out, by name."""

    def change(node: Term) -> Term | None:
        match node:
            case Mul():
                return _rectified(node) or _sigmoid_product(node)
            case Add(terms=terms):
                return _rectified_sum(terms) or _sigmoid(node)
            case _:
                return _sigmoid(node)

    return transform(term, change)


def _rectified(node: Mul) -> Term | None:
    """u [u > 0] -> relu(u)"""
    number, rest = split_number(node)
    factors = list(rest.factors if isinstance(rest, Mul) else (rest,))
    for factor in factors:
        if not isinstance(factor, Positive):
            continue
        sign, inner = split_number(factor.argument)
        wanted = inner.factors if isinstance(inner, Mul) else (inner,)
        left = [other for other in factors if other is not factor]
        if isinstance(inner, Num) or any(wanted.count(part) > left.count(part) for part in wanted):
            continue
        for part in wanted:
            left.remove(part)
        return mul(num(number / sign), Fun("relu", 0, factor.argument), *left)
    return None


def _rectified_sum(terms: tuple[Term, ...]) -> Term | None:
    """u + relu(-u) -> relu(u)"""
    for term in terms:
        if not isinstance(term, Fun) or term.function != "relu" or term.order:
            continue
        other = neg(term.argument)
        if other in terms:
            return add(*(part for part in terms if part is not term and part is not other), Fun("relu", 0, other))
    return None


def _sigmoid(node: Term) -> Term | None:
    """1/(1 + exp(-u)) -> sigmoid(u)"""
    match node:
        case Pow(base=Add(terms=terms), exponent=exponent) if exponent == -1 and len(terms) == 2 and ONE in terms:
            (other,) = (part for part in terms if part is not ONE)
            if isinstance(other, Fun) and other.function == "exp" and not other.order:
                return Fun("sigmoid", 0, opposite(other.argument))
    return None


def _sigmoid_product(node: Mul) -> Term | None:
    """exp(u) sigmoid(-u) -> sigmoid(u)"""
    for place, factor in enumerate(node.factors):
        if not isinstance(factor, Fun) or factor.function != "exp" or factor.order:
            continue
        other = Fun("sigmoid", 0, opposite(factor.argument))
        if other in node.factors:
            at_other = node.factors.index(other)
            rest = [part for n, part in enumerate(node.factors) if n not in (place, at_other)]
            whole = mul(Fun("sigmoid", 0, factor.argument), *rest)
            return (_sigmoid_product(whole) if isinstance(whole, Mul) else None) or whole
    return None


def opposite(term: Term) -> Term:
    """The negative, without a double sign."""
    if isinstance(term, Add):
        return add(*map(opposite, term.terms))
    return neg(term)


class Reuse:
    """Values of the forward pass put in place of the expressions that define them."""

    def __init__(self, definitions: Mapping[Name, Definition]) -> None:
        self.definitions = [
            (name, definition.value)
            for name, definition in definitions.items()
            if not isinstance(definition.value.body, Entry | Num | Add) and definition.value.body.free
        ]

    def __call__(self, term: Term) -> Term:
        """The term with every definition's right side that stands in it replaced by its name."""
        return transform(term, self._change)

    def _change(self, node: Term) -> Term | None:
        if isinstance(node, Positive):
            named = self._named(Fun("relu", 0, node.argument))
            return None if named is None else Positive(named)
        return self._named(node)

    def _named(self, node: Term) -> Term | None:
        for name, value in self.definitions:
            if isinstance(value.body, Mul) and isinstance(node, Mul | Pow | Fun):
                found = self._in_product(name, value.indices, value.body, node)
                if found is not None:
                    return self._named(found) or found
                continue
            binding = match(value.body, node, {})
            if binding is not None and set(binding) >= set(value.indices):
                return Entry(name, tuple(binding[index] for index in value.indices))
        return None

    def _in_product(self, name: Name, indices: tuple[Index, ...], body: Mul, node: Term) -> Term | None:
        factors = factors_of(node)
        wanted = factors_of(body)
        if len(factors) < len(wanted):
            return None
        found = match_within(wanted, factors, {})
        if found is None or not set(found[0]) >= set(indices):
            return None
        binding, places = found
        value = Entry(name, tuple(binding[index] for index in indices))
        rest = [factor for place, factor in enumerate(factors) if place not in places]
        rest.insert(min(places), value)
        return mul(*rest)


def stable(term: Term, definitions: Mapping[Name, Definition]) -> Term:
    """Logarithms and quotients of exponentials in forms that neither overflow nor lose everything to rounding."""
    changed = transform(term, lambda node: _stable_log(node, definitions) or _stable_quotient(node))
    return transform(changed, _signed)


def _signed(node: Term) -> Term | None:
    """Minus the sum of negative terms, as the sum of positive ones."""
    if not isinstance(node, Mul) or not isinstance(node.factors[0], Num) or node.factors[0].value >= 0:
        return None
    for place, factor in enumerate(node.factors):
        indices = []
        while isinstance(factor, Total):
            indices.append(factor.index)
            factor = factor.body
        if isinstance(factor, Add) and all(map(_negative, factor.terms)):
            flipped = total(indices, opposite(factor))
            return mul(MINUS_ONE, *node.factors[:place], flipped, *node.factors[place + 1 :])
    return None


def _negative(term: Term) -> bool:
    return isinstance(term, Mul) and isinstance(term.factors[0], Num) and term.factors[0].value < 0


def _unfolded(term: Term, definitions: Mapping[Name, Definition]) -> Term:
    """Inside a logarithm: names whose definition is made of exponentials, by their definitions."""

    def change(node: Term) -> Term | None:
        if isinstance(node, Entry) and node.name in definitions:
            body = recognised(definitions[node.name].value.at(*node.indices))
            return body if _exponential(body) else None
        return None

    return transform(term, change)


def _exponential(term: Term) -> bool:
    """Whether a logarithm of a term can be taken apart: a sigmoid, an exponential, or a product that holds one."""
    match term:
        case Fun(function=function, order=0):
            return function in ("sigmoid", "exp")
        case Mul() | Pow():
            return any(_exponential(part) for part in term.children())
        case Add():
            return _one_and_exponential(term) is not None
        case _:
            return False


def _stable_log(node: Term, definitions: Mapping[Name, Definition]) -> Term | None:
    if not isinstance(node, Fun) or node.function != "log" or node.order:
        return None
    argument = _unfolded(node.argument, definitions)
    apart = _log(argument)
    return None if apart is None else stable(apart, {})


def _log(term: Term) -> Term | None:
    """log of a term, taken apart; None where it stays as it is."""
    match term:
        case Fun(function="exp", order=0):
            return term.argument
        case Fun(function="sigmoid", order=0):
            return neg(Fun("softplus", 0, opposite(term.argument)))
        case Add() if (inside := _one_and_exponential(term)) is not None:
            return Fun("softplus", 0, inside)
        case Add(terms=(Num(value=one), other)) | Add(terms=(other, Num(value=one))) if one == 1:
            positive = opposite(other)
            if isinstance(positive, Fun) and positive.function == "sigmoid" and not positive.order:
                return neg(Fun("softplus", 0, positive.argument))
            return None
        case Pow() if _positive(term.base):
            inside = _log(term.base) or Fun("log", 0, term.base)
            return opposite(inside) if term.exponent == -1 else mul(num(term.exponent), inside)
        case Mul() if all(map(_positive, term.factors)):
            return add(*(_log(factor) or Fun("log", 0, factor) for factor in term.factors))
        case Mul():
            apart = {n: _log(factor) for n, factor in enumerate(term.factors) if _positive(factor)}
            taken = {n: value for n, value in apart.items() if value is not None}
            rest = [factor for n, factor in enumerate(term.factors) if n not in taken]
            return add(*taken.values(), Fun("log", 0, mul(*rest))) if taken else None
        case Total(index=index, body=Fun(function="exp", order=0, argument=argument)) if not _shifted(argument):
            return add(extreme(index, argument), extreme(index, argument, "log_sum"))
        case _:
            return None


def _one_and_exponential(term: Term) -> Term | None:
    """u of 1 + exp(u)"""
    match term:
        case Add(terms=(Num(value=one), other)) | Add(terms=(other, Num(value=one))) if one == 1:
            return other.argument if isinstance(other, Fun) and other.function == "exp" and not other.order else None
        case _:
            return None


def _positive(term: Term) -> bool:
    """Greater than zero whatever the entries are."""
    match term:
        case Num():
            return term.value > 0
        case Fun(order=0):
            return term.function in KNOWN and KNOWN[term.function].positive
        case Pow():
            return _positive(term.base)
        case Mul() | Add():
            return all(map(_positive, term.children()))
        case Total():
            return _positive(term.body)
        case _:
            return False


def _shifted(term: Term) -> bool:
    """Whether a largest value has been subtracted already."""
    return any(isinstance(node, Extreme) for node in walk(term))


def _stable_quotient(node: Term) -> Term | None:
    """exp(u_j) / sum_k exp(u_k), with the largest u subtracted on both sides of the stroke."""
    if not isinstance(node, Mul):
        return None
    for place, factor in enumerate(node.factors):
        match factor:
            case Pow(base=Total(index=index, body=Fun(function="exp", order=0, argument=below)), exponent=exponent):
                if exponent != -1 or _shifted(below):
                    continue
                for other, above in enumerate(node.factors):
                    if not (isinstance(above, Fun) and above.function == "exp" and not above.order):
                        continue
                    binding = match(below, above.argument, {})
                    if binding is None or any(binding[i] is not i for i in binding if i is not index):
                        continue
                    shift = extreme(index, below)
                    factors = list(node.factors)
                    factors[other] = Fun("exp", 0, sub(above.argument, shift))
                    factors[place] = power(Total(index, Fun("exp", 0, sub(below, shift))), -1)
                    return mul(*factors)
    return None
