"""What an image's build installs, from where, and whether anybody vouches for it. Facts: `build_packages.toml`.

pip: https://pip.pypa.io/en/stable/cli/pip_install/; apt: apt-get(8), apt-secure(8); apk: apk(8); dnf: dnf(8).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from garrison.estate.build_steps import Step
from garrison.estate.truth import NO, Truth
from garrison.estate.values import HOLE, Body, State, Value

_INSTALL = {
    "apt-get": ("install",), "apt": ("install",), "aptitude": ("install",), "apk": ("add",), "yum": ("install",), "dnf": ("install",),
    "microdnf": ("install",), "zypper": ("install", "in"), "pacman": ("-S", "-Sy", "-Syu"), "tdnf": ("install",),
}  # fmt: skip
_REMOVE = {
    "apt-get": ("purge", "remove", "autoremove"), "apt": ("purge", "remove", "autoremove"), "apk": ("del",),
    "yum": ("remove", "erase"), "dnf": ("remove", "erase"), "microdnf": ("remove",), "zypper": ("remove", "rm"),
}  # fmt: skip
_UNVERIFIED = re.compile(
    r"^--(allow-unauthenticated|force-yes|allow-insecure-repositories|allow-untrusted|nogpgcheck|no-gpg-checks|nosignature)$"
    r"|\btrusted=yes\b|\bgpgcheck=0\b|AllowInsecureRepositories=(true|1|yes)|AllowUnauthenticated=(true|1|yes)"
)
_PIP_VALUES = frozenset(
    {
        "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "-i", "--index-url", "--extra-index-url",
        "-f", "--find-links", "--trusted-host", "--prefix", "--root", "--platform", "--python-version", "--python", "--only-binary",
        "--no-binary", "--cache-dir", "--timeout", "--retries", "--config-settings", "--global-option", "--proxy", "--src", "-p",
        "--default-index", "--index", "--index-strategy", "--extra", "--group", "--override", "--torch-backend",
    }
)  # fmt: skip
_PINNED = re.compile(r"==|===|@|://|\.whl\b|\.tar\.gz\b|\.zip\b|^[./~]|/")
_TOOLING = frozenset(
    {"pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "build", "virtualenv", "hatch", "pdm", "pip-tools"}
)
_PACKAGE = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[\w,.-]*\])?")
_GIT = re.compile(r"(?:^|@\s?)git\+(?P<url>[^\s#]+)")
_COMMIT = re.compile(r"@[0-9a-f]{7,40}$")
_BRANCH = re.compile(r"@(main|master|dev|develop|head|trunk|nightly)$", re.IGNORECASE)
_HOST = re.compile(r"^[a-z+]+://(?:[^/@]*@)?(?P<host>[^/:?#]+)", re.IGNORECASE)
_LOCAL = re.compile(r"^http://(localhost|127\.|\[::1\]|0\.0\.0\.0|host\.docker\.internal)")
_INDEX_VARIABLES = frozenset(
    {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_DEFAULT_INDEX"}
)


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `build_packages.toml` says."""

    compilers: frozenset[str]
    login_servers: frozenset[str]
    known_indexes: frozenset[str]


@cache
def facts() -> Facts:
    """The facts."""
    said: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))
    return msgspec.convert(said, Facts)


def unverified(step: Step) -> Value | None:
    """The word that lets a package manager install what nobody signed."""
    return step.matches(_UNVERIFIED)


def installed(steps: Sequence[Step], names: frozenset[str]) -> Iterator[Value]:
    """The words by which the system's package manager installs one of these, and nothing removes it again."""
    removed = {t for s in steps if _is(s, _REMOVE) for t, _ in s.arguments}
    for step in steps:
        if not _is(step, _INSTALL):
            continue
        virtual = next((v for v, _ in step.options("-t", "--virtual")), "")
        if virtual and virtual in removed:
            continue
        for text, word in step.arguments:
            name = text.partition("=")[0].partition(":")[0]
            if _family(name) in names and name not in removed and text not in removed:
                yield word


