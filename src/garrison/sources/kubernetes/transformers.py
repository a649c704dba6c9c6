"""What a kustomization changes in everything it deploys: names, namespaces, labels, annotations, images, replicas.

Field by field as kustomize does by itself:
https://github.com/kubernetes-sigs/kustomize/tree/master/api/internal/konfig/builtinpluginconsts
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from garrison.estate.values import Body, State, Value, known
from garrison.sources.documents import joined
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.edits import Change, body_of, entry, put, updated, with_entries
from garrison.sources.kubernetes.kustomization import Kustomization

Path = tuple[str, ...]

_KEEP_THEIR_NAME = frozenset({"APIService", "CustomResourceDefinition", "Namespace"})
_SCALED = frozenset({"Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"})
_OF_PODS: dict[str, tuple[Path, ...]] = {  # where the metadata of a kind's pods stands
    **dict.fromkeys((*_SCALED, "DaemonSet", "Job"), (("spec", "template", "metadata"),)),
    "CronJob": (("spec", "jobTemplate", "metadata"), ("spec", "jobTemplate", "spec", "template", "metadata")),
}
_SELECTORS: dict[str, Path] = {
    **dict.fromkeys(("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"), ("spec", "selector", "matchLabels")),
    **dict.fromkeys(("Service", "ReplicationController"), ("spec", "selector")),
}
_SELECTORS_THAT_ARE_SAID: dict[str, tuple[Path, ...]] = {
    "Job": (("spec", "selector", "matchLabels"),),
    "PodDisruptionBudget": (("spec", "selector", "matchLabels"),),
    "NetworkPolicy": (
        ("spec", "podSelector", "matchLabels"),
        ("spec", "ingress", "*", "from", "*", "podSelector", "matchLabels"),
        ("spec", "egress", "*", "to", "*", "podSelector", "matchLabels"),
    ),
}
_WITHOUT_CONTAINERS = re.compile(
    r"^(?!Pod$|PodTemplate$|CronJob$|DaemonSet$|Deployment$|Job$|Replica|StatefulSet$)\w+$"
)
_CONTAINERS = frozenset({"containers", "initContainers"})
_IMAGE = re.compile(r"(?P<tag>:[\w.{}-]*)?(?P<digest>@sha256:[\w.{}-]*)?", re.ASCII)


def apply_names(kustomization: Kustomization, objects: list[Deployed]) -> list[Deployed]:
    """Its namespace, prefix and suffix."""
    namespace = kustomization.said.child("namespace")
    if namespace.text():
        objects = [_placed(one, namespace) for one in objects]
    prefix, suffix = kustomization.said.child("namePrefix"), kustomization.said.child("nameSuffix")
    for affix, form in ((prefix, "{0}{1}"), (suffix, "{1}{0}")):
        text = affix.text()
        if text:
            objects = [
                one
                if one.kind in _KEEP_THEIR_NAME
                else one.named(form.format(text, one.name), affix.place, form.format(text, "*"))
                for one in objects
            ]
    return objects


def _placed(one: Deployed, namespace: Value) -> Deployed:
    """In a namespace, which bindings then say of the account that every namespace has."""
    placed = one.placed(namespace)
    if one.kind in ("RoleBinding", "ClusterRoleBinding"):
        return placed.with_change(lambda v: updated(v, ("subjects", "*"), lambda s: _its_default(s, namespace)))
    return placed


def _its_default(subject: Value, namespace: Value) -> Value:
    return with_entries(subject, {"namespace": namespace}) if entry(subject, "name").text() == "default" else subject


def apply_labels(kustomization: Kustomization, objects: list[Deployed]) -> list[Deployed]:
    """`labels`, `commonLabels`, `commonAnnotations`."""
    for said in kustomization.all("labels"):
        pairs = entry(said, "pairs")
        selectors = entry(said, "includeSelectors").equals(True).yes
        templates = entry(said, "includeTemplates").equals(True).yes or selectors
        objects = _labelled(objects, pairs, "labels", templates=templates, selectors=selectors)
    common = kustomization.said.child("commonLabels")
    objects = _labelled(objects, common, "labels", templates=True, selectors=True)
    return _labelled(objects, kustomization.said.child("commonAnnotations"), "annotations", templates=True)


def _labelled(
    objects: list[Deployed], pairs: Value, name: str, *, templates: bool, selectors: bool = False
) -> list[Deployed]:
    body = body_of(pairs)
    if body is None:
        return objects
    said = dict(body.items())

    def add(where: Value) -> Value:
        return with_entries(where, said)

    def add_if_said(where: Value) -> Value:
        return add(where) if body_of(where) is not None else where

    def changes(type_: str) -> list[Change]:
        found = [_at(("metadata", name), add)]
        if templates:
            found += [_at((*path, name), add) for path in _OF_PODS.get(type_, ())]
        if selectors and type_ in _SELECTORS:
            found.append(_at(_SELECTORS[type_], add))
        if selectors:
            found += [_at(path, add_if_said) for path in _SELECTORS_THAT_ARE_SAID.get(type_, ())]
        return found

    return [one.with_change(*changes(one.type)) for one in objects]


def _at(path: Path, change: Change) -> Change:
    return lambda value: updated(value, path, change)


def apply_counts_and_images(kustomization: Kustomization, objects: list[Deployed]) -> list[Deployed]:
    """`replicas` and `images`."""
    for said in kustomization.all("replicas"):
        name, count = entry(said, "name").text(), entry(said, "count")
        objects = [
            one.with_change(put(("spec", "replicas"), count))
            if one.type in _SCALED and any(name == its for its, _ in one.ids)
            else one
            for one in objects
        ]
    images = kustomization.all("images")
    if not images:
        return objects
    return [
        one if _WITHOUT_CONTAINERS.match(one.type) else one.with_change(lambda v: _with_images(v, images))
        for one in objects
    ]


class _Imaged(Body):
    """A mapping in which the images of containers are renamed, however deep they lie; made when asked for."""

    __slots__ = ("base", "images", "is_container", "made")

    def __init__(self, base: Body, images: tuple[Value, ...], *, is_container: bool) -> None:
        self.base, self.images, self.is_container = base, images, is_container
        self.made: dict[str, Value] = {}

    def keys(self) -> Sequence[str]:
        return self.base.keys()

    def child(self, name: str) -> Value:
        found = self.made.get(name)
        if found is None:
            said = self.base.child(name)
            is_image = self.is_container and name == "image"
            found = _renamed(said, self.images) if is_image else _with_images(said, self.images, name)
            self.made[name] = found
        return found


def _with_images(value: Value, images: tuple[Value, ...], name: str = "", *, item: bool = False) -> Value:
    content = value.content
    if value.state is not State.KNOWN:
        return value
    if isinstance(content, tuple):
        if not any(isinstance(i.content, tuple | Body) for i in content):
            return value
        inner = tuple(_with_images(i, images, name, item=True) for i in content)
        return Value(State.KNOWN, inner, value.place, rest=value.rest)
    if not isinstance(content, Body):
        return value
    is_container = item and name in _CONTAINERS
    if isinstance(content, _Imaged) and content.is_container is is_container:  # one layer, however many kustomizations
        renamed = _Imaged(content.base, (*content.images, *images), is_container=is_container)
        return Value(State.KNOWN, renamed, value.place)
    return Value(State.KNOWN, _Imaged(content, images, is_container=is_container), value.place)


def _renamed(image: Value, images: tuple[Value, ...]) -> Value:
    for said in images:
        image = _after(image, said)
    return image


def _after(image: Value, said: Value) -> Value:
    """An image after one entry of `images`; its place is where that says what it is now."""
    name, text = entry(said, "name").text(), image.text()
    rest = _IMAGE.fullmatch(text, len(name)) if name and text.startswith(name) else None
    if rest is None:
        return image
    new_name, new_tag, digest = entry(said, "newName"), entry(said, "newTag"), entry(said, "digest")
    parts = [new_name if new_name.text() else known(name, image.place)]
    told = next((v for v in (new_tag, digest, new_name) if v.state is not State.ABSENT), image)
    if new_tag.state is not State.ABSENT:
        parts += [known(":"), known(str(new_tag.content)) if new_tag.state is State.KNOWN else new_tag]
    if digest.state is not State.ABSENT:
        parts += [known("@"), digest]
    if new_tag.state is State.ABSENT and digest.state is State.ABSENT:
        suffix = entry(said, "tagSuffix").text()
        parts.append(known((rest["tag"] or "") + suffix + ("" if suffix else rest["digest"] or "")))
    return joined(parts, told.place)
