"""The few things that the words around a formula say of it: that a matrix is symmetric, that a step climbs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from derive.algebra.names import Name
from derive.meaning.calls import call
from derive.meaning.conditions import COMPARISONS
from derive.meaning.draft import Placed
from derive.meaning.naming import written
from derive.notation.tree import Node, Number, Product, Relations, Symbol
from derive.notation.tree import Sequence as SequenceNode

_IS_SYMMETRIC = re.compile(
    r"^,?\s*((which|that)\s+)?(is|be|are|being)\s+(both\s+|real\s+|also\s+|a\s+|an\s+)*symmetric\b"
)
_SYMMETRIC_NAME = re.compile(r"\bsymmetric\s+([a-z-]+\s+){0,3}(matrix|matrices)\s*$", re.IGNORECASE)
_ALL_SYMMETRIC = re.compile(r"\b(are|both)\s+(both\s+|all\s+|real\s+)*symmetric\b")
_NOT = re.compile(r"\b(not|n't|never|non|any|arbitrary|if|unless|when|where|while|but)\b", re.IGNORECASE)
_CLIMBS = re.compile(r"\b(maximi[sz]\w*|ascen[dt]\w*|climb\w*|uphill)\b", re.IGNORECASE)


def symmetric(placed: Iterable[Placed]) -> frozenset[Name]:
    """The names that the page calls symmetric: "A is symmetric", "a symmetric matrix A", "A and B are symmetric"."""
    found = set()
    for each in placed:
        name = written(each.statement.left)
        if name is None or each.display or name.entries or name.transposed or name.power is not None:
            continue
        if _is_own_transpose(each):
            found.add(name.name)
            continue
        before, after = _sentence_before(each.before), _sentence_after(each.after)
        listed = _ALL_SYMMETRIC.search(after)
        if (
            _IS_SYMMETRIC.match(after)
            or _SYMMETRIC_NAME.search(before)
            or (listed is not None and not _NOT.search(after[: listed.start()]))
        ):
            found.add(name.name)
    return frozenset(found)


def _is_own_transpose(each: Placed) -> bool:
    r"""`S = S^\top`, said in passing."""
    own = None if each.statement.right is None else written(each.statement.right)
    left = written(each.statement.left)
    return (
        each.statement.relation == "="
        and own is not None
        and own.transposed
        and left is not None
        and own.name is left.name
    )


_GRADIENT_LIES = re.compile(
    r"\bcolumns?( vectors?)?,? and so are (the )?gradients?\b|\bderivatives?\b[^.;:]*?\bha(s|ve)\s+the\s+(same\s+)?shape\b|"
    r"\b(gradients?|derivatives? of (a |the )?(scalars?|numbers?|loss(es)?))\b[^.;:]*?"
    r"(\b(are|is|as|be)\s+(all\s+)?(written\s+|arranged\s+)?(as\s+)?(an?\s+)?columns?\b|\bshaped?\b)",
    re.IGNORECASE,
)
_JACOBIAN_LIES = re.compile(
    r"\bjacobians?\b[^.;]*\b(rows?\s+(for|per|belongs?\s+to|counts?|runs?\s+over|are|is)\s+(the\s+|every\s+|each\s+|an?\s+)?outputs?"
    r"|one\s+row\s+(per|for\s+(every|each))\s+output)",
    re.IGNORECASE,
)


def layout_said(placed: Iterable[Placed]) -> tuple[bool, bool]:
    """Whether the text says that gradients are columns, or have the shape of their variable, and whether it says that Jacobians
    have a row for every output."""
    sentences = {part for each in placed for part in re.split(r"[.;]\s", f"{each.before} {each.after}")}
    gradients = any(_GRADIENT_LIES.search(each) and not _DOUBT.search(each) for each in sentences)
    return gradients, any(_JACOBIAN_LIES.search(each) and not _DOUBT.search(each) for each in sentences)


_DOUBT = re.compile(
    r"\b(not|never|transpose[ds]?|sometimes|often|other|others|some|if|unless)\b|\brow vectors?\b", re.IGNORECASE
)
_ONE_HOT = re.compile(r"\bone[- ]hot\b", re.IGNORECASE)
_IS_ONE_HOT = re.compile(
    r"^\s*,?\s*(?:(?:is|are|being|be)\s+)?(?:a\s+|an\s+|all\s+|both\s+)*one[- ]hot\b", re.IGNORECASE
)
_FUNCTION_OF = re.compile(
    r"^\W*(?:(?:be|is|are|denotes?|stands for)\b)?[^.;:]*\b(?:functions? of|depends? (?:\w+ )*on|through)(?:\s+[\w-]+){0,6}$",
    re.IGNORECASE,
)
_A_FUNCTION = re.compile(r"\bdifferentiable (scalar |real )?function\s*$", re.IGNORECASE)
_OF = re.compile(r"^\s*of(\s+the)?(\s+[\w-]+){0,2}\s*$", re.IGNORECASE)
_THROUGH = re.compile(r"^\s*(only\s+)?through\s*$", re.IGNORECASE)
_ALSO = re.compile(r"^\s*(?:,|and|,\s*and|or)\s*$")


_HELD = re.compile(
    r"\b(held|hold|holding|kept|keep|keeping)\b[^.;]*\b(fixed|constant)\b"
    r"|\bindependent\s+(arguments|variables)\b",
    re.IGNORECASE,
)


def held_fixed(placed: Sequence[Placed]) -> frozenset[int]:
    """The sections in which the text says that what else a quantity depends on is held fixed."""
    return frozenset(each.section for each in placed if _HELD.search(each.before) or _HELD.search(each.after))


_BY_ENTRY = re.compile(
    r"\b(squar\w+|powers?)\b[^.]*\b(element|entry|component|coordinate)[- ]?(wise|by[- ](entry|element|component|coordinate))",
    re.IGNORECASE,
)


def squares_by_entry(placed: Iterable[Placed]) -> bool:
    """Whether the page says that squares of vectors are taken entry by entry."""
    sentences = (sentence for each in placed for sentence in (each.before + " " + each.after).split(". "))
    return any(_BY_ENTRY.search(sentence) and not _NOT.search(sentence) for sentence in sentences)


def one_hot_names(placed: Iterable[Placed]) -> frozenset[Name]:
    """The names that the page calls one-hot: "the one-hot target y", "y is one-hot"."""
    found = set()
    for each in placed:
        name = written(each.statement.left)
        if name is None or each.display or name.entries or name.power is not None:
            continue
        before = _sentence_before(each.before).rpartition("$")[2]
        if _ONE_HOT.search(before) or _IS_ONE_HOT.match(each.after):
            found.add(name.name)
    return frozenset(found)


_A_CLASS = re.compile(
    r"\b(true|correct|right|target|actual|wanted)\s+(class|label|category)(\s+(is|be|being|of the example is))?\s*$",
    re.IGNORECASE,
)


def spoken_classes(placed: Iterable[Placed]) -> frozenset[Name]:
    """The letters that the text calls the class of an example: "the true class is c"."""
    found = set()
    for each in placed:
        letter = each.statement.left
        if _mentioned(each) and isinstance(letter, Symbol) and _A_CLASS.search(each.before):
            found.add(Name(letter.text))
    return frozenset(found)


def general_losses(placed: Sequence[Placed]) -> dict[Name, tuple[Name, ...]]:
    """What the text says that a number depends on: "let L be a differentiable function of all the `$y_i$`"."""
    found: dict[Name, tuple[Name, ...]] = {}
    inline = [each for each in placed if not each.display]
    for place, each in enumerate(inline[:-1]):
        head = written(each.statement.left)
        if each.statement.right is not None or head is None or head.entries:
            continue
        direct: list[Name] = []
        for other in inline[place + 1 :]:
            between = other.before.rpartition("$")[2]
            if other.formula == inline[place].formula or (other.formula != inline[place + 1].formula and not direct):
                break
            told = (
                _ALSO.match(between)
                if direct and other.formula != inline[place + 1].formula
                else _FUNCTION_OF.match(between) or (_A_FUNCTION.search(each.before) and _OF.match(between))
            )
            if told is None and direct and _THROUGH.match(between):
                direct, told = [], _THROUGH.match(between)  # "depends on S through P only"
            if told is None or (direct and other.statement.right is not None):
                break  # "a function of `$Y$`, and `$dY = ...$`" lists one
            listed = other.statement.left
            items = listed.items if isinstance(listed, SequenceNode) else (listed,)
            names = [name for item in items if (name := written(item)) is not None and name.power is None]
            direct += [name.name for name in names]
        if direct:
            found.setdefault(head.name, tuple(dict.fromkeys(direct)))
    return found | _called_losses(inline, found)


_A_LOSS = re.compile(r"\b(loss|cost|objective|energy|error)(\s+function)?\s*$", re.IGNORECASE)
_OF_THESE = re.compile(r"\s*(both|all|these|they|it)\b", re.IGNORECASE)
_A_NUMBER = re.compile(
    r"\b(scalars?|numbers?|scores?|rewards?|loss(es)?|energ(y|ies)|real-valued|(log-?)?(probabilit|likelihood)\w*)\b",
    re.IGNORECASE,
)
_AN_ARRAY = re.compile(r"\b(vectors?|maps?|entr(y|ies)|components?|\w*wise|arrays?|matri(x|ces))\b", re.IGNORECASE)
_DIFFERENTIABLE = re.compile(r"\bdifferentiable\b", re.IGNORECASE)


def _called_losses(inline: Sequence[Placed], known: Mapping[Name, object]) -> dict[Name, tuple[Name, ...]]:
    """What the text calls a loss of something, "a differentiable loss `$R(z)$`", or a differentiable score or
    probability."""
    found: dict[Name, tuple[Name, ...]] = {}
    for each in inline:
        called = call(each.statement.left)
        if each.statement.right is not None or called is None:
            continue
        before, after = re.split(r"[.]\s", each.before)[-1], re.split(r"[.](?:\s|$)", each.after)
        sentence = " ".join((before, after[0], *(said for said in after[1:2] if _OF_THESE.match(said))))
        number = _DIFFERENTIABLE.search(sentence) and _A_NUMBER.search(sentence) and not _AN_ARRAY.search(sentence)
        if not _A_LOSS.search(each.before) and not number:
            continue
        head, body = called
        name = written(head)
        arguments = [written(item) for item in (body.items if isinstance(body, SequenceNode) else (body,))]
        if name is not None and not name.entries and name.name not in known:
            direct = tuple(own.name for own in arguments if own is not None and not own.entries)
            if direct and len(direct) == len(arguments):
                found.setdefault(name.name, direct)
    return found


def climbs(placed: Sequence[Placed], place: int) -> bool:
    """Whether the section up to a formula speaks of maximising or of climbing."""
    section = placed[place].section
    return any(
        _CLIMBS.search(each.before) or (number < place and _CLIMBS.search(each.after))
        for number, each in enumerate(placed[: place + 1])
        if each.section == section
    )


def _sentence_before(text: str) -> str:
    return re.split(r"[.;:]\s", text)[-1]


def _sentence_after(text: str) -> str:
    return re.split(r"[.;:](\s|$)", text)[0]


_NAMES = r"(?:\$[^$]+\$(?:\s*,\s*and|\s*,|\s+and|\s+or)?\s*)*"
_NUMBERS = re.compile(
    rf"\b(real numbers?|numbers|constants?|scalars?|scalar (?:bias|weight|input|output|target)e?s?)\s*{_NAMES}$"
)
_RATE = "rate|size|coefficient|factor|temperature|strength|momentum|hyper-?parameter"
_RATES = re.compile(rf"\b((learning|decay|step|momentum)[ -])?({_RATE})s?\s*{_NAMES}$")
"""What stands behind such a word as a single Greek letter is a number."""
_IS_NUMBER = re.compile(r"^\s*(?:is|be|being) an? (?:real |positive |fixed |small )*(?:number|scalar|constant)\b")
_OF_SIZE = re.compile(r"\$[^$]+\$\s*(?:is|be|being|denotes?)?\s*(?:an?|the)\s*(?:real\s+)?$")
_MATRIX = re.compile(r"^\s*(?:real\s+|weight\s+)?(?:matrix|array)\b(\s*$|\s*[^\s$]|\s+(?=\$))")
_NAMED_MATRIX = re.compile(r"^\s*(?:real\s+|weight\s+)?matrix\s+\$")


def numbers(placed: Sequence[Placed], counts: frozenset[str]) -> frozenset[Name]:
    """The names that running text calls numbers or constants, and those that are compared with a number, `a, b > 0`. `counts` are
    letters that count something, and are sizes."""
    found: set[Name] = set()
    for place, each in enumerate(placed):
        node = each.statement.left
        compared = list(_compared(each))
        if compared:  # an array, of whose entries it might be said, has a shape by other means
            nodes: list[Node] = [*compared, *_listed_beside(placed, place)]
        elif _mentioned(each) and (
            _NUMBERS.search(each.before)
            or _IS_NUMBER.match(each.after)
            or (_is_greek(node) and _RATES.search(each.before))
        ):
            nodes = [node]
        else:
            continue
        names = (written(each) for each in nodes if not (isinstance(each, Symbol) and each.text in counts))
        found |= {name.name for name in names if name is not None and not name.entries and name.power is None}
    return frozenset(found)


def _is_greek(node: Node) -> bool:
    return isinstance(node, Symbol) and node.text.startswith("\\")


_LIST_OF_NUMBERS = re.compile(r"\b(numbers|scalars)\s+(\$[^$]*\$\s*(,|and|,\s*and)?\s*)*$", re.IGNORECASE)
_ARE_NUMBERS = re.compile(
    r"^\s*(,|and|,\s*and|or)?(\s*[a-z]*\s*[a-z]*\s*\$[^$]*\$\s*(,|and|,\s*and)?)*\s*are\s+(all\s+)?"
    r"(real\s+(numbers|constants|scalars)|numbers|scalars)\b",
    re.IGNORECASE,
)


def families_of_numbers(placed: Iterable[Placed]) -> frozenset[str]:
    """The letters whose members the text calls numbers: "the numbers `$f_1, f_2$` and `$c_0$`"."""
    found: set[str] = set()
    for each in placed:
        if each.display or each.statement.right is not None:
            continue
        if not _LIST_OF_NUMBERS.search(each.before) and not _ARE_NUMBERS.match(each.after):
            continue
        listed = each.statement.left
        for item in listed.items if isinstance(listed, SequenceNode) else (listed,):
            name = written(item)
            if name is not None and name.name.levels and not name.entries and name.power is None:
                found.add(name.name.base)
    return frozenset(found)


def spoken_shapes(placed: Sequence[Placed]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    r"""What running text says of the shapes of matrices: "`$X$` be an `$n \\times m$` matrix"."""
    for number, each in enumerate(placed):
        node = each.statement.left
        if not _mentioned(each) or not isinstance(node, Product) or len(node.factors) != 2:
            continue
        if node.factors[1][0] != r"\times":
            continue
        sizes = tuple(factor for _, factor in node.factors)
        before = placed[number - 1] if number else None
        following = placed[number + 1] if number + 1 < len(placed) else None
        if following is not None and _NAMED_MATRIX.match(each.after) and _mentioned(following):
            yield following.statement.left, sizes
        elif before is not None and _MATRIX.match(each.after) and _OF_SIZE.search(each.before) and _mentioned(before):
            yield before.statement.left, sizes


_HAS_ENTRIES = re.compile(
    r"^\s*(have|has|with)\s+\$[^$]+\$\s+(components|entries|coordinates|elements)\b", re.IGNORECASE
)


def spoken_vectors(placed: Sequence[Placed]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    r"""What running text says of the length of vectors: "the inputs `$X$` have `$p$` components"."""
    for each, following in pairwise(placed):
        if _mentioned(each) and _mentioned(following) and _HAS_ENTRIES.match(each.after):
            yield each.statement.left, (following.statement.left,)


def _compared(each: Placed) -> Iterator[Symbol]:
    """The small letters that a statement, or a condition on it, compares with a number."""
    statement = each.statement
    told = [] if statement.right is None else [Relations(statement.left, ((statement.relation, statement.right),))]
    for relations in (*told, *statement.conditions):
        match relations:
            case Relations(first=Symbol(text=text) as letter, rest=((relation, Number()),)):
                if relation in COMPARISONS and not text[:1].isupper():
                    yield letter


def _listed_beside(placed: Sequence[Placed], number: int) -> Iterator[Node]:
    """The a of `a, b > 0`."""
    formula = placed[number].formula
    near = (each.statement for each in placed[max(number - 2, 0) : number + 3] if each.formula == formula)
    yield from (statement.left for statement in near if statement.right is None and isinstance(statement.left, Symbol))


def _mentioned(each: Placed) -> bool:
    return each.statement.right is None and not each.display
