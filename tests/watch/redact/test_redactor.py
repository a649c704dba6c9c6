"""What must not be kept is gone, whatever stands around it; all else is as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.events.mappers.test_lines import LINES

from garrison.errors import ConfigError, UnmappedError
from garrison.events.mappers import mapped, mapper
from garrison.watch.key import make_key
from garrison.watch.redact.fields import hashed, masked
from garrison.watch.redact.path import DROPPED, Target, changed, parse
from garrison.watch.redact.patterns import CHECKS, patterns
from garrison.watch.redact.redactor import Redactor
from garrison.watch.redact.settings import How, Rule

KEY = b"k" * 32
FORM = mapper("garrison-gateway")


def redacted(line: bytes | dict[str, Any], *rules: Rule, credentials: bool = False) -> Any:
    data = line if isinstance(line, bytes) else json.dumps(line).encode()
    made = Redactor.make(rules, KEY, credentials=credentials).line(FORM, data)
    return made if isinstance(line, bytes) else json.loads(made)


@pytest.mark.parametrize("name", sorted(name for name, p in patterns().items() if p.regex))
def test_patterns_hold_to_their_examples(name: str) -> None:
    rule = Rule(how=How.DROP, pattern=name)
    for text in patterns()[name].match:
        assert redacted({"a": text}, rule) != {"a": text}, text
        assert redacted(text.encode(), rule) != text.encode(), text
    for text in patterns()[name].miss:
        assert redacted({"a": text}, rule) == {"a": text}, text


@pytest.mark.parametrize("path", ["$.user.mail", "$..mail", "$.*.mail", '$["user"]["mail"]', '$.user["mail"]'])
def test_fields_are_found_by_their_paths(path: str) -> None:
    line = {"user": {"mail": "ann@example.com", "name": "ann"}, "mails": ["x"]}
    made = redacted(line, Rule(how=How.DROP, field=path))
    assert made == {"user": {"name": "ann"}, "mails": ["x"]}


CRI = b"2026-11-24T10:11:12.123456789Z stdout F "
SYSLOG = b"<13>1 2026-11-24T10:11:12Z h app 1 - - "
CARRIED = b'{"user":{"email":"ann@example.com"},"password":"hunter2hunter2","n":[1],"clientSecret":"hunter2hunter2"}'


@pytest.mark.parametrize("path", ["$..email", "$.user.email", "$.log.user.email"])
@pytest.mark.parametrize("how", list(How))
def test_what_a_container_wrote_is_redacted_whoever_wrapped_it(path: str, how: How) -> None:
    form, redactor = mapper("container"), Redactor.make([Rule(how=how, field=path)], KEY)
    told = {"log": CARRIED.decode() + "\n", "stream": "stdout", "time": "2026-11-24T10:11:12.123456789Z"}
    bare = mapped(form, redactor.line(form, CRI + CARRIED))
    wrapped = mapped(form, redactor.line(form, json.dumps(told).encode()))
    assert bare.message == wrapped.message
    assert json.loads(bare.message)["password"] == "**********ter2"
    assert b"ann@" not in bare.raw + wrapped.raw
    assert b"hunter2" not in bare.raw + wrapped.raw


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"@cee: ", b""),
        (b'app[7]: {x} "y" [z body=', b" in 3 ms {"),
        (b'"a" and "', b'"'),
        (b"\xff ", b" \xff"),
    ],
)
def test_json_behind_other_words_is_redacted_and_they_stay(before: bytes, after: bytes) -> None:
    form, rules = mapper("syslog"), [Rule(how=How.DROP, field="$.user.email")]
    made = Redactor.make(rules, KEY).line(form, SYSLOG + before + CARRIED + after)
    assert (
        made
        == SYSLOG
        + before
        + CARRIED.replace(b'"email":"ann@example.com"', b"").replace(b"hunter2hun", b"*" * 10)
        + after
    )
    assert (
        Redactor.make(rules, KEY, credentials=False).line(form, SYSLOG + before + b'{"user": {}}')
        == SYSLOG + before + b'{"user": {}}'
    )


@pytest.mark.parametrize(
    "text",
    [
        b'msg="{\\"password\\":\\"hunter2hunter2\\"}"',
        b'msg="{\\"a\\":\\"{\\\\\\"password\\\\\\":\\\\\\"hunter2hunter2\\\\\\"}\\"}"',
        b'{"email":"","email":{"a":"hunter2hunter2"},"email":1}',
        b'{"a":"b","password":"hunter2hunter2',
        b'{"a":{"b":1},"password":["hunter2hunter2", {"c":"hunter2hunter2"}, 1',
        b'{"m":"{\\"password\\": \\"hunter2hunter2\\\\\\"hunter2',
        b'    "password" : "hunter2hunter2",',
        b'"Pass_Word": "hunter2hunter2"',
        b'{"\xff":0,"password":"hunter2hunter2"}',
        b'{"n":1e999,"x":{"email":"hunter2hunter2"}}',
        b'{"n":' + b"9" * 5000 + b',"email":"hunter2hunter2"}',
        b'{""email"": ""hunter2hunter2"", ""a"": 1}',
        b'{"email":"hunter2hunter2","b":' + b"[" * 2000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", list(How))
def test_what_is_no_json_throughout_is_redacted_by_the_names_in_it(text: bytes, how: How) -> None:
    redactor = Redactor.make([Rule(how=how, field="$.x.email"), Rule(how=how, field="$..email")], KEY)
    made = redactor.line(mapper("syslog"), SYSLOG + text)
    assert b"hunter2" not in made.replace(b"***ter2", b"")
    assert made.startswith(SYSLOG)
    if how is not How.HASH:
        assert redactor.line(mapper("syslog"), made) == made


def test_names_without_values_stay() -> None:
    for text in (
        b'missing "password": give one',
        b'"password" "email"',
        b'{"email": null, "password": true',
        b"password: x",
    ):
        assert (
            Redactor.make([Rule(how=How.DROP, field="$..email")], KEY).line(mapper("syslog"), SYSLOG + text)
            == SYSLOG + text
        )


def test_a_number_in_what_was_cut_becomes_a_text() -> None:
    for how, said in ((How.MASK, b'"-***45.6"'), (How.DROP, b"null")):
        made = Redactor.make([Rule(how=how, field="$..pin")], KEY).line(
            mapper("syslog"), SYSLOG + b'{"pin":-12345.6,"a'
        )
        assert made == SYSLOG + b'{"pin":' + said + b',"a'


@pytest.mark.parametrize(
    "unit", [b"[", b"{", b'{"a":[1,1,1,', b'"[', b'\\"{', b"{} ", b'"password":', b'"password":["x"', b"\\", b'"_']
)
def test_nothing_takes_long_to_be_looked_through(unit: bytes) -> None:
    line = SYSLOG + b'"password":1,' + unit * (40_000 // len(unit))
    assert b'"password":"*"' in Redactor.make([Rule(how=How.HASH, field="$.a")], KEY).line(mapper("syslog"), line)


def test_what_stands_in_lists_keeps_its_place() -> None:
    line = {"rows": [{"a": 1, "b": 2}, {"a": 3}], "n": [1, 2, 3]}
    assert redacted(line, Rule(how=How.DROP, field="$.rows[*].a")) == {"rows": [{"b": 2}, {}], "n": [1, 2, 3]}
    assert redacted(line, Rule(how=How.DROP, field="$.n[1]"))["n"] == [1, None, 3]
    assert redacted(line, Rule(how=How.HASH, field="$.n[*]"))["n"][0] == hashed(KEY, "1")


def test_json_in_a_text_is_gone_into() -> None:
    inner = json.dumps({"inputs": [{"name": "mail", "data": ["ann@example.com"]}]})
    made = redacted({"input": inner}, Rule(how=How.MASK, field="$.input.inputs[*].data[*]"))
    assert json.loads(made["input"])["inputs"][0]["data"] == ["***@*******.com"]
    assert redacted({"input": inner}, Rule(how=How.DROP, field="$.input")) == {}


@pytest.mark.parametrize(
    "line",
    [
        b'{"m":"\\u0061nn@example.com"}',
        b'{"m":"ann\\u0040example.com"}',
        b'{"\\u006d":"ann@example.com"}',
        b'{"m": "{\\"x\\": \\"ann@example.com\\"}"}',
    ],
    ids=["a letter", "the sign", "the name", "a text in a text"],
)
def test_escapes_hide_nothing(line: bytes) -> None:
    for rule in (Rule(how=How.HASH, pattern="email"), Rule(how=How.HASH, field="$.m")):
        made = Redactor.make([rule], KEY, credentials=False).line(FORM, line)
        assert b"ann" not in made
        assert "ann@example.com" not in str(json.loads(made))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"m":"x\\npassword=hunter2"}', None),
        (b'{"m":"{\\"n\\":\\"x\\\\npassword=hunter2\\"}"}', None),
        (b'{"m":"Bearer\\thunter2hunter2x"}', None),
        (b'{"m":"postgres:\\/\\/app:hunter2@db"}', None),
        (b'{"m":"pa\\u017fsword=hunter2"}', None),
        (b'{"pass__word":"hunter2"}', None),
        (b'{"_password_":"hunter2"}', None),
        (b'{"db.password":"hunter2"}', None),
        (b'{"api\\u212aey":"hunter2"}', None),
        (b'{"m":"{\\"m\\":\\"{\\\\\\"pass\\\\\\\\u0077ord\\\\\\":\\\\\\"hunter2\\\\\\"}\\"}"}', None),
        (b'{"odd\\"name":"hunter2"}', Rule(how=How.DROP, field='$["odd\\"name"]')),
        (b'{"a\\/b":"hunter2"}', Rule(how=How.DROP, field='$["a/b"]')),
        (b'{"gr\\u00f6\\u00dfe":"hunter2"}', Rule(how=How.DROP, field="$.größe")),
        (b'{"":"hunter2"}', Rule(how=How.DROP, field='$[""]')),
        (b'{"m":"hunter2"}', Rule(how=How.DROP, pattern="^hunter2$")),
        (b'{"m":"a\\nhunter2"}', Rule(how=How.DROP, pattern="(?m)^hunter2")),
        (b'{"m":"a\\nhunter2"}', Rule(how=How.DROP, pattern=r"a\s\bhunter2")),
        (b'{"m":"\\"hunter2\\""}', Rule(how=How.DROP, pattern='"hunter2"')),
        (b'{"m":"C:\\\\hunter2"}', Rule(how=How.DROP, pattern=r"C:\\hunter2")),
        (b'{"m":"h^unter2"}', Rule(how=How.DROP, pattern=r"\Qh^\Eunter2")),
        (b'{"m":"a$hunter2"}', Rule(how=How.DROP, pattern=r"[]$[:alpha:]^]{2,}hunter2\b")),
    ],
)  # fmt: skip
def test_no_spelling_passes_by_what_tells_that_a_line_has_nothing(line: bytes, rule: Rule | None) -> None:
    redactor = Redactor.make([rule] if rule else [], KEY, credentials=rule is None)
    assert redactor.plain(FORM, [b"{}", line, b"{}"]) == [False] * 3
    assert b"unter2" not in redactor.line(FORM, line).replace(b"***ter2", b"")
    assert redactor.plain(FORM, [b'{"other":"\\u00e4\\u00df"}']) == [rule is None]


def test_the_same_value_has_the_same_hash_by_the_same_key() -> None:
    rule = Rule(how=How.HASH, pattern="email")
    one, other = redacted({"a": "ann@example.com"}, rule), redacted({"b": "to ann@example.com."}, rule)
    assert other["b"] == f"to {one['a']}."
    assert one["a"].startswith("hash:")
    assert one["a"] != hashed(b"x" * 32, "ann@example.com")
    assert redacted(one, rule) == one
    assert hashed(KEY, one["a"]) == one["a"]
    assert hashed(KEY, "hash:ann@example.com").startswith("hash:")
    assert "ann" not in hashed(KEY, "hash:ann@example.com")


def test_masks_keep_the_form() -> None:
    assert masked("4111 1111 1111 1234") == "**** **** **** 1234"
    assert masked("short") == "*****"
    assert redacted({"n": 4111111111111111}, Rule(how=How.MASK, pattern="card")) == {"n": "************1111"}
    assert redacted({"n": 4111111111111112}, Rule(how=How.MASK, pattern="card")) == {"n": 4111111111111112}


def test_credentials_are_masked_unless_they_are_not_to_be() -> None:
    line = {
        "requestParameters": {
            "masterUserPassword": "hunter2hunter2",
            "nextToken": "abc",
            "tags": [{"api-key": "abcdefgh"}],
        },
        "headers": "authorization: Bearer abcdefghijklmnop",
        "path": "/b/k?X-Amz-Signature=0123456789abcdef0123&x=1",
    }
    made = redacted(line, credentials=True)
    assert made["requestParameters"] == {
        "masterUserPassword": "**********ter2", "nextToken": "abc", "tags": [{"api-key": "****efgh"}],
    }  # fmt: skip
    assert made["headers"] == "authorization: Bearer ************mnop"
    assert made["path"] == "/b/k?X-Amz-Signature=****************0123&x=1"
    assert redacted(line) == line


def test_credentials_in_lists_and_objects_are_masked() -> None:
    line = {
        "headers": {"Authorization": ["Token abcdefghijklmnop"], "Cookie": ["sid=abcdefghijkl", None, True], "Host": ["a.example"]},
        "password": {"old": "hunter2hunter2", "pins": [12345678], "is_set": True},
        "token": "abcdefghijklmnop",
        "X-Auth-Token": ["abcdefghijklmnop"],
    }  # fmt: skip
    assert redacted(line, credentials=True) == {
        "headers": {"Authorization": ["***** ************mnop"], "Cookie": ["***=********ijkl", None, True], "Host": ["a.example"]},
        "password": {"old": "**********ter2", "pins": ["****5678"], "is_set": True},
        "token": "************mnop",
        "X-Auth-Token": ["************mnop"],
    }  # fmt: skip


def test_what_only_sounds_like_a_credential_stays() -> None:
    line = {
        "nextToken": "abcdefghijklmnop", "token_count": 12, "maxTokens": 40, "secretId": "prod/db", "password_last_changed": "2026-11-25",
        "volumes": [{"name": "tls", "secret": {"secretName": "scorer-tls", "defaultMode": 420}}],
        "identity": {"authorization": {"action": "Microsoft.Storage/write", "evidence": {"role": "Owner"}}},
        "projected": {"token": {"audiences": ["vault"], "expirationSeconds": 600}},
        "annotations": {"authorization.k8s.io/decision": "allow"},
    }  # fmt: skip
    assert redacted(line, credentials=True) == line
    line["projected"]["token"]["token"] = "hunter2hunter2"  # type: ignore[index]
    assert "hunter2h" not in json.dumps(redacted(line, credentials=True))


def test_a_rule_is_for_the_logs_it_names() -> None:
    made = Redactor.make([Rule(how=How.DROP, log=("syslog",), pattern="email")], KEY, credentials=False)
    line = b"<13>1 2026-11-24T10:11:12Z h app - - - mail from ann@example.com"
    assert b"ann@" not in made.line(mapper("syslog"), line)
    assert made.line(mapper("journald"), line) == line


def test_what_no_rule_is_about_keeps_its_bytes() -> None:
    line = b'{"a" : 1.0, "b":"\\u00e4\\n",  "c":1e3}'
    rule = Rule(how=How.MASK, pattern="card")
    assert Redactor.make([rule], KEY).line(FORM, line) is line
    strange = b"\xff\xfe {not json ann@example.com \xff"
    assert redacted(strange, Rule(how=How.DROP, pattern="email")) == b"\xff\xfe {not json  \xff"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(how=How.DROP), "neither a field nor a pattern"),
        (Rule(how=How.DROP, field="$.a", pattern="email"), "or both"),
        (Rule(how=How.DROP, field="a.b"), "is no path"),
        (Rule(how=How.DROP, field="$.a["), "is no path"),
        (Rule(how=How.DROP, pattern="(["), "is no regular expression"),
        (Rule(how=How.DROP, pattern="a*"), "matches nothing at all"),
        (Rule(how=How.DROP, pattern="fields"), "is no pattern"),
        (Rule(how=How.DROP, field="$.a", log=("sislog",)), "no log format sislog"),
        (
            Rule(how=How.DROP, field="$.a", log=("syslog", "auditd", "aws-s3-access")),
            "nothing in auditd, aws-s3-access",
        ),
    ],
)
def test_a_rule_that_cannot_hold_is_told(rule: Rule, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        Redactor.make([rule], KEY)
    assert str(caught.value).startswith("redact 1: ")
    assert caught.value.hint


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_field_is_refused_where_no_line_has_one(name: str) -> None:
    rule = Rule(how=How.DROP, field="$..a", log=(name,))
    if getattr(mapper(name), "NO_JSON", False):
        with pytest.raises(ConfigError, match="their lines are no JSON"):
            Redactor.make([rule], KEY)
        return
    line = LINES[name][:-1] + b',"a":"gone"}' if LINES[name].startswith(b"{") else LINES[name] + b' {"a":"gone"}'
    assert b"gone" not in mapped(mapper(name), Redactor.make([rule], KEY).line(mapper(name), line)).raw


def test_what_is_too_deep_to_look_through_is_no_line() -> None:
    deep = b'{"a":' * 500 + b'"\\u0061nn@example.com"' + b"}" * 500
    with pytest.raises(UnmappedError, match="nested deeper"):
        redacted(deep, Rule(how=How.DROP, pattern="email"))
    bomb = b"[" * 100_000 + b'"ann@example.com"'
    with pytest.raises(UnmappedError, match="cannot be told: maximum recursion"):
        redacted(bomb, Rule(how=How.DROP, pattern="email"))


@pytest.mark.parametrize("odd", [b'"\xff"', b"1e999", b"9" * 5000], ids=["no UTF-8", "a large number", "a long one"])
@pytest.mark.parametrize("name", ["falco", "suricata", "kubernetes-audit", "garrison-gateway"])
def test_what_a_mapper_skips_turns_no_rule_off(name: str, odd: bytes) -> None:
    form = mapper(name)
    line = LINES[name][:-1] + b',"odd":' + odd + b',"email":"ann@example.com","password":"hunter2hunter2"}'
    assert mapped(form, line).raw == line  # it is an event, but for the redactor
    for rules, credentials in (([Rule(how=How.DROP, field="$..email")], False), ([], True)):
        with pytest.raises(UnmappedError, match="what of it is to be redacted cannot be told"):
            Redactor.make(rules, KEY, credentials=credentials).line(form, line)
    assert Redactor.make([], KEY, credentials=False).line(form, line) is line


@pytest.mark.parametrize(
    "line",
    [
        b'{"password":"hunter2hunter2","password":null}',
        b'{"email":"ann@hunter2.example","email":""}',
        b'{"a":{"email":"ann@hunter2.example","email":null},"b":1}',
        b'{"pass\\u0077ord":"hunter2hunter2","password":true}',
        b'{"password":{"a":"hunter2hunter2"},"password":1}',
        b'{"m":"{\\"password\\":\\"hunter2hunter2\\",\\"password\\":null}"}',
        b'{"m":"x \\\\ \\" ann@hunter2.example","m":""}',
        b'{"email":7,"email":"","a":"hunter2\\"","a":"\\""}',
    ],
)
def test_a_name_that_is_there_twice_hides_nothing(line: bytes) -> None:
    rules = [Rule(how=How.MASK, field="$..email"), Rule(how=How.MASK, pattern="email")]
    made = Redactor.make(rules, KEY).line(FORM, line)
    assert b"hunter2" not in made
    assert json.loads(made).keys() == json.loads(line).keys()


@pytest.mark.parametrize("name", sorted(LINES))
@pytest.mark.parametrize("how", [How.HASH, How.MASK])
def test_a_redacted_line_is_still_one_of_its_format(name: str, how: How) -> None:
    rules = [Rule(how=how, pattern="ipv4"), Rule(how=how, pattern="email"), Rule(how=how, field="$..user")]
    line = Redactor.make(rules, KEY).line(mapper(name), LINES[name])
    event = mapped(mapper(name), line)
    assert event.raw == line
    assert b"203.0.113.9" not in line


def test_a_key_is_made_once(tmp_path: Path) -> None:
    key = make_key(tmp_path / "k")
    assert make_key(tmp_path / "k") == key
    assert (tmp_path / "k").stat().st_mode & 0o077 == 0
    (tmp_path / "k").write_text("no")
    with pytest.raises(ConfigError, match="is no key"):
        make_key(tmp_path / "k")


def test_checks() -> None:
    assert CHECKS["luhn"]("4111111111111111")
    assert not CHECKS["luhn"]("4111111111111112")
    assert CHECKS["iban"]("CH9300762011623852957")


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=12)
    | st.sampled_from(["ann@example.com", "x ann@example.com y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(_JSON, st.booleans(), st.sampled_from(list(How)))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_around_it_it_is_gone_and_stays_so(value: Any, ascii_: bool, how: How) -> None:
    line = json.dumps({"v": value, "m": "ann@example.com"}, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    redactor = Redactor.make([Rule(how=how, pattern="email")], KEY, credentials=False)
    try:
        made = redactor.line(FORM, line)
    except UnmappedError:
        return
    assert b"ann@example.com" not in made
    assert redactor.line(FORM, made) == made


@given(_JSON)
@settings(max_examples=200, deadline=None)
def test_a_path_changes_what_it_leads_to_and_nothing_else(value: Any) -> None:
    whole = {"a": value, "b": {"c": value}}
    made = changed(whole, Target(parse("$.b.c"), lambda _: DROPPED, str))
    assert made == {"a": value, "b": {}}
    assert msgspec.json.encode(whole)


NAMES = st.sampled_from(["email", "a", "Password", "pass_word", "x.token", "\u00e4", 'q"r', "\\"])
ODD = _JSON | st.sampled_from(["{", "[1", '"', '\\"{', '{"a":']) | st.floats(allow_nan=False, allow_infinity=False)
FILLER = st.text(' {}[]":,\\abc1\n\u00e4', max_size=12)
SECRETS = st.sampled_from(["hunter2hunter2", 'hunter2 \u00e4 "q" hunter2', "\\hunter2", "{hunter2"])


@given(
    st.tuples(
        FILLER,
        st.dictionaries(NAMES, ODD, max_size=2),
        st.sampled_from(["email", "Password", "api-key"]),
        SECRETS,
        FILLER,
    ),
    st.integers(0, 3),
    st.integers(0, 30),
    st.sampled_from(list(How)),
)
@settings(max_examples=300, deadline=None)
def test_whatever_stands_around_a_record_in_a_text_and_wherever_it_was_cut(
    said: tuple[str, dict[str, Any], str, str, str], deep: int, cut: int, how: How
) -> None:
    before, others, name, secret, after = said
    text = json.dumps({**others, name: secret}, ensure_ascii=False)
    for _ in range(deep):
        text = json.dumps({"m": before[:3] + text + after[:3]})
    line = SYSLOG + (before + text + after).encode("utf-8", "surrogatepass")
    made = Redactor.make([Rule(how=how, field="$..email")], KEY).line(mapper("syslog"), line[: len(line) - cut])
    assert not any(word in made for word in (b"hunter2h", b"hunter2 ", b"{hunter2", b"\\hunter2"))


RULES = [
    Rule(how=How.DROP, pattern="email"),
    Rule(how=How.HASH, field="$..client"),
    Rule(how=How.DROP, pattern="^ann.*bob$"),
    Rule(how=How.DROP, pattern=r"\\Aeve"),
    Rule(how=How.DROP, pattern="(?-m)^mallory"),
]
WORDS = st.sampled_from([
    b"ann and bob", b"ann", b"bob", b"eve", b"mallory", b"a@example.com", b'{"client": "x"}', b'{"clie\\u006et": "x"}',
    b"password=hunter2x", b"\\", b"\xff", b'{"a": 1}', b"",
])  # fmt: skip


@given(st.lists(WORDS, max_size=100), st.sets(st.sampled_from(range(len(RULES)))), st.booleans())
@settings(deadline=None)
def test_what_is_told_to_be_plain_is_given_back_as_it_is(
    lines: list[bytes], chosen: set[int], credentials: bool
) -> None:
    redactor = Redactor.make([RULES[n] for n in sorted(chosen)], KEY, credentials=credentials)
    told = redactor.plain(FORM, lines)
    assert len(told) == len(lines)
    for line, is_plain in zip(lines, told, strict=True):
        assert not is_plain or redactor.line(FORM, line) == line
    if not chosen and not credentials and not any(b"\\" in line for line in lines):
        assert all(told)


@given(st.lists(WORDS, max_size=6), st.sets(st.sampled_from(range(len(RULES)))), st.integers(0, 2))
@settings(deadline=None)
def test_nothing_is_found_where_the_search_of_bytes_finds_nothing(
    words: list[bytes], chosen: set[int], deep: int
) -> None:
    text = b"\n".join(words).decode(errors="replace")
    for _ in range(deep):
        text = "x" + json.dumps({"a": text})
    line = json.dumps({"client": text, "b": [text]}).encode()
    redactor = Redactor.make([RULES[n] for n in sorted(chosen)], KEY)
    looked_through = json.loads(redactor.line(FORM, b'{"\\u0041":"\\u0041",' + line[1:]))
    assert json.loads(redactor.line(FORM, line)) == {n: said for n, said in looked_through.items() if n != "A"}
