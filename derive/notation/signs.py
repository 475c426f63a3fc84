"""The signs that a formula is printed with: for each command its character and the words that read it aloud.

Typst and MathML take the character itself, so one table serves every writer. Sources: the Unicode character database,
and for the words, what a lecturer says at the board.
"""

from __future__ import annotations

import unicodedata

from derive.notation.tree import Style

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "varkappa": "ϰ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "varpi": "ϖ", "rho": "ρ", "varrho": "ϱ", "sigma": "σ",
    "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip

LETTERS: dict[str, tuple[str, str]] = {
    **{
        f"\\{name}": (sign, ("capital " if name[0].isupper() else "") + name.removeprefix("var").lower())
        for name, sign in _GREEK.items()
    },
    r"\ell": ("ℓ", "ell"),
    r"\hbar": ("ℏ", "h bar"),
    r"\imath": ("ı", "i"),
    r"\jmath": ("ȷ", "j"),
    r"\Re": ("ℜ", "the real part"),
    r"\Im": ("ℑ", "the imaginary part"),
    r"\aleph": ("ℵ", "aleph"),
    r"\infty": ("∞", "infinity"),
    r"\partial": ("∂", "partial"),
    r"\nabla": ("∇", "nabla"),
    r"\emptyset": ("∅", "the empty set"),
    r"\varnothing": ("∅", "the empty set"),
    r"\top": ("⊤", "transpose"),
    r"\intercal": ("⊺", "transpose"),
    r"\bot": ("⊥", "perpendicular"),
    r"\perp": ("⊥", "perpendicular"),
    r"\prime": ("′", "prime"),
    r"\dagger": ("†", "dagger"),
    r"\star": ("⋆", "star"),
    r"\ast": ("∗", "star"),
    r"\circ": ("∘", "circle"),
    r"\cdot": ("⋅", "dot"),
    r"\bullet": ("∙", "bullet"),
    r"\forall": ("∀", "for all"),
    r"\exists": ("∃", "there is"),
    r"\square": ("□", "square"),
    r"\%": ("%", "percent"),
    r"\#": ("#", "number"),
    r"\&": ("&", "and"),
    r"\$": ("$", "dollar"),
    r"\_": ("_", "underscore"),
    "*": ("∗", "star"),
    "+": ("+", "plus"),
    "-": ("−", "minus"),
    "!": ("!", "factorial"),
    "?": ("?", "unknown"),
    "|": ("|", "bar"),
    ":": (":", "colon"),
    ".": (".", "dot"),
    ",": (",", "comma"),
    "/": ("/", "slash"),
}
"""A letter or a sign in a letter's place. Plain letters stand for themselves."""

PRODUCTS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    r"\cdot": ("⋅", "times"),
    r"\times": ("×", "times"),
    r"\odot": ("⊙", "element-wise times"),
    r"\circ": ("∘", "circle"),
    r"\otimes": ("⊗", "outer product with"),
    r"\oslash": ("⊘", "element-wise divided by"),
    r"\ast": ("∗", "star"),
    "*": ("∗", "times"),
    r"\bullet": ("∙", "dot"),
    r"\star": ("⋆", "star"),
    r"\oplus": ("⊕", "circled plus"),
    r"\div": ("÷", "divided by"),
    r"\cup": ("∪", "union"),
    r"\cap": ("∩", "intersected with"),
    r"\wedge": ("∧", "and"),
    r"\vee": ("∨", "or"),
    r"\setminus": ("∖", "without"),
    "/": ("/", "over"),
}

SUMS: dict[str, tuple[str, str]] = {
    "+": ("+", "plus"),
    "-": ("−", "minus"),
    r"\pm": ("±", "plus or minus"),
    r"\mp": ("∓", "minus or plus"),
}

