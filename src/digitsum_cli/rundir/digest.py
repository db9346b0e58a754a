"""Digests that say whether a row of the store is what was written."""

import hashlib


def sha256_of(*parts: str | bytes) -> str:
    """Of the parts, each with its length before it, so that nothing can move from one to the next."""
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
