"""Remembers which event identities are known, in bounded memory, so that a new event costs no look into history.

A Bloom filter over 64-bit hashes: "unknown" is certain, "known" is a reason to ask the store. It is rebuilt from
the store at start; when it fills up past its size more events are asked for needlessly, never wrongly answered.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xxhash

# 24 bits and 7 probes an identity: about one needless question in 60,000 events. Sized for twice what the store
# holds, within these bounds (2 MiB and 128 MiB; the larger still asks needlessly for only 1 in 400 at 100 million).
_BITS_PER_IDENTITY = 24
_PROBES = 7
_SMALLEST = 1 << 24
_LARGEST = 1 << 30

Hashes = npt.NDArray[np.uint64]


def identity_hash(source: str, event_id: str) -> int:
    """The hash of (source, id); storage/queries/identity_hashes.sql computes the same in the store."""
    return xxhash.xxh3_64_intdigest(f"{source}\0{event_id}".encode())


class KnownIdentities:
    """A set of identity hashes that may claim to hold one it does not, never the reverse."""

    def __init__(self, expected: int) -> None:
        """An empty set, sized for twice `expected` members."""
        bits = _SMALLEST
        while bits < min(2 * expected * _BITS_PER_IDENTITY, _LARGEST):
            bits *= 2
        self._mask = np.uint64(bits - 1)
        self._bytes = np.zeros(bits // 8, dtype=np.uint8)

    def add(self, hashes: Hashes) -> None:
        """Remembers these identities."""
        for places in self._places(hashes):
            np.bitwise_or.at(self._bytes, places >> np.uint64(3), _bit(places))

    def may_hold(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """For each identity, whether it may be known."""
        known = np.ones(len(hashes), dtype=np.bool_)
        for places in self._places(hashes):
            known &= (self._bytes[places >> np.uint64(3)] & _bit(places)) != 0
        return known

    def _places(self, hashes: Hashes) -> Sequence[Hashes]:
        # Double hashing (Kirsch and Mitzenmacher): probe i looks at h1 + i * h2, h2 odd.
        second = (hashes >> np.uint64(32)) | np.uint64(1)
        return [(hashes + np.uint64(probe) * second) & self._mask for probe in range(_PROBES)]


def _bit(places: Hashes) -> npt.NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (places & np.uint64(7)).astype(np.uint8))
