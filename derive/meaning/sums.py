r"""What sums run over: `\sum_{i=1}^{n}`, `\sum_{i,j}`, `\sum_{i \in \mathcal{B}}`."""

from __future__ import annotations

from collections.abc import Iterable

from derive.algebra.counts import sized
from derive.algebra.names import Index, Name, Size, size, together
from derive.algebra.terms import Term
from derive.meaning.linear import count_of_sum
from derive.meaning.naming import LAYER_LETTERS, base_latex, walk
from derive.meaning.scope import NotUnderstood, Scope
from derive.meaning.shapes import size_text
from derive.notation.tree import BigOperator, Fenced, Node, Number, Relations, Scripted, Sequence, Styled, Sum, Symbol


def sum_letters(lower: Node | None) -> list[str]:
    """The letters a sum runs over: `i=1`, `k`, `i,j`, `i \\in \\mathcal{B}`.

    Raises:
        NotUnderstood: it starts at another place than the first, or leaves places out.
    """
    match lower:
        case Relations(first=Node() as first, rest=(("=", Number(text="0" | "1")),)):
            found = base_latex(first)
            return [found] if found else []
        case Relations(first=Symbol(text=letter), rest=((r"\in", Symbol() | Styled()),)):
            return [letter]
        case Relations(first=Symbol(text=letter), rest=((r"\neq" | r"\ne", _),)):
            return [letter]
        case Sequence(items=items):
            return [letter for item in items for letter in sum_letters(item)]
        case None:
            raise NotUnderstood("a sum without an index")
        case _:
            found = base_latex(lower)
            if found is None:
                raise NotUnderstood("a sum whose index is not understood", column=lower.span[0])
            return [found]


def chosen(lower: Node | None) -> Node | None:
    r"""The set whose members a sum runs over, `\mathcal{B}` in `\sum_{i \in \mathcal{B}}`."""
    match lower:
        case Relations(first=Symbol(), rest=((r"\in", Node() as found),)):
            return found
    return None


def left_out(lower: Node | None) -> Node | None:
    r"""The index that a sum leaves out, the c of `\sum_{j \neq c}`."""
    match lower:
        case Relations(first=Symbol(), rest=((r"\neq" | r"\ne", Node() as found),)):
            return found
    return None


def members(scope: Scope, batch: Node, index: Index) -> Term:
    """One for the examples that a batch holds, zero for the others."""
    latex = base_latex(batch)
    if latex is None:
        raise NotUnderstood("a set that is no letter", column=batch.span[0])
    held = scope.array(Name(latex), 1)
    if held.rank != 1 or not scope.agree(held.shape[0], index.size):
        raise NotUnderstood(f"{latex} is no set of examples", column=batch.span[0])
    return held.at(index)


def ends(scope: Scope, node: BigOperator, index: Index) -> None:
    """A sum's bounds say how many entries it runs over.

    Raises:
        NotUnderstood: it runs over fewer or more than there are.
    """
    upper = node.upper
    if upper is None:
        return
    shifts = scope.vocabulary.shifts
    if shifts is not None:
        length = sized(count_of_sum(node, shifts.counts))
        if not scope.agree(index.size, length):
            raise NotUnderstood(f"a sum over {length} of {scope.space.find(index.size)} entries")
        return
    first = 0 if isinstance(node.lower, Relations) and node.lower.rest[0][1] == Number("0") else 1
    if isinstance(upper, Sum) and upper.terms[1:] == (("-", Number("1")),) and not first:
        first, upper = 1, upper.terms[0][1]
    end: Size | None = None
    if isinstance(upper, Number) and upper.text.isdigit():
        end = size(int(upper.text) + 1 - first)
    elif isinstance(upper, Symbol | Scripted | Styled):
        # x_0 beside x_1, ..., x_D: an array of D + 1 entries, as `\mathbb{R}^{D+1}` says too
        end = scope.sizes.get(size_text(upper)) if first else size(f"{size_text(upper)}+1")
        if not first and scope.vocabulary.stacks:
            end = together(scope.sizes.get(size_text(upper), size(size_text(upper))), size(1))
    elif isinstance(upper, Sum) and first and (summed := _sum_of_sizes(scope, upper)) is not None:
        end = summed
    else:
        raise NotUnderstood("a sum whose upper bound is not understood", column=upper.span[0])
    if end is not None and not scope.agree(index.size, end):
        raise NotUnderstood(f"a sum to {size_text(upper)} over {scope.space.find(index.size)} entries")


def _sum_of_sizes(scope: Scope, upper: Sum) -> Size | None:
    """The size `n+m` of what is stacked."""
    parts = [scope.sizes.get(size_text(term)) for sign, term in upper.terms if sign == "+"]
    known = [part for part in parts if part is not None]
    return together(*known) if scope.vocabulary.stacks and len(known) == len(upper.terms) else None


def bounds(trees: Iterable[Node]) -> Iterable[str]:
    """The letters up to which the page's sums run: they are sizes. Layers are counted, but no array has an axis of layers."""
    for tree in trees:
        for node in walk(tree):
            match node:
                case BigOperator(
                    operator=r"\sum",
                    lower=Relations(first=Symbol(text=letter), rest=(("=", Number(text="1")),)),
                    upper=Symbol(text=upper),
                ):
                    if letter not in LAYER_LETTERS and upper.isalpha() and upper not in LAYER_LETTERS:
                        yield upper


def batches(trees: Iterable[Node]) -> dict[Name, str]:
    r"""The sets of examples that the page sums over, each with the number of all examples as another sum has it, or "".

    A set of which there are no others, as k runs over nothing but `k \in C`, holds them all, and is left out.
    """
    found: dict[Name, str] = {}
    counts: dict[str, str] = {}
    letters: dict[Name, str] = {}
    sizes: set[Name] = set()
    for tree in trees:
        for node in walk(tree):
            match node:
                case BigOperator(
                    lower=Relations(first=Symbol(text=letter), rest=(("=", _),)), upper=Symbol(text=count)
                ):
                    counts[letter] = count
                case BigOperator(
                    lower=Relations(first=Symbol(text=letter), rest=((r"\in", Symbol() | Styled() as batch),))
                ):
                    letters[Name(base_latex(batch) or "")] = letter
                case Fenced(left="|") if (counted := is_count(node)) is not None:
                    sizes.add(Name(base_latex(counted) or ""))
    for name, letter in letters.items():
        if letter in counts or name in sizes:
            found[name] = counts.get(letter, "")
    return found


def is_count(node: Node) -> Node | None:
    r"""The set in `|\mathcal{B}|`, whose size that is."""
    match node:
        case Fenced(left="|", body=Styled(style="calligraphic" | "script") as batch, right="|"):
            return batch
    return None
