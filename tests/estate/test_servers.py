"""Servers are recognised by image and command line, and what they say decides whether they are open."""

from __future__ import annotations

import re

import pytest

from garrison.estate.assets.workload import Container
from garrison.estate.servers import components
from garrison.estate.truth import YES
from garrison.estate.values import Body, Place, Source, Value, absent, known, unknown

PLACE = Place.at(Source("pod.yaml", b"pod"), (0, 0), (0, 3))


def container(
    image: str,
    *arguments: str,
    variables: dict[str, Value | str] | None = None,
    sources: Value | None = None,
    mounts: str = "",
) -> Container:
    set_to = [
        {"name": known(n), "value": known(v)} if isinstance(v, str) else {"name": known(n), "valueFrom": v}
        for n, v in (variables or {}).items()
    ]
    return Container(
        address="a:Pod//p/containers[c]", name=known("c"), provider="kubernetes", format="kubernetes", type="Pod", root="a",
        place=PLACE, exists=YES, image=known(image, PLACE), command=absent(),
        arguments=known(tuple(known(a, PLACE) for a in arguments), PLACE),
        environment=known(tuple(known(Body.of(s)) for s in set_to), PLACE), environment_sources=absent() if sources is None else sources,
        mounts=known((known(Body.of({"mountPath": known(mounts)})),)) if mounts else absent(), gpu_limit=absent(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "name", "is_open"),
    [
        (container("rayproject/ray:2.52.0"), "ray", True),
        (container("rayproject/ray:2.52.0", variables={"RAY_AUTH_MODE": "token"}), "ray", False),
        (container("registry.example.com:5000/ml/base:1", "sh", "-c", "ray start --head && sleep inf"), "ray", True),
        (container("quay.io/jupyter/scipy-notebook:1"), "jupyter", False),
        (container("quay.io/jupyter/scipy-notebook:1", "start-notebook.py", "--ServerApp.token=''"), "jupyter", True),
        (container("quay.io/jupyter/scipy-notebook:1", "--NotebookApp.token="), "jupyter", True),
        (
            container("jupyter/base-notebook", "--ServerApp.token=", "--ServerApp.password=argon2:abc"),
            "jupyter",
            False,
        ),
        (container("ghcr.io/mlflow/mlflow:v3.4.0", "mlflow", "server"), "mlflow", True),
        (container("ghcr.io/mlflow/mlflow:v3.4.0", "mlflow", "server", "--app-name", "basic-auth"), "mlflow", False),
        (container("vllm/vllm-openai:v0.11.0", "--model", "m"), "vllm", True),
        (container("vllm/vllm-openai:v0.11.0", "--api-key=$(KEY)"), "vllm", False),
        (container("vllm/vllm-openai:v0.11.0", variables={"VLLM_API_KEY": unknown("a secret")}), "vllm", False),
        (container("vllm/vllm-openai:v0.11.0", sources=known((known("x"),))), "vllm", None),
        (container("vllm/vllm-openai:v0.11.0", "--config", "/etc/vllm.yaml"), "vllm", None),
        (container("pytorch/torchserve:0.12.0"), "torchserve", False),
        (container("pytorch/torchserve:0.12.0", "torchserve --start --disable-token-auth"), "torchserve", True),
        (
            container("semitechnologies/weaviate:1", variables={"AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "True"}),
            "weaviate",
            True,
        ),
        (container("semitechnologies/weaviate:1"), "weaviate", False),
        (container("langflowai/langflow:1"), "langflow", True),
        (container("langflowai/langflow:1", variables={"LANGFLOW_AUTO_LOGIN": "False"}), "langflow", False),
        (container("qdrant/qdrant:v1.15.0"), "qdrant", True),
        (container("qdrant/qdrant:v1.15.0", mounts="/qdrant/config"), "qdrant", None),
        (container("quay.io/argoproj/argocli:v3.7.2", "server"), "argo-server", False),
        (container("quay.io/argoproj/argocli:v3.7.2", "server", "--auth-mode=server"), "argo-server", True),
        (container("redis:7", "redis-server", "/etc/redis/redis.conf"), "redis", None),
        (container("redis:7", "redis-server", "--requirepass", "$(PASSWORD)"), "redis", False),
    ],
)
def test_recognised(made: Container, name: str, is_open: bool | None) -> None:
    assert made.server is not None
    assert made.server.component.name == name
    assert made.unauthenticated.answer is is_open


@pytest.mark.parametrize(
    "made",
    [
        container("nginx:1.29"),
        container("rayproject/ray:2.52.0", "ray", "job", "submit", "--", "python", "train.py"),
        container("registry.example.com/team/array:1"),
        container("quay.io/kuberay/operator:v1.5.0"),
        container(""),
    ],
)
def test_not_recognised(made: Container) -> None:
    assert made.server is None
    assert made.unauthenticated.no


def test_facts_are_well_formed() -> None:
    names = [c.name for c in components()]
    assert len(names) == len(set(names)) >= 75
    for component in components():
        assert component.source.startswith("https://")
        for pattern in (*component.images, *component.commands, *component.unless, component.tag):
            re.compile(pattern)
        settings = [c for s in component.weak for c in (*s.when, *s.unless)]
        assert all(s.when for s in component.weak), component.name
        for condition in (*component.guards, *component.opens, *component.hidden, *component.address, *settings):
            if condition.like:
                re.compile(condition.like)
            names_of = (condition.option, condition.variable, condition.setting, condition.word, condition.mount)
            assert any(names_of) or condition.since or condition.below, component.name