RELATIONS: dict[str, tuple[str, str]] = {
    "=": ("=", "equals"),
    ":=": ("≔", "is defined as"),
    "=:": ("≕", "defines"),
    r"\equiv": ("≡", "is identical to"),
    r"\triangleq": ("≜", "is defined as"),
    r"\coloneqq": ("≔", "is defined as"),
    r"\doteq": ("≐", "is defined as"),
    r"\leftarrow": ("←", "becomes"),
    r"\gets": ("←", "becomes"),
    r"\rightarrow": ("→", "goes to"),
    r"\to": ("→", "to"),
    r"\mapsto": ("↦", "maps to"),
    r"\leftrightarrow": ("↔", "corresponds to"),
    r"\longrightarrow": ("⟶", "goes to"),
    r"\in": ("∈", "in"),
    r"\notin": ("∉", "not in"),
    r"\ni": ("∋", "contains"),
    r"\neq": ("≠", "is not equal to"),
    r"\ne": ("≠", "is not equal to"),
    "<": ("<", "is less than"),
    ">": (">", "is greater than"),
    r"\leq": ("≤", "is at most"),
    r"\le": ("≤", "is at most"),
    r"\geq": ("≥", "is at least"),
    r"\ge": ("≥", "is at least"),
    r"\leqslant": ("⩽", "is at most"),
    r"\geqslant": ("⩾", "is at least"),
    r"\approx": ("≈", "is approximately"),
    r"\simeq": ("≃", "is approximately"),
    r"\cong": ("≅", "is congruent to"),
    r"\propto": ("∝", "is proportional to"),
    r"\sim": ("∼", "is distributed as"),
    "-=": ("−=", "is decreased by"),
    "+=": ("+=", "is increased by"),
    "*=": ("∗=", "is multiplied by"),
    "/=": ("/=", "is divided by"),
    r"\mid": ("∣", "given"),
    "|": ("∣", "given"),
    r"\subset": ("⊂", "is a subset of"),
    r"\subseteq": ("⊆", "is a subset of"),
    r"\supset": ("⊃", "is a superset of"),
    r"\ll": ("≪", "is much less than"),
    r"\gg": ("≫", "is much greater than"),
    r"\succ": ("≻", "succeeds"),
    r"\succeq": ("⪰", "succeeds or equals"),
    r"\prec": ("≺", "precedes"),
    r"\preceq": ("⪯", "precedes or equals"),
    r"\implies": ("⟹", "implies"),
    r"\Rightarrow": ("⇒", "implies"),
    r"\Longrightarrow": ("⟹", "implies"),
    r"\Leftarrow": ("⇐", "is implied by"),
    r"\iff": ("⟺", "if and only if"),
    r"\Leftrightarrow": ("⇔", "if and only if"),
    r"\perp": ("⊥", "is perpendicular to"),
    r"\parallel": ("∥", "is parallel to"),
    ":": (":", "colon"),
}

OPERATORS: dict[str, tuple[str, str]] = {
    r"\sum": ("∑", "the sum"),
    r"\prod": ("∏", "the product"),
    r"\coprod": ("∐", "the coproduct"),
    r"\int": ("∫", "the integral"),
    r"\iint": ("∬", "the double integral"),
    r"\iiint": ("∭", "the triple integral"),
    r"\oint": ("∮", "the contour integral"),
    r"\bigcup": ("⋃", "the union"),
    r"\bigcap": ("⋂", "the intersection"),
    r"\bigodot": ("⨀", "the element-wise product"),
    r"\bigotimes": ("⨂", "the tensor product"),
    r"\bigoplus": ("⨁", "the direct sum"),
    r"\bigvee": ("⋁", "the disjunction"),
    r"\bigwedge": ("⋀", "the conjunction"),
}
BESIDE = frozenset({r"\int", r"\iint", r"\iiint", r"\oint"})
"""Operators that carry their limits beside them, also in a display."""

LIMITS = frozenset({"max", "min", "sup", "inf", "lim", "argmax", "argmin", "arg max", "arg min", "limsup", "liminf"})
"""Words that carry their subscript below them in a display."""

