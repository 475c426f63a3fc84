"""Cuts LaTeX mathematics into tokens, one pass from left to right.

A token says what part it plays (`sum` sign, `product` sign, opening fence, letter ...), so that the parser need not know
commands. Commands that only move ink (`\\,`, `\\displaystyle`, `\\big`) give no token at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from derive.notation import signs
from derive.notation.errors import MalformedNotation, NotationTooLarge, UnsupportedNotation
from derive.notation.words import FUNCTIONS, is_name, is_prose

MAX_LENGTH = 200_000
MAX_TOKENS = 100_000
MAX_DIGITS = 300


@dataclass(slots=True)
class Token:
    """A piece of the source; `kind` is its part in the grammar, `text` its normal form, `raw` an argument's own text."""

    kind: str
    text: str
    start: int
    end: int
    raw: str = ""


STARTS = frozenset(
    {
        "letter", "number", "name", "operatorname", "function", "arg", "upright", "group", "open", "left", "frac", "sqrt",
        "style", "accent", "partial", "nabla", "ellipsis", "big", "begin", "body",
    }
)  # fmt: skip
"""Kinds that a factor begins with."""

STYLES = {
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "pmb": "bold", "mathbold": "bold", "textbf": "bold",
    "symbf": "bold", "bf": "bold", "mathcal": "calligraphic", "cal": "calligraphic", "mathbb": "blackboard",
    "mathbbm": "blackboard", "mathds": "blackboard", "Bbb": "blackboard", "mathsf": "sans", "textsf": "sans",
    "mathfrak": "fraktur", "frak": "fraktur", "mathscr": "script", "mathit": "italic", "textit": "italic",
    "mathnormal": "italic", "mathrm": "upright", "mathtt": "upright", "texttt": "upright", "rm": "upright",
    "symrm": "upright", "mathup": "upright", "it": "italic",
}  # fmt: skip
SWITCHES = frozenset({"bf", "rm", "cal", "it", "frak"})
"""Old font commands: they hold to the end of their group."""
ACCENTS = frozenset(
    {"hat", "bar", "tilde", "vec", "dot", "ddot", "overline", "underline", "widehat", "widetilde", "check", "breve",
     "overleftarrow"}
)  # fmt: skip
_ACCENT_VARIANTS = {"overrightarrow": "vec", "mathring": "dot", "widecheck": "check", "overbar": "bar"}
_FENCE_VARIANTS = {
    "lbrace": r"\{", "rbrace": r"\}", "lbrack": "[", "rbrack": "]", "Vert": r"\|", "vert": "|", "lparen": "(",
    "rparen": ")", "lvert": "|", "rvert": "|", "lVert": r"\|", "rVert": r"\|", "|": r"\|", "<": r"\langle",
    ">": r"\rangle", "{": r"\{", "}": r"\}",
}  # fmt: skip
_OPENING = {
    "lvert": "|", "lVert": r"\|", "langle": r"\langle", "lfloor": r"\lfloor", "lceil": r"\lceil", "{": r"\{",
    "lbrace": r"\{", "lbrack": "[", "lparen": "(",
}  # fmt: skip
_CLOSING = {
    "rvert": "|", "rVert": r"\|", "rangle": r"\rangle", "rfloor": r"\rfloor", "rceil": r"\rceil", "}": r"\}",
    "rbrace": r"\}", "rbrack": "]", "rparen": ")",
}  # fmt: skip
_RELATION_VARIANTS = {
    r"\gets": r"\leftarrow", r"\ne": r"\neq", r"\le": r"\leq", r"\ge": r"\geq", r"\coloneqq": ":=", r"\colonequals": ":=",
    r"\rightarrow": r"\to", r"\longrightarrow": r"\to", r"\lt": "<", r"\gt": ">", r"\leqslant": r"\leq",
    r"\geqslant": r"\geq", r"\vert": r"\mid", r"\Longrightarrow": r"\implies", r"\Longleftrightarrow": r"\iff",
    r"\colon": ":", r"\given": r"\mid", r"\longleftarrow": r"\leftarrow", r"\owns": r"\ni", r"\longmapsto": r"\mapsto",
    r"\triangleeq": r"\triangleq", r"\varpropto": r"\propto", r"\leqq": r"\leq", r"\geqq": r"\geq", "|": r"\mid",
}  # fmt: skip
_PRODUCT_VARIANTS = {
    r"\land": r"\wedge",
    r"\lor": r"\vee",
    r"\centerdot": r"\cdot",
    r"\slash": "/",
    r"\cdotp": r"\cdot",
}
_ELLIPSIS = {"ldots", "dots", "cdots", "vdots", "ddots", "dotsc", "dotsb", "dotso", "dotsm"}
_WIDE = frozenset({"quad", "qquad", ";", " ", ":", ">", "enspace"})
_IGNORED = frozenset(
    {
        "displaystyle", "textstyle", "scriptstyle", "scriptscriptstyle", "limits", "nolimits", "nonumber", "notag", "!",
        ",", "thinspace", "medspace", "thickspace", "negthinspace", "/", "strut", "mathstrut", "relax", "allowbreak",
        "nobreak", "hline", "big", "Big", "bigg", "Bigg", "bigm", "Bigm", "biggm", "Biggm", "null", "hfill", "hfil",
        "mathop", "mathbin", "mathord", "mathrel", "mathopen", "mathclose", "mathpunct", "mathinner", "smash", "mathclap",
        "small", "large", "normalsize", "footnotesize", "centering", "boldmath", "protect", "ensuremath", "noindent",
    }
)  # fmt: skip
_DROPPED = {"label": 1, "hspace": 1, "vspace": 1, "phantom": 1, "vphantom": 1, "hphantom": 1, "color": 1, "mspace": 1,
            "textcolor": 1, "colorbox": 1, "hskip": 0, "kern": 0, "mkern": 0, "mskip": 0}  # fmt: skip
