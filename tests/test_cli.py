"""The command as a user meets it: help, version, formats, colours, exit status, and what it does not load."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Gradproof = Callable[..., "subprocess.CompletedProcess[str]"]

VERBS = ("check", "derive", "emit", "train", "gradcheck", "report")
TRUE = "$$f(t) = t^2$$\n\nwith a number $t$, so that\n\n$$f'(t) = 2 t$$\n"
FALSE = "$$f(t) = t^2$$\n\nwith a number $t$, so that\n\n$$f'(t) = 3 t$$\n"
UNREAD = "$$f(t) = t^2$$\n\nwith a number $t$, so that\n\n$$f'(t) = \\frac{2 t}$$\n"


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a document and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "notes.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_examples(gradproof: Gradproof, verb: str) -> None:
    run = gradproof(verb, "--help")
    assert run.returncode == 0
    assert f"  gradproof {verb} notes.md" in run.stdout


def test_help_names_every_verb(gradproof: Gradproof) -> None:
    said = gradproof("--help").stdout
    for verb in VERBS:
        assert f"\n  {verb} " in said


def test_version(gradproof: Gradproof, root: Path) -> None:
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert gradproof("--version").stdout == f"gradproof {project['version']}\n"


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [(TRUE, [], 0), (FALSE, [], 1), (UNREAD, [], 0), (UNREAD, ["--strict"], 1), (TRUE, ["--strict"], 0)],
    ids=["true", "false", "unread", "unread strict", "true strict"],
)
@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_exit_status(
    gradproof: Gradproof, page: Callable[[str], Path], text: str, options: list[str], status: int, output: str
) -> None:
    run = gradproof("check", "--format", output, *options, page(text))
    assert run.returncode == status, run.stdout + run.stderr


@pytest.mark.parametrize(
    "arguments", [["check"], ["check", "--format", "xml", "a.md"], ["prove"], ["train", "--epochs", "0"]]
)
def test_wrong_usage(gradproof: Gradproof, arguments: list[str]) -> None:
    assert gradproof(*arguments).returncode == 2


@pytest.mark.parametrize("verb", ["derive", "emit", "train", "gradcheck", "report"])
def test_missing_document(gradproof: Gradproof, tmp_path: Path, verb: str) -> None:
    run = gradproof(verb, tmp_path / "missing.md")
    assert run.returncode == 2
    assert "missing.md" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("verb", ["derive", "emit", "train", "gradcheck", "report"])
def test_document_without_a_network(
    gradproof: Gradproof, page: Callable[[str], Path], tmp_path: Path, verb: str
) -> None:
    """There is nothing to derive in a page without a loss: that is said, in a line, with status 2."""
    run = gradproof(verb, page(TRUE), *(["-o", tmp_path / "out"] if verb == "report" else []))
    assert run.returncode == 2
    assert "loss" in run.stderr
    assert "Traceback" not in run.stderr


def test_json_has_the_promised_keys(gradproof: Gradproof, page: Callable[[str], Path]) -> None:
    run = gradproof("check", "--format", "json", page(FALSE))
    result = json.loads(run.stdout)
    assert set(result) == {"version", "documents", "summary"}
    formula = next(found for found in result["documents"][0]["formulas"] if found["verdict"] == "refuted")
    assert set(formula) >= {
        "line",
        "column",
        "end_line",
        "display",
        "latex",
        "verdict",
        "scope",
        "reading",
        "assumptions",
        "reason",
        "counterexample",
        "suggestions",
        "statements",
    }
    assert (formula["line"], formula["column"], formula["end_line"], formula["display"]) == (5, 1, 5, True)
    assert set(formula["counterexample"]) >= {"inputs", "left", "right"}
    assert set(formula["statements"][0]) >= {"kind", "latex", "verdict", "reason"}
    assert result["summary"]["refuted"] == 1


def test_standard_input(root: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "derive.cli", "check", "-"],
        input=FALSE.encode(),
        capture_output=True,
        cwd=root,
        timeout=30,
        check=False,
    )
    assert run.returncode == 1, run.stderr.decode()


def in_shell(root: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which $PYTHON is the Python that runs the tests; fails where any part of a pipe does."""
    return subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        cwd=root,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )


@pytest.mark.parametrize(
    "arguments",
    ["check", "check --verbose", "check --format json", "check --format github", "check --color", "emit", "train"],
)
def test_a_reader_that_goes_away(root: Path, arguments: str) -> None:
    """`| head -1` is no fault: not a word on standard error, and a status that does not look like a verdict."""
    run = in_shell(
        root, f"$PYTHON -m derive.cli {arguments} examples/backpropagation.md | (exec true); echo ${{PIPESTATUS[0]}}"
    )
    assert run.stderr == ""
    assert run.stdout == "141\n"


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams(root: Path, redirection: str) -> None:
    run = in_shell(root, f"$PYTHON -m derive.cli check examples/backpropagation.md {redirection}")
    assert run.returncode == 1  # the page has mistakes
    assert run.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("output", ["text", "json"])
