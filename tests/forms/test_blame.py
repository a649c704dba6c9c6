"""Which of several tables is wrong, and where in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from garrison.errors import ConfigError
from garrison.forms.read import read


class File(msgspec.Struct, tag="file", forbid_unknown_fields=True):
    name: str
    path: str


class Web(msgspec.Struct, tag="http", forbid_unknown_fields=True):
    name: str
    port: int = 0


class Both(msgspec.Struct, forbid_unknown_fields=True):
    input: tuple[File | Web, ...] = ()


class One(msgspec.Struct, forbid_unknown_fields=True):
    input: tuple[File, ...] = ()


@pytest.mark.parametrize(
    ("form", "text", "told"),
    [
        (Both, 'name = "a"', ("input[1]: type is missing", 5, "write one of: file, http")),
        (Both, 'name = "a"\ntype = "fiel"', ("input[1].type: there is no type fiel", 7, "did you mean file?")),
        (Both, 'type = "http"\nname = "a"\nprot = 1', ("input[1].prot: unknown key", 8, "did you mean port?")),
        (Both, 'type = "file"\nname = "a"', ("input[1]: path is missing", 5, 'add path = "..."')),
        (Both, 'type = "http"\nname = 1', ("input[1].name: expected text, got a whole number", 7, "")),
        (One, 'type = "http"\nname = "a"', ("input[1].type: there is no type http", 6, "write one of: file")),
    ],
)
def test_the_table_of_a_tag_is_blamed(tmp_path: Path, form: Any, text: str, told: tuple[str, int, str]) -> None:
    file = tmp_path / "watch.toml"
    file.write_text(f'[[input]]\ntype = "file"\nname = "x"\npath = "y"\n[[input]]\n{text}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read(file, form)
    assert (caught.value.message, caught.value.line, caught.value.hint) == told