_TEXTS = frozenset({"text", "textrm", "mbox", "hbox", "textnormal", "textup", "textmd", "intertext", "shortintertext"})
_BODIES = frozenset({"boxed", "fbox", "cancel", "bcancel", "xcancel", "underbrace", "overbrace", "substack"})
TEXT_SIGNS = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<", "textgreater": ">", "textbar": "|",
}  # fmt: skip
"""Commands for signs that prose cannot hold as they are."""
_CHARACTERS = {
    "−": "-", "–": "-", "·": r"\cdot", "⋅": r"\cdot", "•": r"\bullet", "∗": r"\ast", "′": "'", "’": "'", "ℝ": r"\mathbb{R}",
    "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}", "𝔼": r"\mathbb{E}", "∶": ":", "≔": ":=", "∣": r"\mid", "‖": r"\|", "∥": r"\|",
    "√": r"\sqrt", "→": r"\to", "←": r"\leftarrow", "≠": r"\neq", "≤": r"\leq", "≥": r"\geq", "⇒": r"\Rightarrow",
    "⟨": r"\langle", "⟩": r"\rangle", "…": r"\ldots", "∅": r"\emptyset", "µ": r"\mu", "⊥": r"\perp",
}  # fmt: skip
_POWERS = {"ᵀ": "T", "⊤": r"\top", "²": "2", "³": "3", "¹": "1"}


def _commands() -> dict[str, tuple[str, str]]:
    table: dict[str, tuple[str, str]] = {}
    for command in signs.LETTERS:
        if command.startswith("\\"):
            table[command[1:]] = ("letter", command)
    for command in signs.PRODUCTS:
        if command.startswith("\\"):
            table[command[1:]] = ("product", command)
    for command in signs.RELATIONS:
        if command.startswith("\\"):
            table[command[1:]] = ("relation", command)
    for command in signs.OPERATORS:
        table[command[1:]] = ("big", command)
    for command, plain in _RELATION_VARIANTS.items():
        if command.startswith("\\"):
            table[command[1:]] = ("relation", plain)
    for command, plain in _PRODUCT_VARIANTS.items():
        table[command[1:]] = ("product", plain)
    table.update({name: ("function", name) for name in FUNCTIONS})
    table.update({name: ("ellipsis", "\\" + name) for name in _ELLIPSIS})
    table.update({name: ("style", style) for name, style in STYLES.items()})
    table.update({name: ("accent", name) for name in ACCENTS})
    table.update({name: ("accent", plain) for name, plain in _ACCENT_VARIANTS.items()})
    table.update({name: ("open", fence) for name, fence in _OPENING.items()})
    table.update({name: ("close", fence) for name, fence in _CLOSING.items()})
    table.update({name: ("body", name) for name in _BODIES})
    table.update(
        {
            "|": ("bar", r"\|"), "Vert": ("bar", r"\|"), "vert": ("bar", "|"), "middle": ("middle", ""),
            "pm": ("sum", r"\pm"), "mp": ("sum", r"\mp"), "frac": ("frac", ""), "dfrac": ("frac", ""),
            "tfrac": ("frac", ""), "cfrac": ("frac", ""), "over": ("over", ""), "sqrt": ("sqrt", ""),
            "partial": ("partial", ""), "nabla": ("nabla", ""), "prime": ("prime", r"\prime"), "arg": ("arg", "arg"),
            "argmax": ("function", "argmax"), "argmin": ("function", "argmin"), "\\": ("row", ""), "cr": ("row", ""),
            "newline": ("row", ""), "limsup": ("function", "limsup"), "liminf": ("function", "liminf"),
            "colon": ("relation", ":"), "*": ("product", r"\times"), "binom": ("unsupported", ""), "perp": ("letter", r"\perp"),
        }
    )  # fmt: skip
    return table


