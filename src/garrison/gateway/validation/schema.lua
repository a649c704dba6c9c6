-- Values held against schemas that are tables, in one pass over the bytes. `J` is json.lua, and `garrison` has runs.lua;
-- schema.py says what a node is.
--
-- The schemas of all models are read by the same functions, so that the traces of the compiler are shared: code of its own
-- for each model is as quick for one, and ten times slower for a hundred. A node that is true allows anything.

local ffi, bit = require("ffi"), require("bit")
local band, bor, lshift = bit.band, bit.bor, bit.lshift
local fail, up, foreign, spend, ws, str = J.fail, J.up, J.foreign, J.spend, J.ws, J.str
local length, num, integral, multiple = J.length, J.num, J.integral, J.multiple
local below, above, member, any, identity = J.below, J.above, J.member, J.any, J.identity
local matches, found, unexpected = J.matches, J.found, J.unexpected
local record, limit, ONCE, DEEP, MORE_KEYS, MORE_ITEMS = J.record, J.limit, J.ONCE, J.DEEP, J.MORE_KEYS, J.MORE_ITEMS

-- What the first byte of a value says of its type; 0 where it begins none.
local STRING, NUMBER, OBJECT, ARRAY, BOOLEAN, NULL = 1, 2, 4, 8, 16, 32
local KIND = ffi.new("uint8_t[256]")
KIND[34], KIND[123], KIND[91], KIND[116], KIND[102], KIND[110] = STRING, OBJECT, ARRAY, BOOLEAN, BOOLEAN, NULL
KIND[45] = NUMBER
for c = 48, 57 do KIND[c] = NUMBER end

local read

local function value(p, i, d, node)
  if node == true then return any(p, i, d) end
  return read(p, i, d, node)
end

local function string(p, i, limits)
  local e, escaped = str(p, i)
  if e < 0 then return -1 end
  local bytes, least, most = e - i - 2, limits.least, limits.most
  if most and bytes > most and length(p, i, e) > most then return fail(i, limits.too_long) end
  if least and (escaped or bytes < 4 * least) and length(p, i, e) < least then return fail(i, limits.too_short) end
  if limits.pattern and not matches(limits.pattern, p, i, e, escaped) then
    return fail(i, "expected a string that the pattern of the schema is found in")
  end
  return e
end

-- Where a number ends, its value, and whether that is exact.
local function number(p, i, limits)
  local e, v, exact = num(p, i)
  if e < 0 then return -1, 0, false end
  if limits.whole and (exact and v % 1 ~= 0 or not exact and not integral(p, i, e)) then return fail(i, limits.whole), 0, false end
  local low, high, divisor = limits.low, limits.high, limits.divisor
  if low and v < low.inner and below(p, i, e, v, exact, low) then return fail(i, low.expected), 0, false end
  if high and v > high.inner and above(p, i, e, v, exact, high) then return fail(i, high.expected), 0, false end
  if divisor and not multiple(p, i, e, divisor.digits, divisor.exponent) then return fail(i, divisor.expected), 0, false end
  return e, v, exact
end

-- Objects -----------------------------------------------------------------------------------------------------------------

-- A value whose key the schema does not name: held against every pattern that is found in the key, else `additional`.
local function unnamed(p, v, d, limits, key)
  local patterns, e = limits.patterns, nil
  for k = 1, patterns and #patterns or 0 do
    if e ~= -1 and found(patterns[k].pattern, key) then
      e = value(p, v, d, patterns[k].node)
      spend(v, e)
    end
  end
  if e then return e end
  if limits.closed then return fail(v, "expected no property of this name") end
  return value(p, v, d, limits.additional)
end

-- Whether a property that the schema names is there: its bit is in the mask, or, of too many for that, its key was seen.
local function has(limits, id, mask, first, seen)
  if not limits.many then return band(mask, lshift(1, id - 1)) ~= 0 end
  return first == limits.keys[id] or seen ~= nil and seen[limits.keys[id]]
end

-- What is known of an object once all its keys are.
local function complete(p, i, d, limits, n, mask, first, seen)
  if n < limits.least then return fail(i, limits.too_few) end
  local required, dependent = limits.required, limits.dependent
  for k = 1, #required do
    if not has(limits, required[k].id, mask, first, seen) then return fail(i, required[k].expected) end
  end
  for k = 1, #dependent do
    if has(limits, dependent[k].id, mask, first, seen) then
      for j = 1, #dependent[k].required do
        local other = dependent[k].required[j]
        if not has(limits, other.id, mask, first, seen) then return fail(i, other.expected) end
      end
      if dependent[k].node then
        local e = value(p, i, d, dependent[k].node)
        spend(i, e)
        if e < 0 then return -1 end
      end
    end
  end
  return i
