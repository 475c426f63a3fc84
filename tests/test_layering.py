"""The plan of the house, as tests: who may import whom, what no room may do, how long a file may get.

Everything here reads source text; nothing is imported, so a room that does not even load is judged too.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("derive", "numeric", "reports")

# From the bottom up. A room may import the rooms of the rows above its own, and itself; rooms in one row know
# nothing of each other.
ROWS: tuple[tuple[str, ...], ...] = (
    ("derive.readers", "derive.notation"),
    ("derive.algebra",),
    ("derive.theory",),
    ("derive.verdicts",),
    ("derive.network",),
    ("derive.calculus",),
    ("derive.matrices",),
    ("derive.wording",),
    ("derive.face",),
    ("derive.meaning",),
    ("derive.proof",),
    ("derive.check",),
    ("derive",),  # the face: derive/__init__.py alone
    ("numeric",),
    ("reports",),  # above numeric: a handout prints the emitted code and draws what training with it gives
    ("derive.options",),  # of the command line
    ("derive.cli",),
)
RANK = {room: rank for rank, row in enumerate(ROWS) for room in row}

# (importing module, imported module): why this one import may go against the order. Only imports inside a function,
# or for types alone.
LATE_UPWARD_IMPORTS: dict[tuple[str, str], str] = {
    ("derive.theory", "derive.face"): "a theory is asked for its derivatives, and a notebook asks it how it looks",
    ("derive.verdicts", "derive.face"): "a notebook asks a report how it looks",
}

LONGEST_FILE = 500
# File: why it is longer.
LONG_FILES: dict[str, str] = {
    "derive/meaning/elaborate.py": "the cases of one recursion from notation to meaning, each of which calls the others",
}

# Text of a document never becomes code; these calls would make it so.
FORBIDDEN_CALLS = {"eval", "exec", "sympify", "parse_expr", "lambdify", "__import__"}
# (file, call): why this one is safe.
ALLOWED_CALLS: dict[tuple[str, str], str] = {}

# Slow to import, so imported inside the functions that need them.
HEAVY = {"sympy", "rich", "matplotlib", "typst", "flint", "latex2sympy2", "mpmath"}
# Rooms that have no business with mathematics libraries at all, not even late.
PURE_TEXT = ("derive.readers", "derive.notation")

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def sources() -> dict[str, Path]:
    """Every module of the packages, by its dotted name."""
    return {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def room_of(module: str) -> str:
    """The room a module belongs to: `derive.proof.ladder` is in `derive.proof`, `derive` is the face."""
    parts = module.split(".")
    return module if module == "derive" else ".".join(parts[: 2 if parts[0] == "derive" else 1])


def imports_of(module: str) -> Iterator[tuple[str, int, bool]]:
    """(imported module, line, whether inside a function) for every import statement, `from x import y` resolved."""
    path = sources()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def visit(node: ast.AST, late: bool) -> Iterator[tuple[str, int, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in sources() else base), node.lineno, late
        inside = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    yield from visit(tree_of(path), False)


def type_checking_lines(module: str) -> set[int]:
    """The lines under `if TYPE_CHECKING:`, which never run."""
    blocks = (
        node
        for node in ast.walk(tree_of(sources()[module]))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    )
    return {
        line
        for block in blocks
        for statement in block.body
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    }


def test_there_is_something_to_judge() -> None:
    assert {module.split(".")[0] for module in sources()} == set(PACKAGES)
    assert {room_of(module) for module in sources()} >= {"derive.readers", "derive.notation", "derive.algebra"}


def test_every_module_has_a_room() -> None:
    homeless = [module for module in sources() if room_of(module) not in RANK]
    assert not homeless, f"not in ROWS: {homeless}"


def test_imports_run_one_way() -> None:
    wrong = []
    for module in sources():
        room = room_of(module)
        for imported, line, late in imports_of(module):
            other = room_of(imported)
            if other not in RANK or other == room or RANK[other] < RANK[room]:
                continue
            if (late or line in type_checking_lines(module)) and (module, imported) in LATE_UPWARD_IMPORTS:
                continue
            wrong.append(f"{sources()[module].relative_to(ROOT)}:{line}: {module} imports {imported}")
    assert not wrong, "\n".join(wrong)


def test_exceptions_are_still_needed() -> None:
    late = {(module, imported) for module in sources() for imported, _, is_late in imports_of(module) if is_late}
    assert set(LATE_UPWARD_IMPORTS) <= late
    assert set(ALLOWED_CALLS) <= set(calls())
    for name in LONG_FILES:
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) > LONGEST_FILE, f"{name} is short again"


def test_no_circular_imports() -> None:
    graph = {
        module: {
            name
            for name, line, late in imports_of(module)
            if name in sources() and name != module and not late and line not in type_checking_lines(module)
        }
        for module in sources()
    }
    done: set[str] = set()

    def walk(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, "circular: " + " -> ".join([*above[above.index(module) :], module])
        if module in done:
            return
        for imported in sorted(graph[module]):
            walk(imported, (*above, module))
        done.add(module)

    for module in graph:
        walk(module, ())


def test_only_the_command_line_knows_everything() -> None:
    for module in sources():
        if room_of(module) == "derive.cli":
            continue
        rooms = {room_of(imported) for imported, _, _ in imports_of(module)}
        assert "derive.cli" not in rooms, f"{module} imports the command line"
        if room_of(module) != "reports":
            assert not ({"numeric", "reports"} <= rooms), f"{module} imports both numeric and reports"


def test_heavy_libraries_are_imported_late() -> None:
    wrong = []
    for module in sources():
        never_run = type_checking_lines(module)
        for imported, line, late in imports_of(module):
            if imported.split(".")[0] in HEAVY and (room_of(module) in PURE_TEXT or not (late or line in never_run)):
                wrong.append(f"{sources()[module].relative_to(ROOT)}:{line}: {imported}")
    assert not wrong, "\n".join(wrong)


def calls() -> Iterator[tuple[str, str]]:
    for path in sources().values():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call):
                function = node.func
                name = (
                    function.id
                    if isinstance(function, ast.Name)
                    else function.attr
                    if isinstance(function, ast.Attribute)
                    else ""
                )
                if name in FORBIDDEN_CALLS:
                    yield str(path.relative_to(ROOT)), name


def test_text_never_becomes_code() -> None:
    wrong = set(calls()) - set(ALLOWED_CALLS)
    assert not wrong, f"calls that turn text into code: {sorted(wrong)}"


def test_no_file_is_too_long() -> None:
    files = [path for folder in (*PACKAGES, "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    long = {
        str(path.relative_to(ROOT)): count
        for path in files
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert set(long) <= set(LONG_FILES), f"split these, or give a reason in LONG_FILES: {long}"


def test_no_vague_module_names() -> None:
    vague = [module for module in sources() if set(module.split(".")) & VAGUE_NAMES]
    assert not vague


def test_packages_say_that_they_are_typed() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").exists()
        assert (ROOT / package / "__init__.py").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: path.name)
def test_no_test_hides_another(path: Path) -> None:
    """A second test of the same name replaces the first, which then never runs."""
    scopes = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Module | ast.ClassDef)]
    for scope in scopes:
        names = Counter(
            node.name for node in scope.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )
        twice = [name for name, count in names.items() if count > 1]
        assert not twice, f"{path.relative_to(ROOT)} defines {twice} more than once"


def test_every_room_mirrored_in_tests_holds_tests() -> None:
    for folder in sorted({path.parent for path in (ROOT / "tests").rglob("*.py")}):
        assert list(folder.rglob("test_*.py")), f"{folder.relative_to(ROOT)} holds no test"
