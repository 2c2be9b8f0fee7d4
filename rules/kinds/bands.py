"""Which places of a row have a band of numbers around zero, as bands move together by the stretch."""

from collections.abc import Sequence

_FAR = 10**300


class Bands:
    """A band (low, high) for each of so many places; one that does not hold zero is off.

    A tree over the places keeps, for each part, how far its bands may move before one of them is on or off that was
    not. So moving all bands of a stretch costs about the logarithm of the places, and as much again for each band that
    changes over. Places are left out until they are taken in.
    """

    def __init__(self, places: int, low: int, high: int) -> None:
        self._leaves = 1
        while self._leaves < places:
            self._leaves *= 2
        nodes = 2 * self._leaves
        self._moved_low, self._moved_high = [0] * nodes, [0] * nodes
        # Of the bands that hold zero the highest low and the lowest high; of the others the low or high next to zero.
        self._on_low, self._on_high = [-_FAR] * nodes, [_FAR] * nodes
        self._above, self._below = [_FAR] * nodes, [-_FAR] * nodes
        self._low, self._high = [low] * self._leaves, [high] * self._leaves
        self._is_known, self._is_off = [False] * self._leaves, [False] * self._leaves
        self._changed: dict[int, bool] = {}

    def take_in(self, place: int) -> None:
        """Counts a place from now on."""
        self._is_known[place] = True
        self._walk(1, 0, self._leaves, (place, place + 1), (0, 0), looks=True)
        self._changed[place] = self._is_off[place]

    def move(self, first: int, end: int, low: int, high: int) -> None:
        """Moves the bands of the places from `first` up to, not including, `end` by so much."""
        if first < end and (low or high):
            self._walk(1, 0, self._leaves, (first, end), (low, high), looks=False)

    def changed(self) -> Sequence[tuple[int, bool]]:
        """The places taken in or changed over since this was asked last, and whether their bands are off now."""
        changed = list(self._changed.items())
        self._changed.clear()
        return changed

    def _walk(
        self, node: int, begin: int, end: int, part: tuple[int, int], by: tuple[int, int], *, looks: bool
    ) -> None:
        if part[1] <= begin or end <= part[0]:
            return
        if not looks and part[0] <= begin and end <= part[1] and self._moves_together(node, by):
            self._move_all(node, by)
            return
        if end - begin == 1:
            # A leaf has no part of its own to move later.
            self._low[begin] += self._moved_low[node] + by[0]
            self._high[begin] += self._moved_high[node] + by[1]
            self._moved_low[node] = self._moved_high[node] = 0
            if self._is_known[begin]:
                self._read(node, begin)
            return
        waiting = (self._moved_low[node], self._moved_high[node])
        if waiting != (0, 0):
            self._move_all(2 * node, waiting)
            self._move_all(2 * node + 1, waiting)
            self._moved_low[node] = self._moved_high[node] = 0
        middle = (begin + end) // 2
        self._walk(2 * node, begin, middle, part, by, looks=looks)
        self._walk(2 * node + 1, middle, end, part, by, looks=looks)
        left, right = 2 * node, 2 * node + 1
        self._on_low[node] = max(self._on_low[left], self._on_low[right])
        self._on_high[node] = min(self._on_high[left], self._on_high[right])
        self._above[node] = min(self._above[left], self._above[right])
        self._below[node] = max(self._below[left], self._below[right])

    def _moves_together(self, node: int, by: tuple[int, int]) -> bool:
        return (
            self._on_low[node] + by[0] <= 0 <= self._on_high[node] + by[1]
            and self._below[node] + by[1] < 0 < self._above[node] + by[0]
        )

    def _move_all(self, node: int, by: tuple[int, int]) -> None:
        self._moved_low[node] += by[0]
        self._moved_high[node] += by[1]
        self._on_low[node] += by[0]
        self._above[node] += by[0]
        self._on_high[node] += by[1]
        self._below[node] += by[1]

    def _read(self, node: int, place: int) -> None:
        low, high = self._low[place], self._high[place]
        is_off = low > 0 or high < 0
        self._on_low[node], self._on_high[node] = (-_FAR, _FAR) if is_off else (low, high)
        self._above[node] = low if low > 0 else _FAR
        self._below[node] = high if high < 0 else -_FAR
        if is_off != self._is_off[place]:
            self._is_off[place] = self._changed[place] = is_off


class Sums:
    """Running sums over places of which any may get more (a Fenwick tree)."""

    def __init__(self, places: int) -> None:
        self._parts = [0] * (places + 1)

    def add(self, place: int, number: int) -> None:
        """Adds a number at a place."""
        position = place + 1
        while position < len(self._parts):
            self._parts[position] += number
            position += position & -position

    def through(self, place: int) -> int:
        """The sum of all up to and with a place."""
        position, total = place + 1, 0
        while position:
            total += self._parts[position]
            position -= position & -position
        return total
