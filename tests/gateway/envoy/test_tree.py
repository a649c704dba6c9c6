"""The tree, in the Lua that runs in Envoy, and the routes as their protocol tells them, take the same paths."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import lupa.luajit21 as lupa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.gateway.envoy.lua_text import literal, shipped
from garrison.gateway.envoy.tree import Leaf, Tree
from garrison.gateway.protocols.protocol import names, protocol
from garrison.gateway.protocols.route import MODEL_IN_PATH


def tree_of(name: str, prefix: str = "") -> Tree:
    tree = Tree()
    for route in protocol(name).routes:
        tree.add(prefix, Leaf(mount=name, protocol=name, route=route, unfit=False))
    return tree


def asked(tree: Tree) -> Callable[[str, str], tuple[str, str] | None]:
    """What the Lua says of a method and a path: the action, and the model."""
    root, leaves = tree.as_lua()
    filled = {"TREE": root, "LEAVES": leaves, "MOUNTS": {}, "KEYS_TEXT": "", "ISSUERS": [], "CERTIFICATES": []}
    values = "".join(f"local {name} = {literal(value)}\n" for name, value in filled.items())
    code = shipped("ask").replace("function envoy_on_request", "LEAF_OF = leaf_of\nfunction envoy_on_request")
    runtime = lupa.LuaRuntime(encoding="latin-1")
    runtime.execute(values + code)
    leaf_of: Any = runtime.globals().LEAF_OF

    def ask(method: str, path: str) -> tuple[str, str] | None:
        found = leaf_of(method, path)
        leaf, model, _ = found if isinstance(found, tuple) else (None, None, 0)
        return None if leaf is None else (leaf.action, model or "")

    return ask


ASK = {name: asked(tree_of(name)) for name in names()}
MODEL = re.compile(MODEL_IN_PATH)
SEGMENTS = ["v2", "models", "iris", "versions", "1", "1.2", "infer", "ready", "repository", "index", "load", "", "health",
            "live", "..", "%69ris", "a b", "iris:predict", "x.y-z_", "-x", "v1", "chat", "completions", "*", "exact"]  # fmt: skip
PATHS = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=8).map(lambda some: "/" + "/".join(some))


@pytest.mark.parametrize("name", names())
@given(path=PATHS, method=st.sampled_from(["GET", "POST", "DELETE", "OPTIONS"]))
def test_tree_and_patterns_agree(name: str, path: str, method: str) -> None:
    routes = [r for r in protocol(name).routes if method in r.methods and re.fullmatch(r.pattern(), path)]
    found = ASK[name](method, path)
    assert (found is not None) is bool(routes)
    if found is not None:
        assert found[0] == routes[0].action
        assert bool(found[1]) is ("{model}" in routes[0].path)
        if found[1]:
            assert re.fullmatch(routes[0].pattern(found[1]), path)


@pytest.mark.parametrize("name", names())
def test_each_route_is_found_by_its_own_path(name: str) -> None:
    for route in protocol(name).routes:
        plain = route.path.replace("{model}", "m1").replace("{version}", "7")
        for path in {re.sub(r"\[[^\]]*\]", "", plain), plain.replace("[", "").replace("]", "")}:
            for method in route.methods:
                found = ASK[name](method, re.sub(r"\{\w+\}", "thing", path))
                assert found == (route.action, "m1" if "{model}" in route.path else "")


def test_two_that_answer_the_same_are_told_apart_by_a_prefix() -> None:
    tree = tree_of("open-inference")
    live = protocol("open-inference").routes[0]
    infer = next(route for route in protocol("open-inference").routes if route.path.endswith("/infer"))
    with pytest.raises(ConfigError, match="open-inference and another answer POST"):
        tree.add("", Leaf(mount="another", protocol="open-inference", route=infer, unfit=False))
    tree.add("/b", Leaf(mount="another", protocol="open-inference", route=live, unfit=False))
    assert asked(tree)("GET", "/b/v2/health/live") == ("health", "")
    assert asked(tree)("GET", "/v2/health/live") == ("health", "")
    tree.add("", Leaf(mount="another", protocol="open-inference", route=live, unfit=False))
    tree.add("", Leaf(mount="a third", protocol="open-inference", route=live, unfit=False))
    assert asked(tree)("GET", "/v2/health/live") is None


@given(st.binary(max_size=300))
def test_sha256_is_sha256(data: bytes) -> None:
    assert SHA256(data).decode() == hashlib.sha256(data).hexdigest()


SHA256: Any = lupa.LuaRuntime(encoding=None).execute(shipped("sha256").encode() + b"\nreturn sha256")


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=9),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)))  # fmt: skip
def test_values_come_back_from_lua(value: Any) -> None:
    runtime = lupa.LuaRuntime()

    def back(said: Any, like: Any) -> Any:
        if isinstance(like, dict):
            return {k: back(said[k.encode().decode()], v) for k, v in like.items()}
        if isinstance(like, list):
            return [back(said[n + 1], v) for n, v in enumerate(like)]
        return said

    assert back(runtime.eval(literal(value)), value) == value


def test_what_is_remembered_does_not_change_what_is_said() -> None:
    ask = asked(tree_of("open-inference"))
    for version in range(5000):
        path = f"/v2/models/m{version}/versions/{version}/infer"
        assert ask("POST", path) == ask("POST", path) == ("infer", f"m{version}")
    assert ask("POST", f"/v2/models/{'x' * 1000}/infer") == ("infer", "x" * 1000)
    assert ask("GET", "/v2/models/m1/infer") is None
