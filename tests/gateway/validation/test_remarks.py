"""What a contract says that does nothing is told, with its place; what is meant so is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.gateway.validation.contract import load
from garrison.gateway.validation.remarks import remarks


def told(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "iris.yaml"
    path.write_text(text)
    return [text.replace(f"{tmp_path}/", "") for text in remarks(load(path))]


@pytest.mark.parametrize(
    ("datatype", "bounds", "said"),
    [
        (
            "INT8",
            "maximum: 300",
            "iris.yaml:6: /tensors/inputs/0/maximum: 300 says nothing, as INT8 goes from -128 to 127",
        ),
        (
            "UINT8",
            "minimum: -1",
            "iris.yaml:6: /tensors/inputs/0/minimum: -1 says nothing, as UINT8 goes from 0 to 255",
        ),
        (
            "FP16",
            "maximum: 70000.5",
            "/tensors/inputs/0/maximum: 70000.5 says nothing, as FP16 goes from -65504 to 65504",
        ),
        ("INT8", "maximum: 127", ""),
        ("UINT64", "maximum: 18446744073709551615", ""),
        ("FP64", "minimum: -1.7976931348623157e308", ""),
        ("BYTES", "max_bytes: 300", ""),
    ],
)
def test_bounds_that_no_value_reaches(tmp_path: Path, datatype: str, bounds: str, said: str) -> None:
    text = f"tensors:\n  inputs:\n  - name: x\n    datatype: {datatype}\n    shape: [1]\n    {bounds}\n"
    found = told(tmp_path, text)
    assert len(found) == bool(said)
    assert all(said in each for each in found)


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        (
            "{minimum: 5, maximum: 3}",
            "iris.yaml:2: /properties/a/minimum: nothing fits, as minimum is 5 and maximum is 3",
        ),
        ("{exclusiveMinimum: 1.5, maximum: 1.5}", "exclusiveMinimum is 1.5 and maximum is 1.5"),
        ("{minLength: 2, maxLength: 1}", "minLength is 2 and maxLength is 1"),
        ("{items: {minItems: 2, maxItems: 1}}", "/properties/a/items/minItems: nothing fits"),
        ("{anyOf: [true, {minProperties: 2, maxProperties: 1}]}", "/properties/a/anyOf/1/minProperties: nothing fits"),
        ("{minimum: 3, maximum: 3}", ""),
        ("{exclusiveMinimum: 1, exclusiveMaximum: 2}", ""),
        ("{const: {minimum: 5, maximum: 3}}", ""),
        ("{properties: {minimum: {type: string}, maximum: {type: string}}}", ""),
    ],
)
def test_keywords_that_nothing_fits(tmp_path: Path, keywords: str, said: str) -> None:
    found = told(tmp_path, f"properties:\n  a: {keywords}\n")
    assert len(found) == bool(said)
    assert all(said in each for each in found)


def test_a_schema_beside_tensors(tmp_path: Path) -> None:
    text = "tensors: {}\nschema:\n  minProperties: 2\n  maxProperties: 1\n"
    assert told(tmp_path, text) == [
        "iris.yaml:3: /schema/minProperties: nothing fits, as minProperties is 2 and maxProperties is 1"
    ]
