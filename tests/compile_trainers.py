"""Compiles the trainers of every cell once, side by side, so that no two workers of the tests compile the same."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from digitsum_cli.comparison.parity import check_parity
from digitsum_cli.core.registry import CELLS
from digitsum_cli.trials.plan import plan_trials
from tests.settings_text import from_set
from tests.small_study import run_trials

KINDS = [*((f"model.cell={cell}",) for cell in CELLS), ("model.cell=srn", "model.activation=relu")]


def compile_trainers(*kind: str) -> None:
    """Trains and scores in both precisions; Numba's cache keeps what that takes."""
    small = ("model.impl=fused", "data.lengths=4", "train.epochs=1", *kind)
    settings = from_set(*small)
    plan = plan_trials(settings)
    run_trials(plan)
    tuple(check_parity(settings, ("manual", "fused"), plan.splits(plan.trials[0]).train))


if __name__ == "__main__":
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as workers:
        for compiled in [workers.submit(compile_trainers, *kind) for kind in KINDS]:
            compiled.result()
