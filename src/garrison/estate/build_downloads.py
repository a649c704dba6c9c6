"""What an image's build fetches: whether it is run unseen, whether its sender is checked, and which models it brings.

curl(1), wget(1), git-config(1); https://huggingface.co/docs/huggingface_hub/guides/download (`revision`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from garrison.estate.build_steps import Step
from garrison.estate.values import HOLE, Body, State, Value, shown

_INTERPRETER = re.compile(r"(?:ba|da|z|k|a)?sh|python[\d.]*|perl|ruby|node|php")
_FETCHED = re.compile(
    r"(?:^|[\s;&|])(?:(?:ba|da|z|k|a)?sh|eval|source|\.|python[\d.]*)(?:\s+-\w+)*\s+[\"']?(?:\$\(|<\(|`)\s*(?:curl|wget)\b"
)
_PLAIN_URL = re.compile(
    r"^(?:http|ftp)://(?!localhost|127\.|\[::1\]|0\.0\.0\.0|host\.docker\.internal|169\.254\.|metadata\.)"
)
_LOCAL_URL = re.compile(r"^https://(localhost|127\.|\[::1\])")
_CURL_INSECURE = re.compile(r"^(--insecure|-[a-zA-Z]*k[a-zA-Z]*)$")
# Settings that take the check of certificates away.
_UNCHECKED = re.compile(
    r"(?i)^GIT_SSL_NO_VERIFY=(1|true|yes)$|^PYTHONHTTPSVERIFY=0$|^NODE_TLS_REJECT_UNAUTHORIZED=0$|^http\.sslverify=(false|0|no)$"
    r"|^acquire::https::verify-(peer|host)=(false|0)$|^npm_config_strict_ssl=false$"
)
_SETTINGS = (("git", "http.sslverify", ("false", "0", "no")), ("npm", "strict-ssl", ("false",)), ("yarn", "strict-ssl", ("false",)),
             ("conda", "ssl_verify", ("false", "no", "0")), ("mamba", "ssl_verify", ("false", "no", "0")))  # fmt: skip
_WEIGHTS = r"\.(?:safetensors|gguf|ggml|onnx|pt|pth|ckpt|pkl|pickle|joblib|h5|keras|tflite|engine|nemo|bin)"
_MODEL_FILE = re.compile(rf"(?i)^(?:https?|ftp)://\S*{_WEIGHTS}(?:\?|$)")
_BINARY_NAME = re.compile(r"(?i)(model|weight|ggml|pytorch)[^/]*\.bin(\?|$)")
_PICKLE = re.compile(r"(?i)(?:\.(?:pkl|pickle|pt|pth|ckpt|joblib|dill)|pytorch_model[\w.-]*\.bin)(?=$|[?#])")
_HUB = re.compile(r"^https://(?:[^/@]*@)?(?:huggingface\.co|hf\.co|hf-mirror\.com)/")
_RESOLVED = re.compile(r"/(?:resolve|raw)/(?P<revision>[^/]+)/")
_COMMIT = re.compile(r"^[0-9a-f]{40}$")
_CALL = re.compile(
    r"\b(?P<call>snapshot_download|hf_hub_download|from_pretrained|SentenceTransformer|CrossEncoder|WhisperModel|torch\.hub\.load)\s*\("
    r"\s*(?:(?:repo_id|model_id|pretrained_model_name_or_path|model_name_or_path|repo_or_dir)\s*=\s*)?(?P<argument>[^,)]*)(?P<rest>[^)]*)"
)
_PINNED_CALL = re.compile(r"revision\s*=\s*[\"'][0-9a-f]{40}[\"']")
_LOCAL_PATH = re.compile(r"^f?[\"'](?:\.{0,2}/|~|\.)")
_CHECKED = re.compile(
    r"\b(sha(1|224|256|384|512)sum|shasum|b2sum|md5sum)\b|\bgpg\b.*--verify|\bcosign\b.*\bverify|\bmodel_signing\b|--checksum"
)
_TRUSTS_CODE = re.compile(
    r"(?i)trust_remote_code\s*=\s*True\b|--trust[-_]remote[-_]code(?!=false)\b|\bHF_TRUST_REMOTE_CODE=(1|true|yes)\b"
)


def fetched_and_run(steps: Sequence[Step]) -> Iterator[Value]:
    """What is downloaded and given to a shell or an interpreter at once."""
    fetched: Value | None = None  # what goes through the pipe
    for step in steps:
        if fetched is not None and _INTERPRETER.fullmatch(step.program) and _reads_program(step):
            yield fetched
            fetched = None
        elif _FETCHED.search(step.raw):
            yield step.words[step.start]
        if not step.piped:
            fetched = None
        elif step.program in ("curl", "wget"):
            fetched = step.words[step.start]


def _reads_program(step: Step) -> bool:
    """Whether an interpreter takes its program from what is piped into it: it is given no script of its own."""
    given = [t for t, _ in step.arguments]
    if "-c" in given or "-m" in given:
        return False
    return not given or given[0].startswith("-") or given[0] in ("/dev/stdin", ">", ">>")


def plain_fetch(step: Step) -> Iterator[Value]:
    """The addresses that are fetched without TLS."""
    if step.program in ("curl", "wget", "aria2c") or step.runs("git", "clone"):
        yield from (w for t, w in step.arguments if _PLAIN_URL.match(t))


def unchecked_sender(step: Step) -> Iterator[Value]:
    """The words that take the check of certificates away."""
    if step.program == "curl" and not any(_LOCAL_URL.match(t) for t, _ in step.arguments):
        yield from (w for t, w in step.arguments if _CURL_INSECURE.match(t))
    if step.program == "wget" and (word := step.says("--no-check-certificate")) is not None:
        yield word
    if (word := step.matches(_UNCHECKED)) is not None:
        yield word
    texts = [t.lower() for t, _ in step.arguments]
    for program, key, off in _SETTINGS:
        if step.program == program and key in texts:
            number = texts.index(key)
            if number + 1 < len(texts) and texts[number + 1] in off:
                yield step.arguments[number][1]


def unchecked_variables(environment: Value) -> Iterator[Value]:
    """The variables of an image that take the check of certificates away."""
    if environment.state is State.KNOWN and isinstance(environment.content, Body):
        yield from (v for n, v in environment.content.items() if _UNCHECKED.match(f"{n}={shown(v)}"))


def checks_digests(steps: Sequence[Step]) -> bool:
    """Whether something is held against a digest or a signature."""
    return any(_CHECKED.search(s.raw) for s in steps)


def unpinned_models(step: Step, *, checked: bool) -> Iterator[Value]:
    """The models that are fetched in whatever version is there; a file counts only where no digest is `checked`."""
    texts = [t for t, _ in step.arguments]
    if step.program in ("huggingface-cli", "hf") and "download" in texts[:2]:
        revisions = [v for v, _ in step.options("--revision")]
        if not any(_COMMIT.match(r) or HOLE in r for r in revisions):
            yield step.words[step.start]
    elif step.runs("git", "clone"):
        yield from (w for t, w in step.arguments if _HUB.match(t))
    elif step.program in ("curl", "wget", "aria2c"):
        yield from (w for t, w in step.arguments if is_unpinned_model(t) and not checked)
    yield from _calls(step)


def is_unpinned_model(url: str) -> bool:
    """Whether an address is that of a model's file, and names no commit of the hub."""
    if _HUB.match(url):
        said = _RESOLVED.search(url)
        return said is not None and not _COMMIT.match(said["revision"]) and said["revision"] != HOLE
    if _MODEL_FILE.match(url) is None:
        return False
    return ".bin" not in url or _BINARY_NAME.search(url) is not None


def _calls(step: Step) -> Iterator[Value]:
    """Python in an argument or a heredoc that loads a model from the hub without a commit."""
    for text, word in step.arguments:
        if "(" not in text:
            continue
        for match in _CALL.finditer(text):
            if not _LOCAL_PATH.match(match["argument"]) and not _PINNED_CALL.search(match["rest"]):
                yield word
                break


def pickles(texts: Sequence[tuple[str, Value]]) -> Iterator[Value]:
    """The files among these whose format runs code as it is loaded."""
    yield from (w for t, w in texts if _PICKLE.search(t))


def fetched_pickles(step: Step) -> Iterator[Value]:
    """The pickles that are fetched from elsewhere."""
    if step.program in ("curl", "wget", "aria2c", "gsutil", "gcloud", "aws", "az", "azcopy", "mc"):
        yield from pickles([(t, w) for t, w in step.arguments if "://" in t])
    elif step.program in ("huggingface-cli", "hf"):
        yield from pickles(step.arguments)


def trusts_code(text: str) -> bool:
    """Whether a text lets a library run the Python that comes with a model."""
    return _TRUSTS_CODE.search(text) is not None
