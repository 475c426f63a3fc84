r"""Examples from files: tables as CSV, arrays as NumPy's npz. What is wrong with a file is said with its place.

>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "and.csv"
...     _ = path.write_text("a,b,both\n0,0,0\n0,1,0\n1,1,1\n")
...     found = read_examples(path)
>>> found.inputs
array([[0., 0., 1.],
       [0., 1., 1.]])
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from numeric.data import Examples

Matrix = np.ndarray[Any, np.dtype[np.float64]]

KNOWN = (".csv", ".npz")
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, AttributeError, NotImplementedError, RuntimeError,
    MemoryError, OverflowError,
)  # fmt: skip
"""What NumPy raises where an archive holds what no archive should."""

_NAMES = {"inputs": ("inputs", "X", "x"), "targets": ("targets", "Y", "y")}


class UnreadableData(Exception):
    """A file that holds no examples, with its name, the place, and what to do."""


def read_examples(path: Path, targets: Sequence[str] = (), inputs: int | None = None) -> Examples:
    """Examples from a file, by its ending.

    A CSV file has one example in each row, and may have a row of names above them. Its targets are the columns `targets`,
    by name or by number from 1; without, what follows on the first `inputs` columns, or the last column alone. An npz file
    holds the arrays `inputs` and `targets` (or `X` and `y`), one example in each row.

    Raises:
        UnreadableData: no such file, not readable, no examples, a cell that is no finite number, rows of different lengths, no
            such column, or arrays that are missing or do not fit each other.
    """
    if path.suffix.lower() not in KNOWN:
        raise UnreadableData(f"{path}: data are read from {' and '.join(KNOWN)} files")
    try:
        return _npz(path) if path.suffix.lower() == ".npz" else _csv(path, targets, inputs)
    except OSError as error:
        raise UnreadableData(f"{path}: {error.strerror or error}") from error


def _csv(path: Path, targets: Sequence[str], inputs: int | None) -> Examples:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if any(map(str.strip, row))]
    except UnicodeDecodeError as error:
        raise UnreadableData(f"{path}: not UTF-8 text") from error
    except csv.Error as error:
        raise UnreadableData(f"{path}: {error}") from error
    if not rows:
        raise UnreadableData(f"{path}: the file is empty")
    names = [name.strip() for name in rows[0][1]] if not any(map(_is_number, rows[0][1])) else []
    body = rows[1:] if names else rows
    if not body:
        raise UnreadableData(f"{path}: names of columns, but no examples below them")
    width = len(rows[0][1])
    values = np.array([_row(path, number, row, width, names) for number, row in body])
    last = list(range(width - 1 if inputs is None or inputs >= width else inputs, width))
    chosen = [_column(path, text, names, width) for text in targets] or last
    if len(set(chosen)) < len(chosen):
        raise UnreadableData(f"{path}: a target column is named twice")
    rest = [column for column in range(width) if column not in chosen]
    if not rest:
        raise UnreadableData(f"{path}: no column is left for inputs: {width} in all, {len(chosen)} of them targets")
    return Examples(path.stem, values[:, rest].T.copy(), values[:, chosen].T.copy())


def _row(path: Path, line: int, row: list[str], width: int, names: list[str]) -> list[float]:
    if len(row) != width:
        raise UnreadableData(f"{path}:{line}: {len(row)} columns, where the first row has {width}")
    found = []
    for place, cell in enumerate(row):
        title = names[place] if names else str(place + 1)
        if not cell.strip():
            raise UnreadableData(f"{path}:{line}: column {title} is empty")
        if not _is_number(cell):
            raise UnreadableData(f"{path}:{line}: column {title} holds {cell.strip()!r}, which is no number")
        value = float(cell)
        if not np.isfinite(value):
            raise UnreadableData(f"{path}:{line}: column {title} holds {cell.strip()}: every value has to be finite")
        found.append(value)
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _column(path: Path, text: str, names: list[str], width: int) -> int:
    if names.count(text) > 1:
        raise UnreadableData(f"{path}: {names.count(text)} columns are called {text!r}: give the number of one")
    if text in names:
        return names.index(text)
    if text.isdecimal() and 1 <= int(text) <= width:
        return int(text) - 1
    known = f"its columns are {', '.join(names)}" if names else f"it has no names, and columns 1 to {width}"
    raise UnreadableData(f"{path}: no column {text!r}: {known}")


def _npz(path: Path) -> Examples:
    if path.is_file() and not zipfile.is_zipfile(path):
        raise UnreadableData(f"{path}: not an npz file")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {what: _array(path, archive, what) for what in _NAMES}
    except UNREADABLE as error:
        raise UnreadableData(f"{path}: not an npz file of numbers ({error})") from error
    inputs, targets = arrays["inputs"], arrays["targets"]
    if len(inputs) != len(targets):
        raise UnreadableData(
            f"{path}: {len(inputs)} rows of inputs and {len(targets)} rows of targets: one of each for every example"
        )
    return Examples(path.stem, inputs.T.copy(), targets.T.copy())


def _array(path: Path, archive: Any, what: str) -> Matrix:
    name = next((name for name in _NAMES[what] if name in archive), None)
    if name is None:
        there = ", ".join(archive) or "nothing"
        raise UnreadableData(f"{path}: no array {' or '.join(_NAMES[what])}; there is {there}")
    found = archive[name]
    if not isinstance(found, np.ndarray):
        raise UnreadableData(f"{path}: {name} is no array")
    if found.dtype.kind not in "fiub":
        raise UnreadableData(f"{path}: {name} holds {found.dtype} and not real numbers")
    if found.ndim not in (1, 2) or not found.size:
        raise UnreadableData(f"{path}: {name} has shape {found.shape}, where examples by values are needed")
    value: Matrix = found.astype(np.float64).reshape(len(found), -1)
    if not np.isfinite(value).all():
        row = int(np.argmin(np.isfinite(value).all(axis=1)))
        raise UnreadableData(f"{path}: {name} is not finite in row {row} (counted from 0)")
    return value
