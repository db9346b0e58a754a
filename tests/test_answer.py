"""The answer and the reasons in sentences."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from digitsum_cli.analysis.analysis import analyse
from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.diagnostics.diagnosis import Diagnosis
from digitsum_cli.diagnostics.state_dynamics import StateDynamics
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.report.reasons import reasons
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.trial import Trial
from tests.small_study import settings_of
from tests.trial_rows import trial_row

SRN = "The SRN (impl manual)"
TRAINED = f"{SRN}, trained anew at each length,"


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
    assert answered(rows((0.75, 0.25))) == [f"{TRAINED} stays above 50 % up to length 7.5 (one seed)."]


def test_interval_is_in_brackets_from_six_seeds_on() -> None:
    curves = [(0.75, 0.25)] * 5 + [(0.5, 0.25)]
    assert answered(rows(*curves)) == [
        f"{TRAINED} stays above 50 % up to length 7.5 [5, 10] (median of 6 seeds, 95 % interval in brackets).",
        "At length 10, 0 of 6 seeds reach 50 % [0, 46] (exact accuracy, 95 % intervals in brackets).",
    ]


def test_span_below_the_first_length() -> None:
    assert answered(rows((0.75, 0.25)), 0.9) == [
        f"{TRAINED} is below 90 % even at length 5 (memory span < 5, one seed)."
    ]


def test_few_seeds_have_a_span_and_no_interval() -> None:
    assert answered(rows((0.3, 0.2), (0.75, 0.25))) == [
        f"{TRAINED} stays above 50 % up to length 5.4 (median of 2 seeds, too few for an interval).",
        "At length 10, 0 of 2 seeds reach 50 % (exact accuracy).",
    ]


def test_span_beyond_the_last_length() -> None:
    assert answered(rows((0.75, 0.7)), 0.6) == [
        f"{TRAINED} stays above 60 % at every length up to 10 (memory span ≥ 10, one seed)."
    ]


def test_dips_within_the_span_are_told() -> None:
    """The closest curve that never rises stays above the threshold; single lengths do not."""
    lengths = (5, 10, 15, 20)
    assert answered(rows((0.85, 0.95, 0.95, 0.9), lengths=lengths), 0.9) == [
        f"{TRAINED} stays above 90 % at every length up to 20 but for a dip at 5 (memory span ≥ 20, one seed)."
    ]
    (sentence,) = answered(rows((0.45, 0.49, 0.8, 0.2), lengths=lengths), 0.5)
    assert "up to length 16.1 but for dips at 5 and 10 (one seed)" in sentence
    (row,) = analyse(rows((0.45, 0.49, 0.8, 0.2), lengths=lengths), {}, (0.5,)).to_dict()["memory_spans"]
    assert row["dips"] == [5, 10]


def test_threshold_of_one_is_always_right() -> None:
    assert answered(rows((1.0, 0.5)), 1.0) == [f"{TRAINED} stays perfect up to length 5 (one seed)."]
    assert answered(rows((0.9, 0.5)), 1.0) == [
        f"{TRAINED} is never perfect even at length 5 (memory span < 5, one seed)."
    ]


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
        f"{TRAINED} stays above 50 % up to length 8.3 (test accuracy, one seed)."
    ]


def test_rows_of_the_train_split_are_not_called_trained_on_where_fresh_ones_were() -> None:
    assert len(answered(rows((0.75, 0.5), train=0.875, rows="fresh"))) == 1


def test_each_of_a_few_settings_speaks() -> None:
    few = [row for rate in (1.0, 2.0) for row in rows((rate / 4, 0.1), lr=rate)]
    assert answered(few) == [
        "The SRN (lr 1), trained anew at each length, is below 50 % even at length 5 (memory span < 5, one seed).",
        "The SRN (lr 2), trained anew at each length, stays above 50 % up to length 5 (one seed).",
    ]


def test_of_many_settings_the_highest_is_picked_afterwards() -> None:
    many = [row for rate in range(1, 8) for row in rows((rate / 8, 0.1), lr=float(rate))]
    assert answered(many) == [
        "Highest of 7 settings, picked afterwards, so its value is optimistic until it is trained with other "
        "seeds: the SRN (lr 7), trained anew at each length, stays above 50 % up to length 7.4 (one seed).",
        "Without intervals, its lead over the others may be chance.",
    ]


def test_intervals_that_overlap_with_the_highest_are_counted() -> None:
    seeds = np.linspace(-0.1, 0.1, 10)
    by_rate = {rate: 0.5 + 0.02 * rate for rate in range(1, 5)} | {5: 0.9}
    many = [
        trial_row(seed, mean + shift, lr=float(rate))
        for rate, mean in by_rate.items()
        for seed, shift in enumerate(seeds)
    ]
    assert answered(many) == [
        "Highest of 5 settings, picked afterwards, so its value is optimistic until it is trained with other "
        "seeds: the SRN (lr 5) gets 90.0 % [82.2, 97.8] of all possible rows of length 5 right (median of 10 seeds, 95 "
        "% interval in brackets).",
    ]
    close = [row for row in many if row.setting.train.lr != 5] + [
        trial_row(seed, 0.585 + shift, lr=9.0) for seed, shift in enumerate(seeds)
    ]
    assert "the SRN (lr 9) gets 58.5 %" in answered(close)[0]
    assert answered(close)[1:] == ["Its interval overlaps with those of 4 of the other 4 settings."]


def test_ties_are_named_as_ties() -> None:
    many = [row for rate in range(1, 7) for row in rows((1.0, 0.9 if rate > 2 else 0.1), lr=float(rate))]
    assert answered(many) == [
        "4 of 6 settings tie for the longest memory span at 50 %, ≥ 10: the SRN (lr 3); the SRN (lr 4); the SRN "
        "(lr 5); the SRN (lr 6)."
    ]
    assert answered([row for row in many if row.length == 5]) == [
        "All 6 settings tie for the highest accuracy at length 5, 100.0 %."
    ]
    assert answered([trial_row(0, 0.5 if rate else 0.1, lr=float(rate)) for rate in range(7)]) == [
        "6 of 7 settings tie for the highest accuracy at length 5, 50.0 %: the SRN (lr 1); the SRN (lr 2); the SRN "
        "(lr 3); the SRN (lr 4) and 2 more."
    ]


def test_data_seeds_do_not_compete() -> None:
    of_five_data_sets = [row for data in range(5) for row in rows((0.75, 0.25 + data / 100), data_seed=data)]
    assert answered(of_five_data_sets) == [
        "Over 5 data sets, the memory span of the SRN (impl manual) at 50 % is 7.5 to 7.7 (one seed on each data set)."
    ]
    both = [
        row
        for rate in range(1, 6)
        for data in range(2)
        for row in rows((rate / 6, 0.1 + data / 100), lr=float(rate), data_seed=data)
    ]
    assert answered(both)[0] == (
        "Highest of 5 settings, picked afterwards, so its value is optimistic until it is trained with other "
        "seeds: over 2 data sets, the memory span of the SRN (lr 5) at 50 % is 7.3 to 7.3 (one seed on each data set)."
    )


def test_a_setting_that_is_lost_on_every_data_set_is_told() -> None:
    kept = [row for data in range(3) for row in rows((0.75, 0.25), lr=0.1, data_seed=data)]
    lost = [
        trial_row(seed, None, length=length, status="diverged", lr=10.0, data_seed=data)
        for data in range(3)
        for seed in range(2)
        for length in (5, 10)
    ]
    over = "Over 3 data sets, the memory span of the SRN (lr 0.1) at 50 % is 7.5 to 7.5 (one seed on each data set)."
    none = (
        "The SRN (lr 10) has no memory span on any of 3 data sets, since no seed was trained successfully at every "
        "length."
    )
    assert answered(kept + lost) == [over, none]
    assert none in answered(lost + lost_at_other_rate(lost))
    assert answered([row for row in kept + lost if row.length == 5])[1] == (
        "The SRN (lr 10) has no accuracy on any of 3 data sets, since no training was successful."
    )


def lost_at_other_rate(lost: list[TrialRow]) -> list[TrialRow]:
    train = lost[0].setting.train.model_copy(update={"lr": 20.0})
    return [replace(row, setting=replace(row.setting, train=train)) for row in lost]


def test_data_sets_on_which_a_setting_is_lost_are_told_and_their_seeds_do_not_count() -> None:
    kept = [row for data in (1, 2, 3, 4) for row in rows((0.75, 0.25), (0.75, 0.25), data_seed=data)]
    lost = [
        trial_row(seed, None, length=length, status="diverged", data_seed=0) for seed in (0, 1) for length in (5, 10)
    ]
    assert answered(lost + kept) == [
        "Over 4 of 5 data sets, the memory span of the SRN (impl manual) at 50 % is 7.5 to 7.5 (median of 2 seeds on "
        "each data set)."
    ]
    fewer = [row for row in kept if (row.setting.data_seed, row.seed) != (4, 1)]
    assert "(median of 1 to 2 seeds on each data set)" in answered(lost + fewer)[0]


def test_of_many_settings_those_that_are_lost_are_told() -> None:
    kept = [row for rate in range(1, 5) for row in rows((rate / 8, 0.1), lr=float(rate))]
    lost = [
        trial_row(0, None, length=length, status="diverged", lr=float(rate)) for rate in (7, 8) for length in (5, 10)
    ]
    said = answered(kept + lost, 0.2, 0.4)
    assert ["no memory span" in sentence for sentence in said] == [False, False, False, True]
    assert said[-1] == (
        "2 of 6 settings have no memory span, since no seed was trained successfully at every length: the SRN (lr 7); "
        "the SRN (lr 8)."
    )
    assert answered([row for row in kept + lost[:2] if row.length == 5])[-1] == (
        "1 of 5 settings has no accuracy, since no training was successful: the SRN (lr 7)."
    )


def test_settings_none_of_which_was_trained_successfully_have_no_highest() -> None:
    lost = [
        trial_row(0, None, length=length, status="diverged", lr=float(rate)) for rate in range(5) for length in (5, 10)
    ]
    assert answered(lost) == ["None of 5 settings was trained successfully at every length."]


def test_seeds_that_fall_into_two_groups_are_told() -> None:
    two_humped = [(1.0, value) for value in (0.1, 0.12, 0.95, 0.96, 0.97, 0.98, 0.99)]
    assert answered(rows(*two_humped), 0.9) == [
        f"{TRAINED} stays above 90 % at every length up to 10 (memory span ≥ 10 [5, ≥ 10], median of 7 seeds, 95 % "
        "interval in brackets).",
        "At length 10, 5 of 7 seeds reach 90 % [29, 96] (exact accuracy, 95 % intervals in brackets).",
        "At length 10, the seeds fall into two groups: 2 of 7 from 10.0 % to 12.0 %, 5 from 95.0 % to 99.0 %; a mean "
        "would describe neither.",
    ]


def test_trainings_that_have_not_ended_are_told_and_their_lengths_count() -> None:
    trials = plan_trials(settings_of("data.lengths=5,4", "sweep.train.seed=0,1")).trials
    ended = rows((0.25,), (0.25,), lengths=(5,))
    analysis = analyse(ended, {}, (0.5,), trials)
    assert analysis.missing == 2
    assert analysis.answer == [
        "No seed of the SRN (impl manual) was trained at every length, so there is no memory span.",
        "At length 5, 0 of 2 seeds reach 50 % (exact accuracy).",
        "This is not final: 2 trainings have not finished yet.",
    ]


AT_REST = StateDynamics(
    projections=np.zeros((5, 100, 2)),
    explained=1.0,
    movement={2: 1.0, 999: 1e-9},
    groups=19,
    jacobian_radii=np.full(100, 0.25),
    displacement={0: 1.5, 200: 0.125},
    answer_distance=2.0,
    returned=1.0,
)


def diagnosed(
    trial: Trial, first: float, second: float, exact: float, dynamics: StateDynamics = AT_REST
) -> DiagnosedTrial:
    length = trial.length
    return DiagnosedTrial(
        trial,
        Diagnosis(
            length,
            AccuracyKind.EXACT,
            gradient_by_lag_start=np.linspace(1.0, 0.01, length),
            gradient_by_lag_kept=np.ones(length),
            digit_gradient_by_lag_start=np.linspace(1.0, 0.01, length),
            digit_gradient_by_lag_kept=np.ones(length),
            spectral_radius_start=1.0,
            spectral_radius_kept=1.5,
            first_digit_probe=0.5,
            second_digit_probe=0.5,
            label_probe=1.0,
            label_probe_accuracy=1.0,
            first_digit_slope=first,
            second_digit_slope=second,
            accuracy_by_distractor=np.ones((length - 2, 10)),
            confusion=np.eye(19, dtype=np.int64),
            dynamics=dynamics,
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
        "At length 5, the states come to rest while only zeros follow: after 1,000 digits, the pairs of first digits "
        "end in 19 different states (spectral radius of the Jacobian 0.25).",
        "At length 5, a distractor moves a state by 1.5; 200 zeros later it is 0.12 away from where it would be "
        "without it, and the nearest state of another answer is 2.0 away.",
    ]


def test_states_that_keep_moving_differ_from_those_that_grow(trial: Trial) -> None:
    moving = replace(AT_REST, movement={2: 1.0, 999: 0.004}, groups=90, jacobian_radii=np.ones(100))
    assert reasons([diagnosed(trial, 1, 1, 1, moving)])[2] == (
        "At length 5, the states keep moving while only zeros follow: after 1,000 digits still 0.0040 per digit, in 90 "
        "different states (spectral radius of the Jacobian 1.0)."
    )
    forgetting = replace(AT_REST, groups=1, displacement={0: 1.5, 200: 0.0}, answer_distance=0.0)
    assert reasons([diagnosed(trial, 1, 1, 1, forgetting)])[2:] == [
        "At length 5, the states come to rest while only zeros follow: after 1,000 digits, the pairs of first digits "
        "end in a single state (spectral radius of the Jacobian 0.25).",
        "At length 5, a distractor moves a state by 1.5; 200 zeros later it is 0 away from where it would be without "
        "it, and most answers share their state with another by then.",
    ]
    growing = replace(AT_REST, movement={2: 1.0, 999: math.inf}, groups=math.nan)
    assert reasons([diagnosed(trial, 1, 1, 1, growing)])[2:] == [
        "At length 5, the states grow without limit while only zeros follow."
    ]
    seeds = [with_train(trial, seed=seed) for seed in range(3)]
    mostly_at_rest = [diagnosed(each, 1, 1, 1, growing if each.seed == 0 else AT_REST) for each in seeds]
    assert reasons(mostly_at_rest)[2:] == reasons([diagnosed(trial, 1, 1, 1)])[2:]


def test_each_setting_has_its_reasons(trial: Trial) -> None:
    said = reasons([diagnosed(trial, 1, 1, 1), diagnosed(with_train(trial, lr=0.5), 0, 0, 0.1)])
    assert [sentence.split(",")[0] for sentence in said] == [
        *["At length 5 (lr 0.001)"] * 4,
        *["At length 5 (lr 0.5)"] * 4,
    ]
