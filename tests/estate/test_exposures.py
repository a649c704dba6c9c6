"""The ways in which ML components are known to stand open, and their flaws, held against what is recognised."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from garrison.estate.advisories import _advisories
from garrison.estate.servers import Component, components
from garrison.estate.versions import parse

DATA = Path(__file__).parents[3] / "shared/data"
# What each row is called here; where it is judged otherwise, how.
ROWS: dict[str, str] = {
    "MLflow Tracking Server": "mlflow",
    "MLflow basic-auth default admin": "mlflow",
    "Ray dashboard / Jobs API": "ray",
    "KubeRay RayCluster": "a kind of its own: ComputeCluster",
    "Jupyter Server / JupyterLab / Notebook 7": "jupyter",
    "JupyterHub": "jupyterhub",
    "Kubeflow central dashboard / Istio auth": "kubeflow-dashboard",
    "Kubeflow Pipelines": "kubeflow-pipelines",
    "Kubeflow notebooks / KServe models-web-app": "a check of its own: kubeflow-app-auth-off",
    "KServe InferenceService": "a kind of its own: InferenceService",
    "Seldon Core 1/2": "seldon",
    "MLServer": "mlserver",
    "NVIDIA Triton": "triton",
    "TorchServe (archived)": "torchserve",
    "TensorFlow Serving": "tensorflow-serving",
    "vLLM OpenAI server": "vllm",
    "Ollama": "ollama",
    "Hugging Face TGI (maintenance mode)": "tgi",
    "SGLang": "sglang",
    "llama.cpp server / RPC": "llama-cpp llama-cpp-rpc",
    "LocalAI": "localai",
    "NVIDIA NIM / TensorRT-LLM": "nim tensorrt-llm",
    "Xinference": "xinference",
    "BentoML": "bentoml",
    "LiteLLM proxy": "litellm",
    "Gradio": "gradio",
    "Streamlit": "streamlit",
    "marimo": "marimo",
    "Apache Airflow": "airflow",
    "Prefect server": "prefect",
    "Dagster webserver": "dagster dagster-code",
    "Argo Workflows": "argo-server",
    "Dask distributed": "dask",
    "Spark standalone / UI": "spark",
    "Feast feature server": "feast",
    "Label Studio": "label-studio",
    "Weights & Biases server (wandb/local)": "wandb",
    "ClearML server": "clearml",
    "DVC": "dvc",
    "MinIO (community edition unmaintained)": "minio minio-client",
    "Qdrant": "qdrant",
    "Milvus": "milvus",
    "Weaviate": "weaviate",
    "Chroma": "chroma",
    "pgvector / PostgreSQL": "postgres",
    "Redis (feature/online store, cache)": "redis valkey",
    "LangServe / FastAPI apps": "langserve",
    "Langflow": "langflow",
    "Flowise": "flowise",
    "n8n": "n8n",
    "Dify": "dify",
    "Open WebUI": "open-webui",
    "ComfyUI": "comfyui",
    "AnythingLLM": "anythingllm",
    "TensorBoard": "tensorboard",
    "Arize Phoenix": "phoenix",
    "Langfuse": "langfuse",
    "ZenML server": "zenml",
    "H2O-3": "h2o",
    "AIM": "aim",
    "NVIDIA Container Toolkit": "nvidia-container-toolkit",
    "NVIDIA GPU Operator / device plugin / DCGM exporter": "nvidia-gpu-operator nvidia-device-plugin dcgm-exporter",
    "PyTorch distributed / TorchElastic / DeepSpeed": "torch-distributed",
    "Container/OCI registry for models": "registry",
    "etcd (Milvus, Kubeflow, APISIX)": "etcd",
    "MCP servers (HTTP)": "mcp",
    "SageMaker notebook instance": "a service of a cloud",
    "SageMaker domain / Studio": "a service of a cloud",
    "SageMaker model / training / endpoint": "a service of a cloud",
    "Amazon Bedrock": "a service of a cloud",
    "Vertex AI Workbench": "a service of a cloud",
    "Vertex AI endpoint / dataset / pipeline": "a service of a cloud",
    "Azure ML workspace": "a service of a cloud",
    "Azure ML compute / online endpoint": "a service of a cloud",
    "Azure OpenAI / AI Foundry": "a service of a cloud",
    "Databricks workspace": "a service of a cloud",
}
# Flaws that are not told of a version, and why.
UNTOLD: dict[str, str] = {
    "CVE-2022-0543": "of Debian's package, not of the image",
    "CVE-2022-36551": "medium",
    "CVE-2023-47116": "medium",
    "CVE-2023-48022": "disputed: how Ray is started is judged instead",
    "CVE-2023-6016": "no release mends it: how H2O is started is judged instead",
    "CVE-2023-6570": "of applications whose images say no version of it",
    "CVE-2023-6571": "medium",
    "CVE-2024-0133": "medium",
    "CVE-2024-10096": "disputed: how Dask is started is judged instead",
    "CVE-2024-22421": "medium",
    "CVE-2024-24590": "of the client",
    "CVE-2024-24592": "no release is known to mend it: how ClearML is started is judged instead",
    "CVE-2024-24594": "medium",
    "CVE-2024-25723": "medium",
    "CVE-2024-26152": "medium",
    "CVE-2024-28233": "medium",
    "CVE-2024-3135": "low",
    "CVE-2024-42474": "medium",
    "CVE-2024-48063": "disputed",
    "CVE-2024-53862": "medium",
    "CVE-2024-9526": "a commit, no release, mends it",
    "CVE-2025-0649": "no severity is published",
    "CVE-2025-23334": "medium",
    "CVE-2025-25296": "medium",
    "CVE-2025-34351": "a default, not a version: how Ray is started is judged instead",
    "CVE-2025-45424": "medium",
    "CVE-2025-51481": "medium",
    "CVE-2025-56157": "default credentials, which are judged themselves",
    "CVE-2025-67303": "of an extension",
    "CVE-2025-67819": "medium",
    "CVE-2025-9799": "low",
    "CVE-2026-11500": "no severity is published",
    "CVE-2026-22777": "of an extension",
    "CVE-2026-23528": "medium",
    "CVE-2026-2635": "default credentials, which are judged themselves",
    "CVE-2026-3172": "of an extension whose version no image says",
    "CVE-2026-33709": "medium",
    "CVE-2026-40864": "medium",
    "CVE-2026-41487": "medium",
    "CVE-2026-5366": "no severity is published",
    "CVE-2026-54386": "medium",
    "CVE-2026-67618": "medium",
}
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the lists of exposures are not beside the project")
KNOWN = {c.name: c for c in components()}


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf8") as file:
        return list(csv.DictReader(file))


def recognised(row: str) -> list[Component]:
    """The components of a row; none where it is judged otherwise."""
    names = ROWS[row].split()
    return [KNOWN[n] for n in names] if names[0] != "a" else []


@needs_data
def test_every_known_exposure_is_recognised_or_judged_otherwise() -> None:
    assert {r["component"] for r in rows("ml-exposures.csv")} == ROWS.keys()
    for name in ROWS:
        for component in recognised(name):
            assert component.images or component.commands or component.name == "dvc"


@needs_data
def test_every_variable_that_opens_a_component_is_known() -> None:
    """Environment variables that the list names as insecure settings stand in the conditions of their component."""
    missing = set()
    for row in rows("ml-exposures.csv"):
        for component in recognised(row["component"]):
            said = str(component).upper()
            for name, value in re.findall(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=([\w*]+)", row["insecure_config"]):
                if not any(name in str(c).upper() for c in recognised(row["component"])) and name not in said:
                    missing.add(f"{component.name}: {name}={value}")
    assert missing == SAID_OTHERWISE.keys()


# Variables of the list that another check tells, or that do nothing by themselves.
SAID_OTHERWISE = {
    "langflow: LANGFLOW_SKIP_AUTH_AUTO_LOGIN=true": "it does nothing where auto login is off",
    "vllm: VLLM_ALLOW_RUNTIME_LORA_UPDATING=1": "vllm-development-mode",
    "vllm: VLLM_SERVER_DEV_MODE=1": "vllm-development-mode",
}


@needs_data
def test_every_flaw_is_known_or_left_out_for_a_reason() -> None:
    known = {flaw.id for flaws in _advisories().values() for flaw in flaws}
    listed = {r["cve"] for r in rows("ml-cves.csv")}
    assert listed - known == UNTOLD.keys()
    assert not known & UNTOLD.keys()


def test_advisories_are_well_formed() -> None:
    for component, flaws in _advisories().items():
        assert component in KNOWN
        for flaw in flaws:
            assert re.fullmatch(r"CVE-\d{4}-\d{4,}", flaw.id)
            assert flaw.severity in ("critical", "high")
            assert flaw.affected
            for ranges in flaw.affected:
                assert re.fullmatch(r"(?:(?:<=?|>=?)\d[\w.]*(?: |$))+", ranges), ranges
                for bound in re.findall(r"\d[\w.]*", ranges):
                    assert parse(bound).text == bound
            if flaw.package:
                assert flaw.package in KNOWN[component].packages, (component, flaw.package)


def test_a_flaw_ends_in_the_line_of_a_version() -> None:
    flaw = next(f for f in _advisories()["milvus"] if f.id == "CVE-2025-64513")
    assert flaw.ends(parse("2.5.3")) == ("2.5.21", False)
    assert flaw.ends(parse("2.3.0")) == ("2.4.24", False)
    assert next(iter(_advisories()["tgi"])).ends(parse("3.0.0")) == ("3.3.7", True)
    assert _advisories()["minio"][-1].ends(parse("2025.1.1")) == ("", False)
