r"""Many starts side by side in one vector: the part of a fused kernel for training from many starts on few examples.

Where there are fewer examples than a vector holds, the loop over examples leaves lanes empty. Starts fill them: every number
of the network becomes a row of LANES numbers, one for each of so many starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from numeric import program as p
from numeric.expressions import Expressions
from numeric.scalars import ScalarProgram
from numeric.share import needed


def fits(numbers: ScalarProgram) -> bool:
    """Whether one loop over the examples is enough: no example needs a sum over all of them."""
    return numbers.in_lanes and not any(phase.lanes or phase.sums for phase in numbers.phases[1:])


def side_by_side(numbers: ScalarProgram, source: Expressions, constants: str, lanes: int) -> str:
    """The function `_side_by_side`, which descends from blocks of starts."""
    first, rest = numbers.phases[0], [line for phase in numbers.phases[1:] for line in phase.uniform]
    sums = [line.target for line in first.sums]

    def rows(array: str, wanted: Iterable[p.Variable], known: Sequence[p.Variable]) -> list[str]:
        """Numbers read from their rows."""
        used = set(wanted)
        return [f"{v.identifier} = {array}[{row}, lane]" for row, v in enumerate(known) if v in used]

    def written(lines: Iterable[p.Assignment]) -> list[str]:
        return [text for line in lines for text in source.lines(line.target.identifier, line.value)]

    within = p.variables(line.value for line in (*first.lanes, *first.sums))
    before = needed(first.uniform, within)
    for_each = [*rows("block", within | p.variables(line.value for line in before), numbers.parameters)]
    for_each += [*written(before), *written(first.lanes)]
    for row, line in enumerate(first.sums):
        for_each += source.lines(f"sums[{row}, lane]", line.value, "+=")

    closing = needed([*first.uniform, *rest], p.variables(numbers.gradients))
    read = p.variables([*(line.value for line in closing), *numbers.gradients])
    at_the_end = [*rows("block", read, numbers.parameters), *rows("sums", read, sums), *written(closing)]
    for row, slope in enumerate(numbers.gradients):
        at_the_end.append(f"block[{row}, lane] -= rate * {source.at(slope, 3)}")

    data = [
        f"{v.identifier} = data[at{f' + {row * lanes}' if row else ''}]"
        for row, v in enumerate(numbers.data)
        if v in within
    ]
    return "\n".join(
        [
            f"def _side_by_side(theta, data, m, width, rate, epochs{constants}):",
            '    """Plain descent over all examples, from blocks of starts: `theta` is blocks x parameters x LANES."""',
            f"    sums = np.empty(({len(sums)}, {lanes}))",
            "    for place in range(len(theta)):",
            "        block = theta[place]  # of a loop over theta itself the compiler would not know how its rows lie",
            "        for _ in range(epochs):",
            "            sums[:] = 0.0",
            "            for n in range(m):",
            f"                at = n // {lanes} * {len(numbers.data) * lanes} + n % {lanes}",
            *(f"                {text}" for text in data),
            "                for lane in range(width):",
            *(f"                    {text}" for text in for_each),
            "            for lane in range(width):",
            *(f"                {text}" for text in at_the_end),
        ]
    )
