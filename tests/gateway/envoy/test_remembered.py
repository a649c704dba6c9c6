"""What the first look at a request remembers is bounded, whatever clients send."""

from __future__ import annotations

from typing import Any

import lupa.luajit21 as lupa
import pytest

from garrison.gateway.envoy.lua_text import literal, shipped

FILLED: dict[str, Any] = {"TREE": {}, "LEAVES": [], "MOUNTS": {}, "KEYS_TEXT": "", "ISSUERS": [], "CERTIFICATES": []}
# How many are remembered after each of so many tokens of two issuers was let in once, and how many bytes Lua holds then.
COUNT = """
return function(tokens, length)
  for n = 1, tokens do
    local text = n .. ("x"):rep(length)
    remember({ name = "issuer" .. n % 2 }, text, { role = "service", client = "corp:" .. n })
    assert(#text > LONGEST_TOKEN or LET_IN["issuer" .. n % 2][text] == "service corp:" .. n)
  end
  local count = 0
  for _, known in pairs(LET_IN) do for _ in pairs(known) do count = count + 1 end end
  collectgarbage()
  return count, collectgarbage("count") * 1024
end
"""


@pytest.mark.parametrize(("tokens", "length", "remembered"), [(4096, 90, 4096), (10_000, 90, 1808), (20, 5000, 0)])
def test_tokens_are_remembered_up_to_a_number_and_a_length(tokens: int, length: int, remembered: int) -> None:
    values = "".join(f"local {name} = {literal(value)}\n" for name, value in FILLED.items())
    code = shipped("ask").replace(
        "function envoy_on_request", f"COUNTED = (function() {COUNT} end)()\nfunction envoy_on_request"
    )
    runtime = lupa.LuaRuntime(unpack_returned_tuples=True)
    runtime.execute(values + code)
    counted: Any = runtime.globals().COUNTED
    count, held = counted(tokens, length)
    assert count == remembered
    assert held < 4_000_000
