"""Every measure of a run, computed again in plain NumPy from the documentation, its checkpoints and its data alone.

Nothing of the tool but its commands is used: each draw is written out and read on its own, with loops where the tool
has trees, shared prefixes and closed forms.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file

from tests.command_line import digitsum

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]
LENGTHS, SEEDS = (5, 7), range(6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two settings with six seeds at two lengths, its diagnosis, and its data as files."""
    path = tmp_path_factory.mktemp("by hand")
    options = ("--lengths", "5,7", "--seeds", "0..5", "--epochs", "40", "--impl", "fused")
    axes = ("--set", "sweep.train.lr=0.003,0.01", "--set", "model.hidden_size=12")
    for arguments in (
        ("sweep", *options, *axes, "--threshold", "0.3,0.6", "--out", path / "run"),
        ("evaluate", path / "run", "--diagnose", "-j", "1"),
        ("generate", "--lengths", "5,7", "--out", path / "data"),
    ):
        ended = digitsum(*arguments)
        assert ended.code == 0, ended.err
    return path


@pytest.fixture(scope="module")
def results(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "run" / "results.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def analysis(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "run" / "analysis.json").read_text())
    return document


@pytest.fixture(scope="module")
def diagnoses(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "run" / "diagnosis" / "diagnosis.json").read_text())
    return {row["trial"]: row for row in document["checkpoints"]}


class Network:
    """The equations of docs/experiment.md, in double precision, one row at a time."""

    def __init__(self, path: Path) -> None:
        tensors = {name: tensor.astype(np.float64) for name, tensor in load_file(path).items()}
        self.E = tensors["embedding.W"]
        self.W, self.U, self.b = (tensors[f"rnn_model.{name}"] for name in "WUb")
        self.V, self.c = tensors["linear.weight"], tensors["linear.bias"]

    def states(self, digits: npt.NDArray[np.int64]) -> list[Array]:
        h, states = np.zeros(len(self.U)), []
        for digit in digits:
            h = np.tanh(self.E[digit] @ self.W + h @ self.U + self.b[0])
            states.append(h)
        return states

    def probabilities(self, digits: npt.NDArray[np.int64]) -> Array:
        logits = self.V @ self.states(digits)[-1] + self.c
        shifted = np.exp(logits - logits.max())
        shares: Array = shifted / shifted.sum()
        return shares

    def gradients(self, digits: npt.NDArray[np.int64]) -> tuple[list[Array], list[Array]]:
        """Of the row's loss with respect to the states and to the embedded digits, the last first."""
        states = self.states(digits)
        error = self.probabilities(digits) - np.eye(19)[digits[0] + digits[1]]
        of_state, of_states, of_digits = self.V.T @ error, [], []
        for h in reversed(states):
            through = of_state * (1 - h**2)
            of_states.append(of_state)
            of_digits.append(self.W @ through)
            of_state = self.U @ through
        return of_states, of_digits


def draws(length: int) -> Iterator[npt.NDArray[np.int64]]:
    """All draws, equally likely: a pair of digits, a position, a value that may be 0."""
    for first in range(10):
        for second in range(10):
            for position in range(2, length):
                for value in range(10):
                    digits = np.zeros(length, np.int64)
                    digits[0], digits[1], digits[position] = first, second, value
                    yield digits


def network(folder: Path, identity: str) -> Network:
    (path,) = (folder / "run" / "checkpoints").glob(f"*{identity}*")
    return Network(path)