end

local function object(p, i, d, limits)
  if d >= limit.depth then return fail(i, DEEP) end
  local ids, nodes, names, many = limits.ids, limits.nodes, limits.names, limits.many
  local n, mask, first, seen = 0, 0, nil, nil
  local e = ws(p, i + 1)
  if p[e] == 125 then
    e = e + 1
  else
    while true do
      if n >= limits.most then return fail(i, limits.too_many) end
      local at, key = e, nil
      e, key = member(p, e)
      if e < 0 then return -1 end
      if names and value(p, at, d + 1, names) < 0 then return foreign(key) end
      local id = ids[key]
      if id and not many then
        local flag = lshift(1, id - 1)
        if band(mask, flag) ~= 0 then
          fail(e, ONCE)
          return up(key)
        end
        mask = bor(mask, flag)
      elseif first == nil then
        first = key
      else
        if seen == nil then seen = { [first] = true } end
        if seen[key] then
          fail(e, ONCE)
          return foreign(key)
        end
        seen[key] = true
      end
      n = n + 1
      if id then
        e = value(p, e, d + 1, nodes[id])
        if e < 0 then return up(key) end
      else
        e = unnamed(p, e, d + 1, limits, key)
        if e < 0 then return foreign(key) end
      end
      e = ws(p, e)
      local c = p[e]
      if c == 125 then
        e = e + 1
        break
      end
      if c ~= 44 then return fail(e, MORE_KEYS) end
      e = ws(p, e + 1)
    end
  end
  if not limits.demands or not many and limits.plain and band(mask, limits.plain) == limits.plain then return e end
  if complete(p, i, d, limits, n, mask, first, seen) < 0 then return -1 end
  return e
end

-- Arrays ------------------------------------------------------------------------------------------------------------------

local number_limits = record({ "whole", "low", "high", "divisor", "run" })
local ANY_NUMBER = number_limits({})
local WORTH = 16 -- fewer are as soon read again
local runs, PATIENCE, min, max = garrison.runs, garrison.runs.PATIENCE, math.min, math.max

-- The items of an array of numbers alone, as data is: a loop of its own, since most bytes of most bodies are read by it, the
-- plain ones many at a time. Where somebody else will read them too, as tensors, it is remembered what they are.
local function numbers(p, i, e, limits, node)
  local most, numeric, n = limits.most, node.number or ANY_NUMBER, 0
  local v, exact, low, high, whole = 0, false, math.huge, -math.huge, true
  local run, wait = runs.of(numeric), 0
  while true do
    if run and wait == 0 then
      local many, points
      e, many, points = runs.skip(run, p, e)
      if many > 0 then
        n, low, high, whole = n + many, min(low, run.least), max(high, run.most), whole and not points
      end
      if many < PATIENCE then wait = PATIENCE end
    else
      wait = wait - 1
    end
    if n >= most then return fail(i, limits.too_many), n end
    if KIND[p[e]] == NUMBER then e, v, exact = number(p, e, numeric) else e = unexpected(p, e, node.expected) end
    if e < 0 then return up(n), n end
    if v < low then low = v end
    if v > high then high = v end
    if v % 1 ~= 0 or not exact then whole = false end
    n = n + 1
    e = ws(p, e)
    local c = p[e]
    if c == 93 then break end
    if c ~= 44 then return fail(e, MORE_ITEMS), n end
    e = ws(p, e + 1)
  end
  if J.rows and n >= WORTH then J.rows[i] = { e = e + 1, n = n, low = low, high = high, whole = whole } end
  return e + 1, n
end

