"""The names of figures."""

import re


def name_with_label(name: str, label: str) -> str:
    """The file name of a setting's figure, without extension."""
    return f"{name}-{re.sub('[^a-z0-9.]+', '-', label.lower())}" if label else name
