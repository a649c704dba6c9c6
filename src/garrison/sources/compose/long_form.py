"""The short forms of a service in long form, so that files can be merged and tables read one form.

https://github.com/compose-spec/compose-spec/blob/main/05-services.md
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from garrison.estate.values import HOLE, Body, Place, State, Value, absent, known, shown, unknown

# [[address:]host:]container[/protocol]; a port may be a range, an address IPv6 in brackets.
_PORT = re.compile(
    r"^(?:(?:(?P<address>\[[^\]]+\]|[^:\[\]]+|):)?(?P<host>[^:]*):)?(?P<target>[^:/]+)(?:/(?P<protocol>\w+))?$"
)
_VOLUME = re.compile(
    r"^(?P<source>(?:[A-Za-z]:[\\/])?[^:]*):(?P<target>(?:[A-Za-z]:[\\/])?[^:]+)(?::(?P<mode>[^:]*))?$"
)
_PATH = ("/", ".", "~", HOLE, "\\")
_URL = re.compile(r"^(https?://|git@|git://|ssh://|github\.com/|[\w+.-]+::)")


def long_form(name: str, said: Value, folder: str, place: Place | None) -> dict[str, Value]:
    """The keys of a service that stands at `place`; `folder` is that of its file."""
    if not isinstance(said.content, Body) or said.state is not State.KNOWN:
        return {}
    found: dict[str, Value] = {}
    for key, value in said.content.items():
        form = _FORMS.get(key)
        found[key] = value if form is None or value.state is State.ABSENT else _marked(value, form(value, folder))
    found["name"] = known(name, place)
    return found


def cut(whole: Value, text: str | None) -> Value:
    """A piece of a text as a value: unknown, for the reasons of the whole, where it has a hole."""
    if text is None:
        return absent(whole.place)
    if HOLE not in text:
        return Value(State.KNOWN, text, whole.place, whole.reason)
    head, tail = text.split(HOLE, 1)[0], text.rsplit(HOLE, 1)[1]
    hole = unknown(whole.reason, whole.place, decided_by=whole.decided_by)
    parts = tuple(p for p in (known(head, whole.place), hole, known(tail, whole.place)) if p.content != "")
    return unknown(whole.reason, whole.place, parts if len(parts) > 1 else None, whole.decided_by)


def _marked(said: Value, made: Value) -> Value:
    """What is made of a value keeps the tag that says how it is merged."""
    return Value(made.state, made.content, made.place, said.reason, made.ref, made.decided_by, made.rest)


def _body(place: Place | None, **items: Value) -> Value:
    return known(Body.of(items, place), place)


def _each(make: Callable[[Value, str], Value]) -> Callable[[Value, str], Value]:
    """A form for a list, item by item."""

    def form(said: Value, folder: str) -> Value:
        if said.state is State.UNKNOWN:
            return said
        return Value(State.KNOWN, tuple(make(item, folder) for item in said.items()), said.place, rest=said.rest)

    return form


def _port(item: Value, _: str) -> Value:
    if isinstance(item.content, Body):
        target = item.child("target")
        address, host, protocol = item.child("host_ip"), item.child("published"), item.child("protocol")
        return _body(item.place, name=_port_name(shown(target)), host_address=address, host_port=host, target=target, protocol=protocol)  # fmt: skip
    match = _PORT.match(shown(item))
    if match is None:
        hidden = unknown(item.reason or "a port that cannot be read", item.place, decided_by=item.decided_by)
        return _body(item.place, name=_port_name(""), host_address=hidden, host_port=hidden, target=hidden)
    bare = match["address"].strip("[]") if match["address"] else None
    target = cut(item, match["target"])
    return _body(
        item.place,
        name=_port_name(match["target"]),
        host_address=cut(item, bare),
        host_port=cut(item, match["host"] or None),
        target=known(int(target.text())) if target.text().isdigit() and len(target.text()) < 6 else target,  # noqa: PLR2004
        protocol=cut(item, match["protocol"]),
    )


def _port_name(target: str) -> Value:
    return known(f"port {target.replace(HOLE, '?')}" if target else "port")


def _volume(item: Value, _: str) -> Value:
    if isinstance(item.content, Body):
        return _body(
            item.place,
            type=item.child("type"),
            source=item.child("source"),
            mountPath=item.child("target"),
            read_only=item.child("read_only"),
        )
    text = shown(item)
    match = _VOLUME.match(text)
    if match is None:
        return _body(item.place, type=known("volume"), source=absent(item.place), mountPath=cut(item, text))
    source = match["source"]
    kind = "bind" if source.startswith(_PATH) or source[1:2] == ":" else "volume"
    modes = (match["mode"] or "").split(",")
    return _body(
        item.place,
        type=known(kind),
        source=cut(item, source),
        mountPath=cut(item, match["target"]),
        read_only=known(content="ro" in modes, place=item.place),
    )


def _mounted(folder_inside: str) -> Callable[[Value, str], Value]:
    """A secret or a config: its name alone, or `source` and `target`."""

    def form(item: Value, _: str) -> Value:
        source = item.child("source") if isinstance(item.content, Body) else item
        target = item.child("target") if isinstance(item.content, Body) else absent(item.place)
        if target.state is State.ABSENT:
            target = known(f"{folder_inside}/{shown(source).replace(HOLE, '')}", item.place)
        elif not target.text().startswith("/"):
            target = known(f"{folder_inside}/{target.text()}", item.place)
        return _body(item.place, source=source, mountPath=target)

    return form


def _pairs(said: Value, _: str) -> Value:
    """A mapping, or a list of `name=value`; a name alone is taken from the shell."""
    if said.state is not State.KNOWN:
        return said
    found: dict[str, Value] = {}
    if isinstance(said.content, Body):
        for name, value in said.content.items():
            found[name] = _from_shell(name, value.place) if value.state is State.ABSENT and not value.reason else value
    else:
        for item in said.items():
            name, equals, _value = shown(item).partition("=")
            if HOLE not in name:
                found[name] = _after(item, len(name) + 1) if equals else _from_shell(name, item.place)
    rest = next((i for i in said.items() if HOLE in shown(i).partition("=")[0]), said.rest)
    return Value(State.KNOWN, Body.of(found, said.place), said.place, rest=rest)


def _from_shell(name: str, place: Place | None) -> Value:
    return unknown(f"the shell gives {name}", place, decided_by=name)


def _after(item: Value, start: int) -> Value:
    """The text of an item from `start`, where only its first known piece is cut."""
    if item.state is State.KNOWN:
        return Value(State.KNOWN, str(item.content)[start:], item.place, item.reason)
    first, *others = item.content
    parts = (known(str(first.content)[start:], item.place), *others)
    parts = tuple(p for p in parts if p.content != "")
    if len(parts) == 1:
        return Value(parts[0].state, parts[0].content, item.place, item.reason, None, item.decided_by)
    return unknown(item.reason, item.place, parts, item.decided_by)


def _security(said: Value, _: str) -> Value:
    """`no-new-privileges:true`, `seccomp=unconfined`, `no-new-privileges` by their names."""
    if said.state is not State.KNOWN:
        return said
    found: dict[str, Value] = {}
    for item in said.items():
        name, value = re.match(r"([^:=]*)[:=]?(.*)", shown(item), re.DOTALL).groups()  # type: ignore[union-attr]
        found[name] = cut(item, value) if value else known("true", item.place)
    return Value(State.KNOWN, Body.of(found, said.place), said.place, rest=said.rest)


def _build(said: Value, folder: str) -> Value:
    """`context`, `dockerfile`, `target`, and the `path` of the Dockerfile below the top of what is scanned."""
    is_body = isinstance(said.content, Body)
    context = said.child("context") if is_body else said
    file = said.child("dockerfile") if is_body else absent(said.place)
    place, where = shown(context) or ".", shown(file) or "Dockerfile"
    path = (
        "" if _URL.match(place) or HOLE in place + where else posixpath.normpath(posixpath.join(folder, place, where))
    )
    items = dict(said.content.items()) if is_body else {}
    items |= {"context": context, "path": known(path, said.place) if path else absent(said.place)}
    return known(Body.of(items, said.place), said.place)


def _env_file(item: Value, folder: str) -> Value:
    said = item.child("path") if isinstance(item.content, Body) else item
    text = shown(said)
    path = absent(said.place) if HOLE in text else known(posixpath.normpath(posixpath.join(folder, text)), said.place)
    return _body(item.place, said=said, path=path)


def _networks(said: Value, _: str) -> Value:
    """A list of names, or a mapping; in order."""
    if isinstance(said.content, Body):
        return Value(State.KNOWN, tuple(known(n, said.content.child(n).place) for n in said.content.keys()), said.place)
    return said


def _extends(said: Value, folder: str) -> Value:
    service = said.child("service") if isinstance(said.content, Body) else said
    file = said.child("file") if isinstance(said.content, Body) else absent(said.place)
    path = file
    if file.text():
        path = known(posixpath.normpath(posixpath.join(folder, file.text())), file.place)
    return _body(said.place, service=service, path=path)


_FORMS: dict[str, Callable[[Value, str], Value]] = {
    "ports": _each(_port),
    "volumes": _each(_volume),
    "secrets": _each(_mounted("/run/secrets")),
    "configs": _each(_mounted("")),
    "environment": _pairs,
    "labels": _pairs,
    "security_opt": _security,
    "build": _build,
    "env_file": _each(_env_file),
    "networks": _networks,
    "extends": _extends,
}
