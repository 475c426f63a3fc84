"""Formulas as trees of one kind of node, and the page of names that writes them in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

SUM, PRODUCT, ATOM = range(3)
SIMPLE = ("name", "entry", "number", "size", "ones", "identity", "delta", "gradient")


@dataclass(frozen=True)
class Term:
    """A node: `a @ b` is the product of matrices or numbers, `a * b` the elementwise one."""

    op: str
    args: tuple[Term, ...] = ()
    data: str = ""

    def __matmul__(self, other: Operand) -> Term:
        return Term("product", (*_parts(self, "product"), *_parts(term(other), "product")))

    def __rmatmul__(self, other: Operand) -> Term:
        return term(other) @ self

    def __mul__(self, other: Operand) -> Term:
        return Term("times", (*_parts(self, "times"), *_parts(term(other), "times")))

    def __add__(self, other: Operand) -> Term:
        return _plus(self, term(other), "+")

    def __sub__(self, other: Operand) -> Term:
        return _plus(self, term(other), "-")

    def __rsub__(self, other: Operand) -> Term:
        return term(other) - self

    def __radd__(self, other: Operand) -> Term:
        return term(other) + self

    def __neg__(self) -> Term:
        return Term("plus", self.args, _flipped(self.data)) if self.op == "plus" else Term("plus", (self,), "-")

    def __truediv__(self, other: Operand) -> Term:
        return Term("over", (self, term(other)))

    def __rtruediv__(self, other: Operand) -> Term:
        return term(other) / self

    def __pow__(self, exponent: Operand) -> Term:
        return Term("power", (self, term(exponent)))

    def at(self, *indices: str) -> Term:
        """An entry; of a derivative, first the indices of what is derived."""
        return Term("entry", (self,), " ".join(indices))

    def by(self, other: Term) -> Term:
        return Term("gradient", (self, other))

    @property
    def T(self) -> Term:
        return Term("transposed", (self,))

    @property
    def inv(self) -> Term:
        return Term("inverse", (self,))

    @property
    def invT(self) -> Term:
        return Term("transposed inverse", (self,))


Operand = Term | int | Fraction


def _plus(one: Term, other: Term, sign: str) -> Term:
    signs = "+" if other.op != "plus" else other.data
    first = one.data if one.op == "plus" else "+"
    return Term(
        "plus", (*_parts(one, "plus"), *_parts(other, "plus")), first + (signs if sign == "+" else _flipped(signs))
    )


def _flipped(signs: str) -> str:
    return signs.translate(str.maketrans("+-", "-+"))


def _parts(node: Term, op: str) -> tuple[Term, ...]:
    return node.args if node.op == op else (node,)


def term(value: Operand) -> Term:
    return value if isinstance(value, Term) else Term("number", (), str(value))


def name(key: str) -> Term:
    return Term("name", (), key)


def size(key: str) -> Term:
    return Term("size", (), key)


def total(index: str, over: str, body: Term) -> Term:
    """The sum over all values of an index, which runs to a size."""
    return Term("sum", (body,), f"{index} {over}")


def delta(one: str, other: str) -> Term:
    return Term("delta", (), f"{one} {other}")


def call(function: str, body: Term) -> Term:
    return Term("call", (body,), function)


def ones(over: str) -> Term:
    return Term("ones", (), over)


def identity(over: str) -> Term:
    return Term("identity", (), over)


@dataclass
class Page:
    """The names of a document with their LaTeX (of the whole, and with indices), their sizes and how they come about."""

    letters: Mapping[str, str]
    """The LaTeX of every size."""
    transpose: str = r"\top"
    hadamard: str = r"\odot"
    trace: str = r"\mathrm{tr}"
    logarithm: str = r"\log"
    nabla: bool = False
    operator: bool = False
    """Whether what is derived stands behind the fraction."""
    ordered: tuple[str, ...] = ()
    """Sizes that fall, the first one the largest."""
    whole: dict[str, str] = field(default_factory=dict)
    indexed: dict[str, str] = field(default_factory=dict)
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    defined: dict[str, tuple[str, Term]] = field(default_factory=dict)
    alike: list[tuple[str, ...]] = field(default_factory=list)
    """Names that are mistaken for one another."""
    short: dict[Term, str] = field(default_factory=dict)
    """Gradients that have a letter of their own."""
    said: list[str] = field(default_factory=list)

    def give(self, key: str, latex: str, *dims: str, indexed: str = "", drawn: str = "normal") -> Term:
        self.whole[key], self.indexed[key], self.dims[key] = latex, indexed or latex, dims
        self.given[key] = drawn
        return name(key)

    def define(self, key: str, latex: str, dims: tuple[str, ...], body: Term, at: str = "", indexed: str = "") -> Term:
        """A name with a definition, which is displayed but for an unknown function."""
        self.whole[key], self.indexed[key], self.dims[key] = latex, indexed or latex, dims
        self.defined[key] = at, body
        if body.op != "unknown function":
            left = name(key).at(*at.split()) if at else name(key)
            self.said.append(f"$${self.write(left)} = {self.write(body)}$$")
        return name(key)

    def declare(self, key: str) -> str:
        """`X \\in \\mathbb{R}^{n \\times m}`, in dollars."""
        dims = r" \times ".join(self.letters[each] for each in self.dims[key])
        return rf"${self.whole[key]} \in \mathbb{{R}}{f'^{{{dims}}}' if dims else ''}$"

    def rank(self, node: Term) -> int:
        return len(self.dims[node.data]) if node.op == "name" else self.rank(node.args[0]) if node.data == "log" else 0

    def write(self, node: Term) -> str:
        return self._write(node)[0]

    def _in(self, node: Term, level: int) -> str:
        text, own = self._write(node)
        return text if own >= level else _parenthesised(text)

    def _write(self, node: Term) -> tuple[str, int]:
        a = node.args
        match node.op:
            case "name":
                return self.whole[node.data], ATOM
            case "number":
                number = Fraction(node.data)
                whole = number.denominator == 1
                return str(number) if whole else rf"\frac{{{number.numerator}}}{{{number.denominator}}}", ATOM
            case "size":
                return self.letters[node.data], ATOM
            case "ones":
                return r"\mathbf{1}", ATOM
            case "identity":
                return "I", ATOM
            case "delta":
                return rf"\delta_{{{node.data.replace(' ', '')}}}", ATOM
            case "entry":
                return self._entry(a[0], node.data.split()), PRODUCT if a[0].op == "call" else ATOM
            case "sum":
                index, over = node.data.split()
                return rf"\sum_{{{index}=1}}^{{{self.letters[over]}}} {self._in(a[0], PRODUCT)}", PRODUCT
            case "product":
                last = len(a) - 1
                ends = [k == last and (each.op == "sum" or _logarithm(each)) for k, each in enumerate(a)]
                parts = [self._in(each, PRODUCT if end else ATOM) for end, each in zip(ends, a, strict=True)]
                return " ".join(parts), PRODUCT
            case "times":
                return f" {self.hadamard} ".join(self._in(each, ATOM) for each in a), PRODUCT
            case "plus":
                signs = ["-" if node.data[0] == "-" else "", *(f" {sign} " for sign in node.data[1:])]
                return "".join(sign + self._in(each, PRODUCT) for sign, each in zip(signs, a, strict=True)), SUM
            case "over":
                return rf"\frac{{{self.write(a[0])}}}{{{self.write(a[1])}}}", ATOM
            case "transposed":
                return f"{self._base(a[0])}^{self.transpose}", ATOM
            case "inverse":
                return f"{self._base(a[0])}^{{-1}}", ATOM
            case "transposed inverse":
                return f"{self._base(a[0])}^{{-{self.transpose}}}", ATOM
            case "power":
                exponent = _in_line(self.write(a[1]))
                return f"{self._base(a[0])}^{exponent if len(exponent) == 1 else f'{{{exponent}}}'}", ATOM
            case "call":
                return self._call(node.data, a[0])
            case "gradient" | "hessian":
                return self._derivative(node)
            case _:
                raise TypeError(node)

    def _base(self, node: Term) -> str:
        """What may carry an exponent."""
        text, level = self._write(node)
        if node.op in SIMPLE and level == ATOM and "frac" not in text and "^" not in text:
            return text
        return _parenthesised(text)

    def _entry(self, body: Term, indices: list[str]) -> str:
        if body.op == "gradient":
            of, by = body.args
            rank = self.rank(of)
            above = self._entry(of, indices[:rank]) if rank else self.write(of)
            return rf"\frac{{\partial {above}}}{{\partial {self._entry(by, indices[rank:])}}}"
        if body.op == "call":
            return rf"{self.logarithm} {self._entry(body.args[0], indices)}"
        below = "".join(indices)
        return self.indexed[body.data] + (f"_{below}" if len(below) == 1 else f"_{{{below}}}")

    def _call(self, function: str, body: Term) -> tuple[str, int]:
        inner = self.write(body)
        sized = _parenthesised(inner)
        match function:
            case "sqrt":
                return rf"\sqrt{{{inner}}}", ATOM
            case "exp":
                return (f"e^{{{inner}}}", ATOM) if "frac" not in inner else (rf"\exp{sized}", ATOM)
            case "log":
                bare = body.op in ("name", "entry", "sum")
                return (f"{self.logarithm} {inner}", PRODUCT) if bare else (self.logarithm + sized, ATOM)
            case "norm squared":
                return rf"\|{inner}\|^2", ATOM
            case "norm":
                return rf"\|{inner}\|", ATOM
            case "frobenius squared":
                return rf"\|{inner}\|_F^2", ATOM
            case "frobenius":
                return rf"\|{inner}\|_F", ATOM
            case "trace":
                return self.trace + sized, ATOM
            case "logdet":
                return rf"{self.logarithm} \det{sized}", ATOM
            case "det":
                return rf"\det{sized}", ATOM
            case _:
                return rf"\mathrm{{{function}}}{sized}", ATOM

    def _derivative(self, node: Term) -> tuple[str, int]:
        if node in self.short:
            return self.short[node], ATOM
        of, by = node.args
        text, below = self.write(of), self.write(by)
        if node.op == "hessian":
            return rf"\nabla_{{{below}}}^2 {self._in(of, ATOM)}", PRODUCT
        if self.nabla and self.rank(of) == 0:
            return rf"\nabla_{{{below}}} {self._in(of, ATOM)}", PRODUCT
        if of.op == "name" or (not self.operator and "frac" not in text and of.op != "plus"):
            return rf"\frac{{\partial {text}}}{{\partial {below}}}", ATOM
        return rf"\frac{{\partial}}{{\partial {below}}} {self._in(of, ATOM)}", PRODUCT


def _parenthesised(text: str) -> str:
    return rf"\left({text}\right)" if "frac" in text or "sum" in text else f"({text})"


def _logarithm(node: Term) -> bool:
    """Whether it begins with a logarithm that reaches as far as the product does."""
    return node.data == "log" if node.op == "call" else node.op == "entry" and _logarithm(node.args[0])


def _in_line(exponent: str) -> str:
    """An exponent with `3/2` for the fraction."""
    return exponent.replace(r"\frac{", "").replace("}{", "/").rstrip("}") if r"\frac" in exponent else exponent
