"""The book's own figures."""

import json
from pathlib import Path
from typing import Any

BOOK: dict[str, Any] = json.loads((Path(__file__).parent / "facts" / "book.json").read_text())
