"""Documents of matrix identities: traces, norms, quadratic forms, inverses and determinants, with their gradients."""

from __future__ import annotations

import random
from fractions import Fraction

from benchmarks.soundness.documents import GeneratedDocument
from benchmarks.soundness.facts import Fact, document
from benchmarks.soundness.terms import Page, Term, call, identity

HALF = Fraction(1, 2)


def matrix_identities(rng: random.Random, seed: int) -> GeneratedDocument:
    """Facts about a rectangular variable, a vector, or an invertible matrix."""
    return rng.choice((_rectangular, _rectangular, _vector, _invertible, _determinants))(rng, seed)


def _page(rng: random.Random, sizes: int, ordered: tuple[str, ...] = ()) -> Page:
    letters = rng.choice((("n", "m", "p"), ("m", "n", "k"), ("p", "q", "r"), ("d", "k", "n")))
    form = rng.choice(("fraction", "fraction", "operator", "nabla"))
    return Page(
        dict(zip(("n", "m", "p")[:sizes], letters, strict=False)),
        transpose=rng.choice(("T", r"\top", r"\top")),
        trace=rng.choice((r"\mathrm{tr}", r"\operatorname{tr}", r"\mathrm{Tr}")),
        logarithm=rng.choice((r"\log", r"\log", r"\ln")),
        nabla=form == "nabla",
        operator=form == "operator",
        ordered=ordered,
    )


class _Names:
    """Gives a page its names and says what they are."""

    def __init__(self, rng: random.Random, page: Page) -> None:
        self.rng, self.page, self.bold = rng, page, rng.random() < 0.5
        self.declared: list[str] = []
        self.further: list[str] = []

    def __call__(self, letter: str, *dims: str, drawn: str = "normal", kind: str = "") -> Term:
        """A name; `kind` is what a matrix is, as in "symmetric"."""
        found = self.page.give(letter, rf"\mathbf{{{letter}}}" if self.bold else letter, *dims, drawn=drawn)
        said, place = self.page.declare(letter), self.rng.randrange(3)
        if kind and place == 0:
            said = f"the {kind} matrix {said}"
        elif kind and place == 1:
            said = f"{said}, which is {kind},"
        elif kind:
            self.further.append(f" The matrix ${self.page.whole[letter]}$ is {kind}.")
        self.declared.append(said)
        return found

    def say(self, further: str = "") -> None:
        """The declarations, with the first name as the variable, and what else is said of that."""
        first, *rest = self.declared
        variable = self.page.whole[next(iter(self.page.whole))]
        said = f"The variable is {first}{further}. Constants are {', '.join(each.rstrip(',') for each in rest[:-1])}"
        self.page.said.append(f"{said} and {rest[-1].rstrip(',')}.{''.join(self.further)}")
        shape = self.rng.choice(
            (
                "The gradient of a number has the shape of the variable.",
                f"Derivatives of scalars by ${variable}$ have the shape of ${variable}$.",
                f"The gradient of a number is an array of the shape of ${variable}$, with the derivatives by its entries.",
            )
        )
        self.page.said.append(
            f"Vectors are column vectors. {shape} $I$ is the identity matrix of the size that fits, "
            r"$\|\cdot\|_F$ the Frobenius norm of a matrix, and $\|\cdot\|$ the Euclidean norm of a vector. A matrix that is not "
            "said to be symmetric need not be symmetric."
        )


def _gradients(rng: random.Random, page: Page, by: Term, pairs: list[tuple[Term, Term]], named: int = 0) -> list[Fact]:
    """Facts of functions with their gradients; some functions get a name before that."""
    rng.shuffle(pairs)
    facts = []
    for place, (of, right) in enumerate(pairs):
        function = of
        if place < named:
            key = "fgh"[place]
            function = page.define(key, key, (), of)
        facts.append(Fact(function.by(by), right))
    return facts


def _trace(body: Term) -> Term:
    return call("trace", body)


def _squared(body: Term) -> Term:
    return call("frobenius squared", body)