local function array(p, i, d, limits)
  if d >= limit.depth then return fail(i, DEEP) end
  local prefix, items, contains, most = limits.prefix, limits.items, limits.contains, limits.most
  local n, hits, forms = 0, 0, limits.unique and {} or nil
  local e = ws(p, i + 1)
  if p[e] == 93 then
    e = e + 1
  elseif limits.numbers then
    e, n = numbers(p, i, e, limits, items)
    if e < 0 then return -1 end
  else
    while true do
      if n >= most then return fail(i, limits.too_many) end
      local v = e
      if prefix and n < #prefix then e = value(p, v, d + 1, prefix[n + 1]) else e = value(p, v, d + 1, items) end
      if e < 0 then return up(n) end
      if contains then
        local hit = value(p, v, d + 1, contains)
        spend(v, hit)
        if hit >= 0 then hits = hits + 1 end
      end
      if forms then
        local form = identity(p, v, e)
        if forms[form] then
          fail(v, "expected items that all differ")
          return up(n)
        end
        forms[form] = true
      end
      n = n + 1
      e = ws(p, e)
      local c = p[e]
      if c == 93 then
        e = e + 1
        break
      end
      if c ~= 44 then return fail(e, MORE_ITEMS) end
      e = ws(p, e + 1)
    end
  end
  if n < limits.least then return fail(i, limits.too_few) end
  if contains and hits < limits.least_hits then return fail(i, limits.too_few_hits) end
  if contains and hits > limits.most_hits then return fail(i, limits.too_many_hits) end
  return e
end

-- One value, several schemas ----------------------------------------------------------------------------------------------

-- Another schema for a value that is read again, or for the first time by an alternative.
local function again(p, i, d, node)
  local e = value(p, i, d, node)
  spend(i, e)
  return e
end

-- Each has read the whole value where it answers an end, so a value that fits is well formed.
local function in_place(p, i, d, node, e)
  local all_of, any_of, one_of = node.all_of, node.any_of, node.one_of
  for k = 1, all_of and #all_of or 0 do
    e = again(p, i, d, all_of[k])
    if e < 0 then return -1 end
  end
  if any_of then
    e = -1
    for k = 1, #any_of do
      e = again(p, i, d, any_of[k])
      if e >= 0 then break end
    end
    if e < 0 then return fail(i, "expected a value that fits one of the alternatives of anyOf") end
  end
  if one_of then
    local hits = 0
    for k = 1, #one_of do
      local x = again(p, i, d, one_of[k])
      if x >= 0 then
        hits, e = hits + 1, x
        if hits > 1 then break end
      end
    end
    if hits ~= 1 then return fail(i, "expected a value that fits exactly one of the alternatives of oneOf") end
  end
  if node.negated and again(p, i, d, node.negated) >= 0 then
    return fail(i, "expected a value that does not fit the schema under not")
  end
  if node.condition then
    local chosen = node.otherwise
    if again(p, i, d, node.condition) >= 0 then chosen = node.consequence end
    if chosen then e = again(p, i, d, chosen) end
  end
  return e
end

read = function(p, i, d, node)
  local kind = KIND[p[i]]
  if band(node.types, kind) == 0 then return unexpected(p, i, node.expected) end
  local e = i
  if not node.bare then
    if kind == NUMBER then
      if node.number then e = number(p, i, node.number) else e = num(p, i) end
    elseif kind == STRING then
      if node.string then e = string(p, i, node.string) else e = str(p, i) end
    elseif kind == OBJECT and node.object then
      e = object(p, i, d, node.object)
    elseif kind == ARRAY and node.array then
      e = array(p, i, d, node.array)
    else
      e = any(p, i, d)
    end
    if e < 0 then return -1 end
    if node.allowed and not node.allowed[identity(p, i, e)] then return fail(i, node.expected) end
  end
  if node.in_place then return in_place(p, i, d, node, e) end
  return e
end

-- Holds a body against a schema: true, or false and where what was expected.
local function check(node, body, size_bytes, depth)
  return J.check(value, body, size_bytes, depth, node)
end

local function nodes(count)
  local found = {}
  for k = 1, count do found[k] = {} end
  return found
end

return {
  check = check, nodes = nodes,
  node = record({
    "types", "expected", "bare", "string", "number", "object", "array", "allowed", "in_place", "all_of", "any_of", "one_of",
    "negated", "condition", "consequence", "otherwise",
  }),
  string = record({ "least", "most", "too_short", "too_long", "pattern" }),
  number = number_limits,
  object = record({
    "ids", "nodes", "keys", "many", "names", "patterns", "additional", "closed", "least", "most", "too_few", "too_many",
    "demands", "plain", "required", "dependent",
  }),
  array = record({
    "prefix", "items", "contains", "unique", "least", "most", "too_few", "too_many", "least_hits", "most_hits",
    "too_few_hits", "too_many_hits", "numbers",
  }),
}
