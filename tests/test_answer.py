"""The answer and the reasons in sentences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from digitsum_cli.analysis.analysis import analyse
from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.diagnostics.diagnosis import Diagnosis
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.report.reasons import reasons
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.trial import Trial
from tests.small_study import settings_of
from tests.trial_rows import trial_row

SRN = "The SRN (impl manual)"


def rows(*by_seed: Sequence[float], lengths: Sequence[int] = (5, 10), **others: Any) -> list[TrialRow]:
    """Trials that are done, their exact accuracies at each length for each seed."""
    return [
        trial_row(seed, exact, length=length, **others)
        for seed, accuracies in enumerate(by_seed)
        for length, exact in zip(lengths, accuracies, strict=True)
    ]


def answered(results: list[TrialRow], *thresholds: float) -> list[str]:
    return analyse(results, {}, thresholds or (0.5,)).answer


def test_span_within_the_lengths() -> None:
    assert answered(rows((0.75, 0.25))) == [f"{SRN} stays above 50 % up to length 7.5 (one seed)."]


def test_interval_is_in_brackets_from_six_seeds_on() -> None:
    curves = [(0.75, 0.25)] * 5 + [(0.5, 0.25)]
    assert answered(rows(*curves)) == [
        f"{SRN} stays above 50 % up to length 7.5 [5, 7.5] (median of 6 seeds, 95 % interval in brackets)."
    ]


def test_span_below_the_first_length() -> None:
    assert answered(rows((0.75, 0.25)), 0.9) == [f"{SRN} is below 90 % even at length 5 (memory span < 5, one seed)."]


def test_median_between_a_span_below_and_a_known_one_is_at_most_that() -> None:
    assert answered(rows((0.3, 0.2), (0.75, 0.25))) == [
        f"{SRN} stays above 50 % up to at most length 6.2 (memory span < 6.2, median of 2 seeds)."
    ]


def test_span_beyond_the_last_length() -> None:
    assert answered(rows((0.75, 0.7)), 0.6) == [
        f"{SRN} stays above 60 % at every length up to 10 (memory span ≥ 10, one seed)."
    ]


def test_median_between_a_known_span_and_one_beyond() -> None:
    assert answered(rows((0.75, 0.25), (0.9, 0.9))) == [
        f"{SRN} stays above 50 % up to at least length 8.8 (memory span ≥ 8.8, median of 2 seeds)."
    ]


def test_threshold_of_one_is_always_right() -> None:
    assert answered(rows((1.0, 0.5)), 1.0) == [f"{SRN} is always correct up to length 5 (one seed)."]


def test_no_seed_with_every_length_has_no_span() -> None:
    results = [row for row in rows((0.75, 0.25), (0.75, 0.25)) if (row.seed, row.length) in ((0, 5), (1, 10))]
    assert answered(results) == [
        "No seed of the SRN (impl manual) was trained at every length, so there is no memory span."
    ]


def test_single_length_has_its_accuracy() -> None:
    assert answered(rows((0.75,), lengths=(5,))) == [
        f"{SRN} gets 75.0 % of all possible rows of length 5 right (one seed)."
    ]


def test_accuracy_far_above_on_the_rows_of_the_training_is_said() -> None:
    sentence = answered(rows((0.75, 0.5), train=0.875, unseen=0.5))[-1]
    assert sentence == (
        "At length 10 it gets 87.5 % of its training rows right, but only 50.0 % of the test rows that are not among "
        "them: it memorised the training set."
    )
    assert len(answered(rows((0.75, 0.5), train=0.6, unseen=0.5))) == 1
    assert len(answered(rows((0.75, 0.5), train=0.875))) == 1, "no test row is unseen"


def test_accuracy_that_is_not_exact_says_what_it_was_measured_on() -> None:
    sampled = rows((0.75,), lengths=(5,), sampled=0.75, kind=AccuracyKind.SAMPLED)
    assert answered(sampled) == [
        f"{SRN} gets 75.0 % [72.2, 77.6] of 1,000 sampled rows of length 5 right (one seed, 95 % interval in brackets)."
    ]
    assert answered(rows((0.75,), lengths=(5,), kind=AccuracyKind.TEST)) == [
        f"{SRN} gets 75.0 % [65.7, 82.5] of the 100 test rows of length 5 right (one seed, 95 % interval in brackets)."
    ]
    assert answered(rows((1.0, 0.25), kind=AccuracyKind.TEST)) == [
        f"{SRN} stays above 50 % up to length 8.3 (test accuracy, one seed)."
    ]


def test_rows_of_the_train_split_are_not_called_trained_on_where_fresh_ones_were() -> None:
    assert len(answered(rows((0.75, 0.5), train=0.875, rows="fresh"))) == 1


def test_each_of_a_few_settings_speaks_and_of_many_the_best() -> None:
    few = [row for rate in (1.0, 2.0) for row in rows((rate / 4, 0.1), lr=rate)]
    assert answered(few) == [
        "The SRN (lr 1) is below 50 % even at length 5 (memory span < 5, one seed).",
        "The SRN (lr 2) stays above 50 % up to length 5 (one seed).",
    ]
    many = [row for rate in range(1, 8) for row in rows((rate / 8, 0.1), lr=float(rate))]
    (sentence,) = answered(many)
    assert sentence.startswith("Best of 7 settings: the SRN (lr 7) stays above 50 % up to length 7.4")


def test_trainings_that_have_not_ended_are_told_and_their_lengths_count() -> None:
    trials = plan_trials(settings_of("data.lengths=5,4", "sweep.train.seed=0,1")).trials
    ended = rows((0.25,), (0.25,), lengths=(5,))
    analysis = analyse(ended, {}, (0.5,), trials)
    assert analysis.missing == 2
    assert analysis.answer == [
        "No seed of the SRN (impl manual) was trained at every length, so there is no memory span.",
        "This is not final: 2 trainings have not finished yet.",
    ]


def diagnosed(trial: Trial, first: float, second: float, exact: float) -> DiagnosedTrial:
    length = trial.length
    return DiagnosedTrial(
        trial,
        Diagnosis(
            length,
            AccuracyKind.EXACT,
            gradient_by_lag_start=np.linspace(1.0, 0.01, length),
            gradient_by_lag_kept=np.ones(length),
            spectral_radius_start=1.0,
            spectral_radius_kept=1.5,
            first_digit_probe=0.5,
            second_digit_probe=0.5,
            label_probe=1.0,
            first_digit_slope=first,
            second_digit_slope=second,
            accuracy_by_distractor=np.ones((length - 2, 10)),
            confusion=np.eye(19, dtype=np.int64),
            gates={},
            accuracy_by_length={length: exact},
        ),
    )


def with_train(trial: Trial, **values: Any) -> Trial:
    return replace(trial, train=trial.train.model_copy(update=values))


@pytest.fixture(scope="module")
def trial() -> Trial:
    return plan_trials(settings_of()).trials[0]


@pytest.mark.parametrize(
    ("first", "second", "exact", "sentence"),
    [
        (
            1.01,
            0.95,
            0.77,
            "fully affects {} (slope 1.01, ideally 1) and the second fully affects it (0.95): neither was lost, and ",
        ),
        (
            *(0.99, 0.98, 0.95),
            "fully affects {} (slope 0.99, ideally 1) and the second fully affects it (0.98): neither was lost.",
        ),
        (0.99, 0.88, 0.6, "fully affects {} (slope 0.99, ideally 1) and the second only partly affects it (0.88)."),
        (
            *(0.42, 0.36, 0.3),
            "only partly affects {} (slope 0.42, ideally 1) and the second only partly affects it (0.36).",
        ),
        (0.1, 0.5, 0.2, "hardly affects {} (slope 0.10, ideally 1) and the second only partly affects it (0.50)."),
        (
            0.04,
            -0.001,
            0.1,
            "hardly affects {} (slope 0.04, ideally 1) and the second hardly affects it (0.00): both were",
        ),
    ],
)
def test_each_digit_is_judged_by_its_slope(
    trial: Trial, first: float, second: float, exact: float, sentence: str
) -> None:
    said = reasons([diagnosed(trial, first, second, exact)])[0]
    assert said.startswith("At length 5, the first digit " + sentence.format("the answer"))


def test_reasons_are_means_over_seeds_at_the_longest_length(trial: Trial) -> None:
    shorter = replace(trial, length=4)
    said = reasons(
        [
            diagnosed(shorter, 1, 1, 1),
            diagnosed(trial, 0.2, 0.4, 0.1),
            diagnosed(with_train(trial, seed=1), 0.4, 0.6, 0.1),
        ]
    )
    assert said == [
        "At length 5, the first digit only partly affects the answer (slope 0.30, ideally 1) and the second only "
        "partly affects it (0.50).",
        "At length 5, the gradient at the first digit, relative to that at the last, is 0.010 before training and 1.0 "
        "with the best checkpoint.",
    ]


def test_each_setting_has_its_reasons(trial: Trial) -> None:
    said = reasons([diagnosed(trial, 1, 1, 1), diagnosed(with_train(trial, lr=0.5), 0, 0, 0.1)])
    assert [sentence.split(",")[0] for sentence in said] == [
        *["At length 5 (lr 0.001)"] * 2,
        *["At length 5 (lr 0.5)"] * 2,
    ]
