"""The calls in Python code, with their literal arguments; what comes from the internet is marked on its way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from garrison.estate.values import Body, Place, Value, absent, known, unknown
from garrison.sources.python_code import dotted

# What brings something from the internet, by the last name of its call; the first name tells the general ones.
_FETCHES = frozenset(
    {"hf_hub_download", "snapshot_download", "urlopen", "urlretrieve", "cached_download", "load_state_dict_from_url"}
)
_CLIENTS = frozenset({"requests", "httpx", "session", "urllib", "urllib3", "wget", "gdown"})
_REMOTE = ("http://", "https://", "s3://", "gs://", "hf://", "ftp://")
# Arguments by keyword that say something here.
_KEYWORDS = frozenset(
    {
        "trust_remote_code",
        "trust_repo",
        "revision",
        "code_revision",
        "verify",
        "verify_ssl",
        "ssl",
        "weights_only",
        "allow_pickle",
        "share",
    }
)
_LOADS = frozenset({"load", "loads", "read_pickle", "Unpickler"})

Locate = Callable[[ast.expr | ast.stmt], Place]


class Calls:
    """The calls of a program, cell by cell: names keep what they stand for from one to the next."""

    def __init__(self) -> None:
        self._remote: set[str] = set()  # names that stand for what was fetched

    def of(self, module: ast.Module, locate: Locate) -> Iterator[Value]:
        """Each call that may say something: its function, its arguments by keyword, and whether it is given a download."""
        for statement in module.body:
            self._follow(statement)
            for node in ast.walk(statement):
                if isinstance(node, ast.Call):
                    name = dotted(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
                    keywords = {k.arg: k.value for k in node.keywords if k.arg in _KEYWORDS}
                    if keywords or name.rpartition(".")[2] in _LOADS or "unverified" in name:
                        yield self._call(name, node, keywords, locate)
                elif isinstance(node, ast.Attribute) and node.attr == "_create_unverified_context":
                    place = locate(node)
                    yield known(Body.of({"function": known(dotted(node), place)}, place), place)

    def _call(self, name: str, node: ast.Call, keywords: dict[str, ast.expr], locate: Locate) -> Value:
        place = locate(node)
        arguments = {k: _literal(v, place) for k, v in keywords.items()}
        given = [*node.args, *(k.value for k in node.keywords)]
        fetched = any(self._is_remote(a) or _is_address(a) for a in given)
        body = {
            "function": known(name, place),
            "arguments": known(Body.of(arguments, place), place),
            "fetched": known(fetched, place),
        }
        return known(Body.of(body, place), place)

    def _follow(self, statement: ast.stmt) -> None:
        """Remember the names that a statement gives to what was fetched."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and self._is_remote(node.value):
                self._remote |= {t.id for t in node.targets if isinstance(t, ast.Name)}
            elif (
                isinstance(node, ast.withitem)
                and isinstance(node.optional_vars, ast.Name)
                and self._is_remote(node.context_expr)
            ):
                self._remote.add(node.optional_vars.id)

    def _is_remote(self, node: ast.expr) -> bool:
        """Whether something in an expression comes from the internet."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in self._remote:
                return True
            if isinstance(inner, ast.Call):
                first, _, last = dotted(inner.func).rpartition(".")
                if last in _FETCHES or first.partition(".")[0] in _CLIENTS:
                    return True
        return False


def _is_address(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(_REMOTE)


def _literal(node: ast.expr, place: Place) -> Value:
    if isinstance(node, ast.Constant):
        return absent(place) if node.value is None else known(node.value, place)
    return unknown("it is computed", place)