FENCES: dict[str, tuple[str, str]] = {
    "(": ("(", "open parenthesis"),
    ")": (")", "close parenthesis"),
    "[": ("[", "open bracket"),
    "]": ("]", "close bracket"),
    r"\{": ("{", "open brace"),
    r"\}": ("}", "close brace"),
    "|": ("|", "bar"),
    r"\|": ("‖", "double bar"),
    r"\langle": ("⟨", "open angle"),
    r"\rangle": ("⟩", "close angle"),
    r"\lfloor": ("⌊", "open floor"),
    r"\rfloor": ("⌋", "close floor"),
    r"\lceil": ("⌈", "open ceiling"),
    r"\rceil": ("⌉", "close ceiling"),
    "/": ("/", "slash"),
    ".": ("", ""),
}

ELLIPSES: dict[str, str] = {
    r"\ldots": "…", r"\dots": "…", r"\dotsc": "…", r"\dotso": "…", "...": "…", "…": "…", r"\cdots": "⋯", r"\dotsb": "⋯",
    r"\dotsm": "⋯", r"\vdots": "⋮", r"\ddots": "⋱",
}  # fmt: skip

MATRIX_FENCES: dict[str, tuple[str, str]] = {
    "pmatrix": ("(", ")"),
    "bmatrix": ("[", "]"),
    "Bmatrix": (r"\{", r"\}"),
    "vmatrix": ("|", "|"),
    "Vmatrix": (r"\|", r"\|"),
}
"""The delimiters of a matrix environment; `matrix` and `array` have none."""

_ALPHABETS: dict[Style, tuple[str, str]] = {  # Unicode's names for capital and small letters in this style
    "bold": ("MATHEMATICAL BOLD", "MATHEMATICAL BOLD"),
    "calligraphic": ("MATHEMATICAL SCRIPT", "MATHEMATICAL SCRIPT"),
    "script": ("MATHEMATICAL SCRIPT", "MATHEMATICAL SCRIPT"),
    "blackboard": ("MATHEMATICAL DOUBLE-STRUCK", "MATHEMATICAL DOUBLE-STRUCK"),
    "sans": ("MATHEMATICAL SANS-SERIF", "MATHEMATICAL SANS-SERIF"),
    "fraktur": ("MATHEMATICAL FRAKTUR", "MATHEMATICAL FRAKTUR"),
}
_EARLIER = {  # letters that Unicode had before its mathematical alphabets
    "MATHEMATICAL SCRIPT": "SCRIPT",
    "MATHEMATICAL DOUBLE-STRUCK": "DOUBLE-STRUCK",
    "MATHEMATICAL FRAKTUR": "BLACK-LETTER",
}
_DIGITS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")


def in_alphabet(letter: str, style: Style) -> str:
    """The letter in one of Unicode's mathematical alphabets, or itself where that has no such letter.

    >>> in_alphabet("R", "blackboard"), in_alphabet("W", "bold"), in_alphabet("δ", "bold")
    ('ℝ', '𝐖', '𝜹')
    """
    if style not in _ALPHABETS or len(letter) != 1:  # the bare name of a command without a character of its own
        return letter
    alphabet = _ALPHABETS[style][0 if letter.isupper() else 1]
    name = unicodedata.name(letter, "")
    candidates = []
    if letter.isascii() and letter.isalpha():
        size = "CAPITAL" if letter.isupper() else "SMALL"
        candidates = [f"{alphabet} {size} {letter.upper()}"]
        if alphabet in _EARLIER:
            candidates.append(f"{_EARLIER[alphabet]} {size} {letter.upper()}")
    elif letter.isascii() and letter.isdigit():
        candidates = [f"{alphabet} DIGIT {_DIGITS[int(letter)]}"]
    elif name.startswith("GREEK ") and style == "bold":  # bold small Greek slants, as \boldsymbol sets it
        slant = " ITALIC" if letter.islower() else ""
        candidates = [f"{alphabet}{slant} {name.removeprefix('GREEK ').replace('LETTER ', '')}"]
    for candidate in candidates:
        try:
            return unicodedata.lookup(candidate)
        except KeyError:
            continue
    return letter


def letter(text: str) -> str:
    """The character of a Symbol: its own, or its command's; an unknown command gives its bare name."""
    return LETTERS[text][0] if text in LETTERS else text.removeprefix("\\")


def spoken(text: str) -> str:
    """The words for a Symbol."""
    return LETTERS[text][1] if text in LETTERS else text.removeprefix("\\")
