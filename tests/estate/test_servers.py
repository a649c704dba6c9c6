"""Servers are recognised by image and command line, and what they say decides whether they are open."""

from __future__ import annotations

import re

import pytest

from garrison.estate.assets.workload import Container
from garrison.estate.servers import component_of, components
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


# Image, arguments and variables of a start, between bars; the server it is; whether everybody may use it.
STARTS = """
rayproject/ray:2.60.0 | ray start --head |                                        ray yes
rayproject/ray:2.60.0 | ray start --head | RAY_AUTH_MODE=token                    ray no
rayproject/ray:2.50.0 | ray start --head | RAY_AUTH_MODE=token                    ray yes
rayproject/ray | ray start --head --node-ip-address=127.0.0.1 |                   ray no
jupyterhub/jupyterhub:5 | jupyterhub --JupyterHub.authenticator_class=dummy |     jupyterhub yes
jupyterhub/jupyterhub:5 | jupyterhub |                                            jupyterhub no
quay.io/jupyter/base-notebook | jupyter lab --ServerApp.token= --ip=127.0.0.1 |   jupyter no
x/notebook | jupyter lab --ServerApp.token= |                                     jupyter yes
ghcr.io/marimo-team/marimo | marimo edit --no-token --host 0.0.0.0 |              marimo yes
ghcr.io/marimo-team/marimo | marimo -q edit --host 0.0.0.0 |                      marimo no
apache/airflow:3.1.0 | api-server | AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=true airflow yes
apache/airflow:2.9.3 | webserver | AIRFLOW__API__AUTH_BACKENDS=airflow.api.auth.backend.default airflow yes
apache/airflow:3.1.0 | api-server |                                               airflow no
quay.io/argoproj/argocli:v3.7.15 | server --auth-mode server |                    argo-server yes
quay.io/argoproj/argocli:v2.12.0 | server |                                       argo-server yes
quay.io/argoproj/argocli:v3.7.15 | server |                                       argo-server no
ghcr.io/kubeflow/kfp-api-server:2.5.0 | |                                         kubeflow-pipelines yes
gcr.io/ml-pipeline/api-server:2.5.0 | | MULTIUSER=true                            kubeflow-pipelines no
prefecthq/prefect:3 | prefect server start --host 0.0.0.0 |                       prefect yes
prefecthq/prefect:3 | prefect server start | PREFECT_SERVER_API_AUTH_STRING=a:b   prefect no
x/flow | dagster api grpc -h 0.0.0.0 |                                            dagster-code yes
x/flow | dagster-webserver -h 0.0.0.0 |                                           dagster yes
x/flow | dagster-webserver -h 127.0.0.1 |                                         dagster no
daskdev/dask | dask scheduler |                                                   dask yes
daskdev/dask | dask-scheduler --tls-cert x |                                      dask no
apache/spark:4.0.1 | spark-class org.apache.spark.deploy.master.Master |          spark yes
apache/spark:4.0.1 | spark-class org.apache.spark.deploy.master.Master | SPARK_AUTHENTICATE=true spark no
h2oai/h2o-open-source-k8s:3 | |                                                   h2o yes
x/h2o | java -jar /opt/h2o.jar -hash_login |                                      h2o no
pytorch/pytorch:2.5.0 | torchrun --nnodes 2 train.py |                            torch-distributed no
ghcr.io/mlflow/mlflow:v3.4.0 | mlflow ui |                                        mlflow yes
ghcr.io/mlflow/mlflow:v2.4.0 | mlflow server --app-name basic-auth |              mlflow yes
ghcr.io/mlflow/mlflow:v3.4.0 | mlflow server | MLFLOW_APP_NAME=basic-auth         mlflow no
aimstack/aim | aim up --host 0.0.0.0 |                                            aim yes
wandb/local:0.70.0 | | LOCAL_RESTORE=true                                         wandb yes
wandb/local:0.70.0 | |                                                            wandb no
allegroai/clearml:2.1.0 | apiserver |                                             clearml yes
allegroai/clearml:2.1.0 | apiserver | CLEARML__apiserver__auth__fixed_users__enabled=true clearml no
zenmldocker/zenml-server:0.90.0 | | ZENML_SERVER_AUTH_SCHEME=NO_AUTH              zenml yes
zenmldocker/zenml-server:0.90.0 | |                                               zenml no
tensorflow/tensorflow:2 | tensorboard --logdir /x |                               tensorboard yes
tensorflow/tensorflow:2 | tensorboard --logdir /x --host localhost |              tensorboard no
feastdev/feature-server:0.54.0 | feast serve -h 0.0.0.0 |                         feast yes
heartexlabs/label-studio:1.20.0 | label-studio start |                            label-studio yes
heartexlabs/label-studio:1.20.0 | | LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK=true label-studio no
pytorch/torchserve:0.11.0 | torchserve --start |                                  torchserve yes
pytorch/torchserve:0.12.0-gpu | torchserve --start |                              torchserve no
pytorch/torchserve:0.12.0 | | TS_DISABLE_TOKEN_AUTHORIZATION=true                 torchserve yes
nvcr.io/nvidia/tritonserver:25.08-py3 | tritonserver --model-repository=/m |      triton yes
nvcr.io/nvidia/tritonserver:25.08-py3 | tritonserver --http-restricted-api=x:y=z | triton no
vllm/vllm-openai:v0.22.0 | --model m |                                            vllm yes
vllm/vllm-openai:v0.22.0 | --model m | VLLM_API_KEY=x                             vllm no
lmsysorg/sglang:latest | python3 -m sglang.launch_server --host 0.0.0.0 |         sglang yes
lmsysorg/sglang:latest | sglang serve --api-key x |                               sglang no
ghcr.io/huggingface/text-generation-inference:3 | --model-id m |                  tgi yes
ghcr.io/huggingface/text-generation-inference:3 | --model-id m | API_KEY=x        tgi no
x/llama | rpc-server -H 0.0.0.0 -p 50052 |                                        llama-cpp-rpc yes
ghcr.io/ggml-org/llama.cpp:server-b8500 | --host 0.0.0.0 |                        llama-cpp yes
ghcr.io/ggml-org/llama.cpp:server | llama-server --api-key-file /k |              llama-cpp no
ollama/ollama:0.17.1 | |                                                          ollama yes
ollama/ollama:0.17.1 | serve | OLLAMA_HOST=127.0.0.1:11434                        ollama no
tensorflow/serving:2.18.0 | |                                                     tensorflow-serving yes
tensorflow/serving:2.18.0 | tensorflow_model_server --ssl_config_file=x |         tensorflow-serving no
seldonio/mlserver:1.7.0 | |                                                       mlserver yes
seldonio/mlserver:1.7.0 | mlserver start . | MLSERVER_HOST=127.0.0.1              mlserver no
docker.io/seldonio/sklearnserver:1.18.0 | |                                       seldon yes
bentoml/fraud:1 | bentoml serve |                                                 bentoml yes
x/bento | bentoml serve --host 127.0.0.1 |                                        bentoml no
x/trt | trtllm-serve m --host 0.0.0.0 |                                           tensorrt-llm yes
nvcr.io/nim/meta/llama3-8b-instruct:1.0 | |                                       nim yes
openmmlab/lmdeploy | lmdeploy serve api_server m |                                lmdeploy yes
openmmlab/lmdeploy | lmdeploy serve api_server m --api-keys x |                   lmdeploy no
x/chat | python3 -m fastchat.serve.openai_api_server --host 0.0.0.0 |             fastchat yes
xprobe/xinference:v1.5.0 | xinference-local -H 0.0.0.0 |                          xinference yes
xprobe/xinference:v1.5.0 | xinference-local --auth-config /a.json |               xinference no
ghcr.io/berriai/litellm:v1.83.7 | --port 4000 |                                   litellm yes
ghcr.io/berriai/litellm:v1.106.0 | --port 4000 |                                  litellm no
ghcr.io/berriai/litellm:v1.83.7 | --port 4000 | LITELLM_MASTER_KEY=x              litellm no
localai/localai:v3 | |                                                            localai yes
localai/localai:v3 | | LOCALAI_API_KEY=x                                          localai no
kserve/huggingfaceserver:v0.16.0 | |                                              kserve-huggingface yes
kserve/sklearnserver:v0.16.0 | |                                                  kserve-server yes
qdrant/qdrant:v1.15.0 | |                                                         qdrant yes
qdrant/qdrant:v1.15.0 | | QDRANT__SERVICE__JWT_RBAC=true QDRANT__SERVICE__API_KEY=x qdrant no
milvusdb/milvus:v2.6.10 | milvus run standalone |                                 milvus yes
milvusdb/milvus:v2.6.10 | milvus run | COMMON_SECURITY_AUTHORIZATIONENABLED=true  milvus no
semitechnologies/weaviate:1.33.4 | | AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=true weaviate yes
semitechnologies/weaviate:1.33.4 | | AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=false weaviate no
chromadb/chroma:1.5.9 | |                                                         chroma yes
x/chroma | chroma run --host 127.0.0.1 |                                          chroma no
pgvector/pgvector:pg17 | | POSTGRES_HOST_AUTH_METHOD=trust                        postgres yes
pgvector/pgvector:pg17 | | POSTGRES_PASSWORD=x                                    postgres no
valkey/valkey:8.1.4 | |                                                           valkey yes
valkey/valkey:8.1.4 | valkey-server --requirepass x |                             valkey no
redis:8.2.2 | |                                                                   redis yes
redis/redis-stack:7.4.6 | | REDIS_ARGS=--requirepass                              redis no
minio/mc | sh -c mc anonymous set public x |                                      minio-client no
minio/minio | server /data | MINIO_ROOT_PASSWORD=minioadmin                       minio yes
minio/minio | server /data | MINIO_ROOT_PASSWORD=x                                minio no
registry:2 | |                                                                    registry yes
registry:2 | | REGISTRY_AUTH=htpasswd                                             registry no
quay.io/coreos/etcd:v3.5.5 | etcd --listen-client-urls http://0.0.0.0:2379 |      etcd yes
quay.io/coreos/etcd:v3.5.5 | etcd --client-cert-auth |                            etcd no
opensearchproject/opensearch:3 | | plugins.security.disabled=true                 opensearch yes
opensearchproject/opensearch:3 | |                                                opensearch no
elasticsearch:7.17.0 | |                                                          elasticsearch yes
elasticsearch:8.17.0 | | xpack.security.enabled=false                             elasticsearch yes
elasticsearch:8.17.0 | |                                                          elasticsearch no
bitnami/kafka:4 | | ALLOW_PLAINTEXT_LISTENER=yes                                  kafka yes
apache/kafka:4 | |                                                                kafka no
x/app | langchain serve --host 0.0.0.0 |                                          langserve yes
langflowai/langflow:1.12.0 | |                                                    langflow yes
langflowai/langflow:1.12.0 | | LANGFLOW_AUTO_LOGIN=False                          langflow no
flowiseai/flowise:2.2.0 | |                                                       flowise yes
flowiseai/flowise:2.2.0 | | FLOWISE_USERNAME=a FLOWISE_PASSWORD=x                 flowise no
flowiseai/flowise:3.1.0 | |                                                       flowise no
n8nio/n8n:0.200.0 | | N8N_USER_MANAGEMENT_DISABLED=true                           n8n yes
n8nio/n8n:2.6.0 | |                                                               n8n no
langgenius/dify-api:1.11.0 | |                                                    dify no
ghcr.io/open-webui/open-webui:main | | WEBUI_AUTH=False                           open-webui yes
ghcr.io/open-webui/open-webui:main | |                                            open-webui no
mintplexlabs/anythingllm:1.12.0 | |                                               anythingllm yes
mintplexlabs/anythingllm:1.12.0 | | AUTH_TOKEN=x                                  anythingllm no
x/comfyui | python main.py --listen |                                             comfyui yes
x/sd | ./webui.sh --listen --api |                                                stable-diffusion-webui yes
x/sd | ./webui.sh --listen --gradio-auth a:b |                                    stable-diffusion-webui no
x/tgw | python server.py --listen --api-key x |                                   text-generation-webui yes
x/app | gradio app.py |                                                           gradio yes
x/app | streamlit run app.py |                                                    streamlit yes
x/app | streamlit run app.py --server.address=localhost |                         streamlit no
x/app | fastmcp run server.py --transport http |                                  mcp yes
x/app | mcpo --port 8000 --api-key x -- y |                                       mcp no
arizephoenix/phoenix:12 | |                                                       phoenix yes
arizephoenix/phoenix:12 | | PHOENIX_ENABLE_AUTH=true                              phoenix no
langfuse/langfuse:3.167.0 | |                                                     langfuse no
grafana/grafana:12 | | GF_AUTH_ANONYMOUS_ENABLED=true                             grafana yes
grafana/grafana:12 | |                                                            grafana no
prom/prometheus:v3 | |                                                            prometheus yes
prom/pushgateway:v1 | --web.config.file=/web.yml |                                prometheus no
nvcr.io/nvidia/k8s/dcgm-exporter:4.4.0 | |                                        dcgm-exporter yes
nvcr.io/nvidia/k8s/container-toolkit:v1.17.8 | |                                  nvidia-container-toolkit no
nvcr.io/nvidia/gpu-operator:v25.3.1 | |                                           nvidia-gpu-operator no
nvcr.io/nvidia/k8s-device-plugin:v0.17.3 | |                                      nvidia-device-plugin no
ghcr.io/kubeflow/kubeflow/central-dashboard:v1.10.0 | |                           kubeflow-dashboard no
"""


