"""Configuration files say how servers are protected, each in its syntax."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.assets.host import Process
from garrison.estate.servers import Weakness, components
from garrison.estate.values import Source
from garrison.sources import settings
from garrison.sources.discover import discover
from garrison.sources.interface import Tree
from garrison.sources.mapping.assemble import assets_of
from garrison.sources.settings.python import assignments


def read(top: Path, name: str, text: str) -> tuple[list[Process], Tree]:
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_text(text)
    tree = discover(top)
    found = assets_of("launch", settings.read([f for f in tree.files.values() if settings.claims(f)], tree))
    return [a for a in found if isinstance(a, Process)], tree


def process(top: Path, name: str, text: str) -> Process:
    (found,), tree = read(top, name, text)
    assert not tree.problems
    return found


ALL = 'c.ServerApp.ip = "0.0.0.0"\n'


@pytest.mark.parametrize(
    ("name", "text", "component", "is_open"),
    [
        ("jupyter_server_config.py", ALL + "c.ServerApp.token = ''", "jupyter", True),
        ("jupyter_server_config.py", "c.ServerApp.token = ''", "jupyter", False),  # on the loopback
        ("jupyter_server_config.py", ALL, "jupyter", False),
        ("jupyter_server_config.py", ALL + "c.ServerApp.token = ''\nc.ServerApp.password = 'argon2:x'", "jupyter", False),
        ("jupyter_server_config.py", ALL + "c.ServerApp.token = ''\nc.ServerApp.password = passwd('x')", "jupyter", None),
        ("jupyter_server_config.py", ALL + "c.ServerApp.token = os.environ['T']", "jupyter", False),
        ("jupyter_server_config.py", ALL + "c.ServerApp.token = os.environ.get('T', '')", "jupyter", False),
        ("jupyter_server_config.py", ALL + "if x:\n    c.ServerApp.token = ''", "jupyter", None),
        ("jupyter_server_config.py", ALL + "EMPTY = ''\nc.ServerApp.token = EMPTY", "jupyter", True),
        ("jupyter_server_config.py", ALL + "c['ServerApp']['token'] = ''", "jupyter", True),
        (".jupyter/jupyter_notebook_config.json", '{"NotebookApp": {"ip": "*", "token": ""}}', "jupyter", True),
        ("jupyterhub_config.py", "from x import D\nc.JupyterHub.authenticator_class = D.DummyAuthenticator", "jupyterhub", True),
        ("jupyterhub_config.py", "c.JupyterHub.authenticator_class = 'dummy'\nc.DummyAuthenticator.password = 'x'", "jupyterhub", False),
        ("jupyterhub_config.py", "c.JupyterHub.authenticator_class = 'github'", "jupyterhub", False),
        ("redis.conf", "bind 0.0.0.0\nprotected-mode no", "redis", True),
        ("redis.conf", "bind 127.0.0.1 -::1\nprotected-mode no", "redis", False),
        ("redis.conf", "bind 0.0.0.0\nprotected-mode no\nrequirepass x", "redis", False),
        ("redis.conf", "bind 0.0.0.0\n# protected-mode no", "redis", False),
        ("pg_hba.conf", "local all all trust\nhost all all 0.0.0.0/0 trust", "postgres", True),
        ("pg_hba.conf", "local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all all scram-sha-256", "postgres", False),
        ("config.properties", "management_address=http://0.0.0.0:8081\ndisable_token_authorization=true", "torchserve", True),
        ("config.properties", "management_address=http://127.0.0.1:8081\ndisable_token_authorization=true", "torchserve", False),
        ("airflow.cfg", "[core]\nsimple_auth_manager_all_admins = True\n", "airflow", True),
        ("feature_store.yaml", "project: fraud\nauth:\n  type: no_auth\n", "feast", True),
        ("feature_store.yaml", "project: fraud\n", "feast", False),
        ("milvus.yaml", "common:\n  security:\n    authorizationEnabled: false\n", "milvus", True),
        ("opensearch.yml", "plugins.security.disabled: true\n", "opensearch", True),
        ("elasticsearch.yml", "xpack:\n  security:\n    enabled: false\n", "elasticsearch", True),
        ("server.properties", "log.dirs=/x\nlisteners=PLAINTEXT://:9092\n", "kafka", True),
        ("server.properties", "log.dirs=/x\nlisteners=PLAINTEXT://:9092\nauthorizer.class.name=x\n", "kafka", False),
        ("spark-defaults.conf", "spark.authenticate false\n", "spark", True),
        ("spark-defaults.conf", "spark.authenticate=true\n", "spark", False),
        ("apiserver.conf", "auth {\n  fixed_users {\n    enabled: false\n  }\n}\n", "clearml", True),
        ("config.yml", "storage:\n  filesystem:\n    rootdirectory: /x\n", "registry", True),
        ("config.yml", "storage:\n  filesystem:\n    rootdirectory: /x\nauth:\n  htpasswd: {realm: x}\n", "registry", False),
        ("grafana.ini", "[auth.anonymous]\nenabled = true\n", "grafana", True),
    ],
)  # fmt: skip
def test_who_may_use_it(tmp_path: Path, name: str, text: str, component: str, is_open: bool | None) -> None:
    found = process(tmp_path, name, text)
    assert found.configures == component
    assert found.unauthenticated.answer is is_open


@pytest.mark.parametrize(
    ("name", "text", "weakness"),
    [
        ("jupyter_server_config.py", "c.ServerApp.allow_origin = '*'", Weakness.ORIGINS),
        ("jupyter_lab_config.py", "c.ServerApp.disable_check_xsrf = True", Weakness.FORGERY),
        ("jupyter_notebook_config.py", "c.NotebookApp.allow_root = True", Weakness.ROOT),
        ("jupyterhub_config.py", "c.Spawner.args = ['--debug', '--allow-root']", Weakness.ROOT),
        ("jupyterhub_config.py", "c.KubeSpawner.uid = 0", Weakness.ROOT),
        ("jupyterhub_config.py", "c.NativeAuthenticator.open_signup = True", Weakness.SIGNUP),
        ("jupyterhub_config.py", "c.JupyterHub.tornado_settings = {'headers': {'Access-Control-Allow-Origin': '*'}}", Weakness.ORIGINS),
        ("basic_auth.ini", "[mlflow]\nadmin_password = password1234\n", Weakness.PASSWORD),
        ("config.properties", "model_store=/m\nenable_model_api=true", Weakness.MODELS),
        ("config.properties", "management_address=http://0.0.0.0:8081", Weakness.FILES),
        ("airflow.cfg", "[webserver]\nexpose_config = True\n", Weakness.FILES),
        ("airflow.cfg", "[core]\nfernet_key =\n", Weakness.PASSWORD),
        (".streamlit/config.toml", '[server]\nenableXsrfProtection = false # "x"\n', Weakness.FORGERY),
        ("settings.json", '{"http_port": 1, "cors_settings": {"allow_origins": ["*"]}}', Weakness.ORIGINS),
        ("config.yaml", "model_list: []\ngeneral_settings:\n  master_key: sk-1234\n", Weakness.PASSWORD),
        (".dvc/config", "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://x\n    ssl_verify = false\n", Weakness.PLAIN),
        (".dvc/config", "['remote \"store\"']\n    url = http://x\n", Weakness.PLAIN),
        (".env", "LANGFUSE_X=1\nSALT=mysalt\n", Weakness.PASSWORD),
        (".env", "CONSOLE_CORS_ALLOW_ORIGINS=*\n", Weakness.ORIGINS),
    ],
)  # fmt: skip
def test_weaknesses(tmp_path: Path, name: str, text: str, weakness: Weakness) -> None:
    found = process(tmp_path, name, text)
    assert [w for w in Weakness if found.weak(w).yes] == [weakness]
    assert found.weak(weakness).because[0].place is not None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.properties", "colour=red"),
        ("config.toml", "[server]\nenableXsrfProtection = false\n"),
        ("config.yaml", "kind: x\n"),
        ("settings.json", '{"editor.tabSize": 2}'),
        (".env", "X=1"),
        ("config", "[core]\n"),
    ],
)
def test_other_files_of_the_same_name(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, name, text)[0] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c.ServerApp.token = (", "not valid Python"),
        ("x = " + "-" * 100_000 + "1", "cannot be read as Python"),
        ("c.a = 1" + " + 1" * 100_000, "cannot be read as Python"),
        ("\0", "Python"),
    ],
)
def test_what_is_no_python_is_named(tmp_path: Path, text: str, message: str) -> None:
    found, tree = read(tmp_path, "jupyter_server_config.py", text)
    assert not found
    (problem,) = tree.problems
    assert message in problem.message
    assert problem.hint


def test_every_kind_of_file_is_of_a_known_server_that_reads_settings() -> None:
    known = {c.name: c for c in components()}
    for kind in settings._kinds():
        component = known[kind.component]
        conditions = [*component.opens, *component.guards, *component.address]
        conditions += [c for s in component.weak for c in (*s.when, *s.unless)]
        assert any(c.variable if kind.syntax == "variables" else c.setting for c in conditions), kind.names


NAMES = st.sampled_from(["c.A.b", "c['A']['b']", "x", "c.A.b.c"])
EXPRESSIONS = st.sampled_from(
    ["1", "'a'", "[1, 'a']", "{'a': [1]}", "f()", "x", "None", "lambda: 1", "D.E", "f'{x}'", "-1", "not x"]
)
STATEMENTS = st.builds(lambda n, e: f"{n} = {e}", NAMES, EXPRESSIONS)


@given(
    st.lists(
        st.tuples(STATEMENTS, st.sampled_from(["", "if x:\n    ", "try:\n    pass\nfinally:\n    ", "with x:\n    "]))
    )
)
def test_any_configuration_is_read(statements: list[tuple[str, str]]) -> None:
    text = "\n".join(before + statement for statement, before in statements)
    tree = Tree(Path())
    found = assignments(Source("x.py", text.encode()), tree)
    assert found is not None
    assert not tree.problems
