"""The derivation of the gradients as steps, and the rules of calculus that they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from derive import wording
from derive.algebra.names import Name
from derive.algebra.rules import RULES
from derive.calculus import NotDifferentiable
from derive.matrices.plan import NoMatrixForm
from derive.notation.parser import parse
from derive.notation.tree import Node
from derive.theory import Theory
from reports.handout.content import Block, Inline, Paragraph, Plain, Step, Table, Words
from reports.handout.judged import equation
from reports.handout.sentences import Sentences, shape_words


def derivation(theory: Theory, sentences: Sentences) -> Iterator[Block]:
    """One step for each derivative of the loss, from the loss back to the inputs."""
    assert theory.loss is not None
    yield Paragraph(
        (
            Plain("From the loss "),
            Inline(wording.name(theory, theory.loss)),
            Plain(
                " back to the inputs, each step applies the chain rule once and uses only derivatives that stand above it. "
                "A derivative has the shape of the quantity that it is taken by; ⊙ multiplies entry by entry."
            ),
        )
    )
    try:
        steps = [step for step in wording.derivation(theory) if _learns(theory, step.quantity)]
    except NotDifferentiable as error:
        yield Paragraph(
            (Plain("The chain rule could not be carried through: "), *sentences.words(str(error)), Plain("."))
        )
        return
    except NoMatrixForm:
        yield Paragraph((Plain("Some derivative of this loss has no form in the notation of matrices and entries."),))
        return
    yield from _rules(dict.fromkeys(_rule(text) for step in steps for text in step.rules))
    for number, step in enumerate(steps, start=1):
        title = (Plain("Derivative by "), Inline(wording.name(theory, step.quantity)))
        yield Step(number, title, equation(step.equation), tuple(_step_notes(step, sentences)))


def _learns(theory: Theory, name: Name) -> bool:
    """Nobody changes what is wanted or what is constant, so nobody asks for the derivative by it."""
    symbol = theory.symbol(name)
    return symbol is None or symbol.role not in ("target", "constant")


def _step_notes(step: wording.Explained, sentences: Sentences) -> Iterator[Words]:
    if step.why:
        yield (*_without_stop(_sentence(step.why, sentences)), Plain("."))
    rules = ", ".join(dict.fromkeys(_rule(text) for text in step.rules))
    named = f"Rules: {rules}. " if rules else ""
    yield (Plain(f"{named}Shape: "), *shape_words(step.shape), Plain("."))


def _sentence(parts: str | tuple[str | Node, ...], sentences: Sentences) -> Words:
    """A sentence whose formulas are trees, or one in which names are still to be found."""
    if isinstance(parts, str):
        return sentences.words(parts, capital=True)
    return tuple(Plain(part) if isinstance(part, str) else Inline(part) for part in parts)


def _without_stop(words: Words) -> Words:
    last = words[-1]
    return (*words[:-1], Plain(last.text.rstrip("."))) if isinstance(last, Plain) else words


def _rule(text: str) -> str:
    """`sum rule, d(u+v)/dx = ...` and `sum rule` are the rule "sum"."""
    return text.partition(", ")[0].removesuffix(" rule")


def _rules(used: Iterable[str]) -> Iterator[Block]:
    """The rules by name, with the formulas that their rows in the table of rules have."""
    rows: list[tuple[Words, ...]] = []
    for name in used:
        formulas = dict.fromkeys(rule.formula for rule in RULES.values() if rule.name == name)
        latex = [_LINKS] * (name == "chain") + [
            RULE_FORMULAS[formula] for formula in formulas if formula in RULE_FORMULAS
        ]
        rows.extend(((Plain(name),), (Inline(parse(each)),)) for each in latex)
    if rows:
        yield Table(((Plain("rule"),), (Plain("in a formula"),)), tuple(rows), "The rules that are used")


_LINKS = r"\frac{\partial L}{\partial u} = \sum_v \frac{\partial L}{\partial v} \frac{\partial v}{\partial u}"
"""The chain rule along the definitions: v runs over what is computed from u directly."""

RULE_FORMULAS = {
    "dc/dx = 0": r"\frac{dc}{dx} = 0",
    "dn/dx = 0": r"\frac{dn}{dx} = 0",
    "d[i=j]/dx = 0": r"\frac{d}{dx} [i = j] = 0",
    "d[u>0]/dx = 0 away from u = 0": r"\frac{d}{dx} [u > 0] = 0 \text{ for } u \neq 0",
    "d(u+v)/dx = du/dx + dv/dx": r"\frac{d}{dx} (u + v) = \frac{du}{dx} + \frac{dv}{dx}",
    "d(sum_k u_k)/dx = sum_k du_k/dx": r"\frac{d}{dx} \sum_k u_k = \sum_k \frac{du_k}{dx}",
    "d(sum_t u_t)/dx = sum_t du_t/dx": r"\frac{d}{dx} \sum_t u_t = \sum_t \frac{du_t}{dx}",
    "d(u^t)/dx = t u^(t-1) du/dx": r"\frac{d}{dx} u^t = t u^{t - 1} \frac{du}{dx}",
    "d(prod_t u_t)/dx = prod_t u_t sum_t (du_t/dx)/u_t": (
        r"\frac{d}{dx} \prod_t u_t = \prod_t u_t \sum_t \frac{1}{u_t} \frac{du_t}{dx}"
    ),
    "d(prod_t A_t)/dx = sum_t (prod_{s>t} A_s) dA_t/dx (prod_{s<t} A_s)": (
        r"\frac{d}{dx} \prod_t A_t = \sum_t \left( \prod_{s > t} A_s \right) \frac{dA_t}{dx} \left( \prod_{s < t} A_s \right)"
    ),
    "d(A^t)/dx = sum_s A^(t-s) dA/dx A^(s-1)": r"\frac{d}{dx} A^t = \sum_s A^{t - s} \frac{dA}{dx} A^{s - 1}",
    "d F(u)/dx = sum_k F'_k(u) du_k/dx": r"\frac{d}{dx} F(u) = \sum_k F'_k(u) \frac{du_k}{dx}",
    "d[s=t]/dx = 0": r"\frac{d}{dx} [s = t] = 0",
    "d(uv)/dx = (du/dx) v + u (dv/dx)": r"\frac{d}{dx} (u v) = \frac{du}{dx} v + u \frac{dv}{dx}",
    "d(u^r)/dx = r u^(r-1) du/dx": r"\frac{d}{dx} u^r = r u^{r - 1} \frac{du}{dx}",
    "d(Y^-1)/dx = -Y^-1 (dY/dx) Y^-1": r"\frac{d}{dx} Y^{-1} = -Y^{-1} \frac{dY}{dx} Y^{-1}",
    "d det(Y)/dx = det(Y) tr(Y^-1 dY/dx)": (
        r"\frac{d}{dx} \det(Y) = \det(Y) \operatorname{tr}\left( Y^{-1} \frac{dY}{dx} \right)"
    ),
    "d f(u)/dx = f'(u) du/dx": r"\frac{d}{dx} f(u) = f'(u) \frac{du}{dx}",
}
"""The formulas of the rules of calculus (`derive.algebra.rules`), which are written there for a line of text."""
