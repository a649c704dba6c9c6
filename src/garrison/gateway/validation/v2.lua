-- Inference requests of the Open Inference Protocol (V2) over HTTP: each tensor's shape, datatype and data agree, whether the
-- data is JSON, nested or flat, or binary behind the JSON (Triton's binary tensor data extension). `J` is json.lua, and
-- `garrison` has runs.lua.
--
-- https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
-- https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md

local ffi = require("ffi")
local cast = ffi.cast
local fail, up, foreign, ws, str, text, num = J.fail, J.up, J.foreign, J.ws, J.str, J.text, J.num
local below, above, integral, any, member, bytes_t = J.below, J.above, J.integral, J.any, J.member, J.bytes_t

local runs = garrison.runs

local MAX_RANK, MAX_ELEMENTS = 16, 2 ^ 53

local declared -- what the model declares, while a request is read
local raw, raw_at, raw_end = nil, 0, 0 -- the binary data behind the JSON, and how much of it is taken

-- Containers ------------------------------------------------------------------------------------------------------------

-- An object of which every property is known: `take(p, v, d, key, state)` reads a value and answers its end.
local function members(p, i, d, take, state)
  if p[i] ~= 123 then return fail(i, "expected an object") end
  local seen = {}
  local e = ws(p, i + 1)
  if p[e] == 125 then return e + 1 end
  while true do
    local key
    e, key = member(p, e)
    if e < 0 then return -1 end
    if seen[key] then
      fail(e, J.ONCE)
      return foreign(key)
    end
    seen[key] = true
    e = take(p, e, d + 1, key, state)
    if e < 0 then return foreign(key) end
    e = ws(p, e)
    if p[e] == 125 then return e + 1 end
    if p[e] ~= 44 then return fail(e, J.MORE_KEYS) end
    e = ws(p, e + 1)
  end
end

-- An array: `take(p, v, d, n, state, k)` reads the item n. Answers the end and how many there are.
local function items(p, i, d, take, state, k)
  if p[i] ~= 91 then return fail(i, "expected an array"), 0 end
  local e, n = ws(p, i + 1), 0
  if p[e] == 93 then return e + 1, 0 end
  while true do
    e = take(p, e, d + 1, n, state, k)
    if e < 0 then return up(n), n end
    n = n + 1
    e = ws(p, e)
    if p[e] == 93 then return e + 1, n end
    if p[e] ~= 44 then return fail(e, J.MORE_ITEMS), n end
    e = ws(p, e + 1)
  end
end

local function string(p, i)
  local e, escaped = str(p, i)
  if e < 0 then return -1, "" end
  return e, text(p, i, e, escaped)
end

-- A number from 0 on without a fraction, small enough to count with.
local function count(p, i)
  local e, v, exact = num(p, i)
  if e < 0 then return -1, 0 end
  if not exact or v < 0 or v % 1 ~= 0 then return fail(i, "expected a whole number from 0 on"), 0 end
  return e, v
end

-- Data as JSON ------------------------------------------------------------------------------------------------------------

local scalar = {}

function scalar.number(p, i, spec)
  local e, v, exact = num(p, i)
  if e < 0 then return -1 end
  if spec.whole and (exact and v % 1 ~= 0 or not exact and not integral(p, i, e)) then return fail(i, spec.expected) end
  if below(p, i, e, v, exact, spec.low) or above(p, i, e, v, exact, spec.high) then return fail(i, spec.expected) end
  return e
end

function scalar.boolean(p, i, spec)
  local c = p[i]
  if c ~= 116 and c ~= 102 then return fail(i, spec.expected) end
  return any(p, i, 0)
end

function scalar.string(p, i, spec)
  local e, escaped = str(p, i)
  if e < 0 then return -1 end
  local most = spec.max_bytes
  if most and e - i - 2 > most and (not escaped or #text(p, i, e, true) > most) then return fail(i, spec.expected) end
  return e
end

-- An array of scalars: its end, and how many there are. What the schema has read is not read again where the extremes of its
-- numbers lie within bounds so that no double stands for another number on the far side.
local function row(p, i, spec)
  local known = J.rows and J.rows[i]
  if known and spec.kind == "number" and (known.whole or not spec.whole)
    and known.low >= spec.low.inner and known.high <= spec.high.inner then
    return known.e, known.n
  end
  local read, e, n = scalar[spec.kind], ws(p, i + 1), 0
  if p[e] == 93 then return e + 1, 0 end
  local run, wait = spec.kind == "number" and runs.of(spec), 0
  while true do
    if run and wait == 0 then
      local many
      e, many = runs.skip(run, p, e)
      n = n + many
      if many < runs.PATIENCE then wait = runs.PATIENCE end
    else
      wait = wait - 1
    end
    e = read(p, e, spec)
    if e < 0 then return up(n), n end
    n = n + 1
    e = ws(p, e)
    local c = p[e]
    if c == 93 then return e + 1, n end
    if c ~= 44 then return fail(e, J.MORE_ITEMS), n end
    e = ws(p, e + 1)
  end
end

-- Data that is nested as its shape says, the axis k.
local function nested(p, i, d, _, tensor, k)
  if p[i] ~= 91 then return fail(i, "expected data nested as the shape says, or flat") end
  local e, n
  if k == #tensor.shape then e, n = row(p, i, tensor.spec) else e, n = items(p, i, d, nested, tensor, k + 1) end
  if e >= 0 and n ~= tensor.shape[k] then return fail(i, "expected as many items as the shape says") end
  return e
end

local function data(p, i, d, tensor)
  if p[i] ~= 91 then return fail(i, "expected an array") end
  if #tensor.shape > 1 and p[ws(p, i + 1)] == 91 then return nested(p, i, d, 0, tensor, 1) end
  local e, n = row(p, i, tensor.spec)
  if e >= 0 and n ~= tensor.elements then return fail(i, "expected as many items as the shape says") end
  return e
end

-- Data as bytes -----------------------------------------------------------------------------------------------------------

local halves = {} -- by datatype, every number of 16 bits, made when the first is met

-- FP16 is IEEE 754's binary16; BF16 is the upper half of a binary32.
local function values_of(datatype)
  if halves[datatype] then return halves[datatype] end
  local half = ffi.new("double[65536]")
  halves[datatype] = half
  local exponents = datatype == "BF16" and 256 or 32
  local mantissas = 32768 / exponents
  local bias = exponents / 2 - 1
  for k = 0, 65535 do
    local x, m = math.floor(k % 32768 / mantissas), k % mantissas
    local v = x == 0 and m / mantissas * 2 ^ (1 - bias) or (1 + m / mantissas) * 2 ^ (x - bias)
    if x == exponents - 1 then v = 0 / 0 end
    half[k] = k < 32768 and v or -v
  end
  return half
end

-- The bytes of numbers are numbers within the bounds; NaN and infinities lie within none.
local function binary_numbers(spec, p, n)
  local lo, hi = spec.binary_low, spec.binary_high
  if not lo then return true end -- every pattern of bits is allowed
  local v = cast(spec.ctype, p)
  if spec.half then
    local value = values_of(spec.datatype)
    for k = 0, n - 1 do
      local x = value[v[k]]
      if not (x >= lo and x <= hi) then return false end
    end
    return true
  end
  for k = 0, n - 1 do
    local x = v[k]
    if not (x >= lo and x <= hi) then return false end
  end
  return true
end

-- BYTES: each element is its length, 4 bytes, the lowest first, and its bytes.
local function binary_strings(spec, p, n, size)
  local at, most = 0, spec.max_bytes or size
  for _ = 1, n do
    if size - at < 4 then return false end
    local length = p[at] + p[at + 1] * 256 + p[at + 2] * 65536 + p[at + 3] * 16777216
    at = at + 4
    if length > size - at or length > most then return false end
    at = at + length
  end
  return at == size
end

-- The next `size` bytes behind the JSON are the data of this tensor.
local function binary(i, tensor)
  local spec, elements, size = tensor.spec, tensor.elements, tensor.size
  if not declared.binary then return fail(i, "expected data as JSON; binary data is not allowed here") end
  if not raw then return fail(i, "expected the header Inference-Header-Content-Length with binary data") end
  if size > raw_end - raw_at then return fail(i, "expected as many bytes behind the JSON") end
  local p = raw + raw_at
  raw_at = raw_at + size
  if spec.kind == "string" then
    if not binary_strings(spec, p, elements, size) then return fail(i, "expected elements as the shape says, each after its length") end
  else
    if size ~= elements * spec.width then return fail(i, "expected the size that shape and datatype give") end
    if not binary_numbers(spec, p, elements) then return fail(i, spec.expected) end
  end
  return i
end

-- Requests ----------------------------------------------------------------------------------------------------------------

-- Parameters are strings, numbers and booleans; what would lead around this check is refused by name.
local function parameter(p, i, d, key, tensor)
  if declared.refused[key] then return fail(i, declared.refused[key]) end
  local c = p[i]
  if c == 123 or c == 91 or c == 110 then return fail(i, "expected a string, a number, true or false") end
  if tensor and key == "binary_data_size" then
    local e
    e, tensor.size = count(p, i)
    return e
  end
  if declared.json_outputs and (key == "binary_data" or key == "binary_data_output") and c ~= 102 then
    return fail(i, "expected false: the outputs of this model are answered as JSON")
  end
  return any(p, i, d)
end

local function dimension(p, i, _, n, shape)
  if n >= MAX_RANK then return fail(i, "expected at most 16 dimensions") end
  local e, v = count(p, i)
  shape[n + 1] = v
  return e
end

local NEEDED = { "name", "datatype", "shape" }

local function mismatch(i, said, ...)
  fail(i, said)
  for k = 1, select("#", ...) do up((select(k, ...))) end
  return false
end

-- Finds what is declared for a tensor; true where name, datatype and shape are there and agree with it.
local function settle(i, tensor)
  local name, datatype, shape = tensor.name, tensor.datatype, tensor.shape
  for _, key in ipairs(NEEDED) do
    if not tensor[key] then return mismatch(i, "expected the property \"" .. key .. "\"") end
  end
  local spec = declared.datatypes[datatype]
  if not spec then return mismatch(i, "expected a datatype of the Open Inference Protocol", "datatype") end
  if declared.inputs then
    spec = declared.inputs[name]
    if not spec then return mismatch(i, "expected an input that the model declares", "name") end
    if spec.datatype ~= datatype then return mismatch(i, "expected " .. spec.datatype, "datatype") end
    if #spec.shape ~= #shape then return mismatch(i, "expected " .. #spec.shape .. " dimensions", "shape") end
  end
  local elements = 1
  for k = 1, #shape do
    local size = spec.shape and spec.shape[k] or -1
    if size >= 0 and size ~= shape[k] then return mismatch(i, "expected " .. size, k - 1, "shape") end
    elements = elements * shape[k]
  end
  if elements > MAX_ELEMENTS then return mismatch(i, "expected fewer elements", "shape") end
  tensor.spec, tensor.elements = spec, elements
  return true
end

local function input_member(p, i, d, key, tensor)
  local e
  if key == "name" or key == "datatype" then
    e, tensor[key] = string(p, i)
  elseif key == "shape" then
    tensor.shape = {}
    e = items(p, i, d, dimension, tensor.shape)
  elseif key == "parameters" then
    e = members(p, i, d, parameter, tensor)
  elseif key == "data" then
    tensor.data_at = i
    -- Data that comes first, or does not agree, is read again once all of the tensor is known.
    if not settle(i, tensor) then return any(p, i, d) end
    e = data(p, i, d, tensor)
  else
    return fail(i, "expected name, shape, datatype, parameters or data")
  end
  return e
end

local function input(p, i, d, _, names)
  local tensor = {}
  local e = members(p, i, d, input_member, tensor)
  if e < 0 then return -1 end
  if not tensor.spec then
    if not settle(i, tensor) then return -1 end
    if tensor.data_at and data(p, tensor.data_at, d + 1, tensor) < 0 then return up("data") end
  end
  if names[tensor.name] then
    fail(i, "expected each input once")
    return up("name")
  end
  names[tensor.name] = true
  if tensor.size then
    if tensor.data_at then return fail(i, "expected either data or binary_data_size") end
    if binary(i, tensor) < 0 then
      up("binary_data_size")
      return up("parameters")
    end
  elseif not tensor.data_at then
    return fail(i, "expected the property \"data\"")
  end
  return e
end

local function output_member(p, i, d, key, output)
  if key == "parameters" then return members(p, i, d, parameter) end
  if key ~= "name" then return fail(i, "expected name or parameters") end
  local e
  e, output.name = string(p, i)
  if e >= 0 and declared.outputs and not declared.outputs[output.name] then
    return fail(i, "expected an output that the model declares")
  end
  return e
end

local function output(p, i, d, _, names)
  local found = {}
  local e = members(p, i, d, output_member, found)
  if e < 0 then return -1 end
  if not found.name or names[found.name] then return fail(i, "expected the name of an output, each once") end
  names[found.name] = true
  return e
end

local function request_member(p, i, d, key, request)
  if key == "id" then return (str(p, i)) end
  if key == "parameters" then return members(p, i, d, parameter) end
  if key == "inputs" then return (items(p, i, d, input, request.inputs)) end
  if key == "outputs" then return (items(p, i, d, output, request.outputs)) end
  return fail(i, "expected id, parameters, inputs or outputs")
end

local function request(p, i, d)
  local found = { inputs = {}, outputs = {} }
  local e = members(p, i, d, request_member, found)
  if e < 0 then return -1 end
  if not next(found.inputs) then return fail(i, "expected inputs, at least one") end
  for k = 1, #declared.required do
    local name = declared.required[k]
    if not found.inputs[name] then return fail(i, "expected the input \"" .. name .. "\"") end
  end
  return e
end

-- Reads a request: the body, and the value of Inference-Header-Content-Length, nil where there is none.
local function check(declaration, body, header_length)
  local head = body
  declared, raw, raw_at, raw_end = declaration, nil, 0, 0
  if #body > declared.size_bytes then return false, "the body: expected at most " .. declared.size_bytes .. " bytes" end
  if header_length then
    -- Without a JSON header (length 0) the model guesses what the bytes are: nothing would be checked.
    local length = header_length:find("^[1-9]%d*$") and #header_length < 16 and tonumber(header_length)
    if not length or length > #body then
      return false, "the body: expected Inference-Header-Content-Length to be the length of the JSON, from 1 to that of the body"
    end
    head = body:sub(1, length)
    raw, raw_at, raw_end = cast(bytes_t, body), length, #body
  end
  J.rows = declared.schema and {} or nil -- by where they begin in the JSON, what the schema finds out of rows of numbers
  if declared.schema then
    local fine, message = declared.schema(head)
    if not fine then return false, message end
  end
  local fine, message = J.check(request, head, declared.size_bytes, declared.depth)
  if not fine then return false, message end
  if raw_at ~= raw_end then return false, "the body: expected no bytes behind those that the inputs name" end
  return true
end

return {
  check = check,
  tensor = J.record({
    "datatype", "width", "shape", "kind", "expected", "whole", "low", "high", "max_bytes", "ctype", "half", "binary_low",
    "binary_high", "divisor", "run",
  }),
}