def _rectangular(rng: random.Random, seed: int) -> GeneratedDocument:
    """Linear and quadratic functions of a matrix without structure."""
    page = _page(rng, 3)
    give = _Names(rng, page)
    x = give("X", "n", "m")
    a = give("A", "n", "n")
    s = give("S", "n", "n", drawn="symmetric", kind="symmetric")
    c, d = give("C", "n", "m"), give("D", "m", "m")
    g, b = give("G", "p", "n"), give("B", "m", "p")
    h, u = give("H", "p", "p"), give("u", "n")
    v, w = give("v", "m"), give("w", "n")
    give.say(", a matrix without further structure")
    page.alike = [("X", "C"), ("A", "S"), ("u", "w")]
    pairs = [
        (_trace(c.T @ x), c),
        (_trace(x @ c.T), c),
        (_trace(g @ x @ b), g.T @ b.T),
        (_trace(b @ g @ x), g.T @ b.T),
        (_trace(b.T @ x.T @ g.T), g.T @ b.T),
        (_trace(x.T @ a @ x), (a + a.T) @ x),
        (_trace(x.T @ s @ x), 2 @ s @ x),
        (_trace(x @ d @ x.T), x @ (d + d.T)),
        (_trace(x @ x.T), 2 @ x),
        (_trace(x.T @ x @ d), x @ (d + d.T)),
        (_trace(a @ x @ d @ x.T), a @ x @ d + a.T @ x @ d.T),
        (_trace(s @ x @ d @ x.T), s @ x @ (d + d.T)),
        (_squared(x), 2 @ x),
        (_squared(x - c), 2 @ (x - c)),
        (HALF @ _squared(a @ x - c), a.T @ (a @ x - c)),
        (_squared(x @ d - c), 2 @ (x @ d - c) @ d.T),
        (HALF @ _squared(g @ x @ b - h), g.T @ (g @ x @ b - h) @ b.T),
        (call("frobenius", x), x / call("frobenius", x)),
        (call("frobenius", x - c), (x - c) / call("frobenius", x - c)),
        (call("log", _squared(x)), (2 / _squared(x)) @ x),
        (u.T @ x @ v, u @ v.T),
        (v.T @ x.T @ u, u @ v.T),
        (u.T @ x @ x.T @ w, (u @ w.T + w @ u.T) @ x),
        (v.T @ x.T @ x @ v, 2 @ x @ v @ v.T),
        (v.T @ x.T @ a @ x @ v, (a + a.T) @ x @ v @ v.T),
        ((x @ v + u).T @ s @ (x @ v + u), 2 @ s @ (x @ v + u) @ v.T),
        ((x @ v + u).T @ a @ (x @ v + u), (a + a.T) @ (x @ v + u) @ v.T),
        (call("norm squared", x @ v - u), 2 @ (x @ v - u) @ v.T),
        ((u.T @ x @ v) ** 2, 2 @ (u.T @ x @ v) @ u @ v.T),
        (_trace(x.T @ x @ x.T @ x), 4 @ x @ x.T @ x),
        (_trace(c.T @ x) + HALF @ _squared(x), c + x),
    ]
    facts = _gradients(rng, page, x, pairs, rng.randrange(3))[:9]
    facts += [
        Fact(_squared(x), _trace(x.T @ x)),
        Fact(_trace(x.T @ c), _trace(c @ x.T)),
        Fact(u.T @ x @ v, _trace(x @ v @ u.T)),
        Fact(_squared(x - c), _squared(x) - 2 @ _trace(c.T @ x) + _squared(c)),
        Fact(_trace(g @ x @ b), _trace(b @ g @ x)),
        Fact((g @ x @ b).T, b.T @ x.T @ g.T),
        Fact(u.T @ a @ u, HALF @ u.T @ (a + a.T) @ u),
    ]
    return _written(rng, seed, page, facts)


