"""Settings: the book's defaults, what is refused and how, what takes precedence, axes, and writing them out."""

import re
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.errors import InputError
from digitsum_cli.settings import Settings, parse_assignment, resolve_settings
from digitsum_cli.settings.schema import leaf_keys
from tests.settings_text import PASSES, RATE, ROWS, SEED, file_refusal, from_file, from_set, set_refusal

BOOK_SETTINGS = {
    "data": {
        "task": "digit-sum",
        "lengths": (5, 10, 15, 20, 25, 30, 35),
        "k": {"train": 3, "eval": 1, "test": 1},
        "seed": 0,
        "rows": "fixed",
        "distractors": 1,
        "scoring_rows": 100_000,
        "dir": None,
    },
    "model": {
        "cell": "srn",
        "impl": "manual",
        "embedding_size": 32,
        "hidden_size": 32,
        "activation": "tanh",
        "init": "book",
        "input_scale": 1.0,
        "recurrent_scale": 1.0,
        "forget_bias": None,
        "options": {},
    },
    "train": {
        "epochs": 500,
        "batch_size": 8,
        "lr": 0.001,
        "optimizer": "adam",
        "lr_schedule": "constant",
        "curriculum": "none",
        "curriculum_start": 3,
        "curriculum_share": 0.5,
        "weight_decay": 0.0,
        "clip_norm": None,
        "loss": "mean",
        "shuffle": False,
        "patience": None,
        "start_from": None,
        "seed": 0,
        "log_every": 100,
        "eval_every": 100,
        "record_gradients": False,
        "device": "cpu",
    },
    "sweep": {},
}


def nested(key: str, value: str) -> str:
    """The YAML that gives ``value`` to a dotted key; the key stands on the last line."""
    parts = key.split(".")
    lines = [f"{'  ' * depth}{part}:" for depth, part in enumerate(parts)]
    return "\n".join(lines) + f" {value}\n"


def test_the_defaults_are_the_books() -> None:
    assert resolve_settings().model_dump() == BOOK_SETTINGS


def test_an_empty_file_is_the_books_settings(tmp_path: Path) -> None:
    assert from_file(tmp_path, "") == Settings()


LENGTHS = "3 to 10000, as 5,10,20 or 5..35 (in steps of 5) or 5..35..10"
UNITS = "a whole number from 1 to 4096"
BATCH = "rows, a whole number from 1 to 1000000"
STEPS = "a whole number from 1 to 1000000000"
DIGITS = "digits, a whole number from 3 to 10000"
MODEL_KEYS = (
    "cell, impl, embedding_size, hidden_size, activation, init, input_scale, recurrent_scale, forget_bias, options"
)
TRAIN_KEYS = (
    "epochs, batch_size, lr, optimizer, lr_schedule, curriculum, curriculum_start, curriculum_share, weight_decay, "
    "clip_norm, loss, shuffle, patience, start_from, seed, log_every, eval_every, record_gradients, device"
)
FORGET_BIAS = "null, a number such as 1, or chrono"
CLIP = "null for none, or a number above 0 and up to 1e+37, such as 5"
EARLY_STOP = "null to disable, or evaluations without a better eval accuracy, such as 20"

