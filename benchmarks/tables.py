"""Formats the results as Markdown tables."""

from collections.abc import Iterable, Sequence
from typing import Any

CONTENDERS = ("manual", "torch", "vmap", "jax", "fused")
TITLES = {
    "one": "One training step on one core",
    "all": "On all cores, per training step and trial",
}


def tables(results: dict[str, Any]) -> str:
    """Returns the tables of all measured parts."""
    parts = {
        "steps": _steps,
        "gated": _gated,
        "rate": _rate,
        "exact": _exact,
        "sweeps": _sweeps,
        "own-cells": _own_cells,
        "recipe": _recipe,
    }
    return "\n\n".join(text for part, render in parts.items() if part in results for text in render(results[part]))


def _steps(part: dict[str, Any]) -> Iterable[str]:
    for cores, title in TITLES.items():
        rows = [_steps_row(cell) for cell in part["cells"] if cell["cores"] == cores]
        heads = ["length", "hidden", "plain, µs", *CONTENDERS, "fused, µs", "fused vs jax"]
        yield f"{title}: speed-up over the plain loop ({_machine(part)})\n\n{_table(heads, rows)}"


def _steps_row(cell: dict[str, Any]) -> list[str]:
    contenders = cell["contenders"]
    times = [
        _times(contenders[name]["times_faster_than_plain"]) if name in contenders else "not installed"
        for name in CONTENDERS
    ]
    against_jax = _times(contenders["jax"]["fused_is_times_faster"]) if "jax" in contenders else "–"
    plain, fused = (f"{contenders[name]['us_per_step']:.3g}" for name in ("plain", "fused"))
    return [str(cell["length"]), str(cell["hidden"]), _plain_number(plain), *times, _plain_number(fused), against_jax]


def _gated(part: dict[str, Any]) -> Iterable[str]:
    heads = ["cell", "length", "plain, on PyTorch's layer, µs", "manual", "torch", "fused", "fused, µs"]
    rows = []
    for cell in part["cells"]:
        contenders = cell["contenders"]
        times = [_times(contenders[name]["times_faster_than_plain"]) for name in ("manual", "torch", "fused")]
        plain, fused = (_plain_number(f"{contenders[name]['us_per_step']:.3g}") for name in ("plain", "fused"))
        rows.append([cell["cell"], str(cell["length"]), plain, *times, fused])
    title = "One training step of the LSTM and the GRU on one core: speed-up over the plain loop"
    yield f"{title} ({_machine(part)})\n\n{_table(heads, rows)}"


def _rate(part: dict[str, Any]) -> Iterable[str]:
    heads = [
        "length",
        "hidden",
        "MFLOP per step, as defined",
        "GFLOP/s",
        "relative to the product",
        "MFLOP per step, executed",
        "relative to the product",
    ]
    rows = []
    for figure in part["figures"]:
        defined, executed = figure["defined"], figure["executed"]
        rows.append(
            [
                str(figure["length"]),
                str(figure["hidden"]),
                f"{defined['mflop_per_step']:.2f}",
                f"{defined['gflop_per_second']:.0f}",
                f"{defined['of_the_product']:.2f}",
                f"{executed['mflop_per_step']:.2f}",
                f"{executed['of_the_product']:.2f}",
            ]
        )
    products = [figure["product_gflop_per_second"] for figure in part["figures"]]
    ceiling = f"{min(products):.0f} to {max(products):.0f} GFLOP/s"
    product = f"a 1024 x 1024 matrix product ({ceiling}; {_machine(part)})"
    title = f"Arithmetic throughput of fused on one core, relative to {product}"
    yield f"{title}\n\n{_table(heads, rows)}"


