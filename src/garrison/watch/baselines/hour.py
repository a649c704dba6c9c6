"""What one subject did in one hour: counts, and sketches of what cannot be counted in little memory. Hours of one subject add up.

Distinct values are counted by HyperLogLog (1.6 % off at 4,096 registers), durations by KLL (Karnin, Lang and Liberty 2016; ranks 1.3 %
off), both of Apache DataSketches.
"""

from __future__ import annotations

import enum

import datasketches
import msgspec

from garrison.events.event import Event, Status
from garrison.watch.baselines.novelty import Field

HOUR_US = 3_600_000_000
_REGISTERS = 12  # log2
_KLL = 200
MAX_VALUES = 512  # of a field in an hour, that novelty looks at
_MAX_CHARS = 200  # of a value
FAILED_FROM = 400  # of status codes


class Measure(enum.StrEnum):
    """What is expected of a subject, hour by hour."""

    REQUESTS = "requests"
    ERRORS = "errors"  # share of requests
    LATENCY = "latency"  # median, microseconds
    SLOWEST = "slowest"  # 95th percentile, microseconds
    BYTES_IN = "bytes in"  # mean of a request: a total of little traffic jumps between nothing and much
    BYTES_OUT = "bytes out"
    MODELS = "models"  # distinct
    RESOURCES = "resources"  # distinct
    CPU = "cpu"  # mean of samples, 0 to 1
    GPU = "gpu"
    NETWORK = "network"  # mean of samples, bytes a second


GAUGES = (Measure.CPU, Measure.GPU, Measure.NETWORK)


class Gauge(msgspec.Struct):
    """Samples of a resource."""

    count: int = 0
    sum: float = 0.0


class Hour(msgspec.Struct, kw_only=True):
    """What was seen of a subject in the hour that begins `start` hours after 1970 (UTC)."""

    start: int
    requests: int = 0
    errors: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    durations: datasketches.kll_floats_sketch = msgspec.field(
        default_factory=lambda: datasketches.kll_floats_sketch(_KLL)
    )
    models: datasketches.hll_sketch = msgspec.field(default_factory=lambda: datasketches.hll_sketch(_REGISTERS))
    resources: datasketches.hll_sketch = msgspec.field(default_factory=lambda: datasketches.hll_sketch(_REGISTERS))
    gauges: dict[Measure, Gauge] = {}
    values: dict[Field, dict[str, int]] = {}  # when each was first seen; bounded
    values_left_out: int = 0

    def observe(self, event: Event, *, country: str = "") -> None:
        """Count an event of this hour. `country` is that of its address, where the place knows it."""
        self.requests += 1
        failed = event.status_id == Status.FAILURE or event.status_code >= FAILED_FROM
        self.errors += failed
        self.bytes_in += event.bytes_in
        self.bytes_out += event.bytes_out
        if event.duration_us:
            self.durations.update(float(event.duration_us))
        if event.model:
            self.models.update(event.model)
        if event.resource:
            self.resources.update(event.resource)
        for field, value in ((Field.PEER, event.src_ip), (Field.COUNTRY, country), (Field.PROGRAM, event.process)):
            if value:
                self._note(field, value, event.time_us)

    def sample(self, measure: Measure, value: float) -> None:
        """Count a sample of a resource."""
        gauge = self.gauges.setdefault(measure, Gauge())
        gauge.count += 1
        gauge.sum += value

    def _note(self, field: Field, value: str, time_us: int) -> None:
        seen, value = self.values.setdefault(field, {}), value[:_MAX_CHARS]
        if value in seen:
            seen[value] = min(seen[value], time_us)
        elif len(seen) < MAX_VALUES:
            seen[value] = time_us
        else:
            self.values_left_out += 1

    def measured(self) -> dict[Measure, float]:
        """What there is to be judged; a silent hour has no latency, and no requests."""
        found = {
            Measure.REQUESTS: float(self.requests),
            Measure.MODELS: self.models.get_estimate(),
            Measure.RESOURCES: self.resources.get_estimate(),
        }
        if self.requests:
            found[Measure.ERRORS] = self.errors / self.requests
            found[Measure.BYTES_IN] = self.bytes_in / self.requests
            found[Measure.BYTES_OUT] = self.bytes_out / self.requests
        if not self.durations.is_empty():
            found[Measure.LATENCY] = self.durations.get_quantile(0.5)
            found[Measure.SLOWEST] = self.durations.get_quantile(0.95)
        found |= {measure: gauge.sum / gauge.count for measure, gauge in self.gauges.items() if gauge.count}
        return found


def merge(into: Hour, other: Hour) -> None:
    """Add what another node saw of the same subject in the same hour. Raises ValueError where the hours differ."""
    if into.start != other.start:
        raise ValueError(f"hours {into.start} and {other.start} do not add up")
    into.requests += other.requests
    into.errors += other.errors
    into.bytes_in += other.bytes_in
    into.bytes_out += other.bytes_out
    into.durations.merge(other.durations)
    into.models, into.resources = _union(into.models, other.models), _union(into.resources, other.resources)
    for measure, gauge in other.gauges.items():
        mine = into.gauges.setdefault(measure, Gauge())
        mine.count += gauge.count
        mine.sum += gauge.sum
    for field, seen in other.values.items():
        for value, time_us in seen.items():
            into._note(field, value, time_us)  # noqa: SLF001
    into.values_left_out += other.values_left_out


def _union(one: datasketches.hll_sketch, other: datasketches.hll_sketch) -> datasketches.hll_sketch:
    both = datasketches.hll_union(_REGISTERS)
    both.update(one)
    both.update(other)
    return both.get_result()
