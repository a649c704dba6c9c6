"""What names of images tell."""

from __future__ import annotations

import datetime as dt

import pytest

from garrison.estate.base_images import (
    Image,
    ended_release,
    facts,
    is_for_development,
    is_from_stranger,
    parse_image,
    releases,
    runs_as_root,
)

DAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("python", Image("", "python", "", "")),
        ("docker.io/library/python:3.13", Image("", "python", "3.13", "")),
        ("localhost:5000/a/b:1@sha256:0", Image("localhost:5000", "a/b", "1", "sha256:0")),
        ("ghcr.io/A/b", Image("ghcr.io", "a/b", "", "")),
    ],
)
def test_the_parts_of_a_name(name: str, expected: Image) -> None:
    assert parse_image(name) == expected


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("python:3.9-slim", "Python 3.9"), ("python:3.1", None), ("python:3.13", None), ("python:3", None), ("python", None),
        ("python:3.13-slim-bullseye", "Debian 11"), ("nvidia/cuda:11.8.0-devel-ubuntu20.04", "Ubuntu 20.04"), ("nvidia/cuda:12.8-devel-ubuntu24.04", None),
        ("node:22-alpine3.18", "Alpine 3.18"), ("node:18", "Node.js 18"), ("ubuntu:focal-2024", "Ubuntu 20.04"), ("debian:11.2", "Debian 11"),
        ("centos:7", "CentOS 7"), ("amazonlinux:2023", None), ("amazonlinux:2", "Amazon Linux 2"), ("111.dkr.ecr.eu-west-1.amazonaws.com/mirror/python:3.9@sha256:0", "Python 3.9"),
        ("acme/python-tools:3.9", None), ("acme/app:busterkeaton", None),
    ],
)  # fmt: skip
def test_a_release_that_gets_no_more_patches(name: str, title: str | None) -> None:
    found = ended_release(name, DAY)
    assert (found and found.title) == title


def test_its_last_day_still_counts() -> None:
    python = next(r for r in releases() if r.title == "Python 3.13")
    assert ended_release("python:3.13", python.ended) is None
    assert ended_release("python:3.13", python.ended + dt.timedelta(days=1)) is python


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("python:3.13", True), ("nvidia/cuda:12.8.1-base-ubuntu24.04", True), ("quay.io/jupyter/scipy-notebook", False), ("rayproject/ray:2.9", False),
        ("gcr.io/distroless/python3:nonroot", False), ("registry.example.com/base:1", None), ("acme/python", None), ("mirror/python", True),
    ],
)  # fmt: skip
def test_as_whom_it_runs(name: str, answer: bool | None) -> None:
    assert runs_as_root(name) is answer


@pytest.mark.parametrize(
    ("name", "stranger"),
    [
        ("acme19/torch", True),
        ("docker.io/acme19/torch", True),
        ("python", False),
        ("nvidia/cuda", False),
        ("ghcr.io/acme19/torch", False),
    ],
)
def test_whose_it_is(name: str, stranger: bool) -> None:
    assert is_from_stranger(name) is stranger


def test_what_carries_compilers_on_purpose() -> None:
    assert is_for_development("nvidia/cuda:12.8.1-devel-ubuntu24.04")
    assert not is_for_development("nvidia/cuda:12.8.1-runtime-ubuntu24.04")


def test_every_date_has_a_source() -> None:
    assert all(p.source.startswith("https://") and p.ended for p in facts().products)
