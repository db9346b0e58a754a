"""Answers, walkthroughs and diagnoses against every row run through the classifier."""

import json
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from digitsum_cli.core import DigitSumClassifier, DigitSumDataset, Runner, TorchSRN, build_classifier, generate_datasets
from digitsum_cli.core.exact import exact_score
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.diagnostics.answers import Answers
from digitsum_cli.diagnostics.diagnosis import Diagnosis, diagnose
from digitsum_cli.diagnostics.gradient_by_lag import gradient_norms_by_lag
from digitsum_cli.diagnostics.linear_probe import linear_probe
from digitsum_cli.diagnostics.reading import read_every_draw
from digitsum_cli.diagnostics.spectral_radius import spectral_radius
from digitsum_cli.diagnostics.state_dynamics import state_dynamics
from digitsum_cli.diagnostics.walkthrough import parse_sequence, walk_through
from digitsum_cli.errors import InputError
from tests.draws import every_draw

IMPLEMENTATIONS = pytest.mark.parametrize("impl", ["manual", "torch"])


@cache
def trained(impl: str) -> DigitSumClassifier:
    """A classifier that has begun to learn: some answers are right, and the distractor still misleads it."""
    model = build_classifier("srn", impl, seed=3)
    data = generate_datasets([4])[4]
    Runner(model, torch.optim.Adam(model.parameters(), lr=0.005)).train(data.train, data.eval, epochs=10)
    return model


def small(impl: str, seed: int = 0) -> DigitSumClassifier:
    return build_classifier("srn", impl, embedding_size=4, hidden_size=5, seed=seed)


def recurrent_weights(model: DigitSumClassifier) -> Tensor:
    return model.rnn_model.equation_tensors(lambda parameter: parameter.detach())["U"]


@IMPLEMENTATIONS
@pytest.mark.parametrize("length", [3, 4, 6])
@pytest.mark.slow
def test_answers_equal_every_draw_run_through_the_classifier(impl: str, length: int) -> None:
    model = trained(impl)
    answers = read_every_draw(model, length).answers[length]
    draws = DigitSumDataset(every_draw(length))
    digits, labels = draws.digits, draws.labels
    predictions = Runner(model).predict(digits).argmax(dim=1)
    assert answers.predictions.dtype == np.int8
    assert answers.predictions.shape == (10, 10, length - 2, 10)
    assert np.array_equal(answers.predictions.ravel(), predictions.numpy())
    assert np.array_equal(answers.labels.ravel(), labels.numpy())

    accuracy = (predictions == labels).double().mean().item()
    assert 0.01 < accuracy < 0.99, "the case must have right and wrong answers"
    assert answers.accuracy == pytest.approx(accuracy, rel=1e-12)
    assert answers.accuracy == exact_score(model, length).accuracy


@IMPLEMENTATIONS
@pytest.mark.parametrize("length", [3, 4, 6])
@pytest.mark.slow
def test_accuracy_by_distractor_counts_pairs_of_one_position_and_value(impl: str, length: int) -> None:
    model = trained(impl)
    accuracy = read_every_draw(model, length).answers[length].by_distractor
    assert accuracy.shape == (length - 2, 10)
    runner = Runner(model)
    for position in range(length - 2):
        for value in range(10):
            rows = torch.zeros(100, length, dtype=torch.int64)
            rows[:, :2] = torch.cartesian_prod(torch.arange(10), torch.arange(10))
            rows[:, 2 + position] = value
            right = runner.predict(rows).argmax(dim=1) == rows[:, 0] + rows[:, 1]
            assert accuracy[position, value] == pytest.approx(int(right.sum()) / 100)
    assert len(np.unique(accuracy)) > 1, "the case must tell the distractors apart"


@IMPLEMENTATIONS
@pytest.mark.parametrize("length", [3, 4, 6])
def test_digit_slopes_are_those_of_the_least_squares_plane(impl: str, length: int) -> None:
    answers = read_every_draw(trained(impl), length).answers[length]
    draws = every_draw(length)
    columns = np.column_stack([draws.digits[:, 0], draws.digits[:, 1], np.ones(len(draws))])
    (first, second, _), *_ = np.linalg.lstsq(columns, answers.predictions.ravel().astype(float))
    assert answers.digit_slopes == pytest.approx((first, second), abs=1e-12)


def test_right_answers_have_slopes_of_one_and_a_constant_answer_of_zero() -> None:
    right = Answers(5, np.broadcast_to(np.add.outer(range(10), range(10))[:, :, None, None], (10, 10, 3, 10)))
    assert right.digit_slopes == pytest.approx((1, 1))
    assert Answers(5, np.full((10, 10, 3, 10), 9, np.int8)).digit_slopes == pytest.approx((0, 0))