def _is(step: Step, verbs: dict[str, tuple[str, ...]]) -> bool:
    return step.program in verbs and any(t in verbs[step.program] for t, _ in step.arguments[:8])


def _family(name: str) -> str:
    """`gcc-12` and `g++-11` are versions of gcc and g++; `cuda-nvcc-12-4` of cuda-nvcc."""
    return re.sub(r"(-\d[\d.-]*)$", "", name)


def is_pip(step: Step) -> bool:
    """Whether it installs Python packages: with pip, pipx or uv."""
    if step.program == "uv":
        return [t for t, _ in step.arguments[:2]] == ["pip", "install"]
    if step.program == "pipx":
        return step.arguments[:1] != () and step.arguments[0][0] == "install"
    return step.program == "pip" and any(t in ("install", "download", "wheel") for t, _ in step.arguments[:6])


def unpinned(step: Step) -> Iterator[Value]:
    """The packages that pip takes in whatever version is the newest."""
    if not is_pip(step) or step.says("-c", "--constraint", "--require-hashes") is not None:
        return
    value_follows, started = False, False
    for text, word in step.arguments:
        if not started:
            started = text in ("install", "download", "wheel")
        elif value_follows:
            value_follows = False
        elif text.startswith("-"):
            value_follows = text in _PIP_VALUES
        elif text in (">", ">>", "<"):
            return
        elif _is_unpinned(text):
            yield word


def _is_unpinned(text: str) -> bool:
    """Whether a word of pip's is a package without a version; what installs packages is left out."""
    name = _PACKAGE.match(text)
    if name is None or HOLE in text or _PINNED.search(text) or text.endswith(".txt"):
        return False
    return name[0].partition("[")[0].lower() not in _TOOLING


def from_branch(step: Step) -> Iterator[Value]:
    """The repositories that pip installs from without saying which commit."""
    if not is_pip(step):
        return
    for text, word in step.arguments:
        match = _GIT.search(text)
        if match is not None and HOLE not in match["url"].rpartition("/")[2]:
            reference = match["url"].rpartition("/")[2]
            if "@" not in reference or (_BRANCH.search(reference) and not _COMMIT.search(reference)):
                yield word


def plain_index(step: Step) -> Iterator[Value]:
    """The words by which pip takes packages from a server whose answers anybody on the way can change."""
    if not (is_pip(step) or step.program == "pip"):
        return
    if (trusted := step.says("--trusted-host", "--allow-insecure-host")) is not None:
        yield trusted
    for value, word in step.options("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--default-index"):
        if value.startswith("http://") and not _LOCAL.match(value):
            yield word
    for text, word in step.arguments:
        if text.startswith("--trusted-host="):
            yield word


def second_index(step: Step) -> Truth:
    """Whether pip looks for the same names in an index beside its first one; uv takes the first that has a name."""
    if step.program != "pip":
        return NO
    return _second([(value, word) for value, word in step.options("--extra-index-url")])


def plain_index_variables(environment: Value) -> Iterator[Value]:
    """The variables that tell pip the same as `plain_index`."""
    for name, value in _variables(environment):
        trusts = name in ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST") and value.text()
        plain = name in _INDEX_VARIABLES and value.text().startswith("http://") and not _LOCAL.match(value.text())
        if trusts or plain:
            yield value


def second_index_variable(environment: Value) -> Truth:
    """The variable that tells pip the same as `second_index`."""
    return _second([(v.text(), v) for n, v in _variables(environment) if n == "PIP_EXTRA_INDEX_URL" and v.text()])


def _second(said: list[tuple[str, Value]]) -> Truth:
    found = [w for v, w in said if not _is_known(v) and HOLE not in v]
    hidden = [w for v, w in said if HOLE in v and not _is_known(v)]
    if found:
        return Truth(True, tuple(found))
    return Truth(None, tuple(hidden)) if hidden else NO


def _is_known(url: str) -> bool:
    match = _HOST.match(url)
    return match is not None and match["host"].lower() in facts().known_indexes


def _variables(environment: Value) -> Iterator[tuple[str, Value]]:
    if environment.state is State.KNOWN and isinstance(environment.content, Body):
        yield from environment.content.items()