BAD_VALUES = [
    ("data.lengths", "2", LENGTHS),
    ("data.lengths", "0", LENGTHS),
    ("data.lengths", "-5", LENGTHS),
    ("data.lengths", "10001", LENGTHS),
    ("data.lengths", "2..10", LENGTHS),
    ("data.lengths", "35..5", LENGTHS),
    ("data.lengths", "5..35..0", LENGTHS),
    ("data.lengths", "5,5", LENGTHS),
    ("data.lengths", "[5, 5..10]", LENGTHS),
    ("data.lengths", "5..", LENGTHS),
    ("data.lengths", "five", LENGTHS),
    ("data.lengths", "5.0", LENGTHS),
    ("data.lengths", "1e1", LENGTHS),
    ("data.lengths", "true", LENGTHS),
    ("data.lengths", "null", LENGTHS),
    ("data.lengths", "''", LENGTHS),
    ("data.lengths", "[]", LENGTHS),
    ("data.lengths", "[[5]]", LENGTHS),
    ("data.lengths", "{a: 5}", LENGTHS),
    ("data.lengths", "0..999999999999", LENGTHS),
    ("data.k.train", "0", ROWS),
    ("data.k.eval", "-1", ROWS),
    ("data.k.test", "10001", ROWS),
    ("data.k.train", "'3'", ROWS),
    ("data.k.train", "1.5", ROWS),
    ("data.k.train", "3.0", ROWS),
    ("data.k.train", "true", ROWS),
    ("data.k.train", "null", ROWS),
    ("data.k.train", "[3]", ROWS),
    ("data.k.train", "three", ROWS),
    ("data.k", "3", "train, eval, test"),
    ("data.k", "null", "train, eval, test"),
    ("data.k", "[3, 1, 1]", "train, eval, test"),
    ("data.seed", "-1", SEED),
    ("data.seed", "4294967296", SEED),
    ("data.seed", "0.5", SEED),
    ("data.dir", "''", "a folder"),
    ("data.dir", "5", "a folder"),
    ("data.dir", "[datasets]", "a folder"),
    ("model.cell", "rnn", "srn, lstm, gru"),
    ("model.cell", "SRN", "srn, lstm, gru"),
    ("model.cell", "null", "srn, lstm, gru"),
    ("model.impl", "tensorflow", "manual, torch"),
    ("model.impl", "''", "manual, torch"),
    ("model.impl", "true", "manual, torch"),
    ("model.impl", "[manual, torch]", "manual, torch"),
    ("model.init", "xavier", "book"),
    ("model.embedding_size", "0", UNITS),
    ("model.embedding_size", "4097", UNITS),
    ("model.hidden_size", "-32", UNITS),
    ("model.hidden_size", "32.0", UNITS),
    ("model", "null", MODEL_KEYS),
    ("train.epochs", "0", PASSES),
    ("train.epochs", "-1", PASSES),
    ("train.epochs", "1000001", PASSES),
    ("train.epochs", "1e3", PASSES),
    ("train.epochs", "'500'", PASSES),
    ("train.epochs", "yes", PASSES),
    ("train.epochs", "true", PASSES),
    ("train.epochs", "9" * 50, PASSES),
    ("train.batch_size", "0", BATCH),
    ("train.batch_size", "1000001", BATCH),
    ("train.lr", "0", RATE),
    ("train.lr", "-0.001", RATE),
    ("train.lr", ".nan", RATE),
    ("train.lr", ".inf", RATE),
    ("train.lr", "1e999", RATE),
    ("train.lr", "9" * 400, RATE),
    ("train.lr", "'0.001'", RATE),
    ("train.lr", "nan", RATE),
    ("train.lr", "fast", RATE),
    ("train.lr", "true", RATE),
    ("train.lr", "null", RATE),
    ("train.lr", "[0.1, 0.2]", RATE),
    ("train.lr", "{a: 1}", RATE),
    ("train.seed", "-1", SEED),
    ("train.log_every", "0", STEPS),
    ("train.eval_every", "0", STEPS),
    ("train.eval_every", "1000000001", STEPS),
    ("train.device", "gpu", "cpu, cuda, mps, auto"),
    ("train.device", "null", "cpu, cuda, mps, auto"),
    ("data.task", "sum", "digit-sum"),
    ("data.rows", "new", "fixed, fresh"),
    ("model.activation", "sigmoid", "tanh, relu"),
    ("model.recurrent_scale", "0", "a number above 0 and up to 1e+37, such as 1"),
    ("model.forget_bias", "much", FORGET_BIAS),
    ("model.forget_bias", "true", FORGET_BIAS),
    ("model.forget_bias", "[1]", FORGET_BIAS),
    ("model.forget_bias", ".inf", FORGET_BIAS),
    ("train.optimizer", "adamw", "adam, sgd"),
    ("train.lr_schedule", "step", "constant, cosine"),
    ("train.curriculum", "falling", "none, uniform, growing"),
    ("train.curriculum_start", "0", DIGITS),
    ("train.curriculum_start", "2.5", DIGITS),
    ("train.curriculum_start", "x", DIGITS),
    ("train.curriculum_start", "10001", DIGITS),
    ("train.curriculum_share", "0", "a number above 0 and up to 1, such as 0.5"),
    ("train.curriculum_share", "1.5", "a number above 0 and up to 1, such as 0.5"),
    ("train.weight_decay", "-1", "a number from 0 to 1e+37, such as 1e-4"),
    ("train.clip_norm", "0", CLIP),
    ("train.clip_norm", "none", CLIP),
    ("train.clip_norm", "true", CLIP),
    ("train.loss", "max", "mean, sum"),
    ("train.shuffle", "1", "true or false"),
    ("train.shuffle", "yes", "true or false"),
    ("train.patience", "0", EARLY_STOP),
    ("train.patience", "1.5", EARLY_STOP),
    ("train.record_gradients", "5", "true or false"),
    ("train", "null", TRAIN_KEYS),
    ("train", "5", TRAIN_KEYS),
    ("sweep", "5", "axes such as train.seed: 0..9"),
    ("sweep", "[train.seed]", "axes such as train.seed: 0..9"),
]


