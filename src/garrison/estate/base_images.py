"""What is known of images that others are built from: whose they are, as whom they run, how long they get patches.

Facts: `base_images.toml`. How an image is named: https://pkg.go.dev/github.com/distribution/reference
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_NAME = re.compile(
    r"^(?:(?P<registry>[^/]*[.:][^/]*|localhost)/)?(?P<path>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?$"
)
_DOCKER_HUB = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
# Pull-through caches keep Docker Hub's names below a prefix.
_CACHED = re.compile(r"^(?:dockerhub|docker-hub|docker\.io|docker|library-cache|mirror|hub|proxy)/(?=[^/]+(/[^/]+)?$)")


class Image(msgspec.Struct, frozen=True):
    """The parts of an image's name."""

    registry: str  # "" for Docker Hub
    repository: str  # without `library/`
    tag: str
    digest: str

    @property
    def namespace(self) -> str:
        """Whose it is on Docker Hub; "" for an official image."""
        return self.repository.rpartition("/")[0]


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is inside of images, and when its releases end. `own` is a regular expression for the whole of a repository."""

    title: str
    own: str
    prefix: str
    source: str
    ended: dict[str, dt.date]


class Release(msgspec.Struct, frozen=True):
    """One release of a product."""

    title: str
    ended: dt.date  # the last day on which its makers gave patches to everybody
    source: str
    own: str  # a regular expression for the whole of a repository whose tags begin with one of `names`
    names: tuple[str, ...]
    parts: tuple[str, ...]  # one of which is a part of other repositories' tags

    def is_in(self, repository: str, tag: str) -> bool:
        """Whether an image has it inside, as its name tells."""
        if re.fullmatch(self.own, repository):
            return any(tag == name or tag.startswith((f"{name}.", f"{name}-")) for name in self.names)
        around = f"-{tag}-"
        return any(f"{left}{part}{right}" in around for part in self.parts for left in "-_" for right in "-_")


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `base_images.toml` says."""

    publishers: frozenset[str]  # namespaces of Docker Hub that belong to an organisation one can name
    root: str  # repositories whose images run as root: a regular expression
    not_root: str  # those whose images run as somebody else
    not_root_tags: str
    developing: str  # images that carry compilers, with their tag
    products: tuple[Product, ...]


@cache
def facts() -> Facts:
    """The facts."""
    said: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))
    return msgspec.convert(said, Facts)


@cache
def releases() -> tuple[Release, ...]:
    """Every release, in the order of the file."""
    return tuple(_release(p, said, ended) for p in facts().products for said, ended in p.ended.items())


def _release(product: Product, said: str, ended: dt.date) -> Release:
    version, *names = said.split()
    prefixed = (f"{product.prefix}{version}", f"{product.prefix}-{version}") if product.prefix else ()
    return Release(
        f"{product.title} {version}", ended, product.source, product.own, (version, *names), (*names, *prefixed)
    )


def parse_image(name: str) -> Image | None:
    """The parts of a name; None for a text that is none."""
    match = _NAME.match(name)
    if match is None:
        return None
    registry = match["registry"] or ""
    path = match["path"].lower().removeprefix("library/")
    return Image("" if registry in _DOCKER_HUB else registry, path, match["tag"] or "", match["digest"] or "")


def is_from_stranger(name: str) -> bool:
    """Whether it lies on Docker Hub under a name that is neither official nor that of a publisher known here."""
    image = parse_image(name)
    if image is None or image.registry or not image.namespace:
        return False
    return image.namespace.partition("/")[0] not in facts().publishers


def runs_as_root(name: str) -> bool | None:
    """Whether its own user is root; None where that is not known here."""
    image = parse_image(name)
    if image is None:
        return None
    bare = _CACHED.sub("", image.repository)
    if re.search(facts().not_root, f"{image.registry}/{bare}") or re.search(facts().not_root_tags, image.tag):
        return False
    return True if re.fullmatch(facts().root, bare) else None


def is_for_development(name: str) -> bool:
    """Whether it carries compilers on purpose: nvidia/cuda's `devel`."""
    return re.search(facts().developing, name) is not None


def ended_release(name: str, today: dt.date) -> Release | None:
    """The release in it that gets no more patches."""
    image = parse_image(name)
    if image is None or not image.tag:
        return None
    bare = _CACHED.sub("", image.repository)
    ended = (r for r in releases() if r.ended < today and r.is_in(bare, image.tag))
    return next(ended, None)
