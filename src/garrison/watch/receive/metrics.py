"""Samples out of what an exporter shows: Prometheus' text format ("Exposition formats", Prometheus documentation)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

import msgspec

from garrison.errors import UnmappedError
from garrison.watch.receive.input import Sample

_MOST_SAMPLES = 100_000
_HOST = "Hostname"  # dcgm-exporter says it of each GPU


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One that is kept; series are left out of which a label is, as a whole, of this pattern."""

    name: str
    without: dict[str, str] = {}

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a series is kept."""
        return not any(re.fullmatch(pattern, labels.get(name, "")) for name, pattern in self.without.items())


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    metric: list[Metric]


@cache
def usual() -> Mapping[str, Metric]:
    """The metrics that are kept unless others are named."""
    data = (files(__package__) / "metrics.toml").read_bytes()
    return {metric.name: metric for metric in msgspec.toml.decode(data, type=_Table).metric}


def samples(text: str, metrics: Mapping[str, Metric], host: str, now_us: int) -> Iterator[Sample]:
    """The samples of the metrics that are kept, those that are numbers. Raises UnmappedError for what is no exposition."""
    from prometheus_client.parser import text_string_to_metric_families

    count = 0
    try:
        for family in text_string_to_metric_families(text):
            for found in family.samples:
                metric = metrics.get(found.name)
                if metric is None or not metric.takes(found.labels) or not math.isfinite(found.value):
                    continue
                count += 1
                if count > _MOST_SAMPLES:
                    raise UnmappedError(f"more than {_MOST_SAMPLES:,} samples", hint="name fewer metrics")
                labels = dict(found.labels)
                said = labels.pop(_HOST, "") or host
                time_us = round(float(found.timestamp) * 1e6) if found.timestamp else now_us
                yield Sample(time_us, found.name, float(found.value), said, labels)
    except (ValueError, TypeError, IndexError, KeyError) as error:  # what the parser raises is not told
        raise UnmappedError(f"this is no exposition of metrics: {error!r}") from error
