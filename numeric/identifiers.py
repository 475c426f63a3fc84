r"""What a document's names are called in source text.

Only letters, digits and underscores come out, whatever a document calls a quantity, and never a word of the
language or a name that the module uses itself.

>>> from derive.algebra.names import Level, Name
>>> chosen = Identifiers()
>>> [chosen.of(Name(r"\mathbf{W}", (Level("", 2),))), chosen.of(Name(r"\hat{y}")), chosen.of(Name("x'; import os"))]
['W2', 'y_hat', 'x_prime_import_os']
"""

from __future__ import annotations

import builtins
import keyword
import re

from derive.algebra.names import Level, Name

_MARKS = {"hat": "hat", "widehat": "hat", "tilde": "tilde", "bar": "bar", "vec": "vec", "dot": "dot", "overline": "bar"}
_FONTS = re.compile(r"\\(?:mathbf|mathrm|mathcal|mathsf|mathit|boldsymbol|bm|bf|rm|text|operatorname|vec)\b")
_LIBRARIES = ("np", "math", "jax", "jnp", "torch", "numba")
_FUNCTIONS = ("init", "forward", "loss", "gradients", "step", "sigmoid", "softplus", "erf", "log_sum", "positive")
_LOCALS = ("rng", "rate", "seed", "dtype", "device", "keys", "generator", "parameters", "values")
_OWN = frozenset((*_LIBRARIES, *_FUNCTIONS, *_LOCALS))
"""What emitted modules call themselves."""

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta", "λ": "lambda",
    "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ω": "omega",
}  # fmt: skip


class Identifiers:
    """Identifiers chosen so far; no two names share one."""

    def __init__(self) -> None:
        self._taken: dict[str, object] = {}
        self._chosen: dict[object, str] = {}

    def of(self, name: Name, prefix: str = "") -> str:
        """The identifier of a name, always the same one."""
        return self._unique((name, prefix), prefix + _plain(name))

    def new(self, stem: str) -> str:
        """An identifier for something that has no name."""
        return self._unique(object(), stem)

    def fork(self) -> Identifiers:
        """The same choices, to be gone on with apart from these."""
        other = Identifiers()
        other._taken, other._chosen = dict(self._taken), dict(self._chosen)
        return other

    def _unique(self, key: object, stem: str) -> str:
        found = self._chosen.get(key)
        if found is None:
            if keyword.iskeyword(stem) or keyword.issoftkeyword(stem) or stem in _OWN or hasattr(builtins, stem):
                stem += "_"
            found, number = stem, 1
            while found in self._taken:
                number += 1
                found = f"{stem}_{number}"
            self._taken[found] = key
            self._chosen[key] = found
        return found


def _plain(name: Name) -> str:
    stem = _base(name.base)
    levels = "_".join(_level(level) for level in name.levels)
    separator = "_" if levels and stem[-1:].isdigit() else ""
    return f"{stem}{separator}{levels}"[:40]


def _level(level: Level) -> str:
    text = repr(level).replace("+", "_plus_").replace("-", "_minus_" if level.letter else "minus_")
    return re.sub(r"[^A-Za-z0-9_]", "", text)


def _base(base: str) -> str:
    marks = [mark for accent, mark in _MARKS.items() if f"\\{accent}" in base]
    for accent in _MARKS:
        base = re.sub(rf"\\{accent}\b", "", base)
    base = _FONTS.sub("", base)
    base = base.replace("'", "_prime_")
    base = "".join(_GREEK.get(character, character) for character in base)
    words = re.findall(r"[A-Za-z0-9]+", base)
    stem = "_".join([*words, *dict.fromkeys(marks)])
    if not stem:
        return "v"
    return f"v{stem}" if stem[0].isdigit() else stem


def size_identifier(name: str) -> str:
    """What a size is called in source text."""
    return Identifiers().of(Name(name))
