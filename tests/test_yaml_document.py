"""The YAML that settings are written in: what its values mean, and what is refused and how."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitsum_cli.errors import InputError
from digitsum_cli.settings.document import Document, parse_document, parse_value, read_document

plain_text = st.text(st.characters(min_codepoint=32, max_codepoint=126))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
trees = st.recursive(
    st.none() | st.booleans() | numbers | plain_text,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(plain_text, values, max_size=4),
    max_leaves=12,
)


def value_of(text: str) -> Any:
    return parse_document(f"a: {text}", "f.yaml").values["a"]


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_document(text, "f.yaml")
    return str(caught.value)


def document_or_message(text: str) -> Document | str:
    try:
        return parse_document(text, "f.yaml")
    except InputError as error:
        return str(error)


def read(path: Path, content: bytes) -> Document:
    path.write_bytes(content)
    return read_document(path)


def file_refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_document(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E+3", 1000.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+.5", 0.5),
        ("-1.25e-2", -0.0125),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("3", 3),
        ("-3", -3),
        ("+3", 3),
        ("010", 10),
        ("09", 9),
        ("0", 0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_numbers_and_the_few_words_of_yaml_have_their_values(text: str, value: object) -> None:
    read = value_of(text)
    assert read == value
    assert type(read) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(value_of(".nan"))


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "on", "off", "y", "n", "1:30", "0x10", "0o7", "0b1", "1_000", "2020-01-01", "=", "<<", "nan", "inf"],
)
def test_the_surprises_of_yaml_are_plain_text(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.parametrize("text", ["3", "1e-3", "true", "null", ""])
def test_what_is_quoted_is_text(text: str) -> None:
    assert value_of(f"'{text}'") == text


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert parse_document("a: 1\n<<: {b: 2}", "f.yaml").values == {"a": 1, "<<": {"b": 2}}


@given(trees)
def test_json_is_read_as_itself(tree: object) -> None:
    read = value_of(json.dumps(tree))
    assert repr(read) == repr(tree)


@given(numbers)
def test_a_number_reads_back_as_python_writes_it(number: float) -> None:
    read = parse_value(repr(number), "--set")
    assert repr(read) == repr(number)


def test_every_key_has_the_line_it_stands_on() -> None:
    text = "# first\ndata:\n  lengths: 5..35\n\n  k: {train: 3,\n    eval: 1}\ntrain:\n  lr: 1e-3\n"
    lines = {("data",): 2, ("data", "lengths"): 3, ("data", "k"): 5, ("data", "k", "train"): 5}
    lines |= {("data", "k", "eval"): 6, ("train",): 7, ("train", "lr"): 8}
    assert parse_document(text, "f.yaml").origins == {path: f"f.yaml:{line}" for path, line in lines.items()}


def test_lines_are_counted_with_windows_line_ends() -> None:
    assert parse_document("a: 1\r\n\r\nb: 2\r\n", "f.yaml").origins[("b",)] == "f.yaml:3"


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "---\n...\n"])
def test_an_empty_document_has_no_values(text: str) -> None:
    assert parse_document(text, "f.yaml") == Document({}, {})


@pytest.mark.parametrize(
    ("text", "key", "first", "second"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", 1, 3),
        ("a: 1\n'a': 1\n", "a", 1, 2),
        ("a:\n  b: 1\n  c: 2\n  b: 1\n", "b", 2, 4),
        ("a:\n- b: 1\n- b: 2\n  c: 3\n  b: 4\n", "b", 3, 5),
    ],
)
def test_a_key_that_stands_twice_is_an_error_with_both_lines(text: str, key: str, first: int, second: int) -> None:
    message = refusal(text)
    assert message.startswith(f"f.yaml:{second}: ")
    assert repr(key) in message
    assert f"first at f.yaml:{first}" in message


@pytest.mark.parametrize(
    "text", ["a: 1\nb: &x 1", "a: 1\nb: *x", "a: &x 1\nb: *x", "a: &x {b: 1}\nc:\n  <<: *x", "a: [&x 1]"]
)
def test_anchors_and_aliases_are_refused_with_the_line(text: str) -> None:
    message = refusal(text)
    line = next(n for n, content in enumerate(text.splitlines(), 1) if "&" in content or "*" in content)
    assert message.startswith(f"f.yaml:{line}: ")
    assert "anchors and aliases" in message


@pytest.mark.parametrize(
    "text",
    [
        "a: !foo 1",
        "a: !foo {b: 1}",
        "a: [1, !foo b]",
        "!foo a: 1",
        "a: !!python/object/apply:os.system ['true']",
        "a: !!python/name:os.system",
        "a: !!binary aGk=",
        "a: !!set {b}",
        "a: !!timestamp 2020-01-01",
        "a: !!int 3",
        "a: !!str 3",
        "a: !!float 1",
        "a: !!bool yes",
        "a: !!null foo",
        "a: !!seq []",
        "a: !!map {b: 1}",
        "a: ! 3",
        "!!str a: 1",
    ],
)
def test_tags_are_refused_with_the_line_even_the_standard_ones(text: str) -> None:
    assert refusal(f"z: 1\n{text}").startswith("f.yaml:2: ")


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 30 + "]" * 30,
        "".join(f"{' ' * depth}a:\n" for depth in range(30)),
        "a: " + "[" * 300_000,
        "a: " + "{b: " * 100_000,
        "- " * 100_000 + "a",
    ],
    ids=["lists", "mappings", "300,000 brackets", "100,000 braces", "100,000 dashes"],
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert "nested too deeply" in refusal(text)


def test_nesting_that_settings_could_have_is_read() -> None:
    assert value_of("{b: {c: [[{d: 1}]]}}") == {"b": {"c": [[{"d": 1}]]}}


@pytest.mark.parametrize("text", ["- a\n- b\n", "5", "word", "[a: 1]", "null", "|\n  text\n"])
def test_what_is_not_a_mapping_is_refused_with_the_line(text: str) -> None:
    message = refusal(text)
    assert message.startswith("f.yaml:1: ")
    assert "'key: value'" in message


@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "~", "[b]", "{b: 1}", "? [b]\n"])
def test_a_key_that_is_not_text_is_refused_with_the_line(key: str) -> None:
    message = refusal(f"a: 1\n{key}: 2\n")
    assert message.startswith("f.yaml:2: ")
    assert "key" in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: b: c\n", 1),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\nb: @x\n", 2),
        ("a: 1\nb: 'open\n", 3),
        ("a: 1\n\n}\n", 3),
        ("a: 1\nb\nc: 2\n", 3),
        ("a: 1\n---\nb: 2\n", 2),
        ("%YAML 2.0\n---\na: 1\n", 1),
    ],
)
def test_text_that_is_not_yaml_is_refused_with_the_line(text: str, line: int) -> None:
    assert refusal(text).startswith(f"f.yaml:{line}: not valid YAML: ")


@pytest.mark.parametrize("text", ["a: \0\n", "\0", "a: \x01\n", "a: 'b\x1b[31m'\n"])
def test_control_characters_are_refused_with_the_file(text: str) -> None:
    assert refusal(text).startswith("f.yaml: not valid YAML: ")


def test_a_number_too_long_to_be_one_is_refused_with_the_line_and_in_short() -> None:
    message = refusal("a: 1\nb: " + "9" * 5000)
    assert message.startswith("f.yaml:2: ")
    assert len(message) < 200


@settings(max_examples=300)
@given(st.text(max_size=40) | st.text("ab:-?!&*[]{},#|>'\"%@` \n\t0.e~<=", max_size=40))
def test_any_text_is_either_a_document_or_an_input_error(text: str) -> None:
    result = document_or_message(text)
    if isinstance(result, Document):
        assert {path[0] for path in result.origins} == set(result.values)
    else:
        assert result.startswith("f.yaml:")


def test_a_value_of_the_command_line_is_read_as_in_a_file() -> None:
    assert parse_value("[1e-3, yes, {a: 1}]", "--set") == [0.001, "yes", {"a": 1}]


def test_a_value_of_the_command_line_that_is_not_yaml_is_an_error_with_what_was_typed() -> None:
    with pytest.raises(InputError, match=r"^--set a=\[.*not valid YAML"):
        parse_value("[", "--set a=[")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert read(path, "a: é\n".encode()) == Document({"a": "é"}, {("a",): f"{path}:1"})


def test_an_empty_file_gives_no_values(tmp_path: Path) -> None:
    assert read(tmp_path / "a.yaml", b"") == Document({}, {})


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    assert read(tmp_path / "a.yaml", b"\xef\xbb\xbfa: 1\n").values == {"a": 1}


def test_a_file_that_is_not_utf8_is_an_input_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: \xff\n")
    assert "UTF-8" in file_refusal(path)
    assert str(path) in file_refusal(path)


def test_a_file_with_a_nul_byte_is_an_input_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\0\n")
    assert file_refusal(path).startswith(str(path))


def test_a_huge_file_is_an_input_error_with_its_name_and_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * 100_001)
    assert str(path) in file_refusal(path)
    assert "100,000 bytes" in file_refusal(path)


def test_a_missing_file_is_an_input_error_with_its_name_and_the_next_step(tmp_path: Path) -> None:
    message = file_refusal(tmp_path / "missing.yaml")
    assert str(tmp_path / "missing.yaml") in message
    assert "--print-config" in message


def test_a_folder_in_place_of_a_file_is_an_input_error_with_its_name(tmp_path: Path) -> None:
    assert str(tmp_path) in file_refusal(tmp_path)


def test_a_name_too_long_for_a_file_is_an_input_error(tmp_path: Path) -> None:
    assert "a" * 300 in file_refusal(tmp_path / ("a" * 300))
