-- Bodies of OpenAI-compatible requests: what a decision needs of them. `J` is json.lua.
-- https://github.com/openai/openai-openapi (CreateChatCompletionRequest, CreateCompletionRequest, CreateEmbeddingRequest)

local fail, foreign, ws, str, text, num, any, member = J.fail, J.foreign, J.ws, J.str, J.text, J.num, J.any, J.member

local MAX_NAME = 256

local read = {}

function read.name(p, i, facts, key)
  local e, escaped = str(p, i)
  if e < 0 then return -1 end
  local name = text(p, i, e, escaped)
  if name == "" or #name > MAX_NAME then return fail(i, "expected from 1 to 256 bytes") end
  facts[key] = name
  return e
end

function read.flag(p, i, facts, key)
  local c = p[i]
  if c ~= 116 and c ~= 102 and c ~= 110 then return fail(i, "expected true or false") end
  facts[key] = c == 116
  return any(p, i, 0)
end

function read.count(p, i, facts, key)
  if p[i] == 110 then return any(p, i, 0) end
  local e, v, exact = num(p, i)
  if e < 0 then return -1 end
  if not exact or v < 0 or v % 1 ~= 0 then return fail(i, "expected a whole number from 0 on") end
  facts[key] = v
  return e
end

local KNOWN = {
  model = read.name, stream = read.flag, max_tokens = read.count, max_completion_tokens = read.count,
  max_output_tokens = read.count, n = read.count,
}

local found

local function request(p, i, d)
  if p[i] ~= 123 then return fail(i, "expected an object") end
  local seen, facts, e = {}, {}, ws(p, i + 1)
  while p[e] ~= 125 do
    local key
    e, key = member(p, e)
    if e < 0 then return -1 end
    if seen[key] then
      fail(e, J.ONCE)
      return foreign(key)
    end
    seen[key] = true
    local take = KNOWN[key]
    if take then e = take(p, e, facts, key) else e = any(p, e, d + 1) end
    if e < 0 then return foreign(key) end
    e = ws(p, e)
    if p[e] == 44 then
      e = ws(p, e + 1)
      if p[e] == 125 then return fail(e, "expected a key in quotes") end
    elseif p[e] ~= 125 then
      return fail(e, J.MORE_KEYS)
    end
  end
  if not facts.model then return fail(i, "expected the property \"model\"") end
  found = facts
  return e + 1
end

-- Reads a body: true and a table of the model's name, `stream`, the limits of tokens and `n` as far as they are said; or
-- false and a message.
local function check(body, size_bytes, depth, schema)
  local fine, message = J.check(request, body, size_bytes, depth)
  if fine and schema then fine, message = schema(body) end
  if not fine then return false, message end
  return true, found
end

return { check = check }
