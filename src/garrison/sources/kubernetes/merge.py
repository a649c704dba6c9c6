"""Strategic merge: a patch that looks like the object it changes.

https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md, in the
dialect of kustomize: lists of the kinds of Kubernetes itself are merged by their keys, those of custom resources are
replaced, null takes away, `$patch` says delete or replace.
"""

from __future__ import annotations

from garrison.estate.values import Place, State, Value, absent, same
from garrison.sources.kubernetes.edits import body_of, entry, listed, with_entries

# Lists that are merged, by their name, and what tells their items apart: the first key that an item says. In the API of
# Kubernetes these names mean the same wherever they stand; all other lists are replaced.
# https://kubernetes.io/docs/reference/generated/kubernetes-api/ ("patch merge key")
_KEYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), ("name",)),
    **dict.fromkeys(("env", "volumes", "secrets", "imagePullSecrets", "resourceClaims"), ("name",)),
    **dict.fromkeys(("webhooks", "matchConditions", "variables", "schedulingGates", "claims"), ("name",)),
    "ports": ("containerPort", "port"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "ownerReferences": ("uid",),
}
_BESIDE = "protocol"  # two ports of one number are the same only if neither says another protocol
_DIRECTIVE = "$patch"


def merged(target: Value, patch: Value, *, built_in: bool, name: str = "") -> Value:
    """A value as a patch changes it; absent where the patch deletes it. `name` is what the value is called."""
    directive = entry(patch, _DIRECTIVE).text()
    if directive == "delete":
        return absent(patch.place)
    body = body_of(patch)
    if body is not None:
        into = target if body_of(target) is not None and directive != "replace" else absent(patch.place)
        return _mapping(into, patch, built_in=built_in)
    items = listed(patch)
    if items is not None:
        keys = _KEYS.get(name, ()) if built_in else ()
        return _list(target, items, patch.place, keys, built_in=built_in)
    return patch


def _mapping(target: Value, patch: Value, *, built_in: bool) -> Value:
    body = body_of(patch)
    changed = {}
    for name in body.keys() if body is not None else ():
        if not name.startswith("$"):
            said = entry(patch, name)
            null = said.state is State.ABSENT
            changed[name] = said if null else merged(entry(target, name), said, built_in=built_in, name=name)
    return with_entries(target, changed)


def _list(
    target: Value, patch: tuple[Value, ...], place: Place | None, keys: tuple[str, ...], *, built_in: bool
) -> Value:
    items = list(listed(target) or ())
    replaces = any(entry(p, _DIRECTIVE).text() == "replace" and _key_of(p, keys) is None for p in patch)
    if not keys or replaces:
        items = []
    for said in patch:
        directive = entry(said, _DIRECTIVE).text()
        if directive == "replace" and _key_of(said, keys) is None:
            continue
        at = next((n for n, item in enumerate(items) if _alike(item, said, keys)), None)
        result = merged(items[at] if at is not None else absent(said.place), said, built_in=built_in)
        if at is None:
            items += () if result.state is State.ABSENT else (result,)
        elif result.state is State.ABSENT:
            del items[at]
        else:
            items[at] = result
    here = target.place if keys and not replaces and target.place is not None else place
    return Value(State.KNOWN, tuple(items), here, rest=target.rest if keys else None)


def _key_of(item: Value, keys: tuple[str, ...]) -> tuple[str, object] | None:
    return next(((k, v.content) for k in keys if (v := entry(item, k)).state is State.KNOWN), None)


def _alike(one: Value, other: Value, keys: tuple[str, ...]) -> bool:
    key, its = _key_of(one, keys), _key_of(other, keys)
    if key is None or its is None or key[0] != its[0] or not same(key[1], its[1]):
        return False
    beside = {entry(v, _BESIDE).text() for v in (one, other)} - {""}
    return len(beside) < 2  # noqa: PLR2004 - two that differ
