"""Dockerfiles and Containerfiles.

A file is one resource of the *type* `Dockerfile`; its *root* and its *address* are its path. What it consists of are its
stages. Arguments stand for their defaults, and say so; what a shell or the caller of the build decides is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "dockerfile", "Dockerfile"
ENDING, LANGUAGE = "Dockerfile", "docker"  # of examples

_NAMES = re.compile(r"(?:.+[._-])?(?:docker|container)file(?:[._-].+)?", re.IGNORECASE)
# What only has the word in its name: code about Dockerfiles, templates of them, what a build ignores.
_OTHER = re.compile(
    r"\.(dockerignore|go|js|ts|tsx|py|rb|java|rs|sh|md|mdx|rst|txt|html|json|ya?ml|toml|xml|lock|j2|jinja2?|tmpl|tpl|template|in|erb"
    r"|mustache|hbs|diff|patch|snap|svg)$",
    re.IGNORECASE,
)


def claims(file: File) -> bool:
    """By its name: `Dockerfile`, `Dockerfile.gpu`, `training.Dockerfile`, `Containerfile`."""
    name = file.name
    return "file" in name.lower() and _NAMES.fullmatch(name) is not None and _OTHER.search(name) is None


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """Every file that says how an image is made."""
    from garrison.sources.dockerfile.files import read_dockerfiles

    return read_dockerfiles(files, tree)
