"""The services and networks of a project as resources that tables read."""

from __future__ import annotations

import msgspec

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Ref, State, Value, absent, dig, known, number, shown, unknown
from garrison.sources.compose.environment import variables_in
from garrison.sources.compose.files import Service
from garrison.sources.documents import load
from garrison.sources.interface import Tree

_GPU = frozenset({"gpu", "nvidia"})


class ComposeResource:
    """A service or a network."""

    __slots__ = ("_body", "address", "condition", "exists", "place", "root", "type")

    def __init__(self, root: str, type_: str, name: str, body: Value, profiles: Value) -> None:
        self.root, self.type, self.address = root, type_, f"{root}:{type_}s.{name}"
        self._body = body
        self.place: Place = body.place  # type: ignore[assignment]  # what is written has one
        optional = profiles.state is State.KNOWN and not profiles.is_empty().yes
        self.exists = Truth(None, (profiles,)) if optional else YES
        self.condition = f"the profile {' or '.join(p.text() for p in profiles.items())}" if optional else ""

    @property
    def format(self) -> str:
        """The name of the source."""
        return "compose"

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path."""
        return dig(self._body, path)

    def __repr__(self) -> str:
        return f"<{self.address} at {self.place}>"


class Declared(msgspec.Struct, eq=False):
    """A project as it is put together."""

    path: str
    services: dict[str, Service]
    networks: dict[str, Value]
    volumes: dict[str, Value]

    def resources(self, tree: Tree) -> list[ComposeResource]:
        """Its services, and the networks that they are in."""
        found: list[ComposeResource] = []
        places: dict[str, Value] = {}
        for name, service in self.services.items():
            if not service:
                continue
            body = self._service(service, tree)
            found.append(ComposeResource(self.path, "service", name, body, service.get("profiles", absent())))
            for network in body.child("networks").items():
                places.setdefault(shown(network), network)
        for name, used in places.items():
            said = self.networks.get(name, absent())
            place = said.place or used.place
            items = dict(said.content.items()) if isinstance(said.content, Body) else {}
            body = known(Body.of({**items, "key": known(name, place)}, place), place)
            found.append(ComposeResource(self.path, "network", name, body, absent()))
        return found

    def _service(self, service: Service, tree: Tree) -> Value:
        """A service with what follows from what it says."""
        place = service["name"].place
        made = dict(service)
        rest = made.pop("rest", None)
        made["networks"] = self._networks(service, place)
        made["ports"] = self._ports(service)
        if "user" in service or rest is None:
            made["user"] = _user(service.get("user", absent(place)), place)
        _environment(made, tree)
        volumes = [v for v in service.get("volumes", absent()).items() if isinstance(v.content, Body)]
        sources = tuple(s for v in volumes if (s := self._host_path(v)).state is not State.ABSENT)
        if "volumes" in service:
            made["host_paths"] = known(sources, service["volumes"].place)
        mounted = [*volumes, *(m for key in ("secrets", "configs") for m in service.get(key, absent()).items())]
        if mounted:
            made["mounts"] = known(tuple(mounted), place)
        if (gpus := _gpus(service, place)).state is not State.ABSENT:
            made["gpu_count"] = gpus
        if "build" in service:
            made["dockerfile"] = _dockerfile(service["build"])
        return Value(State.KNOWN, Body.of(made, place), place, rest=rest)

    def _networks(self, service: Service, place: Place | None) -> Value:
        """The networks it is in, each a reference: the project's own where none is named."""
        if "network_mode" in service:
            return absent(service["network_mode"].place)
        named = [n for n in service.get("networks", absent()).items() if n.text()] or [known("default", place)]
        return known(tuple(known(n.text(), n.place, Ref(f"{self.path}:networks.{n.text()}")) for n in named), place)

    def _ports(self, service: Service) -> Value:
        """The ports it publishes; those of the service whose network it shares are its own too."""
        own = service.get("ports", absent(service["name"].place))
        mode = service.get("network_mode", absent()).text()
        if mode == "host":
            return absent(own.place)  # Docker discards them: https://docs.docker.com/engine/network/drivers/host/
        shared = self.services.get(mode.removeprefix("service:"), {}) if mode.startswith("service:") else {}
        if not shared or "ports" not in shared:
            return own
        return known((*own.items(), *shared["ports"].items()), shared["ports"].place)

    def _host_path(self, volume: Value) -> Value:
        """The folder or file of the host behind a volume."""
        kind, source = volume.child("type"), volume.child("source")
        if kind.text() == "bind":
            return source
        if kind.state is State.UNKNOWN:
            return kind
        declared = self.volumes.get(source.text(), absent()) if source.text() else absent()
        options = declared.child("driver_opts")
        return options.child("device") if options.child("o").text().startswith("bind") else absent()


def _user(said: Value, place: Place | None) -> Value:
    """The user by number (`id`), or whether he is certainly not root (`not_root`)."""
    text = shown(said)
    name = text.partition(":")[0]
    if said.state is State.ABSENT or not name:
        hidden = unknown("the USER of its image decides", said.place or place)
        return known(Body.of({"id": absent(place), "not_root": hidden}, place), place)
    if said.state is State.UNKNOWN and "\0" in name:
        return known(Body.of({"id": said, "not_root": said}, said.place), said.place)
    numeric = number(name)
    uid = 0 if name == "root" else numeric
    items = {
        "id": absent(said.place) if uid is None else Value(State.KNOWN, int(uid), said.place, said.reason),
        "not_root": Value(State.KNOWN, uid is None or uid > 0, said.place, said.reason),
    }
    return known(Body.of(items, said.place), said.place)


def _environment(made: Service, tree: Tree) -> None:
    """Take the variables of `env_file` in where the file is here; those that it sets itself go before."""
    files = made.get("env_file")
    if files is None:
        return
    found: dict[str, Value] = {}
    hidden: list[Value] = []
    for item in files.items():
        file = tree.files.get(item.child("path").text())
        source = None if file is None else load(file, tree)
        if source is None:
            hidden.append(item.child("said"))
        else:
            found.update({k: v for k, v in variables_in(source).items() if v.state is not State.ABSENT})
    own = made.get("environment", absent(files.place))
    if found and own.state is not State.UNKNOWN:
        items = {**found, **(dict(own.content.items()) if isinstance(own.content, Body) else {})}
        made["environment"] = Value(State.KNOWN, Body.of(items, own.place), own.place, rest=own.rest)
    made["env_file"] = known(tuple(hidden), files.place) if hidden else absent(files.place)


def _gpus(service: Service, place: Place | None) -> Value:
    """How many accelerators it asks for; "all" counts as one."""
    body = known(Body.of(service, place), place)
    for device in dig(body, ("deploy", "resources", "reservations", "devices")).items():
        if any(c.text() in _GPU for c in device.child("capabilities").items()):
            count = number(device.child("count").content)
            return known(int(count) if count is not None else 1, device.place)
    if service.get("runtime", absent()).text() == "nvidia" or service.get("gpus", absent()).state is State.KNOWN:
        return known(1, service["runtime" if "runtime" in service else "gpus"].place)
    return absent(place)


def _dockerfile(build: Value) -> Value:
    """What it is built from, as a reference to the Dockerfile where that is below the top."""
    path = build.child("path")
    if path.text():
        return known(path.text(), build.place, Ref(path.text()))
    return Value(State.KNOWN, "elsewhere", build.place)
