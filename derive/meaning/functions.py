"""Functions of one number, and values that are written with their arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from derive.algebra.arrays import ShapeMismatch
from derive.algebra.functions import KNOWN, NOTATION
from derive.algebra.names import Name
from derive.algebra.normal import Normalizer, TooLarge
from derive.algebra.terms import Arg, Entry, Partial, Term, transform
from derive.algebra.terms import walk as terms
from derive.calculus.chain import NotDifferentiable
from derive.meaning.calls import KNOWN_WORDS, Calls, bare_names, call, called_at, given_beside, plain, uncalled
from derive.meaning.draft import Draft, Meaning
from derive.meaning.elaborate import Elaborator
from derive.meaning.gradients import with_variables
from derive.meaning.letters import everywhere
from derive.meaning.maps import map_calls
from derive.meaning.naming import any_layer, base_latex, substituted, walk, written
from derive.meaning.scope import NotUnderstood, Scope, Shape, Vocabulary
from derive.meaning.shapes import SCALARS
from derive.meaning.statements import EQUALITIES, Statement
from derive.meaning.vocabulary import mentions, vocabulary_of
from derive.notation.tree import (
    Applied,
    Fenced,
    Node,
    Product,
    Scripted,
    Sequence,
    Styled,
    Symbol,
    Word,
)
from derive.theory import FunctionDefinition


def take_off_arguments(draft: Draft) -> None:
    """Take the arguments off values that are no functions of one number."""
    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, given_beside)))
        for each in draft.placed
    )
    calls: dict[Node, Node] = {}
    kept: set[Node] = set()
    waiting: list[tuple[Node, Node, Node]] = []
    vectors = _declared_vectors(draft)
    for each in draft.placed:
        statement = each.statement
        found = call(statement.left)
        if found is None or each.supposed or statement.relation not in EQUALITIES or statement.right is None:
            continue
        if statement.link:  # what is called on the way through a chain is not what the chain defines
            continue
        head, arguments = found
        if head in calls or head in kept or (isinstance(head, Word) and head.text.lower() in _NUMBERS_OF_ARRAYS):
            continue
        parameter = None if isinstance(arguments, Sequence) else written(arguments)
        # what is called with other arguments too is a function, whatever else its parameter's letter stands for
        called_otherwise = parameter is not None and _called_otherwise(draft, head, arguments)
        of_vectors = any(name.base in draft.maps for name, _ in map_calls(statement.right))
        if (
            parameter is not None
            and called_otherwise
            and not of_vectors
            and function_body(draft, statement.right, parameter.name) is not None
        ):
            kept.add(head)
            continue
        if (
            isinstance(head, Scripted)
            or parameter is None
            or parameter.name in vectors
            or of_vectors
            or parameter.name.levels
            or (function_body(draft, statement.right, parameter.name) is None and not uses_call(statement.right))
        ):
            calls[head] = arguments
        else:
            waiting.append((head, arguments, statement.right))
    if not calls:
        return
    bodies = _bodies(draft, calls)
    for head, arguments, right in waiting:
        value = uncalled(called_at(right, calls, bodies), calls)
        parameter = written(arguments)
        if head in calls or head in kept or parameter is None or uses_call(value):
            continue
        if function_body(draft, value, parameter.name) is None:  # `f(x) = u(x, v(x))`, where u and v are values
            calls[head] = arguments
    draft.several = frozenset(_of_values(calls))

    def changed(side: Node) -> Node:
        return uncalled(called_at(with_variables(side, calls), calls, bodies), calls)

    draft.placed = tuple(replace(each, statement=each.statement.changed(changed)) for each in draft.placed)
    draft.copies = tuple(replace(each, right=changed(each.right)) for each in draft.copies)
    values = frozenset(repr(name.name) for head in calls if (name := written(plain(head))) is not None)
    draft.vocabulary = replace(vocabulary_of(draft.stated), values=values)


def _bodies(draft: Draft, calls: Calls) -> Calls:
    """What values are defined to be that can be put in where they stand with other arguments: nothing in them but the argument
    itself, as far as the page defines it, changes with the argument."""
    heads = {
        name.name
        for each in draft.placed
        if each.statement.relation in EQUALITIES
        and (name := written(each.statement.head)) is not None
        and not mentions(each.statement.right, name.name, draft.vocabulary)
    }
    bodies: dict[Node, Node] = {}
    for each in draft.placed:
        statement = each.statement
        found = call(statement.left)
        if found is None or statement.right is None or statement.link or found[0] in bodies:
            continue
        head, arguments = found
        if calls.get(head) != arguments or statement.relation not in EQUALITIES:
            continue
        used = {name.name for node in walk(statement.right) if (name := written(node)) is not None}
        parameters = arguments.items if isinstance(arguments, Sequence) else (arguments,)
        if any(node in calls and node not in parameters for node in bare_names(statement.right)):
            continue
        own = written(head)
        if own is not None and own.name in used:
            continue  # a value said in terms of itself elsewhere, `f(x_{k+1}) = f(x_k) - 1`, has no body to put in
        if not used & heads and sum(1 for _ in walk(statement.right)) < _LONGEST_BODY:
            bodies[head] = statement.right
    return bodies


def _of_values(calls: Calls) -> Iterator[Name]:
    """Values that are functions of other values as well: `u(x, v)` where there is a `v(x)`."""
    for head, arguments in calls.items():
        if isinstance(arguments, Sequence) and any(each in calls for each in arguments.items):
            name = written(plain(head))
            if name is not None:
                yield name.name


_LONGEST_BODY = 200
_NUMBERS_OF_ARRAYS = KNOWN_WORDS - set(NOTATION)


def _called_otherwise(draft: Draft, head: Node, arguments: Node) -> bool:
    for tree in draft.trees:
        for node in walk(tree):
            if isinstance(node, Product):
                for (_, first), (sign, second) in zip(node.factors, node.factors[1:], strict=False):
                    if first == head and sign == "" and isinstance(second, Fenced) and second.body != arguments:
                        return True
    return False


def _declared_vectors(draft: Draft) -> set[Name]:
    found = set()
    for each in draft.placed:
        statement = each.statement
        name = written(statement.left)
        if name is None:
            continue
        if statement.relation == r"\in" and isinstance(statement.right, Scripted):
            found.add(name.name)
    return (
        found
        | set(draft.singles)
        | {
            name.name
            for tree in draft.trees
            for node in walk(tree)
            if isinstance(node, Styled) and node.style == "bold" and (name := written(node)) is not None
        }
    )


def find_functions(draft: Draft) -> None:
    called = dict(draft.vocabulary.functions)
    missed: dict[str, int] = {}
    for place, each in enumerate(draft.placed):
        statement = each.statement
        if each.supposed or statement.right is None or statement.relation not in EQUALITIES:
            continue
        found = signature(statement.left, draft.vocabulary)
        if found is None or (not statement.last and statement.link):
            continue
        name, parameter = found
        if repr(name) in draft.functions:
            continue
        # what holds under a condition defines nothing by itself
        body = None if statement.restricted else function_body(draft, statement.right, parameter)
        draft.parameters.add(parameter)
        if body is None:
            draft.unclear.add(repr(name))
            missed.setdefault(repr(name), place)
            continue
        first = draft.placed[missed.get(repr(name), place)]
        if first.formula != each.formula and first.section == each.section and not first.statement.restricted:
            continue  # the first formula was not understood, and so a second one is a claim
        draft.unclear.discard(repr(name))
        known = recognised(body) or ""
        draft.functions[repr(name)] = FunctionDefinition(repr(name), body, known, each.line)
        draft.function_sides[repr(name)] = (statement.right, parameter)
        called[repr(name)] = known or repr(name)
        if any(level.letter for level in name.levels):
            called[any_layer(name)] = known or repr(name)
        draft.meanings[place] = Meaning("definition", name)
        draft.vocabulary = replace(draft.vocabulary, functions=dict(called))
    _find_functions_in_place(draft, called)
    for each in draft.placed:
        # `\\sigma'(t) = ...` holds for every number t that the page says nothing else of
        if each.statement.right is not None and (letter := argument_of_slope(each.statement.left)) is not None:
            draft.parameters.add(letter)
    for name in called_letters(draft.trees, draft.vocabulary):
        if repr(name) not in called and name.base not in draft.maps and name not in draft.numbers:
            if any(_equates(each.statement, name) for each in draft.placed):
                draft.unclear.add(repr(name))  # `f = e^v` beside `f'(x)`: a value and a function in one letter
            draft.functions[repr(name)] = FunctionDefinition(repr(name), None)
            called[repr(name)] = repr(name)
    draft.vocabulary = draft.table.vocabulary = replace(draft.vocabulary, functions=dict(called))


def _find_functions_in_place(draft: Draft, called: dict[str, str]) -> None:
    r"""Functions that a page only defines where it uses them: `p_k = \\sigma(s_k) = 1 / (1 + e^{-s_k})`."""
    parameter = Symbol("\u00b7")
    for place, each in enumerate(draft.placed):
        statement = each.statement
        left, right = statement.left, statement.right
        if right is None or statement.relation not in EQUALITIES or statement.restricted or not statement.link:
            continue
        match left:
            case Product(factors=((_, function), ("", Fenced(left="(", body=Scripted() | Symbol() as argument)))):
                name = written(function)
            case _:
                continue
        plain = name is not None and not (name.entries or name.primes or name.power or name.transposed)
        if name is None or not plain or repr(name.name) in called or argument not in walk(right):
            continue
        if any(_equates(other.statement, name.name) for other in draft.placed):
            continue
        body = function_body(draft, substituted(right, argument, parameter), Name(parameter.text))
        if body is None or any(isinstance(node, Entry) for node in terms(body)):
            continue
        known = recognised(body) or ""
        draft.functions[repr(name.name)] = FunctionDefinition(repr(name.name), body, known, each.line)
        called[repr(name.name)] = known or repr(name.name)
        draft.meanings[place] = Meaning("definition", name.name)
        draft.unclear.discard(repr(name.name))
        draft.vocabulary = replace(draft.vocabulary, functions=dict(called))


def _equates(statement: Statement, name: Name) -> bool:
    """Whether a lone name is said to be something."""
    found = written(statement.left)
    alone = found is not None and found.name is name and not found.primes and not found.entries
    return alone and statement.right is not None and statement.relation in EQUALITIES


def function_body(draft: Draft, right: Node, parameter: Name) -> Term | None:
    def shape_of(name: Name) -> Shape | None:
        number = name.base in SCALARS or name in draft.numbers
        return Shape(()) if name is parameter or number else None

    scope = Scope(draft.vocabulary, shape_of, plainest=True)
    try:
        value = Elaborator(scope).readings(right)[0].value
    except (NotUnderstood, ShapeMismatch):
        return None
    if value.rank or any(isinstance(node, Partial) for node in terms(value.body)):
        return None  # a derivative by the parameter is one of a value
    return transform(value.body, lambda node: Arg(0) if isinstance(node, Entry) and node.name is parameter else None)


def uses_call(node: Node) -> bool:
    """Whether functions that are letters are called in it: `s(x) = \\sigma(x) ...` may be a function of one number yet."""
    return any(
        isinstance(part, Product)
        and any(
            sign == "" and isinstance(second, Fenced) and isinstance(first, Symbol | Scripted)
            for (_, first), (sign, second) in zip(part.factors, part.factors[1:], strict=False)
        )
        for part in walk(node)
    )


def recognised(body: Term) -> str | None:
    """The known function that a body is proved equal to, for every argument."""
    for row in KNOWN.values():
        if row.definition is None:
            continue
        try:
            if Normalizer(exponentials=True).equal(body, row.definition):
                return row.name
        except (TooLarge, NotDifferentiable):
            continue
    return None


def signature(node: Node, vocabulary: Vocabulary) -> tuple[Name, Name] | None:
    r"""`\sigma(x)` or `\operatorname{ReLU}(x)` as the left side of a definition: the function's name and its parameter's."""
    match node:
        case Product(factors=((_, function), ("", Fenced(left="(", body=argument)))):
            pass
        case Applied(function=Word() as function, argument=Fenced(left="(", body=argument)):
            if function.text.lower() in _NUMBERS_OF_ARRAYS:
                return None
        case _:
            return None
    name, parameter = written(function), written(argument)
    if (
        name is None
        or parameter is None
        or name.entries
        or name.primes
        or name.power
        or parameter.entries
        or parameter.power
    ):
        return None
    if (name.name.levels and name.level_style == "_2") or parameter.name.levels:
        return None
    return name.name, parameter.name


def argument_of_slope(node: Node) -> Name | None:
    """The lone letter t in f'(t)."""
    match node:
        case Product(factors=((_, Scripted(primes=1)), ("", Fenced(left="(", body=Symbol() | Styled() as argument)))):
            pass
        case Applied(function=Scripted(primes=1), argument=Fenced(left="(", body=Symbol() as argument)):
            pass
        case _:
            return None
    latex = base_latex(argument)
    return None if latex is None else Name(latex)


def called_letters(trees: Iterable[Node], vocabulary: Vocabulary) -> Iterable[Name]:
    """Letters that stand in front of parentheses with a prime somewhere, or that convention takes for an activation."""
    conventional = {r"\sigma", r"\phi", r"\varphi", r"\psi", "f", "g", "h", r"\rho"}
    found: dict[Name, None] = {}
    for tree in trees:
        for node in walk(tree):
            if not isinstance(node, Product):
                continue
            for (_, factor), (sign, following) in zip(node.factors, node.factors[1:], strict=False):
                if sign != "" or not isinstance(following, Fenced) or following.left != "(":
                    continue
                name = written(factor)
                if name is None or name.entries or name.transposed:
                    continue
                if name.primes or name.latex in conventional or name.latex in NOTATION:
                    found[name.name] = None
    return found