def starts() -> list[tuple[str, str, str]]:
    rows = [line.rsplit(None, 2) for line in STARTS.strip().splitlines()]
    return [(start, name, answer) for start, name, answer in rows]


@pytest.mark.parametrize(("start", "name", "answer"), starts())
def test_starts(start: str, name: str, answer: str) -> None:
    image, arguments, variables = (part.strip() for part in start.split("|"))
    set_to: dict[str, Value | str] = {}
    set_to.update({v.partition("=")[0]: v.partition("=")[2] for v in variables.split()})
    made = container(image, *arguments.split(), variables=set_to)
    assert made.server is not None
    assert made.server.component.name == name
    assert made.unauthenticated.answer is (answer == "yes")


def test_no_script_that_starts_a_server_is_passed_over() -> None:
    from garrison.sources.launch.needed import may_start

    lines = [start.split("|")[1].strip() for start, name, _ in starts() if component_of(start.split("|")[1].strip())[0]]
    assert len(lines) > 50
    assert [line for line in lines if not may_start(line.encode())] == []


def test_every_component_is_started_in_some_way() -> None:
    only_configured = {"dvc"}
    assert {c.name for c in components()} == {name for _, name, _ in starts()} | only_configured


@pytest.mark.parametrize(
    ("image", "arguments", "version", "package"),
    [
        ("rayproject/ray:2.52.0-py311-gpu", "ray start --head", "2.52.0", "ray"),
        ("registry.example.com:5000/rayproject/ray:nightly", "ray start --head", None, ""),
        ("x/base:1.2.3", "ray start --head", None, ""),  # the tag is another program's
        ("x/base", "pip install ray[default]==2.5.1 && ray start --head", "2.5.1", "ray"),
        ("x/base:3", "pip install mlflow==2.9 && mlflow server", "2.9", "mlflow"),
        ("quay.io/jupyter/base-notebook:lab-4.0.7", "", "4.0.7", "jupyterlab"),
        ("quay.io/jupyter/base-notebook:2023-10-20", "", None, ""),
        ("minio/minio:RELEASE.2025-10-15T17-29-55Z", "server", "2025.10.15", ""),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda-b3561", "", "3561", ""),
        ("nvcr.io/nvidia/tritonserver:24.05-py3-sdk", "", "24.05", ""),
        ("redis:7", "", "7", ""),
        ("redis@sha256:" + "a" * 64, "", None, ""),
        ("redis:20231001", "", None, ""),
    ],
)
def test_versions(image: str, arguments: str, version: str | None, package: str) -> None:
    server = container(image, arguments).server
    assert server is not None
    assert (server.version.text if server.version is not None else None, server.package) == (version, package)


