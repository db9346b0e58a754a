"""Kept weights on disk and back into a model, and files that are either whole or not there."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import save

from digitsum_cli.core.checkpoint import MAXIMUM_BYTES, Checkpoint, Weights, read_checkpoint, write_checkpoint
from digitsum_cli.core.classifier import build_classifier
from digitsum_cli.core.weights import copy_weights, load_weights
from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.settings import Settings

FORMAT = "digitsum-checkpoint-2"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


def tiny_weights(impl: str = "manual", seed: int = 0) -> Weights:
    return copy_weights(build_classifier(impl=impl, embedding_size=2, hidden_size=3, seed=seed))


def whole_file(path: Path) -> bytes:
    write_checkpoint(path, tiny_weights(), {"train": {"lr": 0.001}})
    return path.read_bytes()


def sealed(settings: str, tensors: Weights | None = None) -> bytes:
    """A checkpoint with any text in place of its settings, and with the checksum that belongs to it: a forgery."""
    zeros = "0" * 64
    arrays = {"W": np.zeros(2)} if tensors is None else tensors
    content = save(arrays, {FORMAT: f'{{"sha256": "{zeros}", "settings": {settings}}}'})
    return content.replace(zeros.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_checkpoint(path)
    return str(caught.value)


def checkpoint_or_message(path: Path) -> Checkpoint | str:
    try:
        return read_checkpoint(path)
    except InputError as error:
        return str(error)


def bits(weights: Weights) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in weights.items()}


@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_a_models_weights_are_read_back_to_the_bit(impl: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.safetensors"
    write_checkpoint(path, tiny_weights(impl), {})
    assert bits(read_checkpoint(path).weights) == bits(tiny_weights(impl))


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(["rnn_model.W", "embedding.W", "linear.bias", "é"]),
        arrays(np.float32, array_shapes(max_dims=3, max_side=4)) | arrays(np.float64, array_shapes(max_side=4)),
    )
)
@pytest.mark.slow
def test_any_weights_are_read_back_to_the_bit(tmp_path_factory: pytest.TempPathFactory, weights: Weights) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    write_checkpoint(path, weights, {})
    assert bits(read_checkpoint(path, require_finite=False).weights) == bits(weights)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_an_input_error(value: float, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, {"embedding.W": np.array([0.0, value])}, {})
    assert "contains NaN or infinite values in embedding.W" in refusal(path, path.read_bytes())


def test_weights_that_are_whole_numbers_are_an_input_error(tmp_path: Path) -> None:
    assert "W" in refusal(tmp_path / "a.safetensors", sealed("{}", {"W": np.zeros(2, np.int64)}))


def test_every_changed_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    content = whole_file(path)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        refusal(path, bytes(changed))


def test_a_checkpoint_larger_than_the_bound_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with path.open("wb") as file:
        file.truncate(MAXIMUM_BYTES + 1)
    with pytest.raises(InputError, match="larger than"):
        read_checkpoint(path)


def test_a_pipe_in_place_of_a_checkpoint_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file"):
        read_checkpoint(tmp_path / "pipe")


@pytest.mark.parametrize("view", ["transposed", "every other column", "backwards"])
def test_weights_that_are_views_are_read_back_to_the_bit(view: str, tmp_path: Path) -> None:
    table = np.arange(24, dtype=np.float32).reshape(4, 6)
    array = {"transposed": table.T, "every other column": table[:, ::2], "backwards": table[::-1]}[view]
    write_checkpoint(tmp_path / "a.safetensors", {"W": array}, {})
    assert read_checkpoint(tmp_path / "a.safetensors").weights["W"].tolist() == array.tolist()


@settings(max_examples=50)
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_settings_are_read_back_equal(tmp_path_factory: pytest.TempPathFactory, given_settings: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    write_checkpoint(path, {}, given_settings)
    assert read_checkpoint(path).settings == given_settings


def test_the_settings_of_a_training_are_read_back_equal(tmp_path: Path) -> None:
    trained = Settings().with_values({"data.lengths": (7,), "train.lr": 0.1 + 0.2})
    write_checkpoint(tmp_path / "a.safetensors", {}, trained.model_dump(mode="json"))
    tree = read_checkpoint(tmp_path / "a.safetensors").settings
    tree["data"]["lengths"] = tuple(tree["data"]["lengths"])
    assert Settings.model_validate(tree) == trained


def test_a_missing_checkpoint_is_an_input_error_with_its_name_and_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="digitsum train") as caught:
        read_checkpoint(tmp_path / "missing.safetensors")
    assert str(tmp_path / "missing.safetensors") in str(caught.value)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"], ids=["too long", "NUL"])
def test_a_name_that_no_file_can_have_is_an_input_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_checkpoint(tmp_path / name)


def test_a_folder_in_place_of_a_checkpoint_is_an_input_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_checkpoint(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 50, 200, -500, -100, -4, -1])
def test_a_truncated_checkpoint_is_an_input_error_with_its_name(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    content = whole_file(path)[:kept]
    assert str(path) in refusal(path, content)


def test_a_checkpoint_with_bytes_after_its_end_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    assert str(path) in refusal(path, whole_file(path) + b"\0")


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: len(tail).to_bytes(8, "little") + tail))
def test_random_bytes_are_an_input_error_with_the_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.safetensors"
    assert str(path) in refusal(path, content)


@settings(max_examples=200)
@given(st.integers(0, 400), st.integers(0, 255))
@pytest.mark.slow
def test_a_byte_changed_in_the_header_is_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    content = bytearray(whole_file(path))
    content[position] = byte
    path.write_bytes(content)
    unchanged = bytes(content) == whole_file(tmp_path_factory.getbasetemp() / "whole.safetensors")
    result = checkpoint_or_message(path)
    assert isinstance(result, Checkpoint) if unchanged else str(path) in str(result)


class Trap:
    """What makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, (str(self.path), "w")


