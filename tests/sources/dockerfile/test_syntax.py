"""A Dockerfile is cut into instructions as BuildKit does it, each character with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.estate.values import Source
from garrison.sources.dockerfile.syntax import Instruction, Parsed, parse


def parsed(text: str) -> Parsed:
    return parse(Source("Dockerfile", text.encode()), text)


def only(text: str) -> Instruction:
    (instruction,) = parsed(text).instructions
    return instruction


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("RUN a b", "a b"),
        ("  run  a b  ", "a b"),
        ("RUN a \\\n b", "a  b"),
        ("RUN a \\  \n b", "a  b"),
        ("RUN a \\\n# a comment\n   # another\n b", "a  b"),
        ("RUN a \\\n\n b", "a  b"),
        ("RUN a \\\r\n b\r\n", "a  b"),
        ("RUN a \\\\\n", "a \\\\"),
        ("RUN a \\", "a"),
        ("\ufeffRUN a", "a"),
        ("# escape=`\nRUN a `\n b\\", "a  b\\"),
        ("# syntax=docker/dockerfile:1\n# escape = `\nRUN a `\n b", "a  b"),
        ("# a comment\n# escape=`\nRUN a \\\n b", "a  b"),
        ("RUN a # b", "a # b"),
        ("RUN --mount=type=cache,target=/x --network=none a", "a"),
    ],
)
def test_the_arguments_of_an_instruction(text: str, arguments: str) -> None:
    assert only(text).arguments.content == arguments


def test_flags_and_what_runs_later() -> None:
    copied, later = parsed("COPY --from=build --link /a /b\nONBUILD RUN --mount=type=ssh x").instructions
    assert [(f.name, f.value.content) for f in copied.flags] == [("from", "build"), ("link", "")]
    assert copied.flag("from") is not None
    assert copied.flag("chmod") is None
    assert (later.keyword, later.onbuild, later.arguments.content) == ("RUN", True, "x")


@pytest.mark.parametrize(
    ("text", "name", "expands", "content"),
    [
        ("RUN <<EOF\na\n b\nEOF", "EOF", True, "a\n b"),
        ("RUN <<'E'\n$a\nE", "E", False, "$a"),
        ('RUN <<"E"\n\nE', "E", False, ""),
        ("RUN <<-E\na\n\tE", "E", True, "a"),
        ("RUN python3 <<E > /x\nE", "E", True, ""),
        ("COPY <<f.txt /etc/f.txt\n# no comment\nf.txt", "f.txt", True, "# no comment"),
    ],
)
def test_a_text_below_an_instruction(text: str, name: str, expands: bool, content: str) -> None:
    (found,) = only(text).heredocs
    assert (found.name, found.expands, found.text.content) == (name, expands, content)


@pytest.mark.parametrize(
    "text", ["RUN a <<<b", 'RUN echo "<<EOF"', "RUN echo $((1<<X))", 'RUN ["a", "<<EOF"]', "ENV A=<<B"]
)
def test_what_is_no_text_below(text: str) -> None:
    found = parsed(text + "\nRUN b")
    assert [len(i.heredocs) for i in found.instructions] == [0, 0]
    assert not found.troubles


def test_every_character_has_its_place() -> None:
    instruction = only("FROM x\nRUN a \\\n  # é\n  bé c <<E\nd\nE\n".removeprefix("FROM x\n"))
    text = instruction.arguments
    at = text.content.index("c")
    place = text.place(at, at + 1)
    assert (place.line, place.column, place.text) == (3, 6, "c")
    assert (instruction.place.line, instruction.place.end_line) == (1, 5)
    assert instruction.heredocs[0].text.place(0, 1).text == "d"
    whole = text.place(0, len(text.content))
    assert (whole.line, whole.end_line) == (1, 3)
    assert text.cut(at, at + 1).place(0, 1).text == "c"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("FROM a\nFOO b\n", 2, "no instruction"),
        ("FROM a\nRUN <<EOF\nx\n", 2, "has no end"),
        ("# escape=x\nFROM a\n", 1, "neither"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_goes_on(text: str, line: int, words: str) -> None:
    found = parsed(text + "RUN after")
    trouble = found.troubles[0]
    assert (trouble.line, words in trouble.message, bool(trouble.hint)) == (line, True, True)
    assert found.instructions[-1].arguments.content == "after"


PIECES = st.sampled_from(
    [
        "RUN ",
        "COPY ",
        "ENV ",
        "a",
        "=",
        " ",
        "\\\n",
        "\n",
        "#",
        "<<E",
        "E\n",
        '"',
        "'",
        "[",
        "]",
        "--x=",
        "$",
        "é",
        "\r\n",
        "\t",
        "`",
    ]
)


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=40))
def test_any_text_is_read_and_every_place_says_what_stands_there(pieces: list[str]) -> None:
    text = "FROM a\n" + "".join(pieces)
    for instruction in parsed(text).instructions:
        arguments = instruction.arguments
        for at, char in enumerate(arguments.content):
            assert arguments.place(at, at + 1).text == char
