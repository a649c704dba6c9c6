"""Options and variables are found where they are said, and unknown where they may be."""

from __future__ import annotations

import pytest

from garrison.estate.launch import option, set_variables, variable, words_of
from garrison.estate.values import Body, Value, absent, known, unknown


def line(*words: Value | str) -> tuple[Value, ...]:
    return words_of(absent(), known(tuple(known(w) if isinstance(w, str) else w for w in words)))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("serve", "--api-key", "abc"), "abc"),
        (("serve", "--api-key=abc"), "abc"),
        (("serve", "--api_key=abc"), "abc"),
        (("sh", "-c", "exec serve \\\n  --api-key 'a b' --port 1"), "a b"),
        (("sh", "-c", 'serve --api-key="$KEY"'), "$KEY"),
        (("serve", "--api-key", "--port", "1"), ""),
        (("serve", "--api-key"), ""),
    ],
)
def test_option_is_found(words: tuple[str, ...], text: str) -> None:
    found = option(line(*words), ("--api-key",), None)
    assert found.given().yes
    assert found.text() == text


def test_option_is_absent_or_unknown() -> None:
    hidden = unknown("a template fills it in", decided_by="args")
    assert option(line("serve", "--api-keys=1"), ("--api-key",), None).is_absent().yes
    assert option(line("serve", hidden), ("--api-key",), None).given().unknown
    assert option(words_of(hidden, absent()), ("--api-key",), None).decided_by == "args"
    partly = unknown("a template", None, (known("--api-key="), hidden))
    assert option(line("serve", partly), ("--api-key",), None).given().yes
    assert option(line("serve", "--api-key", hidden), ("--api-key",), None) is hidden


def test_the_value_of_another_option_hides_nothing() -> None:
    port, more = unknown("later", decided_by="$PORT"), unknown("later", decided_by="$EXTRA_ARGS")
    assert option(line("serve", "--port", port), ("--api-key",), None).is_absent().yes
    assert option(line("serve", "--port=1", port), ("--api-key",), None).given().unknown
    assert option(line("serve", "--verbose", more), ("--api-key",), None).given().unknown


def test_numbers_among_words_are_text() -> None:
    assert option(words_of(known((known("--port"), known(80)))), ("--port",), None).text() == "80"


def environment(*items: dict[str, Value]) -> Value:
    return known(tuple(known(Body.of(i)) for i in items))


def test_variables() -> None:
    said = environment(
        {"name": known("A"), "value": known("1")},
        {"name": known("B"), "valueFrom": known(Body.of({}))},
        {"Name": known("C"), "Value": known(True)},
        {"name": known("D")},
        {"name": known("A"), "value": known("2")},
    )
    assert variable(said, absent(), ("A",), None).text() == "2"
    assert variable(said, absent(), ("B",), None).given().yes
    assert variable(said, absent(), ("B",), None).equals("x").unknown
    assert variable(said, absent(), ("C",), None).text() == "true"
    assert variable(said, absent(), ("D",), None).is_empty().yes
    assert variable(said, absent(), ("E",), None).is_absent().yes
    assert variable(said, known((known("from"),)), ("E",), None).given().unknown
    assert variable(unknown("later"), absent(), ("E",), None).given().unknown


def test_variables_of_a_mapping() -> None:
    said = known(Body.of({"A": known(1)}))
    assert variable(said, absent(), ("A",), None).text() == "1"
    assert [(n.text(), v.text()) for n, v in set_variables(said)] == [("A", "1")]
