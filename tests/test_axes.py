"""Axes: what a sweep varies, what of it is refused, and what does not fit together."""

from pathlib import Path

import pytest

from digitsum_cli.settings.schema import AxisValue, axis_keys, leaf_keys
from tests.running import processor_seconds_below
from tests.settings_text import PASSES, RATE, ROWS, SEED, file_refusal, from_file, from_set, set_refusal


@pytest.mark.parametrize(
    ("key", "value", "values"),
    [
        ("train.seed", "0..4", (0, 1, 2, 3, 4)),
        ("train.seed", "0..9..3,20", (0, 3, 6, 9, 20)),
        ("train.seed", "0,5,2", (0, 5, 2)),
        ("train.seed", "[0, 5, 7..9]", (0, 5, 7, 8, 9)),
        ("train.seed", "7", (7,)),
        ("train.lr", "[0.001, 3e-3]", (0.001, 0.003)),
        ("train.lr", "0.001,3e-3", (0.001, 0.003)),
        ("train.lr", "0.001, 1", (0.001, 1.0)),
        ("train.lr", "0.1", (0.1,)),
        ("model.impl", "manual,torch", ("manual", "torch")),
        ("model.impl", "torch, manual", ("torch", "manual")),
        ("model.impl", "[manual, torch]", ("manual", "torch")),
        ("model.hidden_size", "16,32", (16, 32)),
        ("data.k.train", "1..3", (1, 2, 3)),
    ],
)
def test_an_axis_is_a_value_a_list_comma_text_or_for_whole_numbers_a_range(
    key: str, value: str, values: tuple[AxisValue, ...], tmp_path: Path
) -> None:
    assert from_set(f"sweep.{key}={value}").sweep == {key: values}
    assert from_file(tmp_path, f"sweep:\n  {key}: {value}\n").sweep == {key: values}


def test_axes_keep_the_order_given(tmp_path: Path) -> None:
    resolved = from_file(tmp_path, "sweep: {train.seed: '0,1', model.impl: manual}", "sweep.data.seed=0..2")
    assert list(resolved.sweep) == ["train.seed", "model.impl", "data.seed"]


@pytest.mark.parametrize("value", ["null", "{}"])
def test_an_empty_sweep_has_no_axes(value: str, tmp_path: Path) -> None:
    assert from_file(tmp_path, f"sweep: {value}\n").sweep == {}


def test_a_single_value_after_set_takes_the_place_of_an_axis(tmp_path: Path) -> None:
    resolved = from_file(tmp_path, "sweep: {train.seed: 0..9, train.lr: [0.1, 0.2]}", "train.seed=3")
    assert resolved.train.seed == 3
    assert resolved.sweep == {"train.lr": (0.1, 0.2)}


def test_a_single_value_takes_the_place_of_an_axis_set_before_it() -> None:
    resolved = from_set("sweep.train.seed=0..9", "train.seed=3")
    assert (resolved.train.seed, resolved.sweep) == (3, {})


def test_an_axis_after_set_takes_the_place_of_the_files(tmp_path: Path) -> None:
    assert from_file(tmp_path, "sweep: {train.seed: 0..9}", "sweep.train.seed=7,8").sweep == {"train.seed": (7, 8)}


def test_an_axis_leaves_the_single_value_of_its_key_as_it_is() -> None:
    assert from_set("train.seed=3", "sweep.train.seed=0..2").train.seed == 3


