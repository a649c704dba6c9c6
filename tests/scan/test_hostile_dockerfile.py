"""Bad Dockerfiles: always an answer within limits, with file and line, and all else still reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Scan = Callable[..., Any]
SIZE = 900_000  # characters, less than the limit of a file
HEAD = "FROM python:3.13\n"


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (HEAD + "FOO bar\nRUN curl x | sh\n", 2, "is no instruction"),
        (HEAD + "RUN <<EOF\nRUN curl x | sh\n", 2, "has no end"),
        ("# escape=x\n" + HEAD + "RUN curl x | sh\n", 1, "escape character"),
        ((HEAD + "RUN curl x | sh\n# é").encode("latin1"), 3, "not UTF-8"),
        (HEAD.encode() + b"RUN \0\n", 0, "binary"),
        (HEAD + "# " + "x" * 1_100_000, 0, "too large"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(
    content: str | bytes, line: int, words: str, scan_with: Scan
) -> None:
    answer = scan_with({"a/Dockerfile": content})
    problem = answer.problem("a/Dockerfile")
    assert answer.code == 3
    assert (problem["line"], words in problem["message"]) == (line, True), problem
    read_on = ("image-download-run", "a/Dockerfile/stages[final]") in answer.failed()
    assert read_on is (words in ("is no instruction", "has no end", "escape character"))


def test_what_says_nothing_is_no_problem(scan_with: Scan) -> None:
    files = dict(
        enumerate(
            [
                "",
                "\n\n",
                "# x",
                "ARG A",
                "\ufeff",
                "FROM",
                "FROM \\",
                "FROM a AS",
                "FROM a\nRUN",
                "FROM a\nCMD []\nENV\nUSER\nCOPY\nEXPOSE\nARG",
            ]
        )
    )
    assert scan_with({f"{n}/Dockerfile": text for n, text in files.items()}).code == 1


REPEATED: dict[str, str] = {
    "continued": "RUN " + "a \\\n" * (SIZE // 4),
    "instructions": "RUN curl x | sh\n" * (SIZE // 16),
    "texts": "RUN <<a\na\n" * (SIZE // 10),
    "texts without end": "RUN <<a\n" * (SIZE // 8),
    "stages": "FROM a AS b\n" * (SIZE // 12),
    "arguments": "ARG A=$A$A\n" * (SIZE // 11),
    "pipes": "RUN " + "curl|" * (SIZE // 5),
    "words": "RUN pip install " + "a " * (SIZE // 2),
    "quotes": "RUN x " + "\"'" * (SIZE // 2),
    "one word": "RUN pip install " + "a" * SIZE,
    "scripts": "RUN " + "bash -c '" * (SIZE // 9),
    "calls": "RUN x " + "$(" * (SIZE // 2),
    "calls in quotes": "RUN x " + '"$(" ' * (SIZE // 5),
    "references": "ENV x=" + "${a:-" * (SIZE // 5),
    "references closed": "ENV x=" + "${a:-" * (SIZE // 7) + "}" * (SIZE // 7),
    "json": "CMD [" + '"a",' * (SIZE // 4) + '"a"]',
    "json broken": "CMD [" + '"\\\\' * (SIZE // 3),
    "urls": "RUN curl " + "http://a:" * (SIZE // 9),
    "assignments": "RUN " + "PASSWORD=" * (SIZE // 9),
    "python": "RUN python -c 'x(" + "from_pretrained(" * (SIZE // 16) + "'",
    "onbuild": "ONBUILD " * (SIZE // 8),
    "flags": "RUN " + "--mount=type=x " * (SIZE // 15),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", REPEATED)
def test_what_is_repeated_takes_linear_time(kind: str, scan_with: Scan) -> None:
    scan_with({"a/Dockerfile": HEAD + REPEATED[kind]})


def test_variables_that_double(scan_with: Scan) -> None:
    doubled = "ENV A0=xxxxxxxx\n" + "".join(f"ENV A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 10_000))
    unknown = "ARG A0\n" + "".join(f"ENV A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 10_000))
    scan_with({"a/Dockerfile": HEAD + doubled, "b/Dockerfile": HEAD + unknown})


def test_stages_that_begin_with_one_another(scan_with: Scan) -> None:
    chain = "FROM a AS s0\nUSER root\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(400))
    cycle = "FROM b AS a\nFROM a AS b\nFROM a AS a\n"
    answer = scan_with({"a/Dockerfile": chain, "b/Dockerfile": cycle})
    assert ("image-runs-as-root", "a/Dockerfile") in answer.failed()


def test_secrets_are_not_printed(command: Callable[..., Any], tree: Any) -> None:
    secret = "Zq8wLr3vTn5y"
    (tree / "Dockerfile").write_text(
        HEAD
        + f"ENV API_KEY {secret}\nENV DB_PASSWORD={secret} X=1\nARG HF_TOKEN={secret}\nRUN curl -u bot:{secret} https://x \\\n"
        f" && echo 'root:{secret}' | chpasswd\nRUN git clone https://bot:{secret}@x/y\nRUN hub login --token {secret}\nLABEL token={secret}\n"
    )
    for form in ("json", "sarif", "github", "html", "markdown"):
        done = command("scan", "tree", "--format", form, "--all")
        assert done.code == 1
        assert "image-credential-written" in done.out
        assert secret not in done.out + done.err, form
