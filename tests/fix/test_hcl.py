"""What is written into HCL, and what is left alone because only a guess could write it."""

from __future__ import annotations

from typing import Any

import pytest

from garrison.estate.values import pack
from garrison.fix.hcl import add, exchange, write
from garrison.fix.spot import Spot

KEY = """# keys
resource "aws_kms_key" "k" { # training
  description = "x" # why
}
"""


def written(text: str, *steps: str, content: object = True, line: int = 0) -> str | None:
    data = write(text.encode(), pack(line, 0), steps, content)
    return None if data is None else data.decode()


def test_an_attribute_is_added_and_comments_stay() -> None:
    assert written(KEY, "a", line=1) == KEY.replace("# why\n", "# why\n  a           = true\n")
    assert written(KEY, "enable_key_rotation", line=1) == KEY.replace(
        "# why\n", "# why\n\n  enable_key_rotation = true\n"
    )


def test_what_is_said_is_exchanged() -> None:
    text = 'resource "a" "b" {\n  on   = false # off\n  mode = "x"\n}\n'
    assert written(text, "on") == text.replace("false", "true")
    assert written(text, "mode", content="y") == text.replace('"x"', '"y"')
    assert written(text, "on", content=7) == text.replace("false", "7")


def test_blocks_are_made_and_entered() -> None:
    empty = 'resource "a" "b" {}\n'
    assert written(empty, "c", "d") == 'resource "a" "b" {\n  c {\n    d = true\n  }\n}\n'
    there = 'resource "a" "b" {\n  c {\n    e = 1\n  }\n}\n'
    assert written(there, "c", "d") == there.replace("e = 1\n", "e = 1\n    d = true\n")


def test_line_feeds_stay_as_they_are() -> None:
    text = KEY.replace("\n", "\r\n")
    found = written(text, "a", line=1)
    assert found is not None
    assert found.count("\r\n") == found.count("\n") == text.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        'resource "a" "b" {\n  on = var.on\n}\n',
        'resource "a" "b" {\n  on = "${var.on}"\n}\n',
        'resource "a" "b" {\n  on = !true\n}\n',
        'variable "a" {\n  on = false\n}\n',
        'resource "a" "b" { x = 1 }\n',
        'resource "a" "b" {\n  # nothing, for a reason\n}\n',
    ],
)
def test_what_is_not_plain_is_left_alone(text: str) -> None:
    assert written(text, "on") is None


@pytest.mark.parametrize(
    "text",
    [
        'resource "a" "b" {\n  c { x = 1 }\n  c { x = 2 }\n}\n',
        'resource "a" "b" {\n  dynamic "c" {\n    for_each = var.c\n    content {}\n  }\n}\n',
        'resource "a" "b" {\n  c = { x = 1 }\n}\n',
    ],
)
def test_what_may_be_several_is_left_alone(text: str) -> None:
    assert written(text, "c", "on") is None


def test_a_resource_is_added_beside() -> None:
    text = 'resource "aws_s3_bucket" "b" {\n  bucket = "x"\n} # end\n'
    spot = Spot(("versioning_configuration", "status"), "aws_s3_bucket_versioning", "bucket")
    data = add(text.encode(), 0, spot, "Enabled")
    assert data is not None
    assert data.decode() == text + (
        '\nresource "aws_s3_bucket_versioning" "b" {\n  bucket = aws_s3_bucket.b.id\n\n'
        '  versioning_configuration {\n    status = "Enabled"\n  }\n}\n'
    )
    assert add(data, 0, spot, "Enabled") is None, "one of that name is there"
    assert add(text.replace("bucket =", "count  = 2\n  bucket =").encode(), 0, spot, "Enabled") is None


def test_only_a_literal_of_a_resource_is_exchanged_where_it_stands() -> None:
    def at(text: str, said: str) -> Any:
        line = text[: text.index(said)].count("\n")
        column = text.split("\n")[line].index(said)
        return exchange(text.encode(), pack(line, column), pack(line, column + len(said)), True)

    assert at('resource "a" "b" {\n  c {\n    on = false\n  }\n}\n', "false") is not None
    assert at('variable "a" {\n  default = false\n}\n', "false") is None
    assert at('resource "a" "b" {\n  on = !false\n}\n', "false") is None