COMMANDS = _commands()
BY_CHARACTER = {sign: command for command, (sign, _) in signs.LETTERS.items() if command.startswith("\\")}
for _table in (signs.PRODUCTS, signs.RELATIONS, signs.OPERATORS):
    for _command, (_sign, _words) in _table.items():
        if _command.startswith("\\") and len(_sign) == 1:
            BY_CHARACTER.setdefault(_sign, _command)

_PLAIN = {
    "{": "group", "}": "endgroup", "^": "sup", "_": "sub", "+": "sum", "-": "sum", "*": "product", "/": "product",
    "=": "relation", "<": "relation", ">": "relation", ":": "colon", ",": "comma", ";": "comma", "&": "amp", "(": "open",
    "[": "open", ")": "close", "]": "close", "|": "bar", "'": "prime", ".": "point", "!": "letter", "?": "letter",
}  # fmt: skip
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)\*?|(.)|$)", re.DOTALL)
_ESCAPED = re.compile(r"\\(?:([%&#_${}])|(" + "|".join(TEXT_SIGNS) + r")(?![A-Za-z])(?:\{\})?)")
_SPACE = re.compile(r"(?:\s|~|%[^\n]*(?:\n|$))+")
_COMPOUND = re.compile(r"\\mathrel\s*\{\s*(?:\\mathop\s*)?([-+*/:])\s*\}\s*(?:\\!\s*)*=|([-+/:])=|:\s*(?:\\!\s*)+=")
_SKIP = re.compile(r"\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
_LENGTH = re.compile(r"\s*-?[\d.]+\s*[a-z]{2}")
_FENCE = re.compile(r"\s*(?:\\([A-Za-z]+|[{}|])|([()\[\]|./<>]))")


class Lexer:
    """Reads one formula's tokens; see `tokenize`."""

    def __init__(self, source: str) -> None:
        self.source, self.at, self.tokens = source, 0, list[Token]()
        self.wide = False

    def run(self) -> list[Token]:
        while self.at < len(self.source):
            if space := _SPACE.match(self.source, self.at):
                self.wide = self.wide or "~" in space.group()
                self.at = space.end()
                continue
            before = len(self.tokens)
            self._one()
            if len(self.tokens) > before:
                self.wide = False
            if len(self.tokens) > MAX_TOKENS:
                raise NotationTooLarge(f"the formula is too long: more than {MAX_TOKENS} signs", self.at)
        self._emit("end", "", len(self.source), len(self.source))
        return self.tokens

    def _emit(self, kind: str, text: str, start: int, end: int, raw: str = "") -> None:
        self.tokens.append(Token(kind, text, start, end, raw))
        self.at = end

    def _one(self) -> None:
        source, start = self.source, self.at
        char = source[start]
        after_script = bool(self.tokens) and self.tokens[-1].kind in ("sub", "sup")
        if not after_script and (found := _COMPOUND.match(source, start)):
            return self._emit("relation", (found[1] or found[2] or ":") + "=", start, found.end())
        if not after_script and source.startswith((">=", "<="), start):
            return self._emit("relation", r"\geq" if char == ">" else r"\leq", start, start + 2)
        if char == "\\":
            return self._command()
        if char.isascii() and char.isalpha():
            return self._emit("letter", char, start, start + 1)
        if source.startswith((".*", "./"), start):  # as Matlab multiplies and divides entry by entry
            return self._emit("product", r"\odot" if source[start + 1] == "*" else r"\oslash", start, start + 2)
        if number := _NUMBER.match(source, start):
            if len(number.group()) > MAX_DIGITS:
                raise NotationTooLarge(f"a number of more than {MAX_DIGITS} digits", start)
            return self._emit("number", number.group(), start, number.end())
        if source.startswith("...", start):
            return self._emit("ellipsis", r"\ldots", start, start + 3)
        if source.startswith("||", start):
            return self._emit("bar", r"\|", start, start + 2)
        if char in _PLAIN:
            return self._emit(_PLAIN[char], char, start, start + 1)
        return self._foreign(char)

    def _foreign(self, char: str) -> None:
        start = self.at
        if char in _POWERS:
            self._emit("sup", "^", start, start)
            char = _POWERS[char]
            kind = "number" if char.isdigit() else "letter"
            return self._emit(kind, char, start, start + 1)
        if char in "$#":
            raise MalformedNotation(f"a stray {char} in a formula", start)
        plain = _CHARACTERS.get(char) or BY_CHARACTER.get(char)
        if plain is not None:
            for token in Lexer(plain).run()[:-1]:
                self._emit(token.kind, token.text, start, start + 1)
            return None
        if char.isalpha():
            return self._emit("letter", char, start, start + 1)
        raise UnsupportedNotation(f"the character {char!r} is not known", start)

    def _command(self) -> None:
        source, start = self.source, self.at
        found = _COMMAND.match(source, start)
        if found is None or not (found[1] or found[2]):
            raise MalformedNotation("a backslash at the end", start)
        name, end = found[1] or found[2], found.end()
        if name.isspace():
            name = " "
        if name in _WIDE:
            self.wide, self.at = True, end
            if name in ("quad", "qquad"):
                self._emit("quad", r"\quad", start, end)
                self.wide = True
            return None
        if name in _IGNORED:
            self.at = end
            return None
        if name in _DROPPED:
            self.at = end
            if _DROPPED[name]:
                self.at = self._skip_star(end)
                self._argument(name)
            elif length := _LENGTH.match(source, end):
                self.at = length.end()
            return None
        if name in ("left", "right"):
            return self._sized(name, start, end)
        if name in ("bigl", "Bigl", "biggl", "Biggl", "bigr", "Bigr", "biggr", "Biggr"):
            return self._sized("open" if name.endswith("l") else "close", start, end)
        if name in _TEXTS:
            return self._text(name, start, end)
        if name in (
            "operatorname",
            "mathrm",
            "textit",
            "mathit",
            "mathsf",
            "textsf",
            "texttt",
            "mathtt",
            "textbf",
            "rm",
        ):
            if self._name(name, start, end):
                return None
        elif name in ("begin", "end"):
            self.at = end
            environment = self._argument(name)
            return self._emit("begin" if name == "begin" else "finish", environment, start, self.at)
        elif name == "tag":
            self.at = self._skip_star(end)
            tag = self._argument(name)
            return self._emit("tag", _unescaped(tag.strip().strip("$")), start, self.at)
        elif name in ("stackrel", "overset"):
            return self._stacked(name, start, end)
        if name == "not":
            return self._negated(start, end)
        if name not in COMMANDS:
            raise UnsupportedNotation(f"the command \\{name} is not known", start)
        kind, text = COMMANDS[name]
        if kind == "unsupported":
            raise UnsupportedNotation(f"the command \\{name} is not read", start)
        if kind == "middle":
            fence = self._fence(end)
            return self._emit("relation", r"\mid", start, fence[1])
        if kind == "row" and (skip := _SKIP.match(source, end)):
            end = skip.end()
        if kind == "row" and source.startswith("*", end):
            end += 1
        return self._emit(kind, text, start, end, name)

    def _skip_star(self, at: int) -> int:
        return at + 1 if self.source.startswith("*", at) else at

    def _argument(self, name: str) -> str:
        """The text of a braced argument, as it stands."""
        start = self.at
        if space := _SPACE.match(self.source, start):
            start = space.end()
        if not self.source.startswith("{", start):
            if start < len(self.source) and self.source[start].isalnum():
                self.at = start + 1
                return self.source[start]
            raise MalformedNotation(f"\\{name} without its argument", self.at)
        depth, at = 0, start
        while at < len(self.source):
            char = self.source[at]
            if char == "\\":
                at += 1
            elif char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0:
                    self.at = at + 1
                    return self.source[start + 1 : at]
            at += 1
        raise MalformedNotation(f"the argument of \\{name} is not closed", start)

    def _fence(self, at: int) -> tuple[str, int]:
        found = _FENCE.match(self.source, at)
        name = (found[1] or found[2]) if found else ""
        if found is None or not name:
            raise MalformedNotation("a delimiter is missing", at)
        signs_alone = {"<": r"\langle", ">": r"\rangle"}
        fence = _FENCE_VARIANTS.get(name, "\\" + name) if found[1] else signs_alone.get(name, name)
        if fence not in signs.FENCES:
            raise UnsupportedNotation(f"{found.group().strip()} is not read as a delimiter", at)
        return fence, found.end()

    def _sized(self, kind: str, start: int, end: int) -> None:
        fence, after = self._fence(end)
        self._emit(kind, fence, start, after)

    def _text(self, name: str, start: int, end: int) -> None:
        self.at = end
        text = re.sub(r"\\[ ,;:]|~", " ", self._argument(name))
        text = re.sub(r"\\(?:quad|qquad)\b ?", " ", text)
        text = " ".join(re.split(r"\s+", text))
        if re.search(r"[\\${}]", _ESCAPED.sub("", text)):
            raise UnsupportedNotation(f"mathematics or a command within \\{name}", start)
        text = _unescaped(text)
        if not text.strip():
            self.wide = True
            return
        wide_before, before = self.wide, self.tokens[-1].kind if self.tokens else "end"
        self._emit(
            "prose" if is_prose(text, wide_before, before, self.source, self.at) else "name", text, start, self.at
        )
        if self.tokens[-1].kind == "name":
            self.tokens[-1].text = text.strip()
            if len(text.strip()) == 1:
                self.tokens[-1].kind, self.tokens[-1].text = "upright", text.strip()

    def _name(self, name: str, start: int, end: int) -> bool:
        """A word in upright letters; False if the argument is mathematics in another font."""
        at = self._skip_star(end) if name == "operatorname" else end
        if self.source[at : at + 40].lstrip()[:1] != "{":
            return False
        self.at = at
        raw = self._argument(name)
        text = re.sub(r"\\[,;:!>]", "", " ".join(raw.split()))
        text = re.sub(r"(?<!\\) ", "", text).replace("\\ ", " ").replace("\\_", "_").replace("~", " ")
        text = re.sub(r"^\\(?:rm|mathrm|text|textrm)\{?([^{}\\]*)\}?$", r"\1", text)
        if name == "operatorname" and (function := re.fullmatch(r"\\?([A-Za-z]+)\\([A-Za-z]+)", text)):
            text = function[1] + function[2]  # \operatorname{arg\max}
        if is_name(text) and (len(text) > 1 or name == "operatorname"):
            self._emit("operatorname" if name == "operatorname" else "name", text, start, self.at, raw)
            return True
        if name == "operatorname":
            raise UnsupportedNotation("\\operatorname of something that is no name", start)
        self.at = start
        return False

    def _stacked(self, name: str, start: int, end: int) -> None:
        self.at = end
        above = self._argument(name)
        below = self._argument(name).strip()
        inner = Lexer(below).run()
        if len(inner) != 2 or inner[0].kind != "relation":
            raise UnsupportedNotation(f"\\{name} over something that is no relation", start)
        letters = re.sub(r"\\(?:text|textrm|mathrm|rm)|[^A-Za-z]", "", above)
        self._emit("relation", ":=" if letters in ("def", "Def") and below == "=" else inner[0].text, start, self.at)

    def _negated(self, start: int, end: int) -> None:
        rest = self.source[end:].lstrip() if len(self.source) - end < 40 else self.source[end : end + 40].lstrip()
        for plain, negated in (("=", r"\neq"), (r"\in", r"\notin")):
            if rest.startswith(plain):
                return self._emit("relation", negated, start, self.source.index(plain, end) + len(plain))
        raise UnsupportedNotation(r"\not before this sign", start)


def _unescaped(text: str) -> str:
    r"""Prose with its signs for themselves: `50\%` is 50%."""
    return _ESCAPED.sub(lambda found: found[1] or TEXT_SIGNS[found[2]], text)


def tokenize(source: str) -> list[Token]:
    """The formula's tokens, the last of kind "end".

    >>> [(token.kind, token.text) for token in tokenize(r"W^\\top x")]
    [('letter', 'W'), ('sup', '^'), ('letter', '\\\\top'), ('letter', 'x'), ('end', '')]
    """
    if len(source) > MAX_LENGTH:
        raise NotationTooLarge(f"the formula is too long: more than {MAX_LENGTH} characters", MAX_LENGTH)
    return Lexer(source).run()
