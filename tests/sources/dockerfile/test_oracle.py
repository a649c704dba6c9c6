"""Instructions are cut as the official parser does it, which the `dockerfile` wheel holds."""

from __future__ import annotations

import dockerfile
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from garrison.estate.values import Source
from garrison.sources.dockerfile.syntax import parse

pytestmark = pytest.mark.facts

KNOWN = {c.upper() for c in dockerfile.all_cmds()} - {"ONBUILD"}
LINES = st.sampled_from(
    [
        "RUN a b", "RUN a \\", "  b \\", "  && c", "# comment", "", "COPY --from=x --chmod=755 a b", "RUN <<E", "text", "E", "RUN cat <<-'F' \\",
        "\tF", "F", 'CMD ["a", "b c"]', "ENV A=b C='d e'", "ENV A b c", "ONBUILD RUN x", "run --mount=type=secret,id=x y", "USER a:b",
        "EXPOSE 80 81", 'LABEL a="b" c=d', "ARG X=1", "FROM b AS c", "\\", "RUN a \\\\", "HEALTHCHECK --interval=1s CMD x", "RUN x <<<y",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_as_the_official_parser(lines: list[str]) -> None:
    text = "FROM a\n" + "\n".join(lines)
    try:
        expected = dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        assume(False)
    commands = [c for c in expected if c.cmd and c.cmd.upper() in KNOWN]
    theirs = [
        (c.cmd.upper(), c.start_line, tuple(c.flags), tuple((h.name, h.content) for h in c.heredocs)) for c in commands
    ]
    found = [i for i in parse(Source("Dockerfile", text.encode()), text).instructions if not i.onbuild]
    ours = [
        (
            i.keyword,
            i.place.line,
            tuple(f"--{f.name}={f.value.content}" for f in i.flags),
            tuple((h.name, h.text.content + "\n" if h.text.content else "") for h in i.heredocs),
        )
        for i in found
    ]
    assert ours == theirs
    for instruction, command in zip(found, commands, strict=True):
        if instruction.keyword == "RUN" and not command.json:
            assert instruction.arguments.content == command.value[0].strip()
