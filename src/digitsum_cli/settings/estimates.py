"""How much something would take, in words, for what is refused because it cannot fit."""


def memory_in_words(size: float) -> str:
    """A number of bytes: ``1.5 GB``; what is beyond all measure is given as that."""
    size = min(size, 10**30)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:,.3g} {unit}" if size < 1000 else f"{size:,.0f} {unit}"


def time_in_words(seconds: float) -> str:
    """A number of seconds: ``3.2 years``."""
    for unit, size in (("years", 365 * 86_400), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds:,.3g} seconds"