def test_a_pickle_is_an_input_error_and_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    assert str(path) in refusal(path, pickle.dumps(Trap(tmp_path / "ran")))
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_torch_save_is_an_input_error(tmp_path: Path) -> None:
    torch.save({"W": torch.zeros(2)}, tmp_path / "a.pt")
    assert str(tmp_path / "a.pt") in refusal(tmp_path / "a.pt", (tmp_path / "a.pt").read_bytes())


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"settings": "{}"}, {"another-checkpoint-2": "{}"}])
def test_a_safetensors_file_of_another_tool_is_an_input_error(metadata: dict[str, str] | None, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    message = refusal(path, save({"W": np.zeros(2)}, metadata))
    assert str(path) in message
    assert "is not a checkpoint of this version of digitsum" in message


@pytest.mark.parametrize(
    "text", ["", "x", "{", "{}{}", "[" * 100_000, "[]", "null", "1", '"text"', "NaN", "9" * 10_000]
)
def test_settings_that_are_not_a_json_object_are_an_input_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    message = refusal(path, sealed(text))
    assert str(path) in message
    assert "not a complete safetensors file" in message or "no readable settings" in message


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F5"])
def test_a_type_of_number_that_numpy_lacks_is_an_input_error(dtype: str, tmp_path: Path) -> None:
    size = 2 if dtype == "BF16" else 1
    tensor = {"dtype": dtype, "shape": [4], "data_offsets": [0, 4 * size]}
    header = json.dumps({"__metadata__": {FORMAT: "{}"}, "W": tensor}).encode()
    path = tmp_path / "a.safetensors"
    assert str(path) in refusal(path, len(header).to_bytes(8, "little") + header + bytes(4 * size))


@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_loaded_weights_are_the_models_to_the_bit(impl: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.safetensors", tiny_weights(impl, seed=1), {})
    model = build_classifier(impl=impl, embedding_size=2, hidden_size=3, seed=0)
    load_weights(model, read_checkpoint(tmp_path / "a.safetensors").weights)
    assert bits(copy_weights(model)) == bits(tiny_weights(impl, seed=1))


def test_copied_weights_do_not_follow_the_model() -> None:
    model = build_classifier(embedding_size=2, hidden_size=3)
    kept = copy_weights(model)
    before = bits(kept)
    load_weights(model, tiny_weights(seed=1))
    assert bits(kept) == before


def test_a_model_does_not_follow_the_weights_loaded_into_it() -> None:
    model = build_classifier(embedding_size=2, hidden_size=3)
    weights = tiny_weights(seed=1)
    load_weights(model, weights)
    weights["linear.bias"][:] = 7
    assert bits(copy_weights(model)) == bits(tiny_weights(seed=1))


def without_bias(weights: Weights) -> Weights:
    return {name: array for name, array in weights.items() if name != "linear.bias"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(without_bias, ["linear.bias is missing"], id="missing"),
        pytest.param(
            lambda weights: {**weights, "linear.b": weights["linear.bias"]},
            ["linear.b is unexpected"],
            id="unexpected",
        ),
        pytest.param(
            lambda weights: {**weights, "rnn_model.U": weights["rnn_model.U"][:, :2]},
            ["rnn_model.U", "(3, 2)", "(3, 3)"],
            id="shape",
        ),
        pytest.param(
            lambda weights: {**weights, "rnn_model.b": weights["rnn_model.b"][0]},
            ["rnn_model.b", "(3,)", "(1, 3)"],
            id="shape that would broadcast",
        ),
        pytest.param(
            lambda weights: {**weights, "embedding.W": weights["embedding.W"].astype(np.float64)},
            ["embedding.W", "float64", "float32"],
            id="dtype",
        ),
        pytest.param(
            lambda weights: {**without_bias(weights), "x": np.zeros(3), "rnn_model.W": np.zeros((1, 1))},
            ["linear.bias is missing", "x is unexpected", "rnn_model.W"],
            id="several",
        ),
        pytest.param(lambda _: {}, ["linear.bias", "embedding.W", "rnn_model.U"], id="none"),
    ],
)
def test_weights_that_do_not_fit_are_an_input_error_with_the_parameter_and_the_model_stays_as_it_was(
    change: Callable[[Weights], Weights], named: list[str]
) -> None:
    model = build_classifier(embedding_size=2, hidden_size=3, seed=0)
    with pytest.raises(InputError) as caught:
        load_weights(model, change(tiny_weights(seed=1)), source="best.safetensors")
    assert str(caught.value).startswith("best.safetensors ")
    assert all(words in str(caught.value) for words in named)
    assert bits(copy_weights(model)) == bits(tiny_weights(seed=0))


def test_weights_of_the_other_implementation_are_an_input_error() -> None:
    model = build_classifier(impl="torch", embedding_size=2, hidden_size=3)
    with pytest.raises(InputError, match=r"rnn_model\.W is unexpected"):
        load_weights(model, tiny_weights("manual"))


def test_a_checkpoint_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(DigitsumError) as caught:
        write_checkpoint(tmp_path / "file" / "a.safetensors", tiny_weights(), {})
    assert str(tmp_path / "file" / "a.safetensors") in str(caught.value)


def test_checkpoints_of_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    weights = {f"layer{n}": np.full(3, n, np.float32) for n in range(8)}
    for n in range(10):
        write_checkpoint(tmp_path / f"{n}.safetensors", weights, {"length": 5, "seed": 0})
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