@pytest.mark.parametrize(("key", "value", "allowed"), BAD_VALUES)
def test_a_bad_value_is_an_error_with_its_line_or_what_was_typed_its_key_and_what_is_allowed(
    key: str, value: str, allowed: str, tmp_path: Path
) -> None:
    in_file = f"{tmp_path / 'a.yaml'}:{len(key.split('.'))}: "
    after_set = f"--set {key}={value}: "
    messages = {in_file: file_refusal(tmp_path, nested(key, value)), after_set: set_refusal(f"{key}={value}")}
    for origin, message in messages.items():
        assert message.startswith(origin)
        assert key in message.removeprefix(origin)
        assert allowed in message.partition("; allowed: ")[2]


@pytest.mark.parametrize("key", leaf_keys())
def test_every_key_has_words_for_what_is_allowed(key: str) -> None:
    assert leaf_keys()[key].description
    of_another_type = "{a: {}}" if key in ("sweep", "model.options") else "{a: 1}"
    assert set_refusal(f"{key}={of_another_type}").partition("; allowed: ")[2]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("train.lr=-0.001", "train.lr is -0.001"),
        ("data.lengths=2", "the length 2 is too short"),
        ("data.lengths=35..5", "35..5 runs backwards; write 5..35"),
        ("data.lengths=[5, 7, 9, 7]", "the length 7 is given twice"),
        ("data.lengths=true", "True is not a length"),
        ("model.impl=tensorflow", "there is no implementation 'tensorflow'"),
        ("model.cell=rnn", "there is no cell 'rnn'"),
        ("train.device=gpu", "there is no device 'gpu'"),
        ("model.forget_bias=1e39", "1e+39 is not between -1e+37 and 1e+37"),
        ("model.forget_bias=-1e39", "-1e+39 is not between"),
        ("train.clip_norm=1e39", "train.clip_norm is 1e+39"),
        ("model.cell=srn,lstm", "To sweep over several values, set sweep.model.cell=srn,lstm"),
        ("train.lr=[0.001, 0.01]", "To sweep over several values, set sweep.train.lr=0.001,0.01"),
        ("train.seed=0..9", "To sweep over several values, set sweep.train.seed=0..9"),
    ],
)
def test_an_error_repeats_the_offending_value(key: str, shown: str) -> None:
    assert shown in set_refusal(key)


def test_an_error_stands_at_the_line_of_the_innermost_key_given(tmp_path: Path) -> None:
    text = "# a comment\ndata:\n  seed: 1\n\ntrain:\n  epochs: 3\n  lr: 0\n"
    assert file_refusal(tmp_path, text).startswith(f"{tmp_path / 'a.yaml'}:7: ")


def test_a_bad_value_after_set_is_not_blamed_on_the_file_it_overrides(tmp_path: Path) -> None:
    assert file_refusal(tmp_path, "train:\n  lr: 0.1\n", "train.lr=0").startswith("--set train.lr=0: ")


