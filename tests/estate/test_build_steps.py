"""What single commands of a build are understood as."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate import build_downloads, build_packages, build_secrets
from garrison.estate.build_steps import Step, steps_of
from garrison.estate.truth import Truth
from garrison.estate.values import Body, Source, Value, absent, known, shown
from garrison.sources.dockerfile.shell import commands
from garrison.sources.dockerfile.syntax import Text


def steps(script: str) -> tuple[Step, ...]:
    text = Text(Source("Dockerfile", script.encode()), script, (0,), ((0, 0),))
    return steps_of(known(tuple(commands(text, lambda _: absent()))))


def texts(found: Iterable[Value]) -> list[str]:
    return [shown(value) for value in found]


def each(script: str, question: Callable[[Step], Iterable[Value]]) -> list[str]:
    return [text for step in steps(script) for text in texts(question(step))]


@pytest.mark.parametrize(
    ("script", "program", "arguments"),
    [
        ("pip install x", "pip", ["install", "x"]), ("/opt/venv/bin/pip3.12 install x", "pip", ["install", "x"]),
        ("python -m pip install x", "pip", ["install", "x"]), ("sudo -E A=1 apt-get install x", "apt-get", ["install", "x"]),
        ("A=1 B=2 c", "c", []), ("then exec env A=1 c d", "c", ["d"]), ("python3 x.py", "python3", ["x.py"]), ("A=1", "A=1", []),
    ],
)  # fmt: skip
def test_the_program_and_its_arguments(script: str, program: str, arguments: list[str]) -> None:
    (step,) = steps(script)
    assert (step.program, [t for t, _ in step.arguments]) == (program, arguments)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("curl x | sh", ["curl"]), ("curl -fsSL x | sudo -E bash -s -- -y", ["curl"]), ("wget -qO- x | tee y | python3 -", ["wget"]),
        ('bash -c "$(curl -fsSL x)"', ["bash"]), ("bash <(curl x)", ["bash"]), ("eval `wget -O- x`", ["eval"]), ("curl x > y.sh && sh y.sh", []),
        ("curl x | gpg --dearmor", []), ("curl x | tar xz", []), ("curl x | python3 -c 'import sys'", []), ("curl x | bash y.sh", []), ("echo x | sh", []),
        ("curl x | sh\ncurl y | bash", ["curl", "curl"]),
    ],
)  # fmt: skip
def test_what_is_fetched_and_run(script: str, found: list[str]) -> None:
    assert texts(build_downloads.fetched_and_run(steps(script))) == found


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("curl -k https://x", ["-k"]), ("curl -fsSLk https://x", ["-fsSLk"]), ("curl --insecure https://x", ["--insecure"]), ("curl -fsSL https://k", []),
        ("curl -k https://localhost:8443/health", []), ("wget --no-check-certificate x", ["--no-check-certificate"]), ("wget -k x", []),
        ("git -c http.sslVerify=false clone x", ["http.sslVerify=false"]), ("git config --global http.sslVerify false", ["http.sslVerify"]),
        ("git config --global http.sslVerify true", []), ("GIT_SSL_NO_VERIFY=1 git clone x", ["GIT_SSL_NO_VERIFY=1"]),
        ("npm config set strict-ssl false", ["strict-ssl"]), ("conda config --set ssl_verify no", ["ssl_verify"]),
    ],
)  # fmt: skip
def test_whose_certificate_is_not_checked(script: str, found: list[str]) -> None:
    assert each(script, build_downloads.unchecked_sender) == found


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("pip install a b==1 'c>=2' d[x] ./e git+https://f g.whl", ["a", "c>=2", "d[x]"]), ("pip install -r r.txt --index-url x y", ["y"]),
        ("pip install -U pip setuptools wheel", []), ("pip install -c c.txt a", []), ("pip install --require-hashes -r r", []), ("uv pip install a", ["a"]),
        ("uv sync", []), ("pip install .[all]", []), ("pip install $PACKAGES a==$V", []), ("pip download a", ["a"]), ("pip list a", []), ("pipx install a", ["a"]), ("pipx run a", []),
    ],
)  # fmt: skip
def test_packages_without_a_version(script: str, found: list[str]) -> None:
    assert each(script, build_packages.unpinned) == found


COMMIT = "0" * 40


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("pip install git+https://g/a/b", 1), ("pip install git+https://g/a/b.git@main", 1), (f"pip install git+https://g/a/b@{COMMIT}", 0),
        ("pip install git+https://g/a/b@v1.2", 0), ("pip install 'b @ git+ssh://git@g/a/b'", 1), ("pip install git+https://g/a/b@$REF", 0),
    ],
)  # fmt: skip
def test_packages_from_branches(script: str, found: int) -> None:
    assert len(each(script, build_packages.from_branch)) == found


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("pip install --trusted-host h a", ["--trusted-host"]), ("pip install -i http://h/simple a", ["http://h/simple"]),
        ("pip install --index-url=http://h a", ["--index-url=http://h"]), ("pip install -i https://h a", []), ("pip install -i http://localhost:3141 a", []),
        ("pip config set global.trusted-host h", []), ("curl --trusted-host h", []),
    ],
)  # fmt: skip
def test_an_index_that_anybody_can_play(script: str, found: list[str]) -> None:
    assert each(script, build_packages.plain_index) == found


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("pip install --extra-index-url https://pypi.acme.example/simple a", True), ("pip install --extra-index-url $URL a", None),
        ("pip install --extra-index-url https://download.pytorch.org/whl/cu128 torch", False), ("pip install --index-url https://x a", False),
        ("uv pip install --extra-index-url https://x a", False),
    ],
)  # fmt: skip
def test_a_second_index(script: str, answer: bool | None) -> None:
    (step,) = steps(script)
    assert build_packages.second_index(step).answer is answer


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("apt-get install -y gcc-12 g++ curl", ["gcc-12", "g++"]), ("apt-get install gcc && apt-get purge -y gcc", []), ("apk add --virtual .d gcc && apk del .d", []),
        ("apk add --no-cache build-base=0.5", ["build-base=0.5"]), ("dnf -y install gcc-c++", ["gcc-c++"]), ("apt-get update", []), ("pip install cmake", []),
    ],
)  # fmt: skip
def test_compilers(script: str, found: list[str]) -> None:
    assert texts(build_packages.installed(steps(script), build_packages.facts().compilers)) == found


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("apt-get install --allow-unauthenticated x", True), ("echo 'deb [trusted=yes] http://x' > y", True), ("apk add --allow-untrusted x", True),
        ("yum install --nogpgcheck x", True), ("apt-get install x", False), ("echo trusted=yesterday", False),
    ],
)  # fmt: skip
def test_packages_that_nobody_signed(script: str, answer: bool) -> None:
    assert any(build_packages.unverified(step) is not None for step in steps(script)) is answer


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("huggingface-cli download a/b", 1), (f"hf download a/b --revision {COMMIT}", 0), ("hf download a/b --revision main", 1), ("hf download a/b --revision $R", 0),
        ("hf auth whoami", 0), ("git clone https://huggingface.co/a/b", 1), ("git clone https://github.com/a/b", 0),
        ("curl -L https://huggingface.co/a/b/resolve/main/x.gguf", 1), (f"curl -L https://huggingface.co/a/b/resolve/{COMMIT}/x.gguf", 0),
        ("wget https://x/model.onnx", 1), ("wget https://x/model.onnx && sha256sum -c sums", 0), ("wget https://x/setup.bin", 0), ("wget https://x/model.bin", 1),
        ("python -c \"from x import y; y.from_pretrained('a/b')\"", 1), (f"python -c \"snapshot_download('a/b', revision='{COMMIT}')\"", 0),
        ("python -c \"y.from_pretrained('/models/x')\"", 0), ("python -c \"y.from_pretrained('a', revision='main')\"", 1),
    ],
)  # fmt: skip
def test_models_in_whatever_version(script: str, found: int) -> None:
    said = steps(script)
    checked = build_downloads.checks_digests(said)
    assert sum(len(list(build_downloads.unpinned_models(s, checked=checked))) for s in said) == found


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (".env", True), ("./config/.env.production", True), (".env.example", False), ("id_rsa", True), ("id_rsa.pub", False), (".aws/credentials", True),
        (".aws", True), (".ssh/", True), ("certs/ca.pem", False), ("certs/server-key.pem", True), ("private.key", True), ("keys.py", False), (".kube/config", True),
        ("config", False), ("kaggle.json", True), ("package.json", False), ("store.p12", True), ("environment.yml", False), (".config/gcloud", True),
    ],
)  # fmt: skip
def test_files_that_hold_keys(path: str, answer: bool) -> None:
    assert build_secrets.is_secret_file(path) is answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("HF_TOKEN", True),
        ("GITHUB_TOKEN", True),
        ("DB_PASSWORD", True),
        ("DB_PASSWORD_FILE", False),
        ("TOKENIZER", False),
        ("VITE_API_KEY", False),
        ("MODEL", False),
    ],
)
def test_arguments_that_carry_secrets(name: str, answer: bool) -> None:
    assert build_secrets.is_secret_argument(name) is answer


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo root:toor | chpasswd", 1), ('echo "root:$PW" | chpasswd', 0), ("useradd -m -p '$6$abc' x", 0), ("useradd -p secret x", 1), ("curl -u a:s3cret x", 1),
        ("curl -u a:$PW x", 0), ("git clone https://bot:s3cretzz@h/x", 1), ("git clone https://$TOKEN@h/x", 0), ("mysql --password=Sup3rSecret", 1), ("mysql --password=$P", 0),
        ("hub login --token abcdefgh", 1), ("hub login --token changeme", 0), ("export API_KEY=s0m3th1ngl0ng", 1), ("docker run -u 1000:1000 x", 0),
    ],
)  # fmt: skip
def test_secrets_on_command_lines(script: str, found: int) -> None:
    assert len(list(build_secrets.in_commands(steps(script)))) == found


WORDS = st.sampled_from(
    [
        "curl",
        "pip",
        "install",
        "-u",
        "a:b",
        "|",
        "sh",
        "--token",
        "git+https://x@",
        "http://x",
        "apt-get",
        "$A",
        "-",
        "''",
        "chmod",
        "777",
    ]
)


@given(st.lists(WORDS, max_size=12))
def test_any_command_is_answered(words: list[str]) -> None:
    said = steps(" ".join(words))
    list(build_downloads.fetched_and_run(said))
    list(build_secrets.in_commands(said))
    list(build_packages.installed(said, build_packages.facts().compilers))
    for step in said:
        assert isinstance(build_packages.second_index(step), Truth)
        for question in (
            build_packages.unpinned,
            build_packages.from_branch,
            build_packages.plain_index,
            build_downloads.plain_fetch,
        ):
            list(question(step))


def test_variables_of_an_image() -> None:
    environment = known(
        Body.of(
            {
                "PIP_INDEX_URL": known("http://x"),
                "PIP_TRUSTED_HOST": known("h"),
                "GIT_SSL_NO_VERIFY": known("1"),
                "A": known("http://x"),
            }
        )
    )
    assert texts(build_packages.plain_index_variables(environment)) == ["http://x", "h"]
    assert texts(build_downloads.unchecked_variables(environment)) == ["1"]
