"""Memory sizes and durations in words, for messages about settings that are too large."""


def format_bytes(size: float) -> str:
    """A number of bytes: ``1.5 GB``; capped at 10^30 bytes."""
    size = min(size, 10**30)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:,.3g} {unit}" if size < 1000 else f"{size:,.0f} {unit}"


def format_duration(seconds: float) -> str:
    """A number of seconds: ``3.2 years``."""
    for unit, size in (("years", 365 * 86_400), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds:,.3g} seconds"
