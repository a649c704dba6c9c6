"""Which files make a project, and what its services are."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.exposure import ContainerNetwork
from garrison.estate.assets.workload import Container, Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.values import State
from garrison.reach.link import link
from garrison.sources.compose import claims, read
from garrison.sources.compose.resources import ComposeResource
from garrison.sources.discover import discover
from garrison.sources.interface import File, Tree
from garrison.sources.mapping.assemble import assets_of


def tree_of(tmp_path: Path, files: dict[str, str]) -> Tree:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return discover(tmp_path)


def services(tmp_path: Path, files: dict[str, str]) -> tuple[dict[str, ComposeResource], Tree]:
    tree = tree_of(tmp_path, files)
    found = read([f for f in tree.files.values() if claims(f)], tree)
    return {r.address: r for r in found if isinstance(r, ComposeResource) and r.type == "service"}, tree


ONE = "services:\n  a:\n    image: x\n"


@pytest.mark.parametrize(
    ("name", "text", "claimed"),
    [
        ("compose.yaml", ONE, True), ("docker-compose.yml", ONE, True), ("docker-compose.gpu.yaml", ONE, True), ("gpu.compose.yaml", ONE, True),
        ("stack.yaml", ONE, True), ("stack.yaml", "version: '3'\nx-a: 1\n" + ONE, True), ("stack.yaml", "services:\n  a:\n    class: x\n", False),
        ("stack.yaml", ONE + "jobs: 1\n", False), (".gitlab-ci.yml", ONE, False), ("compose.json", ONE, False), ("compose.yaml", "a: 1\n", False),
    ],
)  # fmt: skip
def test_told_by_name_or_content(tmp_path: Path, name: str, text: str, claimed: bool) -> None:
    (tmp_path / name).write_text(text)
    assert claims(File(name, tmp_path / name)) is claimed


def test_an_override_is_merged(tmp_path: Path) -> None:
    found, tree = services(
        tmp_path,
        {
            "compose.yaml": "services:\n  a:\n    image: x\n    command: [b]\n    ports: ['80:80']\n    environment: {A: 1, B: 2}\n    volumes: [d:/v]\n"
            "    cap_add: [X]\n    privileged: true\n",
            "compose.override.yaml": "services:\n  a:\n    command: c\n    ports: ['81:81']\n    environment: [B=3]\n    volumes: [./e:/v]\n    cap_add: [Y]\n"
            "    privileged: !reset null\n  n:\n    image: y\n",
        },
    )
    assert list(found) == ["compose.yaml:services.a", "compose.yaml:services.n"]
    a = found["compose.yaml:services.a"]
    assert a.at(("command",)).text() == "c"
    assert [p.child("target").content for p in a.at(("ports",)).items()] == [80, 81]
    assert a.at(("environment", "A")).content == 1
    assert a.at(("environment", "B")).text() == "3"
    assert [v.child("source").text() for v in a.at(("volumes",)).items()] == ["./e"]
    assert [c.text() for c in a.at(("cap_add",)).items()] == ["X", "Y"]
    assert a.at(("privileged",)).state is State.ABSENT
    assert not tree.problems


def test_an_overriding_list(tmp_path: Path) -> None:
    found, _ = services(
        tmp_path,
        {
            "compose.yaml": "services:\n  a:\n    image: x\n    ports: ['80:80']\n",
            "compose.override.yml": "services:\n  a:\n    ports: !override ['127.0.0.1:80:80']\n",
        },
    )
    (port,) = found["compose.yaml:services.a"].at(("ports",)).items()
    assert port.child("host_address").text() == "127.0.0.1"


def test_a_file_that_only_changes_services_is_laid_over_the_base(tmp_path: Path) -> None:
    found, _ = services(
        tmp_path,
        {
            "docker-compose.yml": ONE,
            "docker-compose.gpu.yml": "services:\n  a: {privileged: true}\n",
            "x/docker-compose.gpu.yml": "services:\n  b: {privileged: true}\n",
        },
    )
    assert list(found) == [
        "docker-compose.gpu.yml:services.a",
        "docker-compose.yml:services.a",
        "x/docker-compose.gpu.yml:services.b",
    ]
    over = found["docker-compose.gpu.yml:services.a"]
    assert (over.at(("image",)).text(), over.at(("privileged",)).content) == ("x", True)
    assert found["x/docker-compose.gpu.yml:services.b"].at(("image",)).state is State.UNKNOWN


def test_extends_and_include(tmp_path: Path) -> None:
    found, tree = services(
        tmp_path,
        {
            "compose.yaml": "include: [db/part.yaml]\nservices:\n  a: {extends: {file: common.yaml, service: base}, environment: {B: 2}}\n"
            "  c: {extends: a, image: z}\n  d: {extends: {file: gone.yaml, service: base}}\n",
            "common.yaml": "services:\n  base:\n    image: x\n    read_only: true\n    environment: {A: 1, B: 1}\n    build: ./ctx\n",
            "db/part.yaml": "services:\n  db:\n    image: pg\n    build: .\n",
        },
    )
    assert list(found) == [f"compose.yaml:services.{n}" for n in ("a", "c", "d", "db")]
    a, c, d, db = found.values()
    assert [a.at(("environment", n)).content for n in "AB"] == [1, 2]
    assert (c.at(("image",)).text(), c.at(("read_only",)).content) == ("z", True)
    assert a.at(("dockerfile",)).text() == "ctx/Dockerfile"
    assert d.at(("privileged",)).state is State.UNKNOWN
    assert db.at(("dockerfile",)).text() == "db/Dockerfile"
    assert not tree.problems


def test_files_that_include_one_another_are_read_once(tmp_path: Path) -> None:
    found, _ = services(
        tmp_path,
        {
            "a.compose.yaml": "include: [b.compose.yaml]\n" + ONE,
            "b.compose.yaml": "include: [a.compose.yaml]\nservices: {b: {image: y}}\n",
        },
    )
    assert list(found) == ["a.compose.yaml:services.a", "a.compose.yaml:services.b"]


@pytest.mark.parametrize(
    ("extends", "line", "words"),
    [
        ("  a: {extends: b}\n  b: {extends: a}\n", 3, "that again b"),
        ("  a: {extends: {service: a}}\n", 2, "that again a"),
    ],
)
def test_a_cycle_is_told(tmp_path: Path, extends: str, line: int, words: str) -> None:
    _, tree = services(tmp_path, {"compose.yaml": "services:\n" + extends})
    assert (tree.problems[0].line, words in tree.problems[0].message) == (line, True)


def test_variables_of_files(tmp_path: Path) -> None:
    found, _ = services(
        tmp_path,
        {
            "compose.yaml": "services:\n  a:\n    image: x:$TAG\n    env_file: [a.env, gone.env]\n    environment: {B: own}\n",
            ".env": "TAG=1\n", "a.env": "A=$TAG\nB=file\nC=c\n",
        },
    )  # fmt: skip
    a = found["compose.yaml:services.a"]
    assert a.at(("image",)).text() == "x:1"
    assert [a.at(("environment", n)).text() for n in "BC"] == ["own", "c"]
    assert [f.text() for f in a.at(("env_file",)).items()] == ["gone.env"]


def test_a_profile_is_a_condition(tmp_path: Path) -> None:
    found, _ = services(tmp_path, {"compose.yaml": "services:\n  a: {image: x, profiles: [gpu, dev]}\n"})
    (a,) = found.values()
    assert (a.exists.unknown, a.condition) == (True, "the profile gpu or dev")


@pytest.mark.parametrize(
    ("said", "uid", "not_root"),
    [
        ("root", 0, False),
        ("'0:0'", 0, False),
        ("1000", 1000, True),
        ("app:app", None, True),
        ("", None, None),
        ("$U", None, None),
    ],
)
def test_the_user(tmp_path: Path, said: str, uid: int | None, not_root: bool | None) -> None:
    found, _ = services(tmp_path, {"compose.yaml": f"services:\n  a:\n    image: x\n    user: {said}\n"})
    (a,) = found.values()
    number, refused = a.at(("user", "id")), a.at(("user", "not_root"))
    assert number.content == uid
    assert (None if refused.state is State.UNKNOWN else refused.content) == not_root


def assets(tmp_path: Path, text: str) -> Estate:
    tree = tree_of(tmp_path, {"compose.yaml": text})
    estate = Estate(assets_of("compose", read(list(tree.files.values()), tree)))
    link(estate)
    return estate


def test_services_are_workloads_with_dockers_defaults(tmp_path: Path) -> None:
    estate = assets(
        tmp_path,
        "services:\n  a:\n    image: x\n    ports: ['80:8265', '127.0.0.1:81:81']\n    networks: [back]\n    deploy: {resources: {reservations: {devices: "
        "[{capabilities: [gpu], count: 2}]}}}\n  b:\n    image: y\n    networks: [back]\n    network_mode: host\n    ports: ['9:9']\n"
        "  vpn: {image: v, ports: ['5:5']}\n  c: {image: z, network_mode: 'service:vpn'}\nnetworks: {back: {internal: true}}\n",
    )
    a, b, vpn, c = estate.of(Workload)
    container = a.containers[0]
    assert isinstance(container, Container)
    assert [p.outside.answer for p in a.published] == [True, False]
    assert (a.host_network.answer, b.host_network.answer, len(b.published), len(vpn.published), len(c.published)) == (
        False,
        True,
        0,
        1,
        1,
    )
    assert (container.escalates.answer, container.read_only_root.answer, container.memory_limit.state) == (
        True,
        False,
        State.ABSENT,
    )
    assert container.seccomp_profile.text() == "RuntimeDefault"
    assert all(v.reason for v in (*container.escalates.because, container.seccomp_profile))
    assert (container.runs_as_root.answer, container.gpu_limit.content) == (None, 2)
    back = next(n for n in estate.of(ContainerNetwork) if n.name.text() == "back")
    assert [e.end for e in estate.graph.out(back, Relation.CONTAINS)] == [a]
    assert back.internal.yes