def test_a_bad_section_after_set_is_not_blamed_on_the_file_it_overrides(tmp_path: Path) -> None:
    message = file_refusal(tmp_path, "data:\n  k:\n    train: 3\n", "data.k={train: 0}")
    assert message.startswith("--set data.k={train: 0}: data.k.train is 0")


def test_a_bad_value_in_a_file_is_not_blamed_on_set(tmp_path: Path) -> None:
    assert file_refusal(tmp_path, "train:\n  lr: 0\n", "train.epochs=3").startswith(f"{tmp_path / 'a.yaml'}:2: ")


def test_a_bad_value_in_a_file_that_set_overrides_is_no_error(tmp_path: Path) -> None:
    assert from_file(tmp_path, "train:\n  lr: 0\n", "train.lr=0.1").train.lr == 0.1


@pytest.mark.parametrize(
    ("key", "known", "meant"),
    [
        ("modle", "data, model, train, sweep", "model"),
        ("traim.lr", "data, model, train, sweep", "train"),
        ("train.learning_rat", "epochs, batch_size, lr", None),
        ("train.epoch", "epochs, batch_size, lr", "epochs"),
        ("train.batchsize", "epochs, batch_size, lr", "batch_size"),
        ("model.hiden_size", MODEL_KEYS, "hidden_size"),
        ("data.length", "task, rows, distractors, scoring_rows, lengths, k, seed, dir", "lengths"),
        ("data.k.trian", "train, eval, test", "train"),
        ("data.k.dev", "train, eval, test", None),
        ("zzz", "data, model, train, sweep", None),
    ],
)
def test_an_unknown_key_is_an_error_with_the_known_ones_and_a_suggestion(
    key: str, known: str, meant: str | None, tmp_path: Path
) -> None:
    in_file = file_refusal(tmp_path, nested(key, "5"))
    after_set = set_refusal(f"{key}=5")
    assert in_file.startswith(f"{tmp_path / 'a.yaml'}:")
    assert after_set.startswith(f"--set {key}=5: ")
    for message in (in_file, after_set):
        assert "unknown key" in message
        assert known in message
        assert ("Did you mean" in message) == (meant is not None)
        assert meant is None or message.endswith(f"Did you mean {meant!r}?")


def test_an_unknown_key_names_its_own_line(tmp_path: Path) -> None:
    message = file_refusal(tmp_path, "train:\n  lr: 0.1\n  epoch: 5\n")
    assert message.startswith(f"{tmp_path / 'a.yaml'}:3: unknown key 'train.epoch'")


