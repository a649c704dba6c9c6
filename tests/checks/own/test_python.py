"""A check in Python is right, or an error that names file and line; loading it leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from garrison.checks.check import all_checks
from garrison.checks.own.python import python_checks
from garrison.errors import ConfigError

from .conftest import PYTHON


def load(file: Path, text: str = PYTHON) -> list[str]:
    file.write_text(text)
    return [c.id for c in python_checks(file, text.encode())]


def test_what_a_check_says(folder: Path) -> None:
    file = folder / "owner.py"
    (check,) = python_checks(file, file.read_bytes())
    assert (check.id, check.title, check.path, check.line) == ("acme-bucket-owner", "Bucket has no owner", str(file), 6)
    assert check.examples is not None
    assert list(check.examples) == ["fail.tf", "pass.tf"]


def test_nothing_is_left_behind(folder: Path) -> None:
    before, modules = all_checks(), set(sys.modules)
    for _ in range(2):
        assert load(
            folder / "owner.py", f"import dataclasses\n\n\n@dataclasses.dataclass\nclass A:\n    a: int\n\n\n{PYTHON}"
        )
    all_checks.cache_clear()
    assert all_checks() == before
    assert {m for m in set(sys.modules) - modules if "owner" in m} == set()
    assert not list(folder.rglob("__pycache__"))


@pytest.mark.parametrize("with_future", [True, False])
def test_annotations_may_be_texts(folder: Path, with_future: bool) -> None:
    assert load(folder / "owner.py", "from __future__ import annotations\n" * with_future + PYTHON) == [
        "acme-bucket-owner"
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "message", "hint"),
    [
        ("from garrison.estate.estate", "import nothing_of_this_name\nfrom garrison.estate.estate", "3",
         "it raised ModuleNotFoundError: No module named 'nothing_of_this_name'", ""),
        ("from garrison.estate.estate", "raise SystemExit(0)\nfrom garrison.estate.estate", "3", "it raised SystemExit: 0", ""),
        ("def acme", "dfe acme", "7", "no Python: invalid syntax", ""),
        ("    Why: nobody knows whose model it is.\n", "", "6", "check acme-bucket-owner needs a docstring with a title, Why: and Fix:", ""),
        ("bucket: Bucket", "bucket: 'Buckt'", "6", "the first parameter of acme_bucket_owner is no kind of asset", "annotate it"),
        ("bucket: Bucket", "bucket: int", "6", "the first parameter of acme_bucket_owner is no kind of asset", "annotate it"),
        ("bucket: Bucket, near: Relations", "", "6", "the first parameter of acme_bucket_owner is no kind of asset", "annotate it"),
        ("Severity.LOW", "'low'", "6", "acme-bucket-owner: severity is 'low'", "write a Severity"),
        ("Pillar.ACCESS", "None", "6", "acme-bucket-owner: pillar is None", "write a Pillar"),
        ('"acme-bucket-owner"', '"Owner"', "6", "'Owner' is no id", "write small letters"),
        ('("ACME:SEC-8",)', '("SEC-8",)', "6", "acme-bucket-owner maps to 'SEC-8'", "write it like"),
        ('("ACME:SEC-8",)', '"ACME:SEC-8"', "6", "acme-bucket-owner maps to 'A'", "write it like"),
        ('("ACME:SEC-8",)', '(), native=("shared_kee",)', "6", "Bucket has no field native_shared_kee", "did you mean shared_key?"),
        ("bucket.tags.child", "bucket.tagz.child", "13:20", "Bucket has no field tagz", "did you mean tags?"),
        ("bucket.tags.child", "near.fact.child", "13:20", "Relations has no field fact", "did you mean facts?"),
        ('id="acme-bucket-owner"', "name='x'", "6", "it raised TypeError: check() got an unexpected keyword argument 'name'", ""),
        ('"acme-bucket-owner"', '"acme-other"', "6", "acme-other has no example that must fail", "write fail.tf or the like"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(  # noqa: PLR0917 - a row of the table
    folder: Path, old: str, new: str, where: str, message: str, hint: str
) -> None:
    file = folder / "owner.py"
    assert old in PYTHON
    with pytest.raises(ConfigError) as raised:
        load(file, PYTHON.replace(old, new, 1))
    assert raised.value.message.startswith(message)
    assert raised.value.hint.startswith(hint)
    assert raised.value.where == f"{file}:{where}"


def test_a_mend_names_fields_that_are_there(folder: Path) -> None:
    text = PYTHON.replace("import Pillar", "import safe, Pillar").replace("maps=", "mend=safe(versoned=True), maps=")
    with pytest.raises(ConfigError) as raised:
        load(folder / "owner.py", text)
    assert (raised.value.message, raised.value.hint) == ("Bucket has no field versoned", "did you mean versioned?")


def test_two_of_one_id_are_refused(folder: Path) -> None:
    file = folder / "owner.py"
    with pytest.raises(ConfigError) as raised:
        load(file, PYTHON + PYTHON.partition("\n\n\n")[2])
    assert raised.value.message == "two checks are called acme-bucket-owner"
    assert (raised.value.line, raised.value.hint) == (14, f"the other one is {file}:6")


def test_a_name_that_is_given_again_is_something_else(folder: Path) -> None:
    body = "    found = any_of([(lambda bucket: bucket)(YES)])\n    return fail_if(found | bucket.acl.equals(bucket.nothing), '')"
    text = f"from garrison.estate.truth import YES, any_of\n{PYTHON.rpartition('    return')[0]}{body}\n"
    assert load(folder / "owner.py", text) == ["acme-bucket-owner"]


def test_shipped_modules_it_imports_stay_shipped(folder: Path) -> None:
    assert load(folder / "owner.py", f"import garrison.checks.storage\n{PYTHON}") == ["acme-bucket-owner"]
