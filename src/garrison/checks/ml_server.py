"""Servers of models, notebooks, vectors and pipelines: who may use them."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.image_build import ImageBuild
from garrison.estate.assets.ml_serving import ComputeCluster
from garrison.estate.assets.started import Started
from garrison.estate.assets.workload import Container, Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.servers import written
from garrison.estate.truth import Truth, any_of
from garrison.reach.entry import behind_gateway, limited, outside
from garrison.reach.settings import variable_of

_COMMIT = r"^[0-9a-f]{40}$"
# Servers with a check of their own for the same.
JUDGED_ALONE = (
    "jupyter",
    "torchserve",
    "vllm",
    "sglang",
    "tgi",
    "llama-cpp",
    "localai",
    "langflow",
    "weaviate",
    "argo-server",
)
_ON = r"(?i)^(true|1|yes|on|)$"


def _alone(near: Relations) -> Truth:
    """Whether it is no part of a compute cluster, which has checks of its own."""
    return Truth(not near.by(Relation.CONTAINS, ComputeCluster))


@check(
    id="ml-code-server-exposed",
    severity=Severity.CRITICAL,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:AC-3", "OWASP-API:API2"),
    about_ml=True,
)
def ml_code_server_exposed(workload: Workload, near: Relations) -> Verdict:
    """Anybody who reaches the cluster or the host from outside runs code on this server.

    Why: Ray, Jupyter, Dask, TorchServe, Langflow and the like run what they are sent; without a login the first
    scanner that finds the address has the data, the models and the accelerators.
    Fix: make the service `ClusterIP` (in Compose, publish on 127.0.0.1), turn the server's authentication on, and put an
    authenticating proxy before it.
    """
    truth = outside(workload, near) & workload.unauthenticated_code & _alone(near)
    return fail_if(truth, "it runs anybody's code and is reached from outside")


@check(
    id="ml-server-exposed",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0049", "NIST-800-53:AC-3", "OWASP-API:API2"),
    about_ml=True,
)
def ml_server_exposed(workload: Workload, near: Relations) -> Verdict:
    """Anybody who reaches the cluster or the host from outside uses this server.

    Why: without a login models are copied query by query, accelerators are spent, experiments and vectors are read or
    overwritten.
    Fix: make the service `ClusterIP` (in Compose, publish on 127.0.0.1), turn the server's authentication on, or put an
    authenticating proxy before it.
    """
    truth = outside(workload, near) & workload.unauthenticated & ~workload.unauthenticated_code & _alone(near)
    return fail_if(truth, "it asks nobody who he is and is reached from outside")


@check(
    id="ml-server-open-in-cluster",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "NIST-800-53:SC-7", "CIS-Kubernetes-1.12:5.3.2"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def ml_server_open_in_cluster(workload: Workload, near: Relations) -> Verdict:
    """Every pod of the cluster may use this server.

    Why: it asks nobody who he is and no network policy stands before it: one pod that is taken over, in whatever
    namespace, is enough to read and to change what it serves.
    Fix: add a NetworkPolicy that lets only its callers in, or turn the server's authentication on.
    """
    servers = any_of(c.unauthenticated for c in workload.containers if c.about_ml.yes and c.runs(*JUDGED_ALONE).no)
    truth = servers & workload.unauthenticated & ~outside(workload, near) & ~limited(near)
    truth = truth & workload.in_cluster & ~workload.has_operator
    return fail_if(truth, "it asks nobody who he is, and every pod reaches it")


@check(
    id="jupyter-no-token",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0049", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def jupyter_no_token(started: Started) -> Verdict:
    """Jupyter runs without a token and without a password.

    Why: whoever reaches its port has a shell next to the data, with the notebook's credentials.
    Fix: remove the empty token; set a hashed password, or leave Jupyter its random token.
    """
    return fail_if(started.runs("jupyter") & started.unauthenticated, "its token is empty")


@check(
    id="torchserve-token-off",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def torchserve_token_off(started: Started, near: Relations) -> Verdict:
    """TorchServe asks for no token.

    Why: whoever reaches its management port registers a model archive from any address, and its handler runs as code.
    Fix: use 0.12, which asks for one, and remove `--disable-token-auth`; keep the management address on 127.0.0.1.
    TorchServe is no longer maintained: plan to leave it.
    """
    open_ = started.runs("torchserve") & started.unauthenticated
    return fail_if(open_ & ~behind_gateway(started, near), "no token is asked for")


@check(
    id="triton-models-changeable",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0018", "NIST-800-53:AC-3", "OWASP-API:API5"),
    about_ml=True,
)
def triton_models_changeable(started: Started, near: Relations) -> Verdict:
    """Triton lets its callers load and unload models.

    Why: the API that answers predictions also replaces models; its Python backend runs a model's code.
    Fix: use `--model-control-mode=none`, or bind the API with `--http-restricted-api=model-repository:...` and
    `--grpc-restricted-protocol`.
    """
    mode = written(started.option("--model-control-mode").one_of(("explicit", "poll")), started)
    bound = started.option("--http-restricted-api", "--grpc-restricted-protocol").given()
    changes = started.runs("triton") & mode & ~bound
    return fail_if(changes & ~behind_gateway(started, near), "models are loaded by whoever calls it")


@check(
    id="llm-server-no-key",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "NIST-800-53:IA-2", "OWASP-LLM:LLM10", "OWASP-API:API2"),
    about_ml=True,
)
def llm_server_no_key(started: Started, near: Relations) -> Verdict:
    """A language model is served without a key.

    Why: everybody who reaches the port spends the accelerators, and reads what the model was tuned on.
    Fix: start the server with an API key taken from a Secret, and put a gateway before it: a key does not cover
    every route of vLLM.
    """
    serves = started.runs("vllm", "sglang", "tgi", "llama-cpp", "localai")
    behind = Truth(started.type.endswith(".serving.kserve.io")) | behind_gateway(started, near)
    return fail_if(serves & started.unauthenticated & ~behind, "no API key is set")


@check(
    id="model-code-trusted",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0011.000", "ATLAS:AML.T0010.003", "NIST-800-53:SI-7", "OWASP-LLM:LLM03", "OWASP-ML:ML06"),
    about_ml=True,
)
def model_code_trusted(started: Started, near: Relations) -> Verdict:
    """The server runs code that comes with the model.

    Why: `trust_remote_code` downloads Python from the model's repository and runs it at start: whoever can push there
    runs code here, next to the accelerators and the keys.
    Fix: remove it, and use a model that the library knows; else pin the model and its code to a commit you have read
    (`--revision` and `--code-revision`).
    """
    flag = written(started.option("--trust-remote-code").matches(_ON), started)
    by_variable = variable_of(started, near, "HF_TRUST_REMOTE_CODE", "TRUST_REMOTE_CODE").matches(r"(?i)^(true|1|yes)$")
    by_variable = started.is_ml_server & by_variable
    pinned = started.option("--code-revision", "--revision").matches(_COMMIT)
    return fail_if((flag | by_variable) & ~pinned, "code from the model's repository is run")


@check(
    id="vllm-development-mode",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "NIST-800-53:CM-7", "OWASP-API:API8"),
    about_ml=True,
)
def vllm_development_mode(started: Started) -> Verdict:
    """Development routes of vLLM are served.

    Why: callers put the engine to sleep, reset its caches, and load adapters from paths and addresses they choose; an
    API key does not cover those routes.
    Fix: remove `VLLM_SERVER_DEV_MODE` and `VLLM_ALLOW_RUNTIME_LORA_UPDATING`.
    """
    on = r"(?i)^(1|true|yes)$"
    development = started.variable("VLLM_SERVER_DEV_MODE").matches(on)
    adapters = started.variable("VLLM_ALLOW_RUNTIME_LORA_UPDATING").matches(on)
    return fail_if(started.runs("vllm") & (development | adapters), "development routes are served")


@check(
    id="argo-server-no-login",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0049", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def argo_server_no_login(started: Started) -> Verdict:
    """Argo's server acts for everybody with its own rights.

    Why: whoever reaches it submits a workflow: a container of his choice, in the namespace of the pipelines.
    Fix: use `--auth-mode=sso` (with RBAC) or `--auth-mode=client`.
    """
    return fail_if(started.runs("argo-server") & started.unauthenticated, "its auth mode is server")


@check(
    id="langflow-auto-login",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0049", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def langflow_auto_login(started: Started) -> Verdict:
    """Langflow signs every visitor in as its administrator.

    Why: flows run Python: a visitor runs code with the keys to all models and stores that the flows use.
    Fix: set `LANGFLOW_AUTO_LOGIN` to "False", with a superuser and a password from a Secret.
    """
    return fail_if(started.runs("langflow") & started.unauthenticated, "auto login is on")


@check(
    id="weaviate-anonymous",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0085.000", "NIST-800-53:AC-3", "OWASP-LLM:LLM08"),
    about_ml=True,
)
def weaviate_anonymous(started: Started) -> Verdict:
    """Weaviate lets anonymous callers read and write.

    Why: the documents behind the vectors are read by everybody, and what a model retrieves can be planted.
    Fix: set `AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED` to "false" and turn API keys or OIDC on.
    """
    return fail_if(started.runs("weaviate") & started.unauthenticated, "anonymous access is on")


@check(
    id="object-store-shipped-password",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "ATLAS:AML.T0035", "NIST-800-53:IA-5"),
    about_ml=True,
)
def object_store_shipped_password(started: Started) -> Verdict:
    """The store of models and artefacts has the password it is shipped with.

    Why: every pod that reaches it reads and replaces models, data sets and pipeline artefacts.
    Fix: choose another password, keep it in a secret store, and give each client a key of its own.
    """
    unset = started.runs("minio") & started.variable("MINIO_ROOT_PASSWORD", "MINIO_SECRET_KEY").is_absent()
    by_file = started.variable("MINIO_ROOT_PASSWORD_FILE", "MINIO_CONFIG_ENV_FILE").given()
    return fail_if(started.shipped_password | (unset & ~by_file), "its root password is the shipped one")


@check(
    id="mlflow-host-check-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0035", "NIST-800-53:SC-8", "OWASP-API:API8"),
    about_ml=True,
)
def mlflow_host_check_off(started: Started) -> Verdict:
    """MLflow answers whatever host name it is asked for.

    Why: a web page that a data scientist visits reaches the tracking server through his browser (DNS rebinding), and
    reads or overwrites runs and registered models.
    Fix: name the server's own host in `--allowed-hosts`, and leave the security middleware on.
    """
    off = started.option("--disable-security-middleware").given()
    off = off | started.variable("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE").matches(r"(?i)^(true|1)$")
    hosts = started.option("--allowed-hosts").equals("*")
    return fail_if(started.runs("mlflow") & (off | hosts), "it answers to every host name")


@check(
    id="kubeflow-app-auth-off",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0049", "NIST-800-53:AC-3", "OWASP-API:API5"),
    about_ml=True,
)
def kubeflow_app_auth_off(container: Container, near: Relations) -> Verdict:
    """A Kubeflow web application does not ask who is there.

    Why: everybody who reaches it creates and deletes notebooks, volumes or model servers in all namespaces, with the
    application's rights.
    Fix: set `APP_DISABLE_AUTH` to "False".
    """
    off = variable_of(container, near, "APP_DISABLE_AUTH").matches("(?i)^(true|1)$")
    return fail_if(container.image.matches("web-app|kubeflow|kserve") & off, "its authorization is turned off")


@check(
    id="image-server-open",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0049", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def image_server_open(build: ImageBuild) -> Verdict:
    """An image starts a server that everybody may use, on all addresses.

    Why: wherever the image runs, whoever reaches the port has Ray, Dask or Airflow run his code, next to the data and the
    models.
    Fix: turn the login on (`RAY_AUTH_MODE=token`), or bind to 127.0.0.1 what only the container itself uses.
    """
    return fail_if(build.opens_server & ~build.runs(*JUDGED_ALONE), "it asks nobody who he is")
