"""A stream of numbers, one at a time: when did its mean change? Of a model that learns the truth later, right (0) and wrong (1).

Both keep what they need in a Struct, so that they go on after a restart.
"""

from __future__ import annotations

import math

import msgspec

_BUCKETS = 5  # of one size, before two of them become one of the next
_LEAST = 32  # numbers before ADWIN looks
_EVERY = 32  # numbers between looks
_SIDE = 5  # numbers that a side has at least


class Change(msgspec.Struct, frozen=True):
    """A change of the mean: before, after, and since when (the time of the first number after it)."""

    before: float
    after: float
    since_us: int
    at_us: int


class PageHinkley(msgspec.Struct):
    """Page's test as Hinkley wrote it (Page, Biometrika 41, 1954; Hinkley, Biometrika 58, 1971): the mean has risen.

    `tolerance` is the rise that does not matter, `threshold` the sum of what exceeds it. Of wrong answers (0 or 1), the default tells
    a rise by 0.2 after about 280 answers, one by 0.4 after 130. `since_us` is when the sum was least, which is early by chance.
    """

    tolerance: float = 0.02
    threshold: float = 50.0
    least: int = 100  # numbers before anything is told
    count: int = 0
    mean: float = 0.0
    risen: float = 0.0  # how far the sum is above its least
    since_us: int = 0  # when it was least
    sum_since: float = 0.0
    count_since: int = 0

    def add(self, number: float, time_us: int) -> Change | None:
        """A number; a change where one is told, after which all begins anew."""
        self.count += 1
        self.mean += (number - self.mean) / self.count
        self.risen += number - self.mean - self.tolerance
        self.sum_since += number
        self.count_since += 1
        if self.risen <= 0:
            self.risen, self.since_us, self.sum_since, self.count_since = 0.0, 0, 0.0, 0
        elif not self.since_us:
            self.since_us = time_us
        if self.count < self.least or self.risen <= self.threshold:
            return None
        before = (self.mean * self.count - self.sum_since) / max(self.count - self.count_since, 1)
        found = Change(before, self.sum_since / self.count_since, self.since_us, time_us)
        self.count, self.mean, self.risen, self.since_us, self.sum_since, self.count_since = 0, 0.0, 0.0, 0, 0.0, 0
        return found


class Bucket(msgspec.Struct, array_like=True):
    """Numbers that came one after another: how many, their sum, their squares' sum about the mean, the time of the first."""

    count: int
    sum: float
    spread: float
    since_us: int


class Adwin(msgspec.Struct):
    """Adaptive windowing (Bifet and Gavalda, SDM 2007, section 4): the longest window that has one mean.

    The window is an exponential histogram, so it takes memory for the logarithm of its length. Where its older and newer parts have
    means further apart than `confidence` allows (Bernstein's bound with the window's variance), the older one is dropped.
    """

    confidence: float = 0.002
    count: int = 0
    buckets: list[list[Bucket]] = []  # by size (1, 2, 4, ...), of each the oldest first

    def add(self, number: float, time_us: int) -> Change | None:
        """A number; a change where one is told."""
        self.count += 1
        self._put(Bucket(1, number, 0.0, time_us))
        if self.count % _EVERY or self.count < _LEAST:
            return None
        found: Change | None = None
        while (cut := self._cut(time_us)) is not None:
            found = cut if found is None else msgspec.structs.replace(cut, before=found.before)
        return found

    def _put(self, bucket: Bucket) -> None:
        level = 0
        while True:
            if level == len(self.buckets):
                self.buckets.append([])
            row = self.buckets[level]
            row.append(bucket)
            if len(row) <= _BUCKETS:
                return
            bucket = _joined(row.pop(0), row.pop(0))
            level += 1

    def _cut(self, time_us: int) -> Change | None:
        """Drop what is older than the clearest change there is: of all cuts that pass, the one that passes by most."""
        ordered = [bucket for row in reversed(self.buckets) for bucket in row]
        whole = Bucket(0, 0.0, 0.0, 0)
        for bucket in ordered:
            whole = _joined(whole, bucket)
        old, clearest, found = Bucket(0, 0.0, 0.0, 0), 1.0, 0
        for number, bucket in enumerate(ordered[:-1], 1):
            old = _joined(old, bucket)
            n, m = old.count, whole.count - old.count
            if min(n, m) < _SIDE:
                continue
            clear = abs(old.sum / n - (whole.sum - old.sum) / m) / self._bound(n, m, whole)
            if clear > clearest:
                clearest, found = clear, number
                change = Change(old.sum / n, (whole.sum - old.sum) / m, ordered[number].since_us, time_us)
        if not found:
            return None
        self._drop(found)
        return change

    def _bound(self, n: int, m: int, whole: Bucket) -> float:
        harmonic = 1 / (1 / n + 1 / m)
        confidence = math.log(2 * math.log(whole.count) / self.confidence)
        return math.sqrt(2 / harmonic * whole.spread / whole.count * confidence) + 2 / (3 * harmonic) * confidence

    def _drop(self, number: int) -> None:
        for row in reversed(self.buckets):
            dropped = min(number, len(row))
            self.count -= sum(bucket.count for bucket in row[:dropped])
            del row[:dropped]
            number -= dropped


def _joined(old: Bucket, new: Bucket) -> Bucket:
    """Two stretches as one (Chan, Golub and LeVeque 1983, for the spread)."""
    if not old.count:
        return new
    count = old.count + new.count
    apart = new.sum / new.count - old.sum / old.count
    spread = old.spread + new.spread + apart**2 * old.count * new.count / count
    return Bucket(count, old.sum + new.sum, spread, old.since_us)
