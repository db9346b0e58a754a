"""Checksums that detect damaged rows in the store."""

import hashlib


def sha256_of(*parts: str | bytes) -> str:
    """The SHA-256 of the parts, each preceded by its length, so that no byte can move from one part to the next."""
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
