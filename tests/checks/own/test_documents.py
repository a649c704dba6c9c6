"""A check in YAML is right, or an error that names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.checks.check import Confidence, Pillar, Severity
from garrison.checks.own.documents import yaml_checks
from garrison.errors import ConfigError
from garrison.estate.assets.storage import Bucket

from .conftest import YAML

FILE = Path("team.yaml")


def wrong(text: str, path: Path = FILE) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        list(yaml_checks(path, text.encode()))
    return raised.value


def test_what_a_check_says() -> None:
    (check,) = yaml_checks(FILE, YAML.encode())
    assert (check.id, check.kind, check.severity, check.pillar) == (
        "acme-bucket-team",
        Bucket,
        Severity.LOW,
        Pillar.ACCESS,
    )
    assert (check.confidence, check.about_ml, check.maps) == (Confidence.HIGH, False, ("ACME:SEC-7",))
    assert (check.title, check.rationale, check.fix) == (
        "Bucket has no team", "nobody knows whose model it is.", "tag it."
    )  # fmt: skip
    assert (check.path, check.line) == ("team.yaml", 1)
    assert check.examples is not None
    assert list(check.examples) == ["fail.tf", "pass.tf"]


def test_every_document_is_a_check() -> None:
    both = list(yaml_checks(FILE, f"{YAML}---\n{YAML.replace('-team', '-crew')}".encode()))
    assert [(c.id, c.line) for c in both] == [("acme-bucket-team", 1), ("acme-bucket-crew", YAML.count("\n") + 2)]


def test_a_text_of_several_lines_is_one_paragraph() -> None:
    text = YAML.replace(
        "why: nobody knows whose model it is.", "why: |\n  nobody knows.\n\n  Fix: is only a word here."
    )
    (check,) = yaml_checks(FILE, text.encode())
    assert check.rationale == "nobody knows. Fix: is only a word here."
    assert check.fix == "tag it."


@pytest.mark.parametrize(
    ("old", "new", "where", "message", "hint"),
    [
        ("severity: low", "severity: bad", "5", "severity is bad", "write one of: critical, high, medium, low"),
        ("pillar: access", "pillar: clouds", "6", "pillar is clouds", "write one of: cloud, containers, api"),
        ("severity: low\n", "", "1", "severity is missing", "add severity: ..."),
        ("severity: low", "severty: low", "5", "unknown key severty", "did you mean severity?"),
        ("kind: Bucket", "kind: Buckt", "8", "no kind is called Buckt", "did you mean Bucket?"),
        ("acme-bucket-team", "Team", "1", "id is not of the right form", "write it like acme-bucket-unversioned"),
        ("acme-bucket-team", "17", "1", "id is no text", "put it in quotes"),
        ("[ACME:SEC-7]", "[SEC-7]", "7", "maps is not of the right form", "write it like ATLAS:AML.T0035 or ACME:SEC-7"),
        ("title: Bucket has no team", 'title: ""', "2", "title: expected str of length >= 1", ""),
        ("title: Bucket has no team", 'title: "a\\e[2Jb"', "2", "title has a character that cannot be printed", "leave it out"),
        ("fix: tag it.", 'fix: "  "', "4", "fix says nothing", "write a sentence"),
        ("acme-bucket-team", '"acme-bucket-team\\n"', "1", "id has a character that cannot be printed", "leave it out"),
        ("title: Bucket has no team", "title: x\ntitle: y", "3", "'title' is said twice", "keep one of them"),
        ("tags.team", "tagz.team", "10:15", "Bucket has no field tagz", "did you mean tags?"),
        ("fail: |\n  !has(bucket.tags.team)", "fail: bucket.acl == 'a' + 'b'", "9:25", "checks do not calculate: +", ""),
        ("fail: |\n  !has(bucket.tags.team)", 'fail: "bucket.acll == 1"', "9:15", "Bucket has no field acll", "did you mean acl?"),
        ("fail: |\n  !has(bucket.tags.team)", "fail: >\n  !has(bucket.tags.team)\n  && bucket.acll == 1", "9", "Bucket has no field acll", ""),
        ("fail: |\n  !has(bucket.tags.team)", "fail: |\n  true &&\n  bucket.acll == 1", "11:10", "Bucket has no field acll", ""),
        ("fail.tf: |", "fail.tff: |", "13", "no example is called fail.tff", "write fail or pass"),
        ("fail.tf: |", "../fail.tf: |", "13", "no example is called ../fail.tf", "write fail or pass"),
        ("fail.tf: |", "pass.gcp.tf: |", "1", "acme-bucket-team has no example that must fail", "write fail.tf or the like"),
        ("pass.tf: |", "fail.gcp.tf: |", "1", "acme-bucket-team has no example that must pass", "write pass.tf or the like"),
        ("examples:\n", "examples: 3\nx:\n", "12", "examples: expected object, got int", ""),
        ("id: ", "\tid: ", "1", "not valid YAML", "run it through"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(old: str, new: str, where: str, message: str, hint: str) -> None:
    assert old in YAML
    error = wrong(YAML.replace(old, new, 1))
    assert error.message.startswith(message)
    assert error.hint.startswith(hint)
    assert error.where == f"team.yaml:{where}"


@pytest.mark.parametrize("text", ["3", "[]", "- id: a-b", "just words"])
def test_what_is_no_check_is_named(text: str) -> None:
    assert wrong(text).message == "it is no check"


def test_a_later_document_is_named_by_its_line() -> None:
    later = YAML.replace("bucket.tags", "bucket.tagz")
    error = wrong(f"{YAML}---\n{later}")
    assert error.line == YAML.count("\n") + 1 + 10


def test_examples_may_lie_beside_the_file(tmp_path: Path) -> None:
    text = YAML.partition("examples:")[0]
    file = tmp_path / "team.yaml"
    assert "no example that must fail" in wrong(text, file).message
    beside = tmp_path / "examples/acme-bucket-team"
    beside.mkdir(parents=True)
    (beside / "fail.tf").write_text("a")
    (beside / "pass.tf").write_text("b")
    (beside / ".hidden").write_text("c")
    (check,) = yaml_checks(file, text.encode())
    assert check.examples == {"fail.tf": "a", "pass.tf": "b"}
    (beside / "other.tf").write_text("c")
    assert "no example is called other.tf" in wrong(text, file).message


def test_a_bomb_of_aliases_is_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for last, name in zip("abcdefg", "bcdefgh", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]\n"
    assert "aliases expand" in wrong(bomb).message


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_checks_or_refused(data: bytes) -> None:
    try:
        assert not list(yaml_checks(FILE, data))
    except ConfigError as error:
        assert error.path == "team.yaml"  # noqa: PT017 - whichever error it is


@settings(deadline=None)
@given(st.integers(0, len(YAML)), st.integers(0, 5), st.text(max_size=3))
def test_a_spoilt_check_is_a_check_or_refused(at: int, length: int, new: str) -> None:
    try:
        list(yaml_checks(FILE, (YAML[:at] + new + YAML[at + length :]).encode("utf8", "surrogatepass")))
    except ConfigError as error:
        assert error.where.startswith("team.yaml:")  # noqa: PT017 - whichever error it is