def answers(of: Network, rows: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.array([np.argmax(of.probabilities(digits)) for digits in rows])


def sums(rows: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.array([digits[0] + digits[1] for digits in rows])


def file_rows(folder: Path, length: int, split: str) -> list[npt.NDArray[np.int64]]:
    lines = (folder / "data" / str(length) / f"{split}.txt").read_text().splitlines()
    return [np.array(line.split("\t")[0].split(), np.int64) for line in lines]


def test_accuracies_are_those_of_every_row_read_on_its_own(folder: Path, results: list[dict[str, str]]) -> None:
    for row in results[::5]:
        length, net = int(row["length"]), network(folder, row["trial"])
        every = list(draws(length))
        assert float(row["exact_accuracy"]) == pytest.approx((answers(net, every) == sums(every)).mean(), abs=1e-3)
        train, test = (file_rows(folder, length, split) for split in ("train", "test"))
        seen = {tuple(digits) for digits in train}
        unseen = [digits for digits in test if tuple(digits) not in seen]
        for column, split in (("train", train), ("test", test), ("unseen_test", unseen)):
            assert float(row[f"{column}_accuracy"]) == pytest.approx((answers(net, split) == sums(split)).mean())
        assert int(row["unseen_test_rows"]) == len(unseen)


def test_the_diagnosis_is_what_each_draw_gives(
    folder: Path, results: list[dict[str, str]], diagnoses: dict[str, Any]
) -> None:
    for row in (results[0], results[-1]):
        length, net, found = int(row["length"]), network(folder, row["trial"]), diagnoses[row["trial"]]
        every = list(draws(length))
        given, correct = answers(net, every), sums(every)
        confusion = np.zeros((19, 19), int)
        np.add.at(confusion, (correct, given), 1)
        assert np.abs(np.array(found["confusion"]) - confusion).sum() <= 4, "two answers may be tied to the last bit"
        plane = np.column_stack([[d[0] for d in every], [d[1] for d in every], np.ones(len(every))])
        slopes = np.linalg.lstsq(plane, given.astype(float))[0][:2]
        assert [found["first_digit_slope"], found["second_digit_slope"]] == pytest.approx(slopes, abs=1e-3)
        by_distractor = (given == correct).reshape(100, length - 2, 10).mean(axis=0)
        assert np.array(found["accuracy_by_distractor"]) == pytest.approx(by_distractor, abs=0.011)
        gradients = [net.gradients(digits) for digits in every]
        for name, kind in (("gradient_by_lag_kept", 0), ("digit_gradient_by_lag_kept", 1)):
            norms = np.mean([[np.linalg.norm(g) for g in each[kind]] for each in gradients], axis=0)
            assert found[name] == pytest.approx(norms, rel=1e-4), name
        assert found["spectral_radius_kept"] == pytest.approx(np.abs(np.linalg.eigvals(net.U)).max(), rel=1e-5)


def test_the_probes_are_fitted_fold_by_fold(
    folder: Path, results: list[dict[str, str]], diagnoses: dict[str, Any]
) -> None:
    row = results[-1]
    net, found = network(folder, row["trial"]), diagnoses[row["trial"]]
    every = list(draws(int(row["length"])))
    states = np.array([net.states(digits)[-1] for digits in every])
    first, second = (np.array([digits[place] for digits in every]) for place in (0, 1))
    fold = (second - 3 * first) % 10
    for name, target in (("first_digit", first), ("second_digit", second), ("label", first + second)):
        error = total = 0.0
        for held_out in (fold == number for number in range(10)):
            columns = np.column_stack([states, np.ones(len(states))])
            weights = np.linalg.lstsq(columns[~held_out], target[~held_out].astype(float))[0]
            error += float(((columns[held_out] @ weights - target[held_out]) ** 2).sum())
            total += float(((target[~held_out].mean() - target[held_out]) ** 2).sum())
        assert found[f"{name}_probe"] == pytest.approx(max(0.0, 1 - error / total), abs=1e-4), name


def test_the_summary_is_what_the_seeds_give(results: list[dict[str, str]], analysis: dict[str, Any]) -> None:
    """Of six seeds, the interval of the median reaches from the lowest to the highest."""
    assert len(analysis["summary"]) == 4
    for row in analysis["summary"]:
        values = sorted(float(each["exact_accuracy"]) for each in results if like(each, row))
        assert len(values) == len(SEEDS)
        assert row["exact_accuracy"] == pytest.approx(fmean(values))
        assert row["exact_accuracy_median"] == pytest.approx(median(values))
        assert [row["exact_accuracy_median_low"], row["exact_accuracy_median_high"]] == [values[0], values[-1]]
        for reached in row["reached"]:
            assert reached["count"] == sum(value >= reached["threshold"] for value in values)


def test_differences_and_spans_are_what_the_seeds_give(results: list[dict[str, str]], analysis: dict[str, Any]) -> None:
    accuracies = {
        (each["lr"], int(each["length"]), int(each["seed"])): float(each["exact_accuracy"]) for each in results
    }
    found = [row for row in analysis["differences"] if row["measure"] == "exact_accuracy"]
    assert [row["length"] for row in found] == list(LENGTHS)
    for row in found:
        differences = sorted(
            accuracies["0.01", row["length"], seed] - accuracies["0.003", row["length"], seed] for seed in SEEDS
        )
        assert row["median"] == pytest.approx(median(differences))
        assert [row["median_low"], row["median_high"]] == pytest.approx([differences[0], differences[-1]])
        assert row["improved"] == sum(difference > 0 for difference in differences)
    for row in analysis["memory_spans"]:
        first, last = (median(accuracies[str(row["lr"]), length, seed] for seed in SEEDS) for length in LENGTHS)
        if first < last:
            first = last = (first + last) / 2
        threshold = row["threshold"]
        if first < threshold:
            expected = {"length": 5.0, "bound": "below"}
        elif last >= threshold:
            expected = {"length": 7.0, "bound": "beyond"}
        else:
            expected = {"length": pytest.approx(5 + 2 * (first - threshold) / (first - last)), "bound": "known"}
        assert row["median"] == expected


def like(result: dict[str, str], row: dict[str, Any]) -> bool:
    return (int(result["length"]), float(result["lr"])) == (row["length"], row["lr"])
