"""The tables of a comparison."""

from collections.abc import Sequence

from digitsum_cli.cli.console import Console
from digitsum_cli.cli.study_result import show_analysis
from digitsum_cli.comparison.comparison import Comparison
from digitsum_cli.comparison.parity import ADAM_STEPS, Parity
from digitsum_cli.comparison.speed import REPEATS, Timing
from digitsum_cli.table import Table, number

_LABELS = {
    "states": "states",
    "gradients": "gradient of {}",
    "trained weights": f"{{}} after {ADAM_STEPS} Adam steps",
}


def show_parity(parities: Sequence[Parity], console: Console) -> None:
    """Prints shapes, largest differences and the verdict for each implementation against the reference."""
    for impls in dict.fromkeys(parity.impls for parity in parities):
        pair = [parity for parity in parities if parity.impls == impls]
        console.show(_shapes_table(pair[-1]), _parity_table(pair))


def show_speed(timings: Sequence[Timing], console: Console) -> None:
    """Prints the times of the reference and the ratios of the others to it."""
    console.show(_speed_table(timings))


def show_accuracy(comparison: Comparison, console: Console) -> None:
    """Prints accuracy by length and implementation, and the paired differences."""
    show_analysis(comparison.study.analysis, console)


def _shapes_table(parity: Parity) -> Table:
    """The output shape of each part of each implementation, as in the book."""
    names = list(dict.fromkeys(name for shapes in parity.shapes.values() for name in shapes))
    return Table(
        f"Shapes at length {parity.length}",
        ("", *parity.impls),
        [[name, *(str(parity.shapes[impl].get(name, "")) for impl in parity.impls)] for name in names],
    )


def _parity_table(parities: Sequence[Parity]) -> Table:
    """The largest difference over all elements and lengths, in each precision."""
    first = parities[0]
    rows = []
    for index, difference in enumerate(first.differences):
        cells = []
        agrees = True
        for dtype in ("float32", "float64"):
            found = [parity.differences[index] for parity in parities if parity.dtype == dtype]
            cells += [f"{max(d.largest for d in found):.1e}", f"{found[0].tolerance:.0e}"]
            agrees = agrees and all(d.agrees for d in found)
        name = _LABELS[difference.quantity].format(difference.parameter)
        rows.append([name, *cells, "agrees" if agrees else "DIFFERS"])
    return Table(
        f"Parity: {first.impls[0]} and {first.impls[1]} from the same weights, largest absolute difference",
        ("", "float32", "tolerance", "float64", "tolerance", "verdict"),
        rows,
    )


def _speed_table(timings: Sequence[Timing]) -> Table:
    """The times of the reference and the ratios of the others to it."""
    reference, *others = max((timing.seconds for timing in timings), key=len)
    return Table(
        f"Speed: median of {REPEATS} interleaved repeats on one thread",
        ("length", "operation", f"{reference} (µs)", *(f"{impl} / {reference}" for impl in others)),
        [
            [
                str(timing.length),
                timing.work,
                f"{1e6 * timing.seconds[reference]:.0f}",
                *(number(timing.ratios.get(impl), 3) for impl in others),
            ]
            for timing in timings
        ],
    )
