"""Settings written out and read back, and with other values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitsum_cli.settings import Settings
from digitsum_cli.settings.resolve import settings_yaml
from digitsum_cli.settings.schema import leaf_keys
from tests.settings_text import from_file, from_set

text_of_any_kind = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
seeds = st.integers(0, 2**32 - 1)
rates = st.floats(min_value=0, max_value=1e37, exclude_min=True)
sizes = st.integers(1, 4096)
steps = st.integers(1, 10**9)
passes = st.integers(1, 10**6)
implementations = st.sampled_from(["manual", "torch"])
devices = st.sampled_from(["cpu", "cuda", "mps", "auto"])


def axis(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def valid_settings(draw: st.DrawFn) -> Settings:
    drawn: dict[str, Any] = {
        "data.lengths": draw(st.lists(st.integers(3, 500), min_size=1, max_size=6, unique=True).map(tuple)),
        "data.k.train": draw(st.integers(1, 100)),
        "data.k.eval": draw(st.integers(1, 100)),
        "data.k.test": draw(st.integers(1, 100)),
        "data.seed": draw(seeds),
        "data.dir": draw(st.none() | text_of_any_kind),
        "model.impl": draw(implementations),
        "model.embedding_size": draw(sizes),
        "model.hidden_size": draw(sizes),
        "train.epochs": draw(passes),
        "train.batch_size": draw(passes),
        "train.lr": draw(rates),
        "train.seed": draw(seeds),
        "train.log_every": draw(steps),
        "train.eval_every": draw(steps),
        "train.device": draw(devices),
    }
    optional_axes: Mapping[str, st.SearchStrategy[Any]] = {
        "train.seed": axis(seeds),
        "train.lr": axis(rates),
        "model.impl": axis(implementations),
        "data.k.train": axis(st.integers(1, 100)),
        "train.device": axis(devices),
    }
    axes = draw(st.fixed_dictionaries({}, optional=optional_axes))
    return Settings().with_values(drawn).model_copy(update={"sweep": axes})


@settings(max_examples=100)
@given(valid_settings())
@pytest.mark.slow
def test_written_settings_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, given_settings: Settings
) -> None:
    assert from_file(tmp_path_factory.getbasetemp(), settings_yaml(given_settings)) == given_settings


LIKE_VALUES = ["5", "08", "010", "1e-3", "1e5", "1.5", ".5", "yes", "true", "null", "~", "1:30", "0x1f", "=", "<<"]
LIKE_SYNTAX = ["-", "?", "- a", "a: b", "#a", "a #b", "*a", "&a", "!a", "[a]", "{a}", " a ", "a\nb", "'a'", '"a"', "😀"]


@pytest.mark.parametrize("name", [*LIKE_VALUES, *LIKE_SYNTAX])
def test_a_folder_whose_name_looks_like_other_yaml_reads_back_as_its_name(name: str, tmp_path: Path) -> None:
    assert from_file(tmp_path, settings_yaml(Settings().with_values({"data.dir": name}))).data.dir == name


def test_written_settings_say_every_value_even_the_default() -> None:
    written = settings_yaml(Settings())
    keys = {key.split(".")[-1] for key in leaf_keys()} - {"sweep"}
    assert all(f"{key}: " in written for key in keys)


def test_other_values_at_dotted_keys_change_these_and_nothing_else() -> None:
    changed = Settings().with_values({"data.lengths": (7,), "data.k.eval": 2, "train.lr": 0.5, "model.impl": "torch"})
    expected = Settings().model_dump()
    expected["data"]["lengths"] = (7,)
    expected["data"]["k"]["eval"] = 2
    expected["train"]["lr"] = 0.5
    expected["model"]["impl"] = "torch"
    assert changed.model_dump() == expected


def test_other_values_leave_the_axes_behind() -> None:
    assert from_set("sweep.train.seed=0..3").with_values({"train.seed": 2}).sweep == {}


def test_other_values_leave_the_original_as_it_was() -> None:
    original = from_set("sweep.train.seed=0..3")
    before = original.model_dump()
    original.with_values({"train.seed": 2, "data.k.train": 5})
    assert original.model_dump() == before


def test_settings_for_one_trial_have_the_first_length_and_no_axes() -> None:
    several = from_set("data.lengths=20,5", "train.lr=0.1", "sweep.train.seed=0..3")
    assert several.for_one_trial() == Settings().with_values({"data.lengths": (20,), "train.lr": 0.1})


def test_settings_for_one_trial_leave_the_original_as_it_was() -> None:
    several = from_set("data.lengths=20,5", "sweep.train.seed=0..3")
    before = several.model_dump()
    several.for_one_trial()
    assert several.model_dump() == before