@pytest.mark.parametrize(
    ("key", "value", "named", "allowed"),
    [
        ("train.lr", "[0.1, 0]", "train.lr is 0", RATE),
        ("train.lr", "[0.1, .inf]", "train.lr is inf", RATE),
        ("train.lr", "0.1,fast", "train.lr is 'fast'", RATE),
        ("train.lr", "[[0.1]]", "train.lr is [0.1]", RATE),
        ("train.seed", "[0, -1]", "train.seed is -1", SEED),
        ("train.seed", "[0, 0.5]", "train.seed is 0.5", SEED),
        ("train.seed", "[true]", "train.seed is true", SEED),
        ("train.seed", "{a: 1}", "train.seed is {'a': 1}", SEED),
        ("train.epochs", "0..5", "train.epochs is 0", PASSES),
        ("data.k.train", "[1, 0]", "data.k.train is 0", ROWS),
        ("model.impl", "manual,tensorflow", "'tensorflow'", "manual, torch"),
        ("train.device", "[cpu, gpu]", "'gpu'", "cpu, cuda, mps, auto"),
    ],
)
def test_every_value_of_an_axis_is_checked_like_a_single_one(
    key: str, value: str, named: str, allowed: str, tmp_path: Path
) -> None:
    in_file = file_refusal(tmp_path, f"# axes\nsweep:\n  {key}: {value}\n")
    after_set = set_refusal(f"sweep.{key}={value}")
    assert in_file.startswith(f"{tmp_path / 'a.yaml'}:3: ")
    assert after_set.startswith(f"--set sweep.{key}={value}: ")
    for message in (in_file, after_set):
        assert named in message
        assert allowed in message.partition("; allowed: ")[2]


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("train.seed", "[]", "train.seed has no values"),
        ("train.seed", "0..3,2", "train.seed contains 2 twice"),
        ("train.lr", "[1, 1.0]", "train.lr contains 1.0 twice"),
        ("train.seed", "9..0", "train.seed: the range 9..0 runs backwards; write 0..9"),
        ("train.seed", "a", "train.seed: 'a' is not a number, a list"),
        ("train.seed", "0..100000", "train.seed: 0..100000 has over 100,000 numbers"),
    ],
)
def test_an_axis_that_is_none_is_an_error_with_its_origin_and_the_reason(key: str, value: str, named: str) -> None:
    message = set_refusal(f"sweep.{key}={value}")
    assert message.startswith(f"--set sweep.{key}={value}: ")
    assert named in message


@pytest.mark.parametrize("key", ["data.lengths", "data.dir", "train.log_every", "train", "sweep", "train.seed.x", "a"])
def test_a_key_that_cannot_vary_is_an_error_with_those_that_can(key: str) -> None:
    message = set_refusal(f"sweep.{key}=5")
    assert message.startswith(f"--set sweep.{key}=5: sweep cannot vary {key!r}; allowed: ")
    assert "model.impl" in message
    assert "train.seed" in message


@pytest.mark.parametrize(("key", "meant"), [("train.sed", "train.seed"), ("model.imp", "model.impl")])
def test_a_misspelt_axis_is_an_error_with_a_suggestion(key: str, meant: str) -> None:
    assert set_refusal(f"sweep.{key}=1").endswith(f"Did you mean {meant!r}?")


def test_every_key_but_lengths_dir_options_and_what_changes_no_training_can_vary() -> None:
    assert set(leaf_keys()) - set(axis_keys()) == {
        "model.options",
        "data.lengths",
        "data.dir",
        "data.scoring_rows",
        "train.log_every",
        "train.record_gradients",
        "sweep",
    }


def test_an_axis_may_hold_nothing_and_values_of_several_types() -> None:
    resolved = from_set("sweep.train.clip_norm=null,5", "sweep.model.forget_bias=[null, 1, chrono]", "model.cell=lstm")
    assert resolved.sweep == {"train.clip_norm": (None, 5.0), "model.forget_bias": (None, 1.0, "chrono")}
    assert from_set("sweep.train.shuffle=false,true").sweep == {"train.shuffle": (False, True)}


def test_rows_are_fresh_or_read() -> None:
    assert "one of the two" in set_refusal("data.rows=fresh", "data.dir=datasets")


def test_100_000_trials_are_accepted() -> None:
    resolved = from_set("data.lengths=5,10", "sweep.train.seed=0..499", "sweep.data.seed=0..99")
    assert [len(values) for values in resolved.sweep.values()] == [500, 100]


@pytest.mark.parametrize(
    "assignments",
    [
        ("data.lengths=5,10", "sweep.train.seed=0..499", "sweep.data.seed=0..100"),
        ("data.lengths=5", "sweep.train.seed=0..999", "sweep.data.seed=0..999", "sweep.train.epochs=1..1000"),
    ],
)
def test_over_100_000_trials_are_refused_with_their_number(assignments: tuple[str, ...]) -> None:
    message = set_refusal(*assignments)
    assert "101,000 trials" in message or "1,000,000,000 trials" in message
    assert "allowed: up to 100,000" in message


def test_over_100_000_trials_are_refused_with_the_line_of_an_axis(tmp_path: Path) -> None:
    message = file_refusal(tmp_path, "data:\n  lengths: 5..35\nsweep:\n  train.seed: 0..14999\n")
    assert message.startswith((f"{tmp_path / 'a.yaml'}:3: ", f"{tmp_path / 'a.yaml'}:4: "))


def test_over_100_000_trials_are_refused_before_each_is_looked_at(tmp_path: Path) -> None:
    with processor_seconds_below(2.5):
        file_refusal(tmp_path, "sweep: {train.seed: [0..99999, 100000..199999, 200000..299999, 300000..399999]}")
