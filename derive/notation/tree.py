"""The syntax tree of one formula: what is written, before anything is known about what it means.

Every reader of formulas builds this tree and every writer prints it. A node says how its parts stand together on the page
(a fraction, a script, a product sign), never what they denote: whether `a^{(2)}` is a layer or a power, whether a dot is a
matrix product, is decided later by `derive.meaning`, which knows the names.

All nodes are frozen. `span` gives the columns of the source that a node came from and takes no part in equality, so a
formula that was read, printed and read again equals itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Span = tuple[int, int]
"""Start and end offset (0-based, end exclusive) in the formula's own LaTeX source; (-1, -1) for nodes not read from text."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A part of a formula."""

    span: Span = field(default=(-1, -1), compare=False, repr=False)


@dataclass(frozen=True)
class Number(Node):
    """A numeral as written: `2`, `0.5`."""

    text: str


@dataclass(frozen=True)
class Symbol(Node):
    r"""One letter, Latin or by command (`x`, `\alpha`, `\ell`, `\infty`, `\mathbb{1}` is a Styled Symbol).

    `text` is the letter, or the command's name with its backslash.
    """

    text: str


@dataclass(frozen=True)
class Word(Node):
    r"""A name of several letters set upright: `\log`, `\operatorname{softmax}`, `\mathrm{ReLU}`, `\text{loss}` in a formula's place
    for a name. `text` is the bare name (`log`, `softmax`), whatever command carried it."""

    text: str


@dataclass(frozen=True)
class Text(Node):
    r"""Prose inside a formula: `\text{for } i \neq j` gives Text("for ") and what follows it."""

    text: str


@dataclass(frozen=True)
class Ellipsis(Node):
    r"""`\ldots`, `\cdots`, `\dots`, `...`, `\vdots`."""

    text: str = r"\ldots"


Style = Literal["bold", "upright", "calligraphic", "blackboard", "sans", "fraktur", "script", "italic"]
Accent = Literal[
    "hat", "bar", "tilde", "vec", "dot", "ddot", "overline", "underline", "widehat", "widetilde", "check", "breve",
    "overleftarrow",
]  # fmt: skip


@dataclass(frozen=True)
class Styled(Node):
    r"""A letter in another font: `\mathbf{W}`, `\boldsymbol{\delta}`, `\mathcal{L}`, `\mathbb{R}`."""

    style: Style
    body: Node


@dataclass(frozen=True)
class Accented(Node):
    r"""A letter under an accent: `\hat{y}`, `\bar x`, `\vec{1}`."""

    accent: Accent
    body: Node


@dataclass(frozen=True)
class Scripted(Node):
    r"""A base with its subscript, superscript and primes: `W^{(2)}_{jk}`, `\sigma'`, `X^T`, `g^{[1]'}`.

    A transpose is a superscript like any other here (`Symbol("T")`, `Symbol(r"\top")`, ...). Two superscripts in a row, as in
    `{W^{(2)}}^\top`, nest: the outer Scripted has the inner one as its base. A script such as `(2)` or `[l]` is a Fenced;
    `{[2](i)}` is a Product of two Fenced; `l+1` is a Sum; `jk` is a Product of two Symbols; `i,j` is a Sequence.
    """

    base: Node
    sub: Node | None = None
    sup: Node | None = None
    primes: int = 0


@dataclass(frozen=True)
class Fenced(Node):
    r"""A body between delimiters, with or without `\left` and `\right`.

    `left` and `right` are one of `( ) [ ] \{ \} | \| \langle \rangle \lfloor \rfloor \lceil \rceil` or `.` (nothing);
    `\lVert`, `\lvert`, `\Vert` and their kin are read as `\|` and `|`.
    """

    left: str
    body: Node
    right: str


