r"""The backward pass in formulas and words: each application of the chain rule, and each derivative worked out.

>>> from derive.network import network
>>> from derive.notation.latex import write_latex
>>> _, step, *_ = derivation(network(activation="tanh"))
>>> for row in step.equation.rows:
...     print(write_latex(row))
\frac{\partial L}{\partial z^{(2)}} = \frac{\partial L}{\partial a^{(2)}} \cdot \frac{\partial a^{(2)}}{\partial z^{(2)}}
= \frac{\partial L}{\partial a^{(2)}} \odot \tanh'(z^{(2)})
= (a^{(2)} - y) \odot \tanh'(z^{(2)})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from derive.algebra.arrays import Array
from derive.algebra.names import Name
from derive.algebra.normal import Normalizer, TooLarge
from derive.algebra.rules import RULES
from derive.algebra.steps import at_level
from derive.algebra.terms import Entry, Mul, Num, Partial, Term, add, mul, names, total, transform
from derive.calculus import Derivation, NotDifferentiable, Path, Step, backward, resolve
from derive.calculus.chain import depends, local
from derive.matrices.face import elementary
from derive.matrices.tidy import tidy
from derive.notation.tree import Node, Relations, Rows
from derive.theory import Definition, Theory, family_letters
from derive.wording import naming
from derive.wording.build import Piece, product, total_of, whole
from derive.wording.entries import entry
from derive.wording.formulas import written
from derive.wording.patterns import Patterns, cancelled

CHAIN_RULE = (
    "chain rule, dL/du = sum over v of (dL/dv) (dv/du) (Goodfellow, Bengio and Courville, Deep Learning, section 6.5)"
)
"""Along the definitions: v runs over what is computed from u directly."""
RULE_TITLES = {
    rule.name: f"{rule.name} rule, {rule.formula} (Spivak, Calculus, chapter 10)" for rule in reversed(RULES.values())
}
"""The rules by the names that a derivation records."""
_MOST_COMPARED = 200
"""So many pairs of a definition and a derivative are compared to find out what a page's own names stand for."""


@dataclass(frozen=True)
class Explained:
    """The derivative of the loss by one quantity: `equation` starts from the derivative and ends with its value, over the chain
    rule; earlier derivatives stand in it by the page's own names where it has any. `rules` are the rules of calculus that
    gave it, each as its title, a comma, its formula and its source; `why` is one sentence with formulas in it."""

    quantity: Name
    equation: Rows
    shape: str
    rules: tuple[str, ...]
    why: tuple[str | Node, ...]


def derivation(theory: Theory) -> tuple[Explained, ...]:
    """The backward pass of a theory in the order of computation, from the loss back to inputs and parameters.

    Raises:
        NotDifferentiable: the theory has no scalar loss, or a definition that holds for one entry of what nothing sums up.
    """
    found = backward(theory)
    explain = _Explainer(theory, found)
    return tuple(explain.step(step) for step in found.steps)


def gradient(theory: Theory, of: Name, by: Name) -> Node:
    r"""An equation: the derivative of a scalar by a quantity, worked out down to quantities of the forward pass.

    >>> from derive.algebra.names import Level
    >>> from derive.network import network
    >>> from derive.notation.latex import write_latex
    >>> write_latex(gradient(network(), Name("L"), Name("W", (Level("", 2),))))
    "\\frac{\\partial L}{\\partial W^{(2)}} = ((a^{(2)} - y) \\odot \\sigma'(z^{(2)})) (a^{(1)})^\\top"

    Raises:
        NotDifferentiable: `of` is no scalar with a definition, or does not depend on `by`.
    """
    theory = replace(theory, loss=of)
    definition = theory.definition(of)
    if definition is None or definition.value.rank:
        raise NotDifferentiable(f"{of!r} is no scalar loss with a definition, so it has no gradient")
    found = backward(theory)
    explain = _Explainer(theory, found)
    value = explain.closed(by)
    right, places = written(theory, value, named=tuple(theory.definitions.values()))
    return Relations(_derivative(theory, of, by, places), (("=", right),))


def _derivative(theory: Theory, of: Name, by: Name, places: tuple[Node, ...]) -> Node:
    return naming.derivative(naming.name(theory, of), entry(naming.name(theory, by), places))