def _vector(rng: random.Random, seed: int) -> GeneratedDocument:
    """Quadratic forms and least squares."""
    page = _page(rng, 2)
    give = _Names(rng, page)
    letter = rng.choice(("x", "w", "z"))
    x = give(letter, "n")
    q, s = give("Q", "n", "n"), give("S", "n", "n", drawn="symmetric", kind="symmetric")
    a, b, c = give("A", "m", "n"), give("b", "m"), give("c", "n")
    give.say()
    page.said.append(
        rf"$\nabla_{{{page.whole[letter]}}}^2$ stands for the Hessian matrix. The Jacobian of a vector has a row for every output."
    )
    lam = page.give("lambda", r"\lambda", drawn="positive")
    page.said.append(r"The number $\lambda > 0$ is a constant.")
    page.alike = [(letter, "c"), ("Q", "S")]
    norm, square = call("norm", x - c), call("norm squared", x)
    residual = a @ x - b
    quadratic, least = x.T @ q @ x, call("norm squared", residual)
    pairs = [
        (c.T @ x, c),
        (quadratic, (q + q.T) @ x),
        (x.T @ s @ x, 2 @ s @ x),
        (HALF @ x.T @ s @ x - c.T @ x, s @ x - c),
        (x.T @ q @ c, q @ c),
        (c.T @ q @ x, q.T @ c),
        ((x - c).T @ s @ (x - c), 2 @ s @ (x - c)),
        ((x - c).T @ q @ (x - c), (q + q.T) @ (x - c)),
        (b.T @ a @ x, a.T @ b),
        (square, 2 @ x),
        (least, 2 @ a.T @ residual),
        (HALF @ least, a.T @ a @ x - a.T @ b),
        (least + lam @ square, 2 @ a.T @ residual + 2 @ lam @ x),
        (norm, (x - c) / norm),
        (call("log", 1 + square), (2 / (1 + square)) @ x),
        (call("exp", -(HALF @ square)), -(call("exp", -(HALF @ square)) @ x)),
        ((c.T @ x) ** 2, 2 @ (c.T @ x) @ c),
        (quadratic / square, (1 / square) @ (q + q.T) @ x - (2 @ quadratic / square**2) @ x),
    ]
    facts = _gradients(rng, page, x, pairs, rng.randrange(3))[:9]
    seconds = [
        (quadratic, q + q.T),
        (x.T @ s @ x, 2 @ s),
        (HALF @ least, a.T @ a),
        (least + lam @ square, 2 @ a.T @ a + 2 @ lam @ identity("n")),
        ((c.T @ x) ** 2, 2 @ c @ c.T),
    ]
    facts += [Fact(Term("hessian", (of, x)), right) for of, right in rng.sample(seconds, 2)]
    facts += [
        Fact(call("norm squared", x - c), square - 2 @ c.T @ x + call("norm squared", c)),
        Fact(least, x.T @ a.T @ a @ x - 2 @ b.T @ a @ x + b.T @ b),
    ]
    if not page.nabla:  # many take the nabla of a vector for the transposed Jacobian
        facts += [Fact((a @ x).by(x), a), Fact((q @ x - c).by(x), q)]
    return _written(rng, seed, page, facts)


def _invertible(rng: random.Random, seed: int) -> GeneratedDocument:
    """Functions of a square matrix with an inverse."""
    page = _page(rng, 2)
    give = _Names(rng, page)
    x = give(rng.choice(("X", "Y", "Z")), "n", "n", drawn="positive determinant")
    a = give("A", "n", "n", drawn="positive determinant")
    b, u = give("B", "n", "n", drawn="positive determinant"), give("u", "n")
    v, c, d = give("v", "n"), give("C", "n", "m"), give("D", "m", "n")
    give.say(", an invertible matrix with positive determinant and without further structure")
    a_name, b_name = page.whole["A"], page.whole["B"]
    page.said.append(rf"The determinants $\det({a_name})$ and $\det({b_name})$ are positive too.")
    page.said.append(
        f"The transposed inverse is written ${page.write(x.invT)}$, and ${page.write(x**2)}$ is a product of matrices."
    )
    page.alike = [("u", "v"), ("A", "B")]
    det, log_det = call("det", x), call("logdet", x)
    pairs = [
        (_trace(x), identity("n")),
        (_trace(x**2), 2 @ x.T),
        (_trace(x**3), 3 @ (x.T) ** 2),
        (_trace(a @ x), a.T),
        (_trace(a @ x @ b @ x), (b @ x @ a).T + (a @ x @ b).T),
        (_trace(a @ x @ b @ x), a.T @ x.T @ b.T + b.T @ x.T @ a.T),
        (_trace(x.inv), -((x.inv @ x.inv).T)),
        (_trace(a @ x.inv), -(x.invT @ a.T @ x.invT)),
        (_trace(a @ x.inv @ b), -((x.inv @ b @ a @ x.inv).T)),
        (_trace(d @ x.inv @ c), -(x.invT @ d.T @ c.T @ x.invT)),
        (u.T @ x.inv @ v, -(x.invT @ u @ v.T @ x.invT)),
        (log_det, x.invT),
        (det, det @ x.invT),
        (call("det", a @ x @ b), call("det", a @ x @ b) @ x.invT),
        (call("logdet", a @ x), x.invT),
        (call("logdet", x.inv), -x.invT),
        (det**2, 2 @ det**2 @ x.invT),
        (1 / det, -((1 / det) @ x.invT)),
        (log_det + _trace(a @ x.inv), x.invT - x.invT @ a.T @ x.invT),
        (u.T @ x @ x @ v, u @ v.T @ x.T + x.T @ u @ v.T),
        (_trace(x.T @ a @ x @ b), a @ x @ b + a.T @ x @ b.T),
    ]
    facts = _gradients(rng, page, x, pairs, rng.randrange(3))[:9]
    facts += [
        Fact((a @ x).inv, x.inv @ a.inv),
        Fact((x.T).inv, (x.inv).T),
        Fact(call("logdet", a @ x), call("logdet", a) + log_det),
        Fact(call("logdet", x.inv), -log_det),
        Fact(call("det", x.inv), 1 / det),
        Fact(call("det", x.T), det),
        Fact(_trace(a @ x @ b), _trace(b @ a @ x)),
        Fact(_trace(x.inv @ a @ x), _trace(a)),
        Fact(x.inv @ a - b, x.inv @ (a - x @ b)),
    ]
    return _written(rng, seed, page, facts)