@IMPLEMENTATIONS
@pytest.mark.parametrize("length", [3, 4, 6])
def test_confusion_counts_draws_by_label_and_answer(impl: str, length: int) -> None:
    model = trained(impl)
    counted = np.zeros((19, 19), dtype=int)
    draws = DigitSumDataset(every_draw(length))
    digits, labels = draws.digits, draws.labels
    for label, answer in zip(labels, Runner(model).predict(digits).argmax(dim=1), strict=True):
        counted[label, answer] += 1
    assert np.array_equal(read_every_draw(model, length).answers[length].confusion, counted)


@IMPLEMENTATIONS
@pytest.mark.parametrize("length", [3, 6])
def test_last_states_are_those_of_every_draw(impl: str, length: int) -> None:
    model = trained(impl)
    digits = DigitSumDataset(every_draw(length)).digits
    with torch.no_grad():
        states = model.rnn_model(model.embedding(digits)).numpy()
    last_states = read_every_draw(model, length, [3, 4, 8]).last_states
    assert last_states.shape == (10, 10, length - 2, 10, 32)
    assert np.allclose(last_states.reshape(-1, 32), states, atol=1e-6)


def test_answers_of_a_length_do_not_depend_on_the_others_asked() -> None:
    model = trained("manual")
    together = read_every_draw(model, 5, [9, 3, 6, 3])
    assert list(together.answers) == [3, 5, 6, 9]
    for length, answers in together.answers.items():
        alone = read_every_draw(model, length)
        assert answers.length == length
        assert np.array_equal(answers.predictions, alone.answers[length].predictions)
    assert np.array_equal(together.last_states, read_every_draw(model, 5).last_states)


@pytest.mark.parametrize(("length", "others"), [(2, [4]), (4, [5, 2])])
def test_length_without_room_for_the_distractor_is_refused(length: int, others: list[int]) -> None:
    with pytest.raises(InputError, match="length 2 is too short"):
        read_every_draw(small("manual"), length, others)


@IMPLEMENTATIONS
def test_walkthrough_shows_what_the_classifier_does_with_every_beginning(impl: str) -> None:
    model = trained(impl)
    digits = (6, 7, 0, 3, 1, 9)  # the generator has no row with three distractors
    walk = walk_through(model, digits)
    assert walk.digits == digits
    assert walk.states.shape == (6, 32)
    assert walk.probabilities.shape == (6, 19)
    runner = Runner(model)
    for length in range(1, 7):
        beginning = torch.tensor([digits[:length]])
        with torch.no_grad():
            state = model.rnn_model(model.embedding(beginning))[0].numpy()
        assert np.allclose(walk.states[length - 1], state, atol=1e-6)
        probabilities = runner.predict(beginning).softmax(dim=1)[0].numpy()
        assert np.allclose(walk.probabilities[length - 1], probabilities, atol=1e-6)
    assert walk.answer == int(runner.predict(torch.tensor([digits])).argmax())
    assert walk.label == 13


def test_walkthrough_of_two_digits_is_allowed() -> None:
    assert walk_through(small("manual"), [9, 9]).label == 18


