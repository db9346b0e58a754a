"""Data sets as text files: what is written, what is accepted, and what is refused and how."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitsum_cli.core.data_files import digest_splits, format_rows, read_rows, read_splits, write_splits
from digitsum_cli.core.generation import SPLIT_NAMES, Rows, Splits, generate_splits
from digitsum_cli.errors import InputError
from tests.book_facts import BOOK

BOM = b"\xef\xbb\xbf"
GOOD = b"1 2 0 0 5\t3\n"
CASES = Path(__file__).parent / "cases"

digits = st.integers(0, 9)


def make_rows(values: list[list[int]]) -> Rows:
    array = np.array(values, dtype=np.int8)
    return Rows(array, array[:, 0] + array[:, 1])


@st.composite
def rows_of_length(draw: st.DrawFn, length: int) -> Rows:
    return make_rows(draw(st.lists(st.lists(digits, min_size=length, max_size=length), min_size=1, max_size=12)))


@st.composite
def splits_of_any_length(draw: st.DrawFn) -> Splits:
    length = draw(st.integers(3, 12))
    return Splits(*(draw(rows_of_length(length)) for _ in SPLIT_NAMES))


def same(first: Rows, second: Rows) -> bool:
    return np.array_equal(first.digits, second.digits) and np.array_equal(first.labels, second.labels)


def read(path: Path, content: bytes, length: int = 5) -> Rows:
    path.write_bytes(content)
    return read_rows(path, length)


def refusal(path: Path, content: bytes, length: int = 5) -> str:
    with pytest.raises(InputError) as caught:
        read(path, content, length)
    return str(caught.value)


def rows_or_message(path: Path, content: bytes, length: int) -> Rows | str:
    try:
        return read(path, content, length)
    except InputError as error:
        return str(error)


def test_a_row_is_digits_with_single_spaces_a_tab_and_the_label() -> None:
    assert format_rows(make_rows([[6, 7, 0, 0, 1, 0], [0, 0, 9, 0, 0, 0]])) == b"6 7 0 0 1 0\t13\n0 0 9 0 0 0\t0\n"


def test_written_files_are_the_books_files(tmp_path: Path) -> None:
    write_splits(tmp_path / "new" / "folder", generate_splits(range(5, 36, 5)))
    written = {
        str(path.relative_to(tmp_path / "new" / "folder")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "new" / "folder").rglob("*")
        if path.is_file()
    }
    assert written == BOOK["datasets_sha256"]


def test_other_data_are_replaced_only_with_force(tmp_path: Path) -> None:
    first, second = generate_splits([5], seed=1), generate_splits([5], seed=0)
    write_splits(tmp_path, first)
    write_splits(tmp_path, first)
    with pytest.raises(InputError, match=r"would replace .*train\.txt and 2 more files, whose content is different"):
        write_splits(tmp_path, second)
    with pytest.raises(InputError):
        write_splits(tmp_path, generate_splits([4, 5]))
    assert [path.name for path in tmp_path.iterdir()] == ["5"], "nothing was written"
    assert digest_splits(read_splits(tmp_path, 5)) == digest_splits(first[5])
    write_splits(tmp_path, second, force=True)
    assert digest_splits(read_splits(tmp_path, 5)) == digest_splits(second[5])


def test_data_with_another_name_of_the_eval_split_are_not_mixed_with_generated_ones(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CASES / "split-called-valid", tmp_path / "mine"))
    before = {path: path.read_bytes() for path in folder.rglob("*.txt")}
    for force in (False, True):
        with pytest.raises(InputError, match=r"valid\.txt already holds the eval split of other data"):
            write_splits(folder, generate_splits([5]), force=force)
    assert {path: path.read_bytes() for path in folder.rglob("*.txt")} == before


@pytest.mark.parametrize("case", ["split-called-valid", "blank-last-line", "trailing-spaces"])
def test_files_as_people_have_them_are_read(case: str) -> None:
    splits = read_splits(CASES / case, 5)
    for name, rows in splits.items():
        path = CASES / case / "5" / f"{name}.txt"
        path = path if path.exists() else path.with_name("valid.txt")
        lines = [line.split() for line in path.read_text().split("\n") if line.strip()]
        assert [[*map(str, digits)] for digits in rows.digits.tolist()] == [line[:5] for line in lines]
        assert [str(label) for label in rows.labels.tolist()] == [line[5] for line in lines]


@pytest.mark.parametrize("name", ["dev", "valid", "val", "validation"])
def test_the_eval_split_may_have_another_name(name: str, tmp_path: Path) -> None:
    splits = generate_splits([5])[5]
    write_splits(tmp_path, {5: splits})
    shutil.copy(tmp_path / "5" / "eval.txt", tmp_path / "5" / f"{name}.txt")
    assert same(read_splits(tmp_path, 5).eval, splits.eval)
    (tmp_path / "5" / "eval.txt").unlink()
    assert same(read_splits(tmp_path, 5).eval, splits.eval)


def test_two_different_eval_splits_are_an_error_that_names_both() -> None:
    with pytest.raises(InputError, match=r"eval\.txt and .*dev\.txt differ"):
        read_splits(CASES / "eval-and-dev-differ", 5)


def test_many_spaces_are_read_in_time_that_grows_with_their_number(tmp_path: Path) -> None:
    assert "tabs instead of one" in refusal(tmp_path / "train.txt", b" " * 2_000_000 + b"x\n")


@settings(max_examples=50)
@given(splits_of_any_length())
@pytest.mark.slow
def test_splits_that_are_written_read_back_the_same(tmp_path_factory: pytest.TempPathFactory, splits: Splits) -> None:
    folder = tmp_path_factory.mktemp("splits")
    write_splits(folder, {splits.length: splits})
    back = read_splits(folder, splits.length)
    assert all(same(getattr(back, name), rows) for name, rows in splits.items())


def test_rows_that_are_read_have_the_types_of_rows_that_are_generated(tmp_path: Path) -> None:
    generated = generate_splits([5])[5].eval
    back = read(tmp_path / "eval.txt", format_rows(generated))
    assert (back.digits.dtype, back.labels.dtype) == (generated.digits.dtype, generated.labels.dtype)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"1 2 0 0 5\t3\r\n0 9 0 4 0\t9\r\n", id="Windows line ends"),
        pytest.param(b"1 2 0 0 5\t3\r\n0 9 0 4 0\t9\n", id="mixed line ends"),
        pytest.param(BOM + b"1 2 0 0 5\t3\n0 9 0 4 0\t9\n", id="byte order mark"),
        pytest.param(b"1 2 0 0 5\t3\n0 9 0 4 0\t9", id="no final newline"),
        pytest.param(BOM + b"1 2 0 0 5\t3\r\n0 9 0 4 0\t9", id="all of these"),
    ],
)
def test_files_in_the_wild_are_accepted(content: bytes, tmp_path: Path) -> None:
    assert same(read(tmp_path / "train.txt", content), make_rows([[1, 2, 0, 0, 5], [0, 9, 0, 4, 0]]))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        pytest.param("1 2 0 0 5 3", "0 tabs", id="no tab"),
        pytest.param("1 2 0 0 5\t3\t", "2 tabs", id="two tabs"),
        pytest.param("1 2\t0 0 5\t3", "2 tabs", id="a tab between digits"),
        pytest.param("1 2 x 0 5\t3", "'x' is not a digit", id="not a digit"),
        pytest.param("1 2 -1 0 5\t3", "'-1' is not a digit", id="negative"),
        pytest.param("1 2 0.5 0 5\t3", "'0.5' is not a digit", id="a fraction"),
        pytest.param("1 2 10 0 5\t3", "'10' is not a digit", id="two-digit token"),
        pytest.param("1 2 0 0 ٣\t3", "'٣' is not a digit", id="Arabic digit"),
        pytest.param("1 2 0 0 ²\t3", "'²' is not a digit", id="superscript digit"),
        pytest.param("1 2 0 0\t3", "the line has 4 digits instead of 5", id="too few digits"),
        pytest.param("1 2 0 0 0 5\t3", "the line has 6 digits instead of 5", id="too many digits"),
        pytest.param("\t3", "'' is not a digit", id="no digits"),
        pytest.param("1 2  0 5\t3", "'' is not a digit", id="double space"),
        pytest.param("1 2 0 0 5 \t3", "'' is not a digit", id="space before the tab"),
        pytest.param(" 1 2 0 0 5\t3", "'' is not a digit", id="space at the start"),
        pytest.param("1 2 0 0 5\t4", "'4' is not 3, the sum of the first two digits", id="label not the sum"),
        pytest.param("1 2 0 0 5\tx", "'x' is not 3", id="label not a number"),
        pytest.param("1 2 0 0 5\t", "'' is not 3", id="label empty"),
        pytest.param("1 2 0 0 5\t3.0", "'3.0' is not 3", id="label a fraction"),
        pytest.param("1 2 0 0 5\t-3", "'-3' is not 3", id="label negative"),
        pytest.param("1 2 0 0 5\t٣", "'٣' is not 3", id="label an Arabic digit"),
        pytest.param("", "the line is empty", id="blank"),
        pytest.param("\ufeff1 2 0 0 5\t3", "is not a digit", id="byte order mark further down"),
        pytest.param("1 2 0 0 5\t3\r1 2 0 0 5\t3", "2 tabs", id="a lone carriage return"),
    ],
)
def test_a_bad_line_is_an_input_error_with_its_file_its_number_and_what_is_wrong(
    line: str, named: str, tmp_path: Path
) -> None:
    path = tmp_path / "train.txt"
    message = refusal(path, GOOD * 2 + line.encode() + b"\n" + GOOD)
    assert message.startswith(f"{path}:3: ")
    assert named in message


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["newline", "Windows"])
def test_the_last_line_is_checked_with_and_without_its_end(ending: bytes, tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    first = GOOD.replace(b"\n", ending)
    assert refusal(path, first + b"1 2 0 0 5\t9" + ending).startswith(f"{path}:2: ")
    assert refusal(path, first + b"1 2 0 0 5\t9").startswith(f"{path}:2: ")


@pytest.mark.parametrize("content", [b"", BOM, b"\n", BOM + b"\n"], ids=["nothing", "BOM", "newline", "BOM, newline"])
def test_an_empty_file_is_an_input_error_with_its_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    message = refusal(path, content)
    assert message.startswith(f"{path}: ")
    assert "empty" in message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"1 2 0 0 \xff\t3\n", 1, id="first line"),
        pytest.param(GOOD + b"1 2 0 0 5\t\xe9\n" + GOOD, 2, id="second line"),
        pytest.param(GOOD.decode().encode("utf-16"), 1, id="UTF-16"),
    ],
)
def test_bytes_that_are_not_utf8_are_an_input_error_with_the_line(content: bytes, line: int, tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    message = refusal(path, content)
    assert message.startswith(f"{path}:{line}: ")
    assert "UTF-8" in message


@given(st.binary(max_size=60) | st.text("0123456789 \t\r\n\ufeffx", max_size=60).map(str.encode))
def test_any_content_is_either_rows_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    result = rows_or_message(path, content, length=3)
    if isinstance(result, Rows):
        assert len(result) > 0
        assert result.digits.shape == (len(result), 3)
    else:
        assert result.startswith(f"{path}:")


def test_a_line_of_a_million_characters_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    assert len(refusal(tmp_path / "train.txt", b"x" * 1_000_000 + b"\t3\n")) < 500


@pytest.mark.parametrize("name", ["train", "eval", "test"])
def test_a_missing_split_is_an_input_error_with_its_name_and_the_next_step(name: str, tmp_path: Path) -> None:
    write_splits(tmp_path, generate_splits([5]))
    (tmp_path / "5" / f"{name}.txt").unlink()
    with pytest.raises(InputError) as caught:
        read_splits(tmp_path, 5)
    assert str(tmp_path / "5" / f"{name}.txt") in str(caught.value)
    assert "digitsum generate --lengths 5 --out DIR" in str(caught.value)


def test_a_missing_folder_is_an_input_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_splits(tmp_path / "nowhere", 5)
    assert str(tmp_path / "nowhere" / "5") in str(caught.value)


def test_a_folder_in_place_of_a_file_is_an_input_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_rows(tmp_path, 5)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"], ids=["too long", "NUL"])
def test_a_folder_name_that_no_folder_can_have_is_an_input_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_splits(tmp_path / name, 5)


@pytest.mark.parametrize("length", [1, 2])
def test_files_of_rows_with_fewer_than_three_digits_are_an_input_error(length: int, tmp_path: Path) -> None:
    content = {1: b"5\t5\n", 2: b"5 6\t11\n"}[length]
    assert str(length) in refusal(tmp_path / "train.txt", content, length)


def test_a_file_of_another_length_is_an_input_error_at_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    message = refusal(path, GOOD * 3, length=10)
    assert message.startswith(f"{path}:1: ")
    assert "the line has 5 digits instead of 10" in message


@pytest.mark.parametrize("below", ["", "folder"], ids=["the file itself", "below the file"])
def test_writing_where_a_file_stands_is_an_input_error(below: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"mine")
    with pytest.raises(InputError) as caught:
        write_splits(file / below, generate_splits([5]))
    assert str(file) in str(caught.value)
    assert file.read_bytes() == b"mine"


@given(st.data())
def test_the_digest_changes_with_any_digit_of_any_split(data: st.DataObject) -> None:
    splits = data.draw(splits_of_any_length())
    name = data.draw(st.sampled_from(SPLIT_NAMES))
    changed = {name: rows.digits.copy() for name, rows in splits.items()}
    row = data.draw(st.integers(0, len(changed[name]) - 1))
    column = data.draw(st.integers(0, splits.length - 1))
    changed[name][row, column] = (changed[name][row, column] + data.draw(st.integers(1, 9))) % 10
    other = Splits(*(make_rows(changed[name].tolist()) for name in SPLIT_NAMES))
    assert digest_splits(other) != digest_splits(splits)


@given(st.data())
@pytest.mark.slow
def test_the_digest_changes_when_a_row_goes(data: st.DataObject) -> None:
    splits = data.draw(splits_of_any_length().filter(lambda splits: len(splits.train) > 1))
    row = data.draw(st.integers(0, len(splits.train) - 1))
    shorter = make_rows(np.delete(splits.train.digits, row, axis=0).tolist())
    assert digest_splits(Splits(shorter, splits.eval, splits.test)) != digest_splits(splits)


def test_the_digest_changes_when_a_row_moves_to_another_split() -> None:
    first, second, third = ([[digit, 0, 0]] for digit in (1, 2, 3))
    here = Splits(make_rows(first + second), make_rows(third), make_rows(first))
    there = Splits(make_rows(first), make_rows(second + third), make_rows(first))
    assert digest_splits(here) != digest_splits(there)


def test_equal_splits_have_equal_digests() -> None:
    assert digest_splits(generate_splits([7])[7]) == digest_splits(generate_splits([7, 5])[7])
