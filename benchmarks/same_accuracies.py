"""Do the accuracies of two implementations differ over seeds? A two-sided Kolmogorov-Smirnov test.

digitsum sweep --lengths 5,10 --seeds 0..29 --impl manual,fused --out runs/ks
python -m benchmarks.same_accuracies runs/ks
"""

import csv
import statistics
import sys
from pathlib import Path

from scipy.stats import ks_2samp

IMPLEMENTATIONS = ("manual", "fused")


def main(run: Path) -> None:
    """Prints a Markdown table of the test for a run."""
    rows = list(csv.DictReader((run / "results.csv").read_text().splitlines()))
    print("| cell | length | accuracy | seeds | mean, manual | mean, fused | KS distance | p |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for cell, length in dict.fromkeys((row["cell"], row["length"]) for row in rows):
        for measure in ("test_accuracy", "best_eval_accuracy"):
            manual, fused = (
                [
                    float(row[measure])
                    for row in rows
                    if (row["cell"], row["length"], row["impl"]) == (cell, length, impl)
                ]
                for impl in IMPLEMENTATIONS
            )
            test = ks_2samp(manual, fused)
            means = f"{statistics.fmean(manual):.3f} | {statistics.fmean(fused):.3f}"
            name = measure.replace("_", " ").removesuffix(" accuracy")
            seeds = f"{len(manual)} + {len(fused)}"
            print(f"| {cell} | {length} | {name} | {seeds} | {means} | {test.statistic:.2f} | {test.pvalue:.2f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
