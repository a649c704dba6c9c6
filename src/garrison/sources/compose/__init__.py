"""Docker Compose: the Compose Specification, as `docker compose` reads it.

A project is a base file (`compose.yaml`, `docker-compose.yml`) with its override and what it includes; any other file is a
project of its own, laid over the base file of its folder where it names services without an image. The *root* is the path
of the project's file, the *address* of a service `path:services.name`. Compose fills variables in from `.env` and from the
shell: those of the file are known, a default is what holds unless somebody sets the variable, the others are unknown.
https://github.com/compose-spec/compose-spec
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "compose", "Docker Compose"
ENDING, LANGUAGE = "compose.yaml", "yaml"  # of examples

_NAMES = re.compile(r"(?:.+[._-])?(?:docker[_-]?)?compose(?:[._-].+)?\.ya?ml", re.IGNORECASE)
_KEY = re.compile(rb"^([A-Za-z_][\w.-]*)[ \t]*:", re.MULTILINE)
_TOP = frozenset(
    {b"version", b"name", b"services", b"networks", b"volumes", b"secrets", b"configs", b"include", b"models"}
)
_MADE_FROM = re.compile(rb"^[ \t]+(?:image|build):", re.MULTILINE)
_SERVICES = re.compile(rb"^services:[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_OTHERS = (".gitlab-ci.yml", ".gitlab-ci.yaml")


def claims(file: File) -> bool:
    """By its name, or by its content where that has services of images and no key that Compose does not know."""
    name = file.name
    if not name.endswith((".yaml", ".yml")) or name in _OTHERS:
        return False
    data = file.data
    if _NAMES.fullmatch(name):
        return b"services" in data or b"include" in data
    if not (b"\nservices:" in data or data.startswith(b"services:")):  # most files; a pattern takes seven times as long
        return False
    if _SERVICES.search(data) is None or _MADE_FROM.search(data) is None:
        return False
    return all(key in _TOP or key.startswith(b"x-") for key in _KEY.findall(data))


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """The services and networks of every project."""
    from garrison.sources.compose.projects import read_projects

    return read_projects(files, tree)
