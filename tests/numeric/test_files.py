"""Data from files: what is read, and what is said of files that hold no data."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numeric.data import Examples, one_hot
from numeric.files import UnreadableData, read_examples


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_names(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffheight,weight,kind\n1.5, 2,0\n\n3,4e-1,1\n")
    found = read_examples(path)
    np.testing.assert_array_equal(found.inputs, [[1.5, 3.0], [2.0, 0.4]])
    np.testing.assert_array_equal(found.targets, [[0.0, 1.0]])
    assert found.name == "table"
    by_name = read_examples(path, ["weight", "height"])
    np.testing.assert_array_equal(by_name.inputs, [[0.0, 1.0]])
    np.testing.assert_array_equal(by_name.targets, [[2.0, 0.4], [1.5, 3.0]])


def test_a_table_without_names(tmp_path: Path) -> None:
    path = written(tmp_path, "1,2,3\n4,5,6\n")
    np.testing.assert_array_equal(read_examples(path, ["1"]).targets, [[1.0, 4.0]])
    np.testing.assert_array_equal(read_examples(path, inputs=1).targets, [[2.0, 5.0], [3.0, 6.0]])
    np.testing.assert_array_equal(read_examples(path).targets, [[3.0, 6.0]])


@pytest.mark.parametrize(
    ("text", "targets", "said"),
    [
        ("", [], "the file is empty"),
        ("\n  \n", [], "the file is empty"),
        ("a,b\n", [], "names of columns, but no examples"),
        ("a,b\n1,2\n3\n", [], "table.csv:3: 1 columns, where the first row has 2"),
        ("a,b\n1,2\n3,4,5\n", [], "table.csv:3: 3 columns"),
        ("a,b\n1,\n", [], "table.csv:2: column b is empty"),
        ("a,b\n1,two\n", [], "table.csv:2: column b holds 'two', which is no number"),
        ("a,b\n1,1_000\n", [], "'1_000', which is no number"),
        ("a,b\nnan,2\n", [], "table.csv:2: column a holds nan: every value has to be finite"),
        ("a,b\n1,-inf\n", [], "column b holds -inf"),
        ("a,b\n1,2\n", ["c"], "no column 'c': its columns are a, b"),
        ("1,2\n3,4\n", ["3"], "no column '3': it has no names, and columns 1 to 2"),
        ("a,b\n1,2\n", ["0"], "no column '0'"),
        ("a,b\n1,2\n", ["a", "1"], "named twice"),
        ("a,b\n1,2\n", ["a", "b"], "no column is left for inputs"),
        ("a\n1\n", [], "no column is left for inputs"),
        ("a,a,b\n1,2,3\n", ["a"], "2 columns are called 'a'"),
    ],
)
def test_what_is_wrong_with_a_table(tmp_path: Path, text: str, targets: list[str], said: str) -> None:
    with pytest.raises(UnreadableData) as error:
        read_examples(written(tmp_path, text), targets)
    assert said in str(error.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UnreadableData, match="No such file"):
        read_examples(tmp_path / "missing.csv")
    with pytest.raises(UnreadableData, match="No such file"):
        read_examples(tmp_path / "missing.npz")
    with pytest.raises(UnreadableData, match=r"\.csv and \.npz"):
        read_examples(written(tmp_path, "1,2", "table.txt"))
    (tmp_path / "latin.csv").write_bytes(b"a,b\n1,\xe9\n")
    with pytest.raises(UnreadableData, match="not UTF-8"):
        read_examples(tmp_path / "latin.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UnreadableData, match="directory"):
        read_examples(tmp_path / "folder.csv")


def saved(folder: Path, **arrays: Any) -> Path:
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return path


def test_arrays(tmp_path: Path) -> None:
    X, y = np.arange(6).reshape(3, 2), np.array([1.0, 0.0, 1.0])
    for names in (("inputs", "targets"), ("X", "y")):
        found = read_examples(saved(tmp_path, **dict(zip(names, (X, y), strict=True))))
        np.testing.assert_array_equal(found.inputs, X.T)
        np.testing.assert_array_equal(found.targets, [y])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": np.ones((3, 2))}, "no array targets or Y or y; there is X"),
        ({"a": np.ones(3)}, "no array inputs"),
        ({"X": np.ones((3, 2)), "y": np.ones(2)}, "3 rows of inputs and 2 rows of targets"),
        ({"X": np.array([[1.0], [np.nan]]), "y": np.ones(2)}, "X is not finite in row 1"),
        ({"X": np.array(["a", "b"]), "y": np.ones(2)}, "not real numbers"),
        ({"X": np.ones((2, 2), complex), "y": np.ones(2)}, "not real numbers"),
        ({"X": np.ones((2, 2, 2)), "y": np.ones(2)}, r"shape \(2, 2, 2\)"),
        ({"X": np.ones((0, 2)), "y": np.ones(0)}, r"shape \(0, 2\)"),
        ({"X": np.array(1.0), "y": np.ones(1)}, r"shape \(\)"),
        ({"X": np.array([{}, {}], object), "y": np.ones(2)}, "not an npz file of numbers"),
    ],
)
def test_what_is_wrong_with_arrays(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableData, match=said):
        read_examples(saved(tmp_path, **arrays))


def test_what_is_no_archive(tmp_path: Path) -> None:
    for name, content in (("a.npz", b""), ("b.npz", b"PK\x03\x04 broken"), ("c.npz", b"text")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableData, match="not an npz file"):
            read_examples(tmp_path / name)
    np.save(tmp_path / "d.npy", np.ones(3))
    (tmp_path / "d.npy").rename(tmp_path / "d.npz")
    with pytest.raises(UnreadableData, match="not an npz file"):
        read_examples(tmp_path / "d.npz")


def test_members_that_are_no_arrays(tmp_path: Path) -> None:
    path = saved(tmp_path, y=np.ones(2))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("X", b"not an array")
    with pytest.raises(UnreadableData, match="X is no array"):
        read_examples(path)


def test_damaged_archives(tmp_path: Path) -> None:
    """Whatever byte is wrong, the file is refused or read, and nothing else happens."""
    path = tmp_path / "data.npz"
    np.savez_compressed(path, X=np.ones((3, 2)), y=np.ones(3))
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        for byte in (0, 99, 255):
            path.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
            with contextlib.suppress(UnreadableData):
                assert read_examples(path).inputs.shape == (2, 3)


def test_classes_by_number_become_rows() -> None:
    data = Examples("three", np.zeros((2, 3)), np.array([[0.0, 2.0, 1.0]]))
    np.testing.assert_array_equal(one_hot(data, 3).targets, np.eye(3)[:, [0, 2, 1]])
    assert one_hot(data, 2) is data  # there is a class 2
    assert one_hot(data, 1) is data
    assert one_hot(Examples("half", np.zeros((1, 2)), np.array([[0.5, 1.0]])), 3).targets.shape == (1, 2)
