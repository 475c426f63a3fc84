"""The backward pass step by step, for a person at a terminal or as a fragment of LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive import wording
from derive.algebra.names import Name
from derive.calculus import NotDifferentiable
from derive.calculus.chain import depends
from derive.notation.latex import write_latex
from derive.notation.tree import Node, Relations, Rows
from derive.theory import Theory
from reports.handout.content import Inline
from reports.handout.sentences import Sentences, shape_words
from reports.plain import write_plain

SOURCES = (
    "Spivak, Calculus, chapter 10 (the rules)",
    "Goodfellow, Bengio and Courville, Deep Learning, section 6.5 (the backward pass)",
)


def write(theory: Theory, names: Sequence[str], output: str) -> str:
    """The derivation of a theory's gradients, each step with its rules, its shape and why it is so.

    Args:
        theory: what is differentiated: its loss, by everything that the loss depends on.
        names: quantities as the document writes them, as messages do, or short (`W^{(1)}`, `W^(1)`, `W1`); only the
            derivatives by these are written. None: all but those by targets and constants, which nobody changes.
        output: "text", or "latex" for a fragment that needs amsmath and amssymb.

    Raises:
        NotDifferentiable: the theory has no loss, or a name is none of a quantity that it depends on.

    >>> from derive.network import network
    >>> print(write(network(sizes=(3, 2)), ["W1"], "text").splitlines()[2])
    1. derivative by W^(1), shape 2 × 3
    """
    if output not in ("text", "latex"):
        raise ValueError(f"no output {output!r}: there are text and latex")
    if theory.loss is None:
        raise NotDifferentiable("no loss: a scalar that is defined from the network's output is needed")
    _refuse_open_indices(theory, theory.loss)
    steps = wording.derivation(theory)
    if names:
        known = {step.quantity: step for step in steps}
        wanted = dict.fromkeys(_find(theory, text, list(known)) for text in names)
        steps = tuple(known[name] for name in wanted)
    else:
        steps = tuple(step for step in steps if _learns(theory, step.quantity))
    return (_text if output == "text" else _latex)(theory, theory.loss, steps)


def _refuse_open_indices(theory: Theory, loss: Name) -> None:
    """A definition that is given for entries only, such as with `S_W` for some W, says nothing of the whole."""
    for name, definition in theory.definitions.items():
        left = definition.value.body.free - set(definition.value.indices)
        if left and (name is loss or depends(theory, loss, name)):
            letters = ", ".join(sorted(map(repr, left)))
            raise NotDifferentiable(
                f"the loss cannot be differentiated: the definition of {name!r} leaves {letters} open"
            )


def _learns(theory: Theory, name: Name) -> bool:
    symbol = theory.symbol(name)
    return symbol is None or symbol.role not in ("target", "constant")


# Names that a user types -------------------------------------------------------------------------------------------


def _find(theory: Theory, text: str, known: Sequence[Name]) -> Name:
    found = [name for name in known if _plainly(text) in _spellings(theory, name)]
    if not found:  # fonts may be left out, and a lone letter will do, where only one quantity is meant
        found = [name for name in known if _bare(text) in _bare_spellings(theory, name)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(map(repr, known))
    if len(found) > 1:
        raise NotDifferentiable(f"{text!r} may be any of {', '.join(map(repr, found))}")
    others = {name for name in (*theory.symbols, *theory.definitions) if _plainly(text) in _spellings(theory, name)}
    for name in others:
        assert theory.loss is not None
        if not depends(theory, theory.loss, name):
            raise NotDifferentiable(f"{theory.loss!r} does not depend on {name!r}; there are derivatives by {there}")
    raise NotDifferentiable(f"no quantity {text!r}; there are derivatives by {there}")


def _spellings(theory: Theory, name: Name) -> set[str]:
    """What a quantity may be called on a command line."""
    short = name.base + ",".join(map(repr, name.levels))
    return {_plainly(repr(name)), _plainly(short), _plainly(write_latex(wording.name(theory, name)))}


def _bare_spellings(theory: Theory, name: Name) -> set[str]:
    short = name.base + ",".join(map(repr, name.levels))
    return {_bare(text) for text in (name.base, repr(name), short, write_latex(wording.name(theory, name)))}


def _plainly(text: str) -> str:
    """Braces and spaces make no difference, nor which command makes a letter bold."""
    return re.sub(r"[{}\s$]", "", text).replace(r"\boldsymbol", r"\mathbf").replace(r"\bm", r"\mathbf")


_FONT = re.compile(r"\\(?:math(?:bf|rm|cal|bb|sf|frak|scr|it)|boldsymbol|bm)\s*\{([^{}]*)\}")


def _bare(text: str) -> str:
    return _plainly(_FONT.sub(r"\1", text))


# Sentences and chains ----------------------------------------------------------------------------------------------


def _sentence(theory: Theory, why: str | Sequence[str | Node]) -> list[str | Node]:
    """A sentence with the names in it as formulas."""
    names = {repr(name): wording.name(theory, name) for name in (*theory.symbols, *theory.definitions)}
    words: list[str | Node] = []
    for part in (why,) if isinstance(why, str) else why:
        if isinstance(part, Node):
            words.append(part)
            continue
        found = Sentences(names).words(part)
        words.extend(
            word.tree if isinstance(word, Inline) else word.text for word in found if not hasattr(word, "verdict")
        )
    if words and not (isinstance(words[-1], str) and words[-1].endswith(".")):
        words.append(".")
    return words


def _members(equation: Node) -> list[tuple[str, Node]]:
    """The sides of a chain, each with the relation in front of it, "" for the first."""
    members: list[tuple[str, Node]] = []
    for row in equation.rows if isinstance(equation, Rows) else (equation,):
        if not isinstance(row, Relations):
            members.append(("", row))
            continue
        if row.first is not None:
            members.append(("", row.first))
        members.extend(row.rest)
    return members


def _title(rule: str) -> str:
    """A rule without its formula."""
    return re.split(r"[,:] ", rule, maxsplit=1)[0]


def _legend(steps: Sequence[wording.Explained]) -> list[tuple[str, str]]:
    """Every rule that was used, once, with its formula."""
    rules = dict.fromkeys(rule for step in steps for rule in step.rules)
    split = (re.split(r"[,:] ", rule, maxsplit=1) for rule in rules)
    return [(parts[0], parts[1]) for parts in split if len(parts) == 2]


# Text ---------------------------------------------------------------------------------------------------------------


def _text(theory: Theory, loss: Name, steps: Sequence[wording.Explained]) -> str:
    lines = [f"The derivatives of {write_plain(wording.name(theory, loss))}, from the loss back to the inputs.", ""]
    for number, step in enumerate(steps, start=1):
        own = write_plain(wording.name(theory, step.quantity))
        lines.append(f"{number}. derivative by {own}, shape {step.shape}")
        lines.extend(f"     {line}" for line in _chain(_members(step.equation)))
        why = "".join(part if isinstance(part, str) else write_plain(part) for part in _sentence(theory, step.why))
        lines.append(f"   why: {why}")
        if step.rules:
            lines.append(f"   by: {', '.join(map(_title, step.rules))}")
        lines.append("")
    legend = _legend(steps)
    if legend:
        width = max(len(title) for title, _ in legend)
        lines += ["Rules", *(f"  {title:<{width}}  {formula}" for title, formula in legend), ""]
    lines += ["Sources", *(f"  {source}" for source in SOURCES)]
    return "\n".join(lines)


def _chain(members: Sequence[tuple[str, Node]]) -> list[str]:
    """The chain with each further side on a line of its own, the signs below one another."""
    written = [(relation, write_plain(side)) for relation, side in members]
    first = written[0][1]
    if len(written) == 1:
        return [first]
    indent = " " * len(first)
    return [
        f"{first if place == 0 else indent} {relation or ' '} {side}"
        for place, (relation, side) in enumerate(written[1:])
    ]


# LaTeX --------------------------------------------------------------------------------------------------------------

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "×": r"$\times$",
}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text if character.isprintable())


def _shape(text: str) -> str:
    """A shape as mathematics where it can be read as that."""
    words = shape_words(text)
    return "".join(f"${write_latex(word.tree)}$" if isinstance(word, Inline) else _escaped(text) for word in words)


def _latex(theory: Theory, loss: Name, steps: Sequence[wording.Explained]) -> str:
    own = write_latex(wording.name(theory, loss))
    lines = [
        "% Needs amsmath and amssymb.",
        rf"The derivatives of ${own}$, from the loss back to the inputs.",
        r"\begin{enumerate}",
    ]
    for step in steps:
        lines.append(
            rf"\item Derivative by ${write_latex(wording.name(theory, step.quantity))}$, shape {_shape(step.shape)}:"
        )
        (_, first), *rest = _members(step.equation)
        rows = [f"&{relation} {write_latex(side)}" for relation, side in rest]
        lines += [r"\begin{align*}", f"{write_latex(first)} {rows[0]}" if rows else write_latex(first)]
        lines += [f"\\\\\n{row}" for row in rows[1:]]
        lines.append(r"\end{align*}")
        why = (
            _escaped(part) if isinstance(part, str) else f"${write_latex(part)}$"
            for part in _sentence(theory, step.why)
        )
        lines.append("".join(why))
        if step.rules:
            lines.append(f"By: {_escaped(', '.join(map(_title, step.rules)))}.")
    lines.append(r"\end{enumerate}")
    legend = _legend(steps)
    if legend:
        lines += ["Rules:", r"\begin{itemize}"]
        lines += [rf"\item {_escaped(title)}: \texttt{{{_escaped(formula)}}}" for title, formula in legend]
        lines.append(r"\end{itemize}")
    lines.append("Sources: " + "; ".join(map(_escaped, SOURCES)) + ".")
    return "\n".join(lines)
