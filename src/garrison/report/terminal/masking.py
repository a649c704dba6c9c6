"""Secrets in code are never printed: what looks like one is masked before a line is shown.

Lines are judged together with those before them: a key's name may stand lines above its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from garrison.estate.secrets import loose_forms

MASK = "••••••"
_WORD = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?key"
    r"|private[_-]?key|license[_-]?key|signing[_-]?key|encryption[_-]?key|shared[_-]?key|credentials?"
    r"|connection[_-]?string|conn[_-]?str|sas[_-]?url|webhook|bearer|authorization|client[_-]?secret|auth)"
)
# Names that only speak of a secret: where it is, how long it lives.
_ABOUT = (
    r"(?:names?|arns?|ids?|refs?|files?|paths?|urls?|uris?|policy|policies|length|ttl|types?|versions?|enabled|rotation"
    r"|days|manager|store|endpoint|algorithm|spec|usage|rules?|provider|kind|mode|modes|template|expiration|expiry"
    r"|lifetime|required|audience|issuer|plugins?|schedule|last_?used|review\w*|source|class|size|key_?vault|scopes?)"
)
_NAME = rf"[\w.-]*?{_WORD}(?:[_-]?(?:value|string|text|data|base64|b64|plain\w*|hash|new|old|default|prod|dev|pem|json|key|\d+))*"
_TELLING = re.compile(rf"(?i){_WORD}|PRIVATE KEY")
_SENSITIVE = re.compile(rf"(?i)^(?!.*{_ABOUT}$){_NAME}$")
# Beside the shapes that are known (`estate/secrets.toml`): tokens of sessions, and what stands where a secret is said.
_FORMS = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*|\bSG\.[\w-]{16,}\.[\w-]{16,}|(?<=:)[^\s:/@'\"]+(?=@[\w.-]+)(?<![0-9]{5})"
    r"|(?i:(?<=password=)|(?<=pwd=)|(?<=bearer )|(?<=basic ))[^;\"'&\s]{3,}"
)
_USERINFO = re.compile(r"(?P<before>\w+://[^\s/:@'\"]*:)(?P<secret>[^\s/@'\"]+)(?=@)")
# On a command line: `--token value`, `curl -u name:value`, `echo "name:value" | chpasswd`; in a Dockerfile: `ENV NAME value`.
_OPTION = re.compile(
    rf"(?i)(?P<before>(?:^|\s)--?(?P<name>[\w-]*{_WORD}[\w-]*)\s+)(?P<value>[\"']?[^\s\"'$<-][^\s\"']*[\"']?)"
)
_LOGIN = re.compile(
    r"(?P<before>(?:\s(?:-u|--user|--proxy-user)[\s=]*[\"']?|\becho\s+(?:-\w+\s+)?[\"']?(?=[^|]*\|\s*(?:sudo\s+)?chpasswd))[^\s:\"'$]+:)"
    r"(?P<secret>(?!\d+\b)[^\s\"'$]+)"
)
_INSTRUCTION = re.compile(r"(?i)^(?P<before>\s*(?:ENV|LABEL)\s+(?P<name>[\w.-]+)[ \t]+)(?P<value>[^=\s]\S*.*)$")
_PAIR = re.compile(
    rf"""(?i)(?P<quote>\\?["']?)(?P<name>(?<![\w.])[\w.-]*?{_WORD}[\w.-]*)(?P=quote)\]?\s*(?:=>|:=|[:=])(?!=)
        \s*(?P<value>\\"(?:(?!\\").)*(?:\\")?|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;}}\])"']+(?:\ +[^\s,;}}\])\#=]+)*)""",
    re.VERBOSE,
)
_HARMLESS = re.compile(
    r"""(?ix)["']?(?:true|false|null|none|yes|no|on|off|enabled|disabled|required|optional|-?\d{1,5}|[|>][-+\d]*|)["']?
    |["']?\$\{[^}:]*(?::\?[^}]*)?\}["']?|["']?\$\(?\w+\)?["']?|["']?\{\{.*|["']?<[^>]*>["']?|!\w.*|[\[{(].*|<<.*|&\w*|\*\w+
    |(?:var|local|data|module|each|self|random_\w+|aws_\w+|google_\w+|azurerm_\w+|path|count)\..*|[a-z_]\w*\(.*
    |["']?(?:arn:|projects/|https?://[^@]*$|/[\w./-]*["']?$|vault:|ssm:|@Microsoft\.KeyVault).*"""
)
_KEY_BEGIN, _KEY_END = re.compile(r"-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE)-----"), re.compile(r"-----END ")
_LABEL = re.compile(
    r"""(?i)["']?(?:name|key|parameterkey|variable)["']?\s*[:=]\s*["']?(?P<name>[\w.-]+)["']?\s*[,}]?"""
)
_SAID = re.compile(
    r"""(?i)(?P<before>["']?\b(?:value|default|string_?value|secret_?string|parametervalue|content)["']?\s*[:=]\s*)
    (?P<value>"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}\]].*?)(?=\s*[,}\]]?\s*$|\s*,\s)""",
    re.VERBOSE,
)
_BLOCK = re.compile(
    r"""^[\s"'-]*(?:variable\s+"?|output\s+"?)?(?P<name>[A-Za-z_][\w.-]*)["']?\s*[:={]?\s*(?:[|>][-+\d]*|<<[-~]?\w+|\{)?\s*$"""
)
_HEREDOC = re.compile(r"<<[-~]?\"?(\w+)")
_FLAG = re.compile(r"""^\s*-?\s*["']?--?(?P<name>[\w-]+)["']?,?\s*$""")
_SCALAR = re.compile(r"""^(?P<before>\s*(?:-\s+)?)(?P<value>[^\s#].*?)(?P<after>,?)$""")
_LITERAL = re.compile(
    r"""(?P<before>[\w.-]+=)(?P<value>"[^"]*"?|'[^']*'?|[^,\]}"'\s]+(?:\ +[^,\]}"'\s]+)*)""", re.VERBOSE
)
_NEAR = 3  # lines between the name of a variable and its value
_NAMING = re.compile(
    r"""^\s*(?:-\s+)?["']?(?:name|kind|key|type|apiVersion|image|resource|variable|provider)\b["']?""", re.IGNORECASE
)
_STRING = re.compile(r""""(?:[^"\\]|\\.)+"|'[^']+'""")


def is_sensitive(name: str) -> bool:
    """Whether what is called so is a secret."""
    return _SENSITIVE.match(name) is not None


def masked(lines: list[str], wanted: Iterable[int] | None = None) -> list[str]:
    """The same lines, every secret in them replaced.

    Give some lines of context around those that are shown; only the `wanted` ones, by index, need be masked in full.
    """
    shown = list(lines)
    for number in range(len(lines)) if wanted is None else wanted:
        shown[number] = _in_line(lines[number])
    if not _TELLING.search("\n".join(lines)):
        return shown
    _private_keys(lines, shown)
    _named_values(lines, shown)
    _blocks(lines, shown)
    _kubernetes_secrets(lines, shown)
    _generated_secrets(lines, shown)
    return shown


def masked_values(line: str) -> str:
    """A line of which the value is known to be a secret, whatever its name: no text in it is shown."""
    if MASK in line or _NAMING.match(line):
        return line
    changed = _STRING.sub(lambda m: m[0] if _HARMLESS.fullmatch(m[0]) else f"{m[0][0]}{MASK}{m[0][0]}", line)
    if changed != line:
        return changed
    pair = re.match(r"(?P<before>\s*(?:-\s+)?[\w.\"'/-]+\s*[:=]\s*)(?P<value>\S.*)$", line)
    if pair is not None:
        return line if _HARMLESS.fullmatch(pair["value"]) else pair["before"] + MASK
    return line


def _in_line(line: str) -> str:
    line = _USERINFO.sub(lambda m: m["before"] + MASK, line)
    line = _LOGIN.sub(lambda m: m["before"] + MASK, line)
    for form in (_OPTION, _INSTRUCTION):
        line = form.sub(_after, line)
    for form in (loose_forms(), _FORMS):
        line = form.sub(lambda m: m[0] if MASK in m[0] or _HARMLESS.fullmatch(m[0]) else MASK, line)
    return _PAIR.sub(_pair, line)


def _after(match: re.Match[str]) -> str:
    """The value that follows a name, where the name is that of a secret."""
    if not is_sensitive(match["name"]) or _HARMLESS.fullmatch(match["value"]):
        return match[0]
    return match["before"] + _hidden(match["value"])


def _pair(match: re.Match[str]) -> str:
    if not is_sensitive(match["name"]) or _HARMLESS.fullmatch(match["value"]):
        return match[0]
    start = match.start("value") - match.start()
    return match[0][:start] + _hidden(match["value"])


def _hidden(value: str) -> str:
    quote = value[:2] if value[:2] == '\\"' else value[0] if value[:1] in ("'", '"') else ""
    return f"{quote}{MASK}{quote}"


def _private_keys(lines: list[str], shown: list[str]) -> None:
    inside = False
    for number, line in enumerate(lines):
        if _KEY_BEGIN.search(line):
            inside = not _KEY_END.search(line)
            begin = _KEY_BEGIN.search(line)
            shown[number] = line[: begin.end() if begin else 0] + MASK
        elif inside:
            inside = not _KEY_END.search(line)
            shown[number] = " " * (len(line) - len(line.lstrip())) + MASK


def _named_values(lines: list[str], shown: list[str]) -> None:
    """`- name: DB_PASSWORD` with its `value:` some lines below, above or in the same line; flags and their arguments."""
    for number, line in enumerate(lines):
        flag = _FLAG.match(line)
        if flag is not None and is_sensitive(flag["name"]) and number + 1 < len(lines):
            shown[number + 1] = _SCALAR.sub(lambda m: m["before"] + _hidden(m["value"]) + m["after"], lines[number + 1])
            continue
        label = next((m for m in _LABEL.finditer(line) if is_sensitive(m["name"])), None)
        if label is None:
            continue
        for near in range(max(0, number - _NEAR), min(len(lines), number + _NEAR + 1)):
            between = lines[min(near, number) + 1 : max(near, number) + 1]
            own = near == number or not any(_LABEL.search(b) for b in between if b != line)
            if own and not any(
                b.lstrip().startswith("- ") for b in (between if near > number else lines[near + 1 : number])
            ):
                shown[near] = _SAID.sub(_said, shown[near])


def _said(match: re.Match[str]) -> str:
    value = match["value"]
    return match[0] if _HARMLESS.fullmatch(value) else match["before"] + _hidden(value)


def _blocks(lines: list[str], shown: list[str]) -> None:
    """What stands below `password: |`, `password = <<EOF`, `DbPassword:` or `variable "db_password" {`."""
    depth, end = -1, ""
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if end:
            if line.strip() == end:
                end = ""
            else:
                shown[number] = " " * indent + MASK
            continue
        if depth >= 0 and line.strip():
            if indent > depth:
                shown[number] = _below(shown[number])
                continue
            depth = -1
        opened = _BLOCK.match(line)
        if opened is not None and is_sensitive(opened["name"]):
            heredoc = _HEREDOC.search(line)
            depth, end = (indent, "") if heredoc is None else (-1, heredoc[1])


def _below(line: str) -> str:
    """In a block of a secret: its default or value, or a line of the text that it is."""
    if _SAID.search(line):
        return _SAID.sub(_said, line)
    if re.match(r"^\s*(?:-\s+)?[\"']?[\w.$/-]+[\"']?\s*[:={]", line) or not line.strip(" \t{}[](),-"):
        return line
    return _SCALAR.sub(lambda m: m["before"] + _hidden(m["value"]) + m["after"], line)


def _kubernetes_secrets(lines: list[str], shown: list[str]) -> None:
    """Every value under `data` and `stringData` of a Secret, whatever its name."""
    start = 0
    for number in range(len(lines) + 1):
        if number < len(lines) and not lines[number].startswith("---"):
            continue
        document = range(start, number)
        if any(re.match(r"""\s*["']?kind["']?\s*:\s*["']?Secret["']?\s*,?\s*$""", lines[n]) for n in document):
            _secret_data(lines, shown, document)
        start = number + 1


def _generated_secrets(lines: list[str], shown: list[str]) -> None:
    """Every `KEY=value` below the `secretGenerator` of a kustomization, whatever its name."""
    depth = -1
    for number, line in enumerate(lines):
        opened = re.match(r"(\s*)secretGenerator\s*:", line)
        indent = len(line) - len(line.lstrip(" -"))
        if opened is not None:
            depth = len(opened[1])
        elif depth >= 0 and line.strip() and indent <= depth and not line.lstrip().startswith("#"):
            depth = -1
        if depth >= 0:
            shown[number] = _LITERAL.sub(lambda m: m["before"] + MASK, shown[number])


def _secret_data(lines: list[str], shown: list[str], document: range) -> None:
    depth = -1
    for number in document:
        line = lines[number]
        indent = len(line) - len(line.lstrip())
        if depth >= 0 and line.strip() and indent <= depth:
            depth = -1
        if depth >= 0 and line.strip():
            pair = re.match(r"(?P<before>\s*[\"']?[\w.-]+[\"']?\s*:\s*)(?P<value>\S.*)$", line)
            block = pair is not None and re.fullmatch(r"[|>][-+\d]*", pair["value"])
            if pair is None:
                shown[number] = " " * indent + MASK if line.strip(" {},") else line
            elif not block:
                shown[number] = pair["before"] + _hidden(pair["value"])
        elif re.match(r"""\s*["']?(?:data|stringData)["']?\s*:""", line):
            depth = indent
