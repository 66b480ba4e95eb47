"""Random streams named by what they are for, so that any epoch can be replayed on its own."""

import hashlib


def derive_seed(*names):
    """A seed in [0, 2**63) that depends on all ``names`` (numbers or strings) and their order."""
    text = "/".join(map(str, names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1
