"""Files that say what a model takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.errors import ConfigError
from garrison.gateway.validation import contract_validator, prelude
from garrison.gateway.validation.contract import load
from garrison.gateway.validation.tensors import Datatype

from .conftest import Run

TENSORS = """
tensors:
  inputs:
    - {name: x, datatype: FP32, shape: [-1, 4], minimum: 0}
schema:
  properties:
    id: {maxLength: 3}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "contract.yaml"
    path.write_text(text)
    return path


def test_tensors_and_a_schema_stand_in_one_file(tmp_path: Path, run: Run) -> None:
    found = load(written(tmp_path, TENSORS))
    assert found.tensors is not None
    assert found.tensors.inputs[0].datatype is Datatype.FP32
    validate = run(f"{prelude()}return {contract_validator(found, tensors=True, json_outputs=True)}")
    x = b'{"name":"x","datatype":"FP32","shape":[1,4],"data":[1,2,3,%s]}'
    assert validate(b'{"inputs":[%s]}' % (x % b"4"), None) is True
    assert validate(b'{"inputs":[%s]}' % (x % b"-4"), None)[1].startswith(b"/inputs/0/data/3: expected a number from 0")
    assert validate(b'{"id":"long","inputs":[%s]}' % (x % b"4"), None) == (False, b"/id: expected at most 3 characters")
    assert validate(b'{"parameters":{"binary_data_output":true}}', None)[0] is False


def test_numbers_keep_every_digit(tmp_path: Path, run: Run) -> None:
    found = load(
        written(tmp_path, '{"maximum": 9007199254740993, "multipleOf": 0.1, "title": "\\u00e9\\ud83d\\ude00"}')
    )
    validate = run(f"{prelude()}return {contract_validator(found, tensors=False, json_outputs=False)}")
    assert validate(b"9007199254740993") is True
    assert validate(b"9007199254740993.1")[0] is False
    assert validate(b"0.3") is True


def test_a_plain_schema_serves_v2_too(tmp_path: Path, run: Run) -> None:
    found = load(written(tmp_path, "{required: [id]}"))
    validate = run(f"{prelude()}return {contract_validator(found, tensors=True, json_outputs=False)}")
    assert validate(b'{"id":"a","inputs":[{"name":"n","shape":[1],"datatype":"BOOL","data":[1]}]}', None)[0] is False
    assert validate(b'{"id":"a","inputs":[{"name":"n","shape":[1],"datatype":"BOOL","data":[true]}]}', None) is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tensors: {inputs: [{name: x, datatype: FP33, shape: [1]}]}", "contract.yaml:1  /tensors/inputs/0/datatype: Invalid enum value 'FP33'"),
        ("tensors:\n  inputs:\n    - {name: x, datatype: FP32, shape: [1], minimun: 1}", ":3  /tensors/inputs/0: Object contains unknown field `minimun`"),
        ("tensors:\n  inputs:\n    - {name: x, datatype: BYTES, shape: [1], minimum: 1}", ":3  /tensors/inputs/0: BYTES has no minimum"),
        ("tensors: {}\nmore: 1", "contract.yaml:2  /more: 'more' is not known beside tensors"),
        ("tensors: {}\nschema:\n  format: x", "contract.yaml:3  /schema/format: the keyword 'format' is not supported"),
        ("type: object\nproperties:\n  a: {type: int}", "contract.yaml:3  /properties/a/type: 'int' is no type"),
        ('{"a": 1, "a": 2}', "'a' is said twice"),
        ("", "expected one document"),
        ("---\na: 1\n---\nb: 1\n", "expected one document"),
        ("[", "contract.yaml:1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        contract_validator(load(written(tmp_path, text)), tensors=True, json_outputs=False)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.json", "none.json")


def test_tensors_are_for_v2_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another protocol"):
        contract_validator(load(written(tmp_path, TENSORS)), tensors=False, json_outputs=False)