@dataclass(frozen=True)
class Sum(Node):
    r"""Terms with the sign in front of each: "+", "-", `\pm` or `\mp`. The first term's sign is "+" unless it is written."""

    terms: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Product(Node):
    r"""Factors with the sign in front of each; the first sign is "".

    "" is juxtaposition (`W x`, and also `f(x)`: only names tell application from product); other signs are `\cdot`, `\times`,
    `\odot`, `\circ`, `\otimes`, `\oslash`, `*`, `\ast`, `\bullet`, `/` (binds the next factor only).
    """

    factors: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Fraction(Node):
    r"""`\frac{a}{b}`, `\dfrac`, `\tfrac`, `{a \over b}`."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True)
class Root(Node):
    r"""`\sqrt{x}`, `\sqrt[3]{x}`."""

    body: Node
    degree: Node | None = None


@dataclass(frozen=True)
class Applied(Node):
    r"""A named function command and what it plainly takes: `\log p_i`, `\exp(x)`, `\tanh^2(x)`, `\max(0, x)`,
    `\operatorname{tr}(A)`.

    `function` is a Word, or a Scripted Word when the command carries scripts (`\tanh^2`, `\max_k`, `\log_2`). Without
    parentheses the argument is the run of juxtaposed factors up to the next `+`, `-`, relation, comma, fraction bar or
    closing fence, as TeX authors write `\log p_i` or `\sum_i y_i \log p_i`; a following function command ends it too
    (`\sin x \cos y`). Functions that are mere letters (`f(x)`, `\sigma(z)`) are Products.
    """

    function: Node
    argument: Node


@dataclass(frozen=True)
class BigOperator(Node):
    r"""`\sum`, `\prod`, `\int`, `\bigcup` ... over the product that follows: `\sum_{i=1}^n x_i y_i`.

    `operator` is the command with its backslash. `lower` and `upper` are its limits (`i=1` is a Relations).
    """

    operator: str
    lower: Node | None
    upper: Node | None
    body: Node


@dataclass(frozen=True)
class Differential(Node):
    r"""`\partial L`, `d z`, `\mathrm{d}x`, `\partial^2 L`, or a bare operator `\partial` (body None), in the numerator or
    denominator of a derivative. `symbol` is `\partial` or `d`."""

    symbol: str
    body: Node | None = None
    order: int = 1


@dataclass(frozen=True)
class Derivative(Node):
    r"""A derivative, in any of its spellings.

    `\frac{\partial L}{\partial W}`, `\partial L / \partial W`, `\frac{dL}{dz}`: operand L inside the bar.
    `\frac{\partial}{\partial x} f(x)`, `\frac{d}{dx} (...)`: operand is the product that follows, `style` "operator".
    `\nabla_W L`, `\nabla_{\theta} J(\theta)`: `symbol` is `\nabla`. `\partial_{\mathbf{w}} l`: `style` "subscript".
    `\frac{\partial^2 L}{\partial x \partial y}`: two variables; `\partial_x^2 R` and `\frac{d^2 f}{dx^2}`: x twice.
    `\frac{\partial l}{T \cdot \partial o}` is not this node but a Fraction with Differentials inside.
    """

    symbol: Literal[r"\partial", "d", r"\nabla"]
    operand: Node
    variables: tuple[Node, ...]
    style: Literal["fraction", "slash", "operator", "subscript"] = "fraction"


@dataclass(frozen=True)
class Relations(Node):
    r"""A chain `A = B = C`, kept whole: `first`, then (relation, node) pairs.

    Relations are the commands or characters as written, without variants: `=`, `:=`, `\equiv`, `\triangleq`, `\leftarrow`
    (also for `\gets`), `\in`, `\neq`, `<`, `>`, `\leq`, `\geq`, `\approx`, `\propto`, `\sim`, `\to`, `-=`, `+=`,
    `\mid`, `\subset`, `\ll`, `\gg`, `\implies`, `\iff`.
    A row of an alignment that opens with a relation has `first` = None.
    """

    first: Node | None
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Sequence(Node):
    r"""Parts side by side: `a, b`, `x = 1 \quad y = 2`, `A = B \text{ and } C = D`, `i = 1, \ldots, n`.

    Holds the parts and, between two neighbours, the separator: ",", ";", `\quad` (for any wide space) or a Text node's prose.
    `len(separators) == len(items) - 1`. Trailing punctuation of a formula (`.`, `,`) is dropped. Leading or trailing prose is
    an item of its own, a Text. Separators bind weaker than relations, except directly inside a fence or script, where a comma
    separates just the same (`f(x, y)` is Fenced("(", Sequence(...), ")")).
    """

    items: tuple[Node, ...]
    separators: tuple[str, ...]


@dataclass(frozen=True)
class Rows(Node):
    r"""Several lines: `aligned`, `align`, `gather`, `split`, `multline`, or `\\` at top level. `&` marks are dropped, but where two
    full statements stand in one row (`&& `, or `a &= b, & c &= d`) the row is a Sequence. A row that goes on with an operator
    (`&+ x` after `= y`) is joined to the row above it, as one expression."""

    environment: str
    rows: tuple[Node, ...]


@dataclass(frozen=True)
class Cases(Node):
    r"""`\begin{cases} value & condition \\ ...`. A condition is a node (often with Text such as "if " dropped), or None for
    "otherwise"."""

    branches: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True)
class Matrix(Node):
    r"""`bmatrix`, `pmatrix`, `matrix`, `vmatrix`, `array`: rows of entries. `environment` is its name."""

    environment: str
    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Tagged(Node):
    r"""A formula with `\tag{BP1}` or `\label{...}`: neither means anything, but the tag is printed again."""

    body: Node
    tag: str
