-- Answers under a policy: read like requests, and written anew with what the policy lets out. `J` is json.lua.
--
-- What is copied is copied as it was written. What cannot be read is not let out.

local ffi = require("ffi")
local fstr, copy, floor = ffi.string, ffi.copy, math.floor
local fail, up, foreign, ws, num, any, member = J.fail, J.up, J.foreign, J.ws, J.num, J.any, J.member

-- The answer that is being written ----------------------------------------------------------------------------------------

local KEPT = 1048576 -- bytes that are held from one answer to the next
local out, room, size

local function release()
  out, room = ffi.new("uint8_t[?]", 4096), 4096
end

release()

local function reserve(n)
  if size + n <= room then return end
  while size + n > room do room = room * 2 end
  local larger = ffi.new("uint8_t[?]", room)
  copy(larger, out, size)
  out = larger
end

local function put(p, i, e)
  reserve(e - i)
  copy(out + size, p + i, e - i)
  size = size + e - i
end

local function say(s)
  reserve(#s)
  copy(out + size, s, #s)
  size = size + #s
end

-- Values and rows ---------------------------------------------------------------------------------------------------------

local policy -- while an answer is read
local FORMATS = {}
for k = 0, 15 do FORMATS[k] = "%." .. k .. "f" end

local function verbatim(p, i, d)
  local e = any(p, i, d)
  if e >= 0 then put(p, i, e) end
  return e
end

local function written_whole(p, i, e)
  for k = i, e - 1 do
    local c = p[k]
    if c == 46 or c == 101 or c == 69 then return false end
  end
  return true
end

local scratch = ffi.new("uint8_t[32]")

-- A number with so many decimals, and without a minus before zero.
local function fixed(v, decimals)
  local n = floor((v < 0 and -v or v) * 10 ^ decimals + 0.5)
  if n >= 2 ^ 53 then return say(FORMATS[decimals]:format(v)) end
  local negative, at, least = v < 0 and n > 0, 32, decimals > 0 and 30 - decimals or 31
  while n > 0 or at > least do
    at = at - 1
    if decimals > 0 and at == 31 - decimals then
      scratch[at] = 46
    else
      local rest = floor(n / 10)
      scratch[at] = 48 + (n - rest * 10)
      n = rest
    end
  end
  if negative then
    at = at - 1
    scratch[at] = 45
  end
  put(scratch, at, 32)
end

-- A number as the policy rounds it. Whole ones are labels and counts, and stay; beyond 10^15 there is no fraction to round.
local function rounded(p, i, e, v)
  local decimals, bucket = policy.decimals, policy.bucket
  if not (bucket or decimals) or v > 1e15 or v < -1e15 or written_whole(p, i, e) then return put(p, i, e) end
  if bucket then
    v = floor(v / bucket + 0.5) * bucket
    decimals = decimals and decimals < policy.bucket_decimals and decimals or policy.bucket_decimals
  end
  fixed(v, decimals)
end

local function number(p, i)
  local e, v = num(p, i)
  if e >= 0 then rounded(p, i, e, v) end
  return e
end

local values, values_room = ffi.new("double[?]", 1024), 1024
local kept, kept_room = ffi.new("uint8_t[?]", 1024), 1024

local function note(n, v)
  if n >= values_room then
    local larger = ffi.new("double[?]", values_room * 2)
    copy(larger, values, values_room * 8)
    values, values_room = larger, values_room * 2
  end
  values[n] = v
end

local function greater(a, b)
  if values[a] ~= values[b] then return values[a] > values[b] end
  return a < b
end

local function rank(from, to, most)
  local order = {}
  for k = from, to - 1 do
    kept[k] = 0
    order[#order + 1] = k
  end
  table.sort(order, greater)
  for k = 1, math.min(most, #order) do kept[order[k]] = 1 end
end

-- Marks the `most` greatest of each `width` of the first n values; of equal ones the first.
local function keep_greatest(n, width, most)
  if n > kept_room then
    while n > kept_room do kept_room = kept_room * 2 end
    kept = ffi.new("uint8_t[?]", kept_room)
  end
  for from = 0, n - 1, width do rank(from, from + width, most) end
end


-- A number as its double: which of two is higher can hang on the last digit.
local function double(p, i)
  local e, v, exact = num(p, i)
  if e >= 0 and not exact and policy.top then v = tonumber(fstr(p + i, e - i)) end
  return e, v
end

-- The numbers of the array at i into `values`, from `n` on: the end and how many are there now; nil where others stand too.
local function collect(p, i, n)
  local e = ws(p, i + 1)
  if p[e] == 93 then return e + 1, n end
  while true do
    local c = p[e]
    if c ~= 45 and (c < 48 or c > 57) then return nil, n end
    local v
    e, v = double(p, e)
    if e < 0 then return nil, n end
    note(n, v)
    n = n + 1
    e = ws(p, e)
    if p[e] == 93 then return e + 1, n end
    if p[e] ~= 44 then return nil, n end
    e = ws(p, e + 1)
  end
end

-- Writes the array of numbers at i. Where `shown` is true, `kept` says which are; the others are said to be 0.
local function write_row(p, i, tree, most, shown)
  local e, n, first = ws(p, i + 1), 0, true
  say("[")
  while p[e] ~= 93 do
    local start, v = e, 0
    e, v = num(p, e)
    if n < most and not (tree and (tree[tostring(n)] or tree["*"]) == true) then
      if not first then say(",") end
      first = false
      if not shown or kept[n] == 1 then rounded(p, start, e, v) else say(written_whole(p, start, e) and "0" or "0.0") end
    end
    n = n + 1
    e = ws(p, e)
    if p[e] == 44 then e = ws(p, e + 1) end
  end
  say("]")
  return e + 1
end

-- What a list of answers is ordered by: {"label": .., "score": ..}, or ["label", score] as TensorFlow Serving classifies.
local SCORES = { score = true, probability = true, confidence = true, prob = true }

local function score(p, i, d)
  local found
  if p[i] == 91 then
    local e = ws(p, i + 1)
    if p[e] ~= 34 then return nil end
    e = any(p, e, d)
    e = e >= 0 and ws(p, e) or e
    if e < 0 or p[e] ~= 44 then return nil end
    e, found = double(p, ws(p, e + 1))
    return e >= 0 and p[ws(p, e)] == 93 and found or nil
  end
  if p[i] ~= 123 then return nil end
  local e = ws(p, i + 1)
  while p[e] ~= 125 do
    local key
    e, key = member(p, e)
    if e < 0 then return nil end
    local c = p[e]
    if SCORES[key] and (c == 45 or c >= 48 and c <= 57) then e, found = double(p, e) else e = any(p, e, d) end
    if e < 0 then return nil end
    e = ws(p, e)
    if p[e] == 44 then e = ws(p, e + 1) elseif p[e] ~= 125 then return nil end
  end
  return found
end

-- The scores of the items of the array at i into `values`: how many, or nil where an item has none.
local function scores(p, i, d)
  local e, n = ws(p, i + 1), 0
  while p[e] ~= 93 do
    local v = score(p, e, d)
    if not v then return nil end
    note(n, v)
    n = n + 1
    e = any(p, e, d)
    if e < 0 then return nil end
    e = ws(p, e)
    if p[e] == 44 then e = ws(p, e + 1) elseif p[e] ~= 93 then return nil end
  end
  return n
end

-- Documents ---------------------------------------------------------------------------------------------------------------

local shaped

-- An object without what is stripped. `write(p, v, d, key, inner)` writes a value, `inner` being the policy's tree below it.
local function members(p, i, d, tree, write, state)
  if d >= policy.depth then return fail(i, J.DEEP) end
  local e, first, seen = ws(p, i + 1), true, {}
  say("{")
  if p[e] == 125 then
    say("}")
    return e + 1
  end
  while true do
    local start = e
    local key
    e, key = member(p, e)
    if e < 0 then return -1 end
    if seen[key] then
      fail(e, J.ONCE)
      return foreign(key)
    end
    seen[key] = true
    local inner = tree and (tree[key] or tree["*"])
    if policy.keys[key] or inner == true then
      e = any(p, e, d + 1)
    else
      if not first then say(",") end
      first = false
      put(p, start, e)
      e = write(p, e, d + 1, key, inner, state)
    end
    if e < 0 then return foreign(key) end
    e = ws(p, e)
    if p[e] == 125 then
      say("}")
      return e + 1
    end
    if p[e] ~= 44 then return fail(e, J.MORE_KEYS) end
    e = ws(p, e + 1)
  end
end

-- An array, of which `most` items are written, and only those that `shown` marks in `kept`.
local function items(p, i, d, tree, write, state, most, shown)
  if d >= policy.depth then return fail(i, J.DEEP) end
  local e, n, first = ws(p, i + 1), 0, true
  local marks = shown and fstr(kept, shown)
  say("[")
  if p[e] == 93 then
    say("]")
    return e + 1
  end
  while true do
    local inner = tree and (tree[tostring(n)] or tree["*"])
    if n >= most or inner == true or marks and marks:byte(n + 1) == 0 then
      e = any(p, e, d + 1)
    else
      if not first then say(",") end
      first = false
      e = write(p, e, d + 1, n, inner, state)
    end
    if e < 0 then return up(n) end
    n = n + 1
    e = ws(p, e)
    if p[e] == 93 then
      say("]")
      return e + 1
    end
    if p[e] ~= 44 then return fail(e, J.MORE_ITEMS) end
    e = ws(p, e + 1)
  end
end

local ENDLESS = math.huge

-- A value among the predictions: `outermost` until the first list, which alone is capped.
local function predicted(p, i, d, _, tree, outermost)
  local c = p[i]
  if c == 45 or c >= 48 and c <= 57 then return number(p, i) end
  if c == 123 then return members(p, i, d, tree, predicted, outermost) end
  if c ~= 91 then return verbatim(p, i, d) end
  local most = outermost and policy.items or ENDLESS
  local e, n = collect(p, i, 0)
  if e then
    local top = policy.top and n > policy.top
    if top then keep_greatest(n, n, policy.top) end
    return write_row(p, i, tree, most, top)
  end
  if policy.top then
    n = scores(p, i, d)
    if n and n > policy.top then
      keep_greatest(n, n, policy.top)
      return items(p, i, d, tree, predicted, false, most, n)
    end
  end
  return items(p, i, d, tree, predicted, false, most)
end

local function inner_value(p, i, d, key, tree, targets)
  return shaped(p, i, d, key, tree, targets and (targets[key] or targets["*"]))
end

-- Any other value; `targets` is the tree of where predictions stand: a list of them, or a vector that belongs together.
shaped = function(p, i, d, _, tree, targets)
  if targets == "list" or targets == "vector" then return predicted(p, i, d, 0, tree, targets == "list") end
  if p[i] == 123 then return members(p, i, d, tree, inner_value, targets) end
  if p[i] ~= 91 then return verbatim(p, i, d) end
  local most = targets and targets["*"] and policy.items or ENDLESS
  return items(p, i, d, tree, inner_value, targets, most)
end

-- Tensors -----------------------------------------------------------------------------------------------------------------

-- The sizes at i into a list: the end.
local function sizes(p, i, shape)
  if p[i] ~= 91 then return fail(i, "expected an array") end
  local e = ws(p, i + 1)
  while p[e] ~= 93 do
    local v
    e, v = num(p, e)
    if e < 0 then return -1 end
    if v < 0 or v % 1 ~= 0 or v > 2 ^ 53 then return fail(i, "expected whole numbers") end
    shape[#shape + 1] = v
    e = ws(p, e)
    if p[e] == 44 then e = ws(p, e + 1) elseif p[e] ~= 93 then return fail(e, J.MORE_ITEMS) end
  end
  return e + 1
end

-- Looks through an output without writing: what it is, and where its data stands.
local function survey(p, i, d)
  local found, e = { shape = {} }, ws(p, i + 1)
  if p[i] ~= 123 then return nil, fail(i, "expected an object") end
  while p[e] ~= 125 do
    local key
    e, key = member(p, e)
    if e < 0 then return nil, -1 end
    if key == "shape" then
      e = sizes(p, e, found.shape)
    elseif key == "datatype" then
      local at = e
      e = any(p, e, d)
      if e >= 0 then found.datatype = fstr(p + at, e - at) end
    else
      if key == "data" then found.data = e end
      e = any(p, e, d)
    end
    if e < 0 then return nil, foreign(key) end
    e = ws(p, e)
    if p[e] == 44 then e = ws(p, e + 1) elseif p[e] ~= 125 then return nil, fail(e, J.MORE_KEYS) end
  end
  if not found.data or not found.datatype then return nil, fail(i, "expected an output with data as JSON") end
  return found
end

-- Nested data, or the rows of flat data: `axis` is the one whose items stand here.
local function tensor_data(p, i, d, axis, _, output)
  if p[i] ~= 91 then return fail(i, "expected data as the shape says") end
  local most = axis == 1 and output.rows or ENDLESS
  local rank = #output.shape
  local flat = axis == 1 and (rank < 2 or p[ws(p, i + 1)] ~= 91)
  if not flat and axis < rank then
    return items(p, i, d, nil, function(p, v, d) return tensor_data(p, v, d, axis + 1, nil, output) end, nil, most)
  end
  if not output.numeric then
    local step = flat and output.row_size or 1
    return items(p, i, d, nil, verbatim, nil, most * step)
  end
  local e, n = collect(p, i, 0)
  if not e then return fail(i, "expected numbers") end
  if n ~= (flat and output.elements or output.shape[rank]) then return fail(i, "expected as many numbers as the shape says") end
  local width = output.shape[rank] or 1
  local top = policy.top and output.fraction and width > policy.top
  if top then keep_greatest(n, width, policy.top) end
  return write_row(p, i, nil, flat and most * output.row_size or most, top)
end

local function output_member(p, i, d, key, inner, output)
  if key == "data" then return tensor_data(p, i, d, 1, nil, output) end
  if key == "shape" and output.rows < (output.shape[1] or 0) then
    local shape = { unpack(output.shape) }
    shape[1] = output.rows
    for k = 1, #shape do shape[k] = ("%.0f"):format(shape[k]) end
    say("[" .. table.concat(shape, ",") .. "]")
    return any(p, i, d)
  end
  return shaped(p, i, d, key, inner)
end

local function tensor(p, i, d, _, tree)
  local output, failed = survey(p, i, d)
  if not output then return failed end
  local shape, elements = output.shape, 1
  for k = 1, #shape do elements = elements * shape[k] end
  output.elements, output.rows = elements, math.min(policy.items or ENDLESS, shape[1] or 1)
  output.row_size = shape[1] and shape[1] > 0 and elements / shape[1] or 1
  output.fraction = output.datatype:find("FP", 1, true) or output.datatype:find("BF16", 1, true)
  output.numeric = output.fraction or output.datatype:find("INT", 1, true)
  return members(p, i, d, tree, output_member, output)
end

local function inference_member(p, i, d, key, tree)
  if key ~= "outputs" then return shaped(p, i, d, key, tree) end
  if p[i] ~= 91 then return fail(i, "expected an array") end
  return items(p, i, d, tree, tensor, nil, ENDLESS)
end

local function answer(p, i, d, chosen)
  if not chosen.tensors then return shaped(p, i, d, 0, chosen.tree, chosen.targets) end
  if p[i] ~= 123 then return fail(i, "expected an object") end
  return members(p, i, d, chosen.tree, inference_member)
end

-- Writes a body under a policy: true and the new body, or false and why it could not be read.
local function check(chosen, body)
  policy, size = chosen, 0
  local fine, message = J.check(answer, body, chosen.size_bytes, chosen.depth, chosen)
  local written = fine and fstr(out, size) or message
  if room > KEPT then release() end
  if values_room * 8 > KEPT then values, values_room = ffi.new("double[?]", 1024), 1024 end
  return fine, written
end

return { check = check }