def test_full_disk(root: Path, output: str) -> None:
    run = in_shell(root, f"$PYTHON -m derive.cli check --format {output} examples/backpropagation.md > /dev/full")
    assert run.returncode == 2
    assert "No space left" in run.stderr
    assert "Traceback" not in run.stderr


def test_interrupt(root: Path) -> None:
    """Ctrl-C ends with the status that shells give it, not with 1, which would say that something was refuted."""
    with subprocess.Popen(
        [sys.executable, "-m", "derive.cli", "train", "examples/backpropagation.md", "--epochs", "100000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=root,
    ) as process:
        time.sleep(2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said


def test_constants(gradproof: Gradproof, root: Path) -> None:
    page = root / "tests" / "cases" / "linear-regression-rows.md"
    without = gradproof("train", page)
    assert without.returncode == 2
    assert "lambda_" in without.stderr
    assert gradproof("train", page, "--constant", "lambda_=0.1", "--epochs", "10").returncode == 0
    assert gradproof("train", page, "--constant", "lambda_").returncode == 2


@pytest.mark.parametrize("target", ["numpy", "jax", "torch", "numba"])
def test_emit_writes_for_every_library(gradproof: Gradproof, root: Path, tmp_path: Path, target: str) -> None:
    page, written = root / "examples" / "backpropagation.md", tmp_path / "net.py"
    sizes = ["--size", "n_1=2", "--size", "n_2=1"] if target == "numba" else []
    assert gradproof("emit", page, "--target", target, *sizes, "-o", written).returncode == 0
    source = written.read_text(encoding="utf-8")
    assert f"import {target}" in source
    assert gradproof("emit", page, "--target", target, *sizes).stdout == source
    compile(source, str(written), "exec")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["emit", "--target", "numba"], "give a number for n_1, n_2"),
        (["emit", "--target", "numba", "--size", "q=3"], "no size q: there is n_1, n_2"),
        (["emit", "--target", "numba", "--size", "n_1"], "'n_1' is not NAME=N"),
        (["emit", "--target", "numba", "--size", "n_1=0"], "at least 1"),
        (["emit", "--target", "tensorflow"], "is not one of"),
        (["train", "--data", "nothing.csv"], "nothing.csv: No such file"),
        (["train", "--data", "pyproject.toml"], "data are read from .csv and .npz files"),
        (["train", "--resume", "nothing.npz"], "nothing.npz: No such file"),
        (
            ["train", "--epochs", "5", "--history", "no/such/folder/run.json"],
            "no/such/folder/run.json: there is no folder",
        ),
        (["train", "--epochs", "5", "--save", "no/such/folder/run.npz"], "there is no folder no/such/folder"),
        (["train", "--starts", "3", "--batch", "2"], "--batch is for a single run"),
        (["train", "--held-out", "1"], "is not in the range"),
        (["train", "--size", "k=3"], "no size k"),
        (["train", "--optimizer", "newton"], "is not one of"),
        (["train", "--constant", "lambda_=nan"], "'lambda_=nan' is not NAME=VALUE with a number"),
        (["gradcheck", "--size", "k=3"], "no size k"),
        (["gradcheck", "--points", "0"], "is not in the range"),
    ],
)
def test_what_cannot_be_done_is_said(gradproof: Gradproof, root: Path, arguments: list[str], said: str) -> None:
    run = gradproof(arguments[0], root / "examples" / "backpropagation.md", *arguments[1:])
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_training_goes_on(gradproof: Gradproof, root: Path, tmp_path: Path) -> None:
    page, saved = root / "examples" / "backpropagation.md", tmp_path / "run.npz"
    assert gradproof("train", page, "--epochs", "300", "--save", saved).returncode == 0
    parts = gradproof("train", page, "--epochs", "700", "--resume", saved)
    assert parts.stdout == gradproof("train", page, "--epochs", "700").stdout
    other = gradproof("train", root / "tests" / "cases" / "one-neuron.md", "--resume", saved)
    assert other.returncode == 2
    assert "Traceback" not in other.stderr


def test_gradients_are_checked(gradproof: Gradproof, root: Path) -> None:
    page = root / "examples" / "backpropagation.md"
    run = gradproof("gradcheck", page)
    assert run.returncode == 0, run.stderr
    assert "all derivatives agree" in run.stdout
    assert "W^(2)" in run.stdout
    found = json.loads(gradproof("gradcheck", page, "--format", "json", "--points", "1", "--size", "n_1=5").stdout)
    assert found["agrees"]
    assert found["sizes"] == {"n_1": 5, "n_2": 2}
    assert set(found["errors"]) == {"W1", "b1", "W2", "b2"}