@pytest.mark.parametrize("assignment", ["train.lr", "", "=5", " =5", "train.lr 5"])
def test_what_is_not_key_equals_value_is_an_error_with_an_example(assignment: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_assignment(assignment)
    assert str(caught.value).startswith(f"--set {assignment}: ")
    assert "--set train.lr=0.003" in str(caught.value)


def test_a_value_after_set_may_have_equals_signs() -> None:
    assert from_set("data.dir=a=b").data.dir == "a=b"


def test_a_value_inside_a_value_is_an_error(tmp_path: Path) -> None:
    assert "train.lr" in file_refusal(tmp_path, "train:\n  lr: 0.1\n", "train.lr.x=5")


@pytest.mark.parametrize("text", ["data: {lengths: 3..10000..1}", "data: {lengths: 9000..10000, k: {train: 10000}}"])
def test_data_that_do_not_fit_in_memory_are_an_error_with_the_line(text: str, tmp_path: Path) -> None:
    message = file_refusal(tmp_path, text)
    assert message.startswith(f"{tmp_path / 'a.yaml'}:1: data: ")
    assert "100,000,000" in message


def test_axes_whose_combination_does_not_fit_in_memory_are_an_error() -> None:
    each_fits = ["data.lengths=5..20", "data.k.train=10000"]
    from_set(*each_fits)
    assert "100,000,000" in set_refusal(
        "data.lengths=5..20", "sweep.data.k.train=[1, 10000]", "sweep.data.k.eval=[1, 10000]"
    )


def test_a_file_takes_precedence_over_the_defaults(tmp_path: Path) -> None:
    resolved = from_file(tmp_path, "train:\n  lr: 0.1\ndata:\n  k: {eval: 4}\n")
    assert resolved == Settings().with_values({"train.lr": 0.1, "data.k.eval": 4})


def test_set_takes_precedence_over_the_file(tmp_path: Path) -> None:
    resolved = from_file(tmp_path, "train:\n  lr: 0.1\n  epochs: 7\n", "train.lr=0.2")
    assert (resolved.train.lr, resolved.train.epochs) == (0.2, 7)


def test_a_later_set_takes_precedence_over_an_earlier_one() -> None:
    assert from_set("train.lr=0.1", "train.lr=0.2").train.lr == 0.2


def test_a_section_after_set_changes_only_the_keys_it_has(tmp_path: Path) -> None:
    resolved = from_file(tmp_path, "data:\n  k: {train: 9, eval: 9}\n", "data.k={test: 2}")
    assert resolved.data.k.model_dump() == {"train": 9, "eval": 9, "test": 2}


def test_a_preset_stands_in_for_the_file() -> None:
    preset: dict[str, dict[str, Any]] = {"data": {"lengths": [5]}, "train": {"epochs": 3}}
    resolved = resolve_settings(overrides=[parse_assignment("train.epochs=4")], preset=preset)
    assert resolved == Settings().with_values({"data.lengths": (5,), "train.epochs": 4})


def test_a_preset_gives_way_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("train: {lr: 0.1}")
    assert resolve_settings(path, preset={"train": {"epochs": 3}}) == Settings().with_values({"train.lr": 0.1})


def test_a_preset_is_not_changed() -> None:
    preset: dict[str, dict[str, Any]] = {"train": {"epochs": 3}, "sweep": {"train.seed": "0..3"}}
    resolve_settings(overrides=[parse_assignment("train.epochs=4"), parse_assignment("train.seed=4")], preset=preset)
    assert preset == {"train": {"epochs": 3}, "sweep": {"train.seed": "0..3"}}


@pytest.mark.parametrize(
    ("value", "lengths"),
    [
        ("5..35", (5, 10, 15, 20, 25, 30, 35)),
        ("5..35..10", (5, 15, 25, 35)),
        ("5,10,20", (5, 10, 20)),
        ("20,5", (20, 5)),
        ("[5, 10]", (5, 10)),
        ("[5, '6..8..1', 20..25]", (5, 6, 7, 8, 20, 25)),
        ("10", (10,)),
        ("3", (3,)),
        ("10000", (10_000,)),
    ],
)
def test_lengths_are_numbers_lists_and_ranges_in_steps_of_5(value: str, lengths: tuple[int, ...]) -> None:
    assert from_set(f"data.lengths={value}").data.lengths == lengths


def test_a_whole_number_is_a_learning_rate() -> None:
    rate = from_set("train.lr=1").train.lr
    assert (rate, type(rate)) == (1.0, float)


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (
            ("model.cell=lstm", "model.activation=relu"),
            "--set model.activation=relu: the LSTM has the activation tanh, not relu; allowed: relu with the cell",
        ),
        (
            ("sweep.model.cell=srn,gru", "model.init=identity"),
            r"--set model.init=identity: the initialisation identity is only for cells without gates.* Use a "
            "separate sweep",
        ),
        (("sweep.model.forget_bias=null,1",), "--set sweep.model.forget_bias=null,1: the SRN has no forget gate"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(assignments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError) as raised:
        from_set(*assignments)
    assert re.search(message, " ".join(str(raised.value).split())), str(raised.value)


def test_base_that_no_trial_has_need_not_fit() -> None:
    resolved = from_set("model.forget_bias=1", "sweep.model.cell=lstm")
    assert resolved.sweep == {"model.cell": ("lstm",)}


def test_line_of_a_misfit_is_named(tmp_path: Path) -> None:
    config = tmp_path / "a.yaml"
    config.write_text("model:\n  cell: gru\n  activation: relu\n")
    with pytest.raises(InputError, match=r"a.yaml:3"):
        resolve_settings(config)