def test_what_is_too_old_to_ask_says_so() -> None:
    (said,) = container("rayproject/ray:2.50.0").unauthenticated.because
    assert said.reason == "Ray 2.50.0 cannot ask who is there; 2.52 and later can"


def test_what_an_old_release_does_by_itself_says_so() -> None:
    assert "it is 0.9.0, older than 0.11.1" in {
        v.reason for v in container("pytorch/torchserve:0.9.0").unauthenticated.because
    }


@pytest.mark.parametrize(
    ("image", "certain", "perhaps"),
    [
        ("rayproject/ray:2.8.0", {"CVE-2023-6019", "CVE-2023-6020", "CVE-2023-6021", "CVE-2025-62593", "CVE-2026-57516"}, set()),
        ("rayproject/ray:2.56.0", set(), set()),
        ("rayproject/ray:latest", set(), set()),
        ("redis:7.4.6", set(), set()),
        ("redis:7", set(), {"CVE-2025-49844"}),
        ("milvusdb/milvus:v2.5.21", {"CVE-2026-26190"}, set()),
        ("quay.io/jupyter/base-notebook:lab-4.0.7", {"CVE-2026-42266"}, set()),
    ],
)  # fmt: skip
def test_flaws(image: str, certain: set[str], perhaps: set[str]) -> None:
    said = container(image).flaws
    assert {f.id for f, has in said if has} == certain
    assert {f.id for f, has in said if has is None} == perhaps


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