def _exact(part: dict[str, Any]) -> Iterable[str]:
    heads = ["impl", "length", "distinct rows", "as a tree, s", "speed-up over row by row"]
    rows = [
        [
            figure["impl"],
            str(figure["length"]),
            f"{100 * (9 * (figure['length'] - 2) + 1):,}",
            f"{figure['tree_seconds']:.3f}",
            _times(figure["times_faster"]),
        ]
        for figure in part["figures"]
    ]
    yield f"Exact accuracy of a checkpoint on one thread ({_machine(part)})\n\n{_table(heads, rows)}"


def _sweeps(part: dict[str, Any]) -> Iterable[str]:
    effort = part["effort"]
    heads = ["digitsum sweep configs/srn.yaml", "trainings", "plain loop, s", "digitsum, s", "speed-up"]
    rows = [
        [
            f"`--seeds {sweep['seeds']}`",
            str(sweep["trainings"]),
            f"{sweep['plain_seconds']:.0f}",
            f"{sweep['digitsum_seconds']:.1f}",
            _times(sweep["times_faster"]),
        ]
        for sweep in part["sweeps"]
    ]
    measured = f"{effort['plain_epochs']} of {effort['epochs']} epochs at each length"
    plain = f"the plain loop extrapolated from {measured}"
    title = f"Whole processes on all cores, with a warm compilation cache; {plain} ({_machine(part)})"
    first = f"{part['first_run_seconds']:.1f} s, {part['first_run_more_than_warm_seconds']:.1f} s more than a later one"
    yield f"{title}\n\n{_table(heads, rows)}\n\nThe first run ever, including compilation, takes {first}."
    many = part["sweeps"][-1]
    seconds = (
        f"{part['report_seconds']:.1f} s, {many['digitsum_seconds'] + part['report_seconds']:.0f} s including the sweep"
    )
    yield f"`digitsum sweep configs/cells.yaml`, 210 trainings of three cells, takes {part['cells_seconds']:.0f} s."
    yield f"The report on the {many['trainings']} trainings, including the diagnosis of each, takes {seconds}."


def _own_cells(part: dict[str, Any]) -> Iterable[str]:
    seeds = part["effort"]["seeds"]
    heads = ["cell", "plain loop, ms per step", *(f"{number} seeds" if number > 1 else "1 seed" for number in seeds)]
    rows = [
        [
            figure["cell"],
            f"{figure['plain_ms_per_step']:.1f}",
            *(_times(figure["times_faster"][str(number)]) for number in seeds),
        ]
        for figure in part["figures"]
    ]
    title = f"`impl: ensemble` beside `manual`: seeds at once, speed-up per seed, length 20 ({_machine(part)})"
    yield f"{title}\n\n{_table(heads, rows)}"


def _recipe(part: dict[str, Any]) -> Iterable[str]:
    effort = part["effort"]
    names = {"manual": "SRN as a Python loop, as in the book", "torch": "`nn.RNN`"}
    heads = ["plain loop", "plain loop, s", "digitsum, s", "speed-up"]
    rows = [
        [names[impl], f"{plain['seconds']:.0f}", f"{part['digitsum_seconds']:.1f}", _times(plain["times_faster"])]
        for impl, plain in part["plain"].items()
    ]
    plain = f"plain loops in one process, extrapolated from {effort['plain_steps']:,} of {part['steps']:,} steps"
    title = f"`digitsum sweep recipes/srn`, {effort['seeds']} seeds on all cores; {plain} ({_machine(part)})"
    yield f"{title}\n\n{_table(heads, rows)}"


def _machine(part: dict[str, Any]) -> str:
    machine = part["machine"]
    libraries = ", ".join(f"{name} {machine[name]}" for name in ("torch", "numba", "jax") if machine[name])
    return f"{machine['processor']}, {machine['cores']} cores, {libraries}, {machine['date']}"


def _times(ratio: float) -> str:
    return f"{_plain_number(f'{ratio:.3g}')}x"


def _plain_number(text: str) -> str:
    """Three significant digits without an exponent."""
    return f"{float(text):.0f}" if "e" in text else text


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