class _Explainer:
    """One derivation's steps."""

    def __init__(self, theory: Theory, found: Derivation) -> None:
        self.theory, self.loss = theory, found.loss
        self.steps: Mapping[Name, Step] = {step.quantity: step for step in found.steps}
        self.named = tuple(theory.definitions.values())
        for definition in self.named:
            open_ = definition.value.body.free.difference(definition.value.indices)
            if open_ and depends(theory, self.loss, definition.name):
                letters = ", ".join(sorted(index.label for index in open_))
                raise NotDifferentiable(
                    f"nothing says what {letters} runs over in the definition of {definition.name!r}"
                )
        self.worked_out: dict[Name, Array] = {}
        self.numbers: dict[Name, Array] = {}
        """Derivatives that are plain numbers, as that of `J = L + ...` by `L`: nobody writes the factor 1."""
        for step in found.steps:
            value = self.chained(step)
            if isinstance(value.body, Num):
                self.numbers[step.quantity] = value
        self.aliases = self._aliases()

    # The page's own names -------------------------------------------------------------------------------------------

    def own(self, of: Name, by: Name) -> Name | None:
        r"""What the page calls a derivative of the loss: `\delta^{(2)}` for the one by `z^{(2)}`."""
        if of is not self.loss:
            return None
        found = self.aliases.get(by)
        if found is not None:
            return found
        for family, alias in self.aliases.items():
            letters = family_letters(family, by)
            if letters is not None:
                return Name(alias.base, tuple(at_level(level, letters) for level in alias.levels))
        return None

    def _aliases(self) -> dict[Name, Name]:
        found: dict[Name, Name] = {}
        # a layer family reaches down without end, so what is worked out of it never comes to one
        finite = not any(level.letter for definition in self.named for level in definition.name.levels)
        backward_names = [
            definition
            for definition in self.named
            if definition.name is not self.loss and not depends(self.theory, self.loss, definition.name)
        ]
        compared = 0
        for definition in backward_names:
            match definition.value.body:
                case Partial(of=Entry(name=of, indices=()), by=by) if of is self.loss:
                    if by.indices == definition.value.indices:
                        found.setdefault(by.name, definition.name)
                    continue
            if not finite:
                continue
            for name in self.steps:
                compared += 1
                if name not in found and compared <= _MOST_COMPARED and self._is(definition, name):
                    found[name] = definition.name
                    break
        return found

    def _is(self, definition: Definition, quantity: Name) -> bool:
        """Whether a definition is proved to be the derivative of the loss by a quantity."""
        step = self.steps[quantity]
        value = definition.value
        if value.row != step.gradient.row or value.rank != step.gradient.rank:
            return False
        if any(a is not b for a, b in zip(value.shape, step.gradient.shape, strict=True)):
            return False
        try:
            left = self._unfolded(value.at(*step.gradient.indices))
            return Normalizer().equal(left, resolve(self.theory, step.gradient.body))
        except (NotDifferentiable, TooLarge):
            return False

    def _unfolded(self, term: Term) -> Term:
        """A term in which derivatives are worked out and the page's names of derivatives are replaced by what they are."""

        def change(node: Term) -> Term | None:
            if isinstance(node, Entry) and not depends(self.theory, self.loss, node.name):
                value = self.theory.unfold(node)
                return None if value is None else self._unfolded(value)
            return None

        return transform(resolve(self.theory, term), change)

    # Values ---------------------------------------------------------------------------------------------------------

    def slope(self, path: Path, step: Step) -> Term:
        """The derivative of a path's user by the quantity, in names where there are any."""
        definition = self.theory.definition(path.user)
        assert definition is not None  # what uses a quantity is defined by it
        # a square that was written as a product has one derivative, not two
        body = tidy(definition.value.at(*path.user_indices))
        term = tidy(elementary(local(body, Entry(step.quantity, step.gradient.indices))))
        return cancelled(Patterns(self.named, stands=False)(term))

    def chained(self, step: Step, later: Mapping[Name, Array] | None = None) -> Array:
        """The derivative by a step's quantity; derivatives by later quantities as in `later`, else as they are."""
        indices = step.gradient.indices
        parts = []
        for path in step.paths:
            slope = self.slope(path, step)
            if path.user is self.loss:
                parts.append(slope)
                continue
            known = self.numbers.get(path.user) if later is None else later.get(path.user)
            outer: Term = Partial(Entry(self.loss), Entry(path.user, path.user_indices))
            parts.append(total(path.user_indices, mul(outer if known is None else known.at(*path.user_indices), slope)))
        return Array(indices, cancelled(tidy(add(*parts))), step.gradient.row)

    def closed(self, quantity: Name) -> Array:
        """The derivative by a quantity, in quantities of the forward pass only."""
        if quantity not in self.steps:
            raise NotDifferentiable(f"{self.loss!r} does not depend on {quantity!r}")
        for name, step in self.steps.items():
            if name not in self.worked_out:
                self.worked_out[name] = self.chained(step, self.worked_out)
            if name is quantity:
                break
        return self.worked_out[quantity]

    # Formulas -------------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> Explained:
        quantity = step.quantity
        value = self.chained(step)
        right, places = self._written(value)
        left = _derivative(self.theory, self.loss, quantity, places)
        chain = None if places else self.chain_rule(step)
        sides = [] if chain is None else [chain]
        sides.append(right)
        closer = self._put_in(step, value)
        if closer is not None:
            near, same_places = self._written(closer)
            if same_places == places:
                sides.append(near)
        own = self.own(self.loss, quantity)
        if own is not None:
            sides.append(entry(naming.name(self.theory, own), places))
        sides = [side for n, side in enumerate(sides) if side not in (left, *sides[:n])]
        rows = [Relations(left if not n else None, (("=", side),)) for n, side in enumerate(sides)]
        shape = naming.shape(self.theory, quantity)
        return Explained(quantity, Rows("aligned", tuple(rows)), shape, self.rules(step), self.why(step))

    def rules(self, step: Step) -> tuple[str, ...]:
        used = {rule: RULE_TITLES[rule] for path in step.paths for rule in path.rules}
        if any(path.user is not self.loss for path in step.paths):
            used = {"chain": CHAIN_RULE, **{rule: title for rule, title in used.items() if rule != "chain"}}
        return tuple(used.values())

    def why(self, step: Step) -> tuple[str | Node, ...]:
        own, loss = naming.name(self.theory, step.quantity), naming.name(self.theory, self.loss)
        users = [path.user for path in step.paths]
        if users == [self.loss]:
            return (own, " stands in ", loss, " itself.")
        if len(users) == 1:
            return (own, " reaches ", loss, " only through ", naming.name(self.theory, users[0]), ".")
        words: list[str | Node] = [own, " reaches ", loss]
        for place, user in enumerate(users):
            words.append(" " if not place else " and " if place == len(users) - 1 else ", ")
            words += ["directly"] if user is self.loss else ["through ", naming.name(self.theory, user)]
        return (*words, ": the paths add up.")

    def _written(self, value: Array) -> tuple[Node, tuple[Node, ...]]:
        return written(self.theory, value, self.own, self.named)

    def chain_rule(self, step: Step) -> Node | None:
        r"""`\frac{\partial L}{\partial z} \cdot \frac{\partial z}{\partial W}`, one product for each way to the loss. None where
        one way is a part of another, since the derivative by the first quantity would then count the second way twice."""
        users = [path.user for path in step.paths]
        if self.loss in users:
            return None
        if any(depends(self.theory, one, other) for one in users for other in users if one is not other):
            return None
        products = []
        for user in users:
            links = [naming.partial(self.theory, self.loss, user), naming.partial(self.theory, user, step.quantity)]
            products.append(product([Piece(link) for link in links], r"\cdot"))
        return whole(total_of(products))

    def _put_in(self, step: Step, value: Array) -> Array | None:
        """The same with the derivative by the next quantity put in, where a function that is applied to every entry lies
        between them: there the next derivative is most often what the reader has just seen."""
        if len(step.paths) != 1:
            return None
        (path,) = step.paths
        if path.user is self.loss or self.own(self.loss, path.user) is not None:
            return None
        if not names(self.slope(path, step)) & {step.quantity, path.user} or not isinstance(value.body, Mul):
            return None
        later = self.chained(self.steps[path.user])
        return None if isinstance(later.body, Num) else self.chained(step, {path.user: later})
