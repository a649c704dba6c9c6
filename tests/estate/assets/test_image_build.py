"""What a Dockerfile is understood as."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.image_build import BuildStage, ImageBuild
from garrison.sources.discover import discover
from garrison.sources.dockerfile.files import read_dockerfiles
from garrison.sources.mapping.assemble import assets_of


def build(tmp_path: Path, text: str) -> ImageBuild:
    (tmp_path / "Dockerfile").write_text(text)
    tree = discover(tmp_path)
    found, *_ = assets_of("dockerfile", read_dockerfiles(list(tree.files.values()), tree))
    assert isinstance(found, ImageBuild)
    return found


def stage(tmp_path: Path, text: str) -> BuildStage:
    return build(tmp_path, "FROM python:3.13\n" + text).stages[-1]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("FROM python:3.13", True), ("FROM python:3.13\nUSER app", False), ("FROM python:3.13\nUSER app\nUSER 0:0", True), ("FROM a/b\nUSER root", True),
        ("FROM python:3.13 AS a\nUSER app\nFROM a", False), ("FROM python:3.13 AS a\nUSER app\nFROM python:3.13", True), ("FROM acme.io/x", None),
        ("FROM scratch\nCOPY a /", False), ('FROM scratch\nCOPY a /\nCMD ["/a"]', True), ("ARG U\nFROM python\nARG U\nUSER $U", None), ("FROM rayproject/ray:2.9", False),
    ],
)  # fmt: skip
def test_as_whom_it_runs(tmp_path: Path, text: str, answer: bool | None) -> None:
    assert build(tmp_path, text).runs_as_root.answer is answer


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('FROM python:3.13\nCMD ["mlflow", "server"]', "mlflow"), ("FROM rayproject/ray:2.9", "ray"), ('FROM rayproject/ray:2.9\nCMD ["python", "train.py"]', None),
        ('FROM vllm/vllm-openai:v0.11.2\nCMD ["--model", "m"]', "vllm"), ('FROM python:3.13\nENTRYPOINT ["sh", "-c"]\nCMD ["exec jupyter lab"]', "jupyter"),
        ("FROM python:3.13\nCMD exec jupyter lab --ip 0.0.0.0", "jupyter"), ("FROM python:3.13", None),
    ],
)  # fmt: skip
def test_the_server_it_starts(tmp_path: Path, text: str, name: str | None) -> None:
    server = build(tmp_path, text).server
    assert (server and server.component.name) == name


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ('CMD ["ray", "start", "--head", "--dashboard-host=0.0.0.0"]', True), ('CMD ["ray", "start", "--head"]', False),
        ('ENV RAY_AUTH_MODE=token\nCMD ["ray", "start", "--head", "--dashboard-host=0.0.0.0"]', False), ('CMD ["mlserver", "start", "/models"]', False),
        ('CMD ["jupyter", "lab", "--ServerApp.token="]', True), ('CMD ["python", "x.py"]', False),
    ],
)  # fmt: skip
def test_a_server_for_everybody(tmp_path: Path, line: str, answer: bool) -> None:
    assert build(tmp_path, "FROM python:3.13\n" + line).opens_server.answer is answer


@pytest.mark.parametrize(
    ("line", "what", "count"),
    [
        ("RUN chmod -R 777 /a && chmod a+rwx /b && chmod 1777 /tmp && chmod 755 /c && chmod +x /d", "writable_by_everybody", 2),
        ("COPY --chmod=666 a b", "writable_by_everybody", 1), ("RUN echo 'a ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/a", "gives_root", 1),
        ("RUN apt-get install -y sudo=1.9", "gives_root", 1), ("EXPOSE 22 8080", "answers_logins", 1), ("RUN apt-get install -y openssh-client", "answers_logins", 0),
        ("COPY .env .aws/credentials src/ /app/", "copies_secret_file", 2), ("COPY --from=build /x/.env /app/", "copies_secret_file", 0),
        ("COPY . /app", "copies_everything", 1), ("COPY ./src /app", "copies_everything", 0), ("ADD https://x/y /z", "remote_unchecked", 1),
        ("ADD --checksum=sha256:0 https://x/y /z", "remote_unchecked", 0), ("ADD https://x/y.git#v1 /z", "remote_unchecked", 0),
        ("RUN --security=insecure a", "runs_unconfined", 1), ("RUN --network=none a", "runs_unconfined", 0), ("ENV NODE_TLS_REJECT_UNAUTHORIZED=0", "sender_unchecked", 1),
        ("ENV PIP_EXTRA_INDEX_URL=https://x/simple", "second_index", 1), ("COPY m.pkl m.safetensors /m/", "model_pickled", 1),
        ("RUN wget https://x/m.pt", "model_pickled", 1), ("ARG HF_TOKEN", "secret_argument", 1), ("ARG HF_TOKEN\nENV HF_TOKEN=$HF_TOKEN", "secret_argument", 2),
        ("ENV HF_TOKEN_FILE=/run/x", "secret_argument", 0), ("ENV DB_PASSWORD=s0mething", "written_credentials", 1), ("ENV DB_PASSWORD=", "written_credentials", 0),
        ("LABEL token=s0mething1", "written_credentials", 1), ("RUN wget http://x/y", "plain_fetch", 1), ("RUN wget http://x/y && sha256sum -c z", "plain_fetch", 0),
        ("RUN curl http://localhost:1/x", "plain_fetch", 0), ("RUN python x.py --trust-remote-code", "trusts_model_code", 1),
    ],
)  # fmt: skip
def test_a_stage(tmp_path: Path, line: str, what: str, count: int) -> None:
    truth = getattr(stage(tmp_path, line), what)
    assert truth.answer is (count > 0)
    if count:
        assert len(truth.because) == count
        assert all(v.place is not None and v.place.line > 1 for v in truth.because)


def test_what_is_thrown_away_does_not_count(tmp_path: Path) -> None:
    made = build(
        tmp_path, "FROM a:1 AS b\nRUN apt-get install gcc sudo && chmod 777 /x\nFROM c:1\nCOPY --from=b /x /x\n"
    )
    thrown, shipped = made.stages
    for found in (thrown, shipped):
        assert [found.compilers.answer, found.gives_root.answer, found.writable_by_everybody.answer] == [False] * 3


def test_a_base_from_an_argument(tmp_path: Path) -> None:
    known, hidden = build(tmp_path, "ARG V=3.13\nARG W\nFROM python:${V} AS a\nFROM python:$W\n").stages
    assert (known.base_may_change.answer, known.base_without_digest.answer) == (False, True)
    assert (hidden.base_may_change.answer, hidden.base_may_change.because[0].decided_by) == (
        None,
        "the build argument W",
    )
