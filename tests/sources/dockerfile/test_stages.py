"""What a Dockerfile says: its stages, and the image that the last one leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.values import State, Value, shown
from garrison.sources.discover import discover
from garrison.sources.dockerfile import claims
from garrison.sources.dockerfile.files import Dockerfile, name_of, read_dockerfiles
from garrison.sources.interface import File


def read(tmp_path: Path, text: str) -> Dockerfile:
    (tmp_path / "Dockerfile").write_text(text)
    tree = discover(tmp_path)
    (found,) = read_dockerfiles(list(tree.files.values()), tree)
    assert not tree.problems
    return found


def stages(file: Dockerfile) -> list[Value]:
    return list(file.at(("stages", "*")).items())


def line(value: Value) -> str:
    return " ".join(shown(w) for w in value.items())


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("Dockerfile", True), ("dockerfile", True), ("Containerfile", True), ("Dockerfile.gpu", True), ("train.Dockerfile", True),
        ("Dockerfile_amd", True), ("gpu-containerfile", True), ("Dockerfile.dockerignore", False), ("dockerfile.go", False),
        ("Dockerfile.j2", False), ("mydockerfiles", False), ("Dockerfile.md", False), ("test_dockerfile.py", False),
    ],
)  # fmt: skip
def test_told_by_its_name(name: str, claimed: bool) -> None:
    assert claims(File(name, name)) is claimed


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("serving.Dockerfile", "serving"),
        ("a/serving/Dockerfile", "serving"),
        ("Dockerfile", "Dockerfile"),
        ("x/Dockerfile.gpu", "gpu"),
    ],
)
def test_what_people_call_it(path: str, name: str) -> None:
    assert name_of(path) == name


def test_an_image_begins_with_a_stage(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        'ARG TAG=3.13\nFROM python:${TAG} AS base\nENV A=1\nUSER app\nEXPOSE 80\nENTRYPOINT ["serve"]\nCMD ["x"]\n'
        'FROM scratch AS other\nUSER root\nFROM base\nENV B=$A\nCMD ["--b", "y z"]\n',
    )
    base, other, final = stages(file)
    assert [s.child("shipped").content for s in (base, other, final)] == [True, False, True]
    assert [shown(s.child("name")) for s in (base, other, final)] == ["base", "other", "final"]
    assert (shown(base.child("base")), final.child("base").state) == ("python:3.13", State.ABSENT)
    assert "default of the argument TAG" in base.child("base").reason
    assert shown(file.at(("user",))) == "app"
    assert line(file.at(("entrypoint",))) == "serve"
    assert line(file.at(("command",))) == "--b y z"
    assert shown(file.at(("environment", "B"))) == "1"
    assert shown(file.at(("base",))) == "python:3.13"
    assert line(file.at(("ports",))) == "80"


def test_an_entrypoint_takes_the_command_below_away(tmp_path: Path) -> None:
    file = read(tmp_path, 'FROM a AS b\nCMD ["x"]\nFROM b\nENTRYPOINT ["y"]\n')
    assert file.at(("command",)).state is State.ABSENT


def test_arguments_and_variables(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "ARG BASE\nARG LATER=1\nFROM $BASE\nARG LATER\nARG OWN=2\nARG GIVEN\nENV OWN=3\nRUN a $LATER $OWN $GIVEN $NONE $TARGETARCH\nUSER $NONE\n",
    )
    (stage,) = stages(file)
    assert stage.child("base").decided_by == "the build argument BASE"
    (command,) = stage.child("commands").items()
    words = command.child("words").items()
    assert [shown(w).replace("\0", "?") for w in words] == ["a", "1", "3", "?", "?", "?"]
    assert [w.decided_by for w in words[3:]] == ["the build argument GIVEN", "", "the build argument TARGETARCH"]
    assert shown(file.at(("user",))) == ""
    assert set(stage.child("arguments").content.keys()) == {"BASE", "LATER", "OWN", "GIVEN"}


def test_what_is_run_and_copied(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        'FROM a\nRUN --network=host ["b", "c d"]\nRUN <<E\ne\nf g\nE\nRUN python3 - <<E\nprint(1)\nE\n'
        "COPY --from=x --chmod=755 a b /c/\nADD --checksum=sha256:1 https://x/y /z\nENV A old style\nONBUILD RUN later\nONBUILD USER root\n",
    )
    (stage,) = stages(file)
    assert [line(c.child("words")) for c in stage.child("commands").items()] == [
        "b c d", "e", "f g", "python3 - << E", "python3 - << E print(1)", "later",
    ]  # fmt: skip
    copied, added = stage.child("copies").items()
    assert (line(copied.child("sources")), shown(copied.child("target")), shown(copied.child("chmod"))) == (
        "a b",
        "/c/",
        "755",
    )
    assert (added.child("adds").content, shown(added.child("checksum"))) == (True, "sha256:1")
    assert shown(stage.child("runs").items()[0].child("network")) == "host"
    assert shown(stage.child("environment").child("A")) == "old style"
    assert file.at(("user",)).state is State.ABSENT


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a/Dockerfile": "", ".dockerignore": ""}, ".dockerignore"),
        ({"a/Dockerfile": "", "a/.dockerignore": ""}, "a/.dockerignore"),
        ({"a/Dockerfile": "", "a/Dockerfile.dockerignore": "", ".dockerignore": ""}, "a/Dockerfile.dockerignore"),
        ({"a/Dockerfile": "", "b/.dockerignore": ""}, ""),
    ],
)
def test_what_keeps_files_out(tmp_path: Path, files: dict[str, str], found: str) -> None:
    for path in files:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("FROM a\n")
    tree = discover(tmp_path)
    (file,) = read_dockerfiles([tree.files["a/Dockerfile"]], tree)
    assert file.at(("context_ignores",)).text() == found