def _determinants(rng: random.Random, seed: int) -> GeneratedDocument:
    """Log-determinants of Gram matrices, and identities with the inverse of a sum."""
    page = _page(rng, 2, ordered=("n", "m"))
    give = _Names(rng, page)
    x = give("X", "n", "m")
    p = give("P", "n", "n", drawn="positive definite", kind="symmetric and positive definite")
    c, u, w = give("C", "n", "m"), give("u", "n"), give("w", "n")
    n, m = (page.letters[each] for each in ("n", "m"))
    give.say(f" with ${n} > {m}$, of full column rank")
    lam = page.give("lambda", r"\lambda", drawn="positive")
    page.said.append(r"The number $\lambda > 0$ is a constant.")
    page.alike = [("X", "C"), ("u", "w")]
    gram, own = x.T @ x, x.T @ p @ x
    ridge, outer = gram + lam @ identity("m"), x @ x.T + lam @ identity("n")
    pairs = [
        (call("logdet", gram), 2 @ x @ gram.inv),
        (call("logdet", own), 2 @ p @ x @ own.inv),
        (call("logdet", ridge), 2 @ x @ ridge.inv),
        (call("det", gram), 2 @ call("det", gram) @ x @ gram.inv),
        (call("det", own), 2 @ call("det", own) @ p @ x @ own.inv),
        (_trace(gram.inv), -(2 @ x @ gram.inv @ gram.inv)),
        (_trace(x.T @ p @ x), 2 @ p @ x),
        (u.T @ x @ x.T @ u, 2 @ u @ u.T @ x),
        (_trace(x.T @ p.inv @ x), 2 @ p.inv @ x),
        (HALF @ _squared(x - c), x - c),
        (call("logdet", outer), 2 @ outer.inv @ x),
    ]
    facts = _gradients(rng, page, x, pairs, rng.randrange(3))[:8]
    rank_one = identity("n") + u @ u.T
    facts += [
        Fact(ridge.inv @ x.T, x.T @ outer.inv),
        Fact(x @ ridge.inv, outer.inv @ x),
        Fact(call("det", rank_one), 1 + u.T @ u),
        Fact(call("det", identity("n") + u @ w.T), 1 + w.T @ u),
        Fact(rank_one.inv, identity("n") - (1 / (1 + u.T @ u)) @ u @ u.T),
        Fact(call("det", identity("n") + x @ x.T), call("det", identity("m") + x.T @ x)),
        Fact(outer.inv, (1 / lam) @ (identity("n") - x @ ridge.inv @ x.T)),
        Fact((p.inv).T, p.inv),
    ]
    return _written(rng, seed, page, facts)


def _written(rng: random.Random, seed: int, page: Page, facts: list[Fact]) -> GeneratedDocument:
    rng.shuffle(facts)
    return document("identities", seed, rng, page, facts, {}, 7)