@pytest.mark.parametrize(
    ("digits", "message"),
    [
        ([], "a sequence of length 0 is too short; allowed: 2 or more"),
        ([6], "a sequence of length 1 is too short; allowed: 2 or more"),
        ([6, 7, 10], "digit 3 of the sequence is 10; allowed: 0-9"),
        ([-1, 7, 0], "digit 1 of the sequence is -1; allowed: 0-9"),
    ],
)
def test_walkthrough_refuses_what_is_not_a_sequence_of_digits(digits: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        walk_through(small("manual"), digits)


@pytest.mark.parametrize(
    "text", ["6 7 0 0 1 0", "670010", "6,7,0,0,1,0", "6, 7, 0, 0, 1, 0", "  6 7  0\t0 1 0\n", "6 ,7 0,0 1 0"]
)
def test_sequences_are_read_with_spaces_commas_or_neither(text: str) -> None:
    assert parse_sequence(text) == (6, 7, 0, 0, 1, 0)


@pytest.mark.parametrize("text", ["", " ", "6 7 x", "67 0 0", "6,,7", "6 7,", "-6 7", "6.7", "６７", "6 7 10"])
def test_other_texts_are_refused_with_what_was_given(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_sequence(text)
    assert str(caught.value).startswith(f"{text!r} is not a sequence of digits; allowed: ")


@IMPLEMENTATIONS
def test_diagnosis_holds_what_each_look_gives(impl: str) -> None:
    at_start, kept = build_classifier("srn", impl, seed=3), trained(impl)
    diagnosis = diagnose(at_start, kept, 4, [6, 3])
    reading = read_every_draw(kept, 4)
    read_out = linear_probe(reading.last_states)
    assert diagnosis.length == 4
    assert np.array_equal(diagnosis.gradient_by_lag_start, gradient_norms_by_lag(at_start, 4).states)
    assert np.array_equal(diagnosis.gradient_by_lag_kept, gradient_norms_by_lag(kept, 4).states)
    assert np.array_equal(diagnosis.digit_gradient_by_lag_start, gradient_norms_by_lag(at_start, 4).digits)
    assert np.array_equal(diagnosis.digit_gradient_by_lag_kept, gradient_norms_by_lag(kept, 4).digits)
    assert diagnosis.spectral_radius_start == spectral_radius(recurrent_weights(at_start))
    assert diagnosis.spectral_radius_kept == spectral_radius(recurrent_weights(kept))
    assert diagnosis.spectral_radius_start != diagnosis.spectral_radius_kept
    assert diagnosis.first_digit_probe == read_out.first_digit
    assert diagnosis.second_digit_probe == read_out.second_digit
    assert diagnosis.label_probe == read_out.label
    assert diagnosis.label_probe_accuracy == read_out.label_accuracy
    assert len(set(vars(read_out).values())) == 4, "the case must tell the read-outs apart"
    assert (diagnosis.first_digit_slope, diagnosis.second_digit_slope) == reading.answers[4].digit_slopes
    assert np.array_equal(diagnosis.accuracy_by_distractor, reading.answers[4].by_distractor)
    assert np.array_equal(diagnosis.confusion, reading.answers[4].confusion)
    assert diagnosis.dynamics is not None
    assert diagnosis.dynamics.to_dict() == state_dynamics(kept, 4).to_dict()
    assert list(diagnosis.accuracy_by_length) == [3, 4, 6]
    for length, accuracy in diagnosis.accuracy_by_length.items():
        assert accuracy == exact_score(kept, length).accuracy


def test_diagnosis_is_json() -> None:
    diagnosis = diagnose(small("manual"), small("manual", seed=1), 4, [3])
    as_dict = diagnosis.to_dict()
    assert json.loads(json.dumps(as_dict, allow_nan=False)) == as_dict
    assert as_dict.keys() == vars(diagnosis).keys()
    assert as_dict["accuracy_by_length"] == {"3": diagnosis.accuracy_by_length[3], "4": diagnosis.accuracy_by_length[4]}
    assert sum(map(sum, as_dict["confusion"])) == 2000


def test_diagnosis_is_read_back_as_it_was() -> None:
    diagnosis = diagnose(small("manual"), small("manual", seed=1), 5, [3, 4])
    again = Diagnosis.from_dict({"trial": "another key", **json.loads(json.dumps(diagnosis.to_dict()))})
    assert vars(again).keys() == vars(diagnosis).keys()
    both = [(getattr(again, name), value) for name, value in vars(diagnosis).items() if name != "dynamics"]
    for found, value in [*both, *zip(vars(again.dynamics).values(), vars(diagnosis.dynamics).values(), strict=True)]:
        np.testing.assert_array_equal(found, value, strict=isinstance(value, np.ndarray))


@pytest.mark.parametrize(
    "change", [{"confusion": [[1, 2]]}, {"gradient_by_lag_kept": None}, {"accuracy_by_length": 3}, {"length": "x"}]
)
def test_what_is_no_diagnosis_is_refused(change: dict[str, object]) -> None:
    as_dict = diagnose(small("manual"), small("manual", seed=1), 4, []).to_dict()
    with pytest.raises((TypeError, ValueError)):
        Diagnosis.from_dict(as_dict | change)
    with pytest.raises(KeyError):
        Diagnosis.from_dict({name: value for name, value in as_dict.items() if name not in change})


def test_diagnosis_leaves_the_models_as_they_are() -> None:
    models = small("manual"), small("torch").eval()
    rnn_model = models[1].rnn_model
    assert isinstance(rnn_model, TorchSRN)
    rnn_model.fix_second_bias_at_zero()  # a parameter that is not trained stays so

    def condition(model: DigitSumClassifier) -> dict[str, tuple[npt.NDArray[np.float32], bool, Tensor | None]]:
        weights = copy_weights(model)
        return {name: (weights[name], p.requires_grad, p.grad) for name, p in model.named_parameters()}

    before = [condition(model) for model in models]
    diagnose(*models, 4, [3])
    for model, earlier in zip(models, before, strict=True):
        for name, (weights, trains, gradient) in condition(model).items():
            assert np.array_equal(weights, earlier[name][0])
            assert trains == earlier[name][1]
            assert gradient is None
    assert [model.training for model in models] == [True, False]
