"""Lists of whole numbers as users write them: ``5,10,20`` · ``A..B`` · ``A..B..STEP``, both ends included."""

import re

MAXIMUM_ITEMS = 100_000

_ITEM = re.compile(r"([0-9]{1,18})(?:\.\.([0-9]{1,18})(?:\.\.([0-9]{1,18}))?)?")
_FORMS = "a number, a list such as 5,10,20, or a range such as 5..35 or 5..35..10"


def parse_whole_numbers(text: str, default_step: int) -> tuple[int, ...]:
    """Reads a list of whole numbers.

    Arguments:
        text: for example ``"5..35"``, ``"0..9..3,20"``.
        default_step: the step of ``A..B``.

    Returns:
        The numbers, in the order given.

    Raises:
        ValueError: the text has another form, a range runs backwards, or there are over 100,000 numbers.

    Example:
        >>> parse_whole_numbers("5..35..10,50", default_step=5)
        (5, 15, 25, 35, 50)
    """
    numbers: list[int] = []
    for item in text.split(","):
        match = _ITEM.fullmatch(item.strip())
        if not match:
            raise ValueError(f"{item.strip()!r} is not {_FORMS}")
        first = int(match[1])
        last = int(match[2] or first)
        step = int(match[3] or default_step)
        if last < first:
            raise ValueError(f"the range {item.strip()} runs backwards; write {last}..{first}")
        if step < 1:
            raise ValueError(f"the step of {item.strip()} is {step}; it must be 1 or more")
        if (last - first) // step + len(numbers) >= MAXIMUM_ITEMS:
            raise ValueError(f"{item.strip()} has over {MAXIMUM_ITEMS:,} numbers")
        numbers.extend(range(first, last + 1, step))
    return tuple(numbers)
