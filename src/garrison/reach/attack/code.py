"""Steps by what one writes and another one runs: images, models, start scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from garrison.estate.assets import Asset
from garrison.estate.assets.ml_serving import InferenceService
from garrison.estate.assets.model import ModelContainer
from garrison.estate.assets.registry import Registry
from garrison.estate.assets.storage import Bucket
from garrison.estate.assets.workload import Container, Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.truth import YES, Truth
from garrison.estate.values import Value
from garrison.reach.attack.steps import CHANGED, Steps
from garrison.reach.path import Medium

_DIGEST = r"@sha256:[0-9a-f]{64}$"
_BUCKET = re.compile(r"^(?:s3|gs)://([^/]+)|^https?://([^./]+)\.s3[.-]|^https?://storage\.googleapis\.com/([^/]+)/")
_REPOSITORY = re.compile(r"^(?:[^/]+[.:][^/]*/)?(?P<name>[^@:]+)")


def add_code(estate: Estate, steps: Steps) -> None:
    """From stores that somebody writes to whatever loads and runs what lies in them."""
    _models(estate, steps)
    _images(estate, steps)


def _models(estate: Estate, steps: Steps) -> None:
    """A model file is code to most of the servers that load it (pickle, TorchScript, Keras' Lambda layers)."""
    buckets = {b.name.text(): b for b in estate.of(Bucket) if b.name.text()}
    for part in estate.of(ModelContainer):
        named = [e.end for e in estate.graph.out(part, Relation.READS) if isinstance(e.end, Bucket)]
        for bucket in named or _buckets(part.model_data, buckets):
            for owner in _owners(part, estate):
                _add(steps, bucket, owner, "gives its model to", part.model_data)
    for service in estate.of(InferenceService):
        pods = [e.end for e in estate.graph.out(service, Relation.CONTAINS) if isinstance(e.end, Workload)]
        for said in service.model_locations.items():
            for bucket in _buckets(said, buckets):
                for pod in pods:
                    _add(steps, bucket, pod, "gives its model to", said)


def _buckets(location: Value, buckets: dict[str, Bucket]) -> list[Bucket]:
    """The bucket that an address names, if it is in these files."""
    match = _BUCKET.match(location.text())
    name = next(filter(None, match.groups()), "") if match else ""
    return [buckets[name]] if name in buckets else []


def _images(estate: Estate, steps: Steps) -> None:
    """Whoever pushes to a repository runs code wherever its images are started by a name that may move."""
    by_name = {r.name.text(): r for r in estate.of(Registry) if r.name.text()}
    if not by_name:
        return
    parts: list[Container | ModelContainer] = [*estate.of(Container), *estate.of(ModelContainer)]
    for part in parts:
        registry = next((by_name[n] for n in _repositories(part.image) if n in by_name), None)
        if registry is None or registry.immutable_tags.yes or part.image.matches(_DIGEST).yes:
            continue
        for owner in _owners(part, estate):
            _add(steps, registry, owner, "gives its image to", part.image, truth=~registry.immutable_tags)


def _repositories(image: Value) -> Iterator[str]:
    """The name of an image without its registry, and without leading folders one by one."""
    parts = image.content if isinstance(image.content, tuple) else (image,)
    text = "".join(p.content if isinstance(p.content, str) else "x.x" for p in parts)
    match = _REPOSITORY.match(text)
    name = match["name"] if match else ""
    while name:
        yield name
        name = name.partition("/")[2]


def _owners(part: Asset, estate: Estate) -> list[Asset]:
    """What a container is a part of."""
    return [
        e.start for e in estate.graph.into(part, Relation.CONTAINS) if e.start is not None and part.is_part_of(e.start)
    ]


def _add(steps: Steps, store: Asset, end: Asset, words: str, said: Value, *, truth: Truth = YES) -> None:
    steps.add(steps.node(store, CHANGED), steps.node(end), Medium.CODE, words, said, truth=truth)
