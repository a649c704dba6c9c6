"""Secrets that get into an image: files that hold some, passwords and keys on command lines, arguments that carry them.

An argument stays in the history and the provenance of an image, an `ENV` in its settings:
https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from garrison.estate.build_steps import Step
from garrison.estate.credentials import credential_in, is_secret_name
from garrison.estate.values import HOLE, Value, known

_FILE = re.compile(
    r"(?i)(^|/)(\.env(\.(prod|production|local|staging|dev|development))?|\.netrc|\.pypirc|\.git-credentials|\.npmrc"
    r"|id_(rsa|dsa|ecdsa|ed25519)|kubeconfig|kaggle\.json|(application_default_)?credentials\.json|service[_-]?account[\w-]*\.json"
    r"|[\w.-]*(private|secret)[\w.-]*\.(pem|key)|([\w.-]*[_.-])?key\.pem|[\w.-]+\.(p12|pfx|jks|keystore))$"
    r"|(^|/)\.(aws|ssh|kube|gnupg|azure)(/\*?|/(credentials|config|accessTokens\.json))?$|(^|/)\.docker/config\.json$"
    r"|(^|/)\.config/gcloud(/.*)?$|(^|/)\.(cache/)?huggingface/token$"
)
_SETS_PASSWORD = re.compile(r"\bchpasswd\b|\bpasswd\s+--stdin")
_ACCOUNT = re.compile(r"\s(-p|--password)[\s=]+\S")
_OPTION = re.compile(
    r"(?i)^--?(password|passwd|token|api[-_]?key|secret|access[-_]?key|secret[-_]?key|auth[-_]?token|private[-_]?key)(=(?P<value>.+))?$"
)
_USERINFO = re.compile(rf"^[a-z+]+://[^/@:\s{HOLE}]*:(?P<value>[^/@\s{HOLE}]{{3,}})@")
_LOGIN = re.compile(rf"^[^:\s{HOLE}]+:(?P<value>[^\s{HOLE}]{{3,}})$")
_STANDS_IN = re.compile(r"(?i)^(x+|\*+|changeme|password|your.*|test|dummy.*|none|null|true|false|<.*)$|\$|example")
_ABOUT = re.compile(r"(?i)_(FILE|PATH|URL|URI|ENDPOINT|NAME|ID|LENGTH|TTL|EXPIRY|EXPIRATION|VERSION|TYPE)$")
_PUBLISHED = (
    "VITE_",
    "NEXT_PUBLIC_",
    "REACT_APP_",
    "NUXT_PUBLIC_",
    "EXPO_PUBLIC_",
)  # bundlers put these into web pages
_SHORTEST = 6  # characters: what is shorter is a flag


def is_secret_file(path: str) -> bool:
    """Whether a file or folder of this name holds keys."""
    return _FILE.search(path) is not None


def is_secret_argument(name: str) -> bool:
    """Whether a variable of this name carries a secret, and not where one lies."""
    return is_secret_name(name) and not (_ABOUT.search(name) or name.startswith(_PUBLISHED))


def in_commands(steps: Sequence[Step]) -> Iterator[Value]:
    """The programs that are given a secret on the command line, or set a password that is written there."""
    for number, step in enumerate(steps):
        after = steps[number + 1].raw if step.piped and number + 1 < len(steps) else ""
        sets = _SETS_PASSWORD.search(after) or (_SETS_PASSWORD.search(step.raw) and "<<<" in step.raw)
        account = step.program in ("useradd", "usermod") and _ACCOUNT.search(step.raw)
        if (sets or account) and "$" not in step.raw:
            yield known("a password", step.words[step.start].place)
        elif _given(step) or credential_in(known(step.raw)).yes:
            yield known("a credential", step.words[step.start].place)


def _given(step: Step) -> bool:
    logins = (v for v, _ in step.options("-u", "--user", "--proxy-user")) if step.program in ("curl", "wget") else ()
    if any((found := _LOGIN.match(v)) and _STANDS_IN.search(found["value"]) is None for v in logins):
        return True
    for number, (text, _) in enumerate(step.arguments):
        found = _USERINFO.match(text)
        if found is None and (found := _OPTION.match(text)) is None:
            continue
        following = step.arguments[number + 1][0] if number + 1 < len(step.arguments) else ""
        value = found["value"] or ("" if following.startswith("-") else following)
        if len(value) >= _SHORTEST and HOLE not in value and _STANDS_IN.search(value) is None:
            return True
    return False
