r"""The backward pass as a derivation: for every quantity the loss depends on, one recorded application of the chain rule.

Steps come in the order in which they are computed: from the loss back to the inputs. Each one gives the derivative of the loss
by one quantity in terms of derivatives that came before it, so the list is a straight-line program and a proof at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.algebra.arrays import Array
from derive.algebra.names import Index, Name, fresh
from derive.algebra.rules import RULES
from derive.algebra.shifts import bracket_of
from derive.algebra.terms import Add, Entry, Fun, Mul, Partial, Pow, Term, Total, add, mul, names, total, walk
from derive.calculus.chain import NotDifferentiable, backward_step, depends, local, users
from derive.theory import Theory


@dataclass(frozen=True)
class Path:
    """One way on which a quantity reaches the loss: through the definition of `user`.

    `slope` is d user[k] / d quantity[j] over `user_indices` + the quantity's indices, taken at the user's definition alone.
    `rules` names the rules of calculus that gave it.
    """

    user: Name
    user_indices: tuple[Index, ...]
    slope: Term
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """The derivative of the loss by one quantity.

    `quantity` is what it is taken by; `gradient` the result, an array of the quantity's own shape whose term holds derivatives
    of the loss by later quantities as `Partial`s; `before` the chain rule as it stands before the slopes are put in; `paths` the
    ways to the loss; `why` one sentence.
    """

    quantity: Name
    gradient: Array
    before: Term
    paths: tuple[Path, ...]
    why: str


@dataclass(frozen=True)
class Derivation:
    """All steps of a backward pass, in the order of computation."""

    loss: Name
    steps: tuple[Step, ...]

    @property
    def gradients(self) -> Mapping[Name, Array]:
        return {step.quantity: step.gradient for step in self.steps}


def backward(theory: Theory) -> Derivation:
    """The whole backward pass of a theory with finitely many named quantities.

    Raises:
        NotDifferentiable: the theory has no scalar loss.
    """
    loss = theory.loss
    if loss is None or theory.definition(loss) is None:
        raise NotDifferentiable("no loss: a scalar that is defined from the network's output is needed")
    if theory.clock is not None:
        raise NotDifferentiable(
            "the page's quantities run over time, and a backward pass is written out for numbered layers only"
        )
    order = [*theory.definitions]
    order.reverse()
    members = _members(theory, loss)
    values = [name for name in members if theory.definition(name) is not None]
    values += [name for name in order if name is not loss and depends(theory, loss, name)]
    given = [name for name in theory.symbols if name not in theory.definitions and depends(theory, loss, name)]
    given += [name for name in members if theory.definition(name) is None and depends(theory, loss, name)]
    steps = (_step(theory, loss, name) for name in dict.fromkeys(values + given))
    return Derivation(loss, tuple(step for step in steps if step.paths))  # a family that is not used itself has none


def _members(theory: Theory, loss: Name) -> list[Name]:
    """The members of layer families that definitions use by their own layers: `W^(1)` where the page declares `W^(l)`, and what
    the last layer is made of, from `a^(L)` in the loss down to `z^(L)` and its parameters."""
    found: dict[Name, None] = {}
    concrete = [
        definition
        for name, definition in theory.definitions.items()
        if not any(level.letter for level in name.levels) and (name is loss or depends(theory, loss, name))
    ]
    pending = [name for definition in concrete for name in sorted(names(definition.value.body), key=repr)]
    while pending:
        name = pending.pop(0)
        if bracket_of(name) is not None:
            raise NotDifferentiable("a backward pass through entries at shifted places is not written out")
        if name in theory.definitions or name in theory.symbols or name in found:
            continue
        found[name] = None
        definition = theory.definition(name)
        if definition is not None:
            same_layer = [used for used in names(definition.value.body) if used.levels == name.levels]
            pending += sorted(same_layer, key=repr)
    return list(found)


def _step(theory: Theory, loss: Name, name: Name) -> Step:
    definition, symbol = theory.definition(name), theory.symbol(name)
    if definition is not None:
        shape, row = definition.value.shape, definition.value.row
    elif symbol is not None:
        shape, row = symbol.shape, symbol.row
    else:
        raise NotDifferentiable(f"{name!r} has no shape")
    indices = tuple(fresh(length) for length in shape)
    by = Entry(name, indices)
    paths, chained = [], []
    for user in users(theory, name):
        if user.name is not loss and not depends(theory, loss, user.name):
            continue
        places = tuple(fresh(length) for length in user.value.shape)
        body = user.value.at(*places)
        paths.append(Path(user.name, places, local(body, by), _rules_used(body, name)))
        slope = Partial(Entry(user.name, places), by)
        chained.append(
            slope if user.name is loss else total(places, mul(Partial(Entry(loss), Entry(user.name, places)), slope))
        )
    before = add(*chained)
    gradient = Array(indices, backward_step(theory, Entry(loss), by), row)
    return Step(name, gradient, before, tuple(paths), _why(loss, name, paths))


def _rules_used(body: Term, name: Name) -> tuple[str, ...]:
    """The rules that a definition's derivative by a name needs, from the outside in."""
    used: dict[str, None] = {}
    for node in walk(body):
        if isinstance(node, Add | Mul | Pow | Fun | Total) and name in names(node):
            used[RULES[type(node)].name] = None
    return tuple(used)


def _why(loss: Name, name: Name, paths: list[Path]) -> str:
    through = [repr(path.user) for path in paths]
    if not paths:
        return f"{name!r} does not reach {loss!r}"
    if len(paths) == 1 and paths[0].user is loss:
        return f"{name!r} stands in {loss!r} itself"
    if len(paths) == 1:
        return f"{name!r} reaches {loss!r} only through {through[0]}"
    return f"{name!r} reaches {loss!r} through {', '.join(through[:-1])} and {through[-1]}: the paths add up"
