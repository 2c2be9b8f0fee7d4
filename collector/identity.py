"""Remembers which event identities are known, in bounded memory, so that a new event costs no look into history.

A Bloom filter over 64-bit hashes: "unknown" is certain, "known" is a reason to ask the store. It is rebuilt from
the store at start and grows with it; past its bound more events are asked for needlessly, never wrongly answered.
"""

import numpy as np
import numpy.typing as npt
import xxhash

# 24 bits and 7 probes an identity: about one needless question in 60,000 events. The first filter is sized for twice
# what the store holds; a full one is joined by another of four times the size, so that few have to be looked at.
# Together they stay below 256 MiB: there the last one takes the rest, and asks needlessly ever more often.
_BITS_PER_IDENTITY = 24
_PROBES = 7
_GROWTH = 4
_SMALLEST = 1 << 24
_LARGEST = 1 << 30

Hashes = npt.NDArray[np.uint64]


def identity_hash(source: str, event_id: str) -> int:
    """The hash of (source, id); storage/queries/identity_hashes.sql computes the same in the store."""
    return xxhash.xxh3_64_intdigest(f"{source}\0{event_id}".encode())


class KnownIdentities:
    """A set of identity hashes that may claim to hold one it does not, never the reverse."""

    def __init__(self, expected: int) -> None:
        """An empty set, sized for twice `expected` members at first."""
        bits = _SMALLEST
        while bits < min(2 * expected * _BITS_PER_IDENTITY, _LARGEST):
            bits *= 2
        self._filters = [_Filter(bits)]

    def add(self, hashes: Hashes) -> None:
        """Remembers these identities."""
        last = self._filters[-1]
        if last.is_full and last.bits < _LARGEST:
            last = _Filter(min(last.bits * _GROWTH, _LARGEST))
            self._filters.append(last)
        last.add(hashes)

    def may_hold(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """For each identity, whether it may be known."""
        known = np.zeros(len(hashes), dtype=np.bool_)
        for part in self._filters:
            known |= part.may_hold(hashes)
        return known


class _Filter:
    """One Bloom filter of a fixed size, a power of two."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._members = 0
        self._mask = np.uint64(bits - 1)
        self._bytes = np.zeros(bits // 8, dtype=np.uint8)

    @property
    def is_full(self) -> bool:
        return self._members >= self.bits // _BITS_PER_IDENTITY

    def add(self, hashes: Hashes) -> None:
        self._members += len(hashes)
        for probe in range(_PROBES):
            places = self._places(hashes, probe)
            np.bitwise_or.at(self._bytes, places >> np.uint64(3), _bit(places))

    def may_hold(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        known = np.zeros(len(hashes), dtype=np.bool_)
        # Each probe rules out at least half of what is not in, so the later ones look at few.
        left = np.arange(len(hashes))
        for probe in range(_PROBES):
            places = self._places(hashes[left], probe)
            left = left[(self._bytes[places >> np.uint64(3)] & _bit(places)) != 0]
            if not len(left):
                return known
        known[left] = True
        return known

    def _places(self, hashes: Hashes, probe: int) -> Hashes:
        # Double hashing (Kirsch and Mitzenmacher): probe i looks at h1 + i * h2, h2 odd.
        second = (hashes >> np.uint64(32)) | np.uint64(1)
        return (hashes + np.uint64(probe) * second) & self._mask


def _bit(places: Hashes) -> npt.NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (places & np.uint64(7)).astype(np.uint8))