def test_data_that_do_not_fit(gradproof: Gradproof, root: Path) -> None:
    run = gradproof("train", root / "tests" / "cases" / "tanh-cross-entropy.md")
    assert run.returncode == 2
    assert "3 inputs and 2 outputs" in run.stderr
    assert "2 inputs and 1 output" in run.stderr


def test_colour(gradproof: Gradproof, page: Callable[[str], Path]) -> None:
    path = page(FALSE)
    assert "\x1b[" in gradproof("check", "--color", path).stdout
    assert "\x1b[" not in gradproof("check", "--no-color", path).stdout
    assert "\x1b[" not in gradproof("check", path).stdout


@pytest.mark.parametrize(
    ("options", "no_color", "coloured"),
    [([], "", True), ([], "1", False), (["--no-color"], "", False), (["--color"], "1", True)],
)
def test_colour_at_a_terminal(
    page: Callable[[str], Path], root: Path, options: list[str], no_color: str, coloured: bool
) -> None:
    command = ["check", *options, str(page(FALSE))]
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm-256color"}
    said, _ = at_terminal(root, command, environment, ("stdout",))
    assert ("\x1b[1;31m" in said) is coloured


def test_progress_only_at_a_terminal(root: Path) -> None:
    """A bar on standard error while training takes its time; none where that is a file, nor on standard output."""
    command = ["train", "examples/backpropagation.md", "--epochs", "60000"]
    said, printed = at_terminal(root, command, {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}, ("stderr",))
    assert "training" in said
    assert re.search(r"[1-9][\d,]* epochs/s", said)
    assert "left" in said
    assert "\x1b" not in printed
    assert "loss at the start" in printed


def at_terminal(
    root: Path, command: list[str], environment: dict[str, str], streams: tuple[str, ...]
) -> tuple[str, str]:
    """What a command writes to a terminal that is the given streams, and what to the other one."""
    ours, theirs = pty.openpty()
    at: dict[str, int] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE) | dict.fromkeys(streams, theirs)
    with subprocess.Popen(
        [sys.executable, "-m", "derive.cli", *command],
        cwd=root,
        env=environment,
        stdout=at["stdout"],
        stderr=at["stderr"],
    ) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # how Linux says that the other end of a terminal is closed
                break
            if not part:
                break
            said += part
        os.close(ours)
        printed, complaint = process.communicate(timeout=30)
    return said.decode(), (printed or complaint or b"").decode()


@pytest.mark.parametrize("output", ["text", "json"])
def test_check_loads_no_pdf_or_plotting_stack(page: Callable[[str], Path], root: Path, output: str) -> None:
    """`check` works without the extras, so it must not so much as look at them."""
    script = (
        "import sys\n"
        "from derive.cli import cli\n"
        f"cli(['check', '--format', {output!r}, {str(page(FALSE))!r}], standalone_mode=False)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=30, check=True, env=os.environ
    )
    loaded = set(run.stderr.split())
    assert "click" in loaded
    assert not loaded & {"matplotlib", "typst", "jax", "PIL"}
    if output == "json":
        assert "rich" not in loaded


def test_a_folder_is_all_its_documents(gradproof: Gradproof, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b.md", "deep/a.tex", ".hidden/c.md"):
        (tmp_path / name).write_text("$f(x) = x^2$ and $f'(x) = 2x$", encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    run = gradproof("check", "--format", "json", "--jobs", "2", tmp_path)
    assert run.returncode == 0
    found = [
        Path(document["path"]).relative_to(tmp_path).as_posix() for document in json.loads(run.stdout)["documents"]
    ]
    assert found == ["b.md", "deep/a.tex"]
    alone = gradproof("check", "--format", "json", "--jobs", "1", tmp_path)
    assert alone.stdout == run.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process does all the work")
def test_ctrl_c_ends_all_processes(root: Path, tmp_path: Path) -> None:
    example = (root / "examples" / "backpropagation.md").read_text(encoding="utf-8")
    for number in range(400):
        (tmp_path / f"{number}.md").write_text(example, encoding="utf-8")
    command = [sys.executable, "-m", "derive.cli", "check", "--jobs", "2", str(tmp_path)]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        time.sleep(1.5)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=20)
        assert run.returncode == 130
        assert said.strip() == "gradproof: interrupted"
    assert not _alive(run.pid, patience=5)


def _alive(group: int, patience: float) -> bool:
    """Whether a group of processes is still there after a while."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True
