-- How many tokens an answer took, read as it passes, piece by piece: nothing waits, and nothing is kept of it but a few words.
-- `usage` is told at the top of an answer or of an event, or in its `response` or `message`
-- (https://github.com/openai/openai-openapi: CompletionUsage, ResponseUsage, with stream_options.include_usage in the last event).
-- A stream that tells none is as long as the text in its events, in bytes.
local PLACES = { response = true, message = true }
local COUNTS = {
  prompt_tokens = "prompt_tokens", input_tokens = "prompt_tokens",
  completion_tokens = "completion_tokens", output_tokens = "completion_tokens",
  total_tokens = "total_tokens",
}
local TEXTS = {
  content = true, text = true, delta = true, arguments = true, reasoning = true, reasoning_content = true, refusal = true,
  thinking = true, partial_json = true,
}
local LONGEST = 64 -- of a word that can mean something
local PLAIN, QUOTED = '["{}%[%]:,\n]', '["\\\n]'

-- A reader of pieces of JSON, or of events with JSON in them, and what it has found.
local function reader(events)
  local found = { text_bytes = 0 }
  local depth, keys, lists, quoted, escaped, value, word, rest

  local function begin()
    depth, keys, lists, quoted, escaped, value, word, rest = 0, {}, {}, false, false, true, "", ""
  end

  -- What stands between marks: a number, perhaps.
  local function plain(piece)
    local here = keys[depth]
    if not (value and COUNTS[here or ""] and #rest < LONGEST) then return end
    if keys[1] == "usage" and depth == 2 or keys[2] == "usage" and depth == 3 and PLACES[keys[1]] then
      rest = rest .. piece:sub(1, LONGEST)
    end
  end

  -- A part of a string: of a key, or of text.
  local function string(piece, from, to)
    if not value then
      if #word < LONGEST then word = word .. piece:sub(from, math.min(to, from + LONGEST)) end
    elseif TEXTS[keys[depth] or ""] then
      found.text_bytes = found.text_bytes + to - from + 1
    end
  end

  local function ended()
    local number = rest:match("^%s*(%d+)%s*$")
    if number and #number <= 15 then
      local name = COUNTS[keys[depth]]
      found[name] = math.max(found[name] or 0, tonumber(number))
    end
    rest = ""
  end

  local function mark(c)
    if c == '"' then
      quoted, word = true, ""
    elseif c == ":" then
      if not lists[depth] then keys[depth], value = word, true end
    else
      ended()
      if c == "{" or c == "[" then
        depth = depth + 1
        lists[depth] = c == "["
        keys[depth] = lists[depth] and keys[depth - 1] or nil
      elseif c ~= "," then
        depth = math.max(0, depth - 1)
      end
      value = depth == 0 or lists[depth]
    end
  end

  begin()
  return found, function(piece)
    local at, length = 1, #piece
    while at <= length do
      local stop = escaped and at or piece:find(quoted and QUOTED or PLAIN, at)
      local last = (stop or length + 1) - 1
      if last >= at then
        if quoted then string(piece, at, last) else plain(piece:sub(at, last)) end
      end
      if not stop then return end
      local c = piece:sub(stop, stop)
      if c == "\n" then
        if events then begin() end
      elseif not quoted then
        mark(c)
      elseif escaped or c == "\\" then
        escaped = not escaped
        string(piece, stop, stop)
      elseif c == '"' then
        quoted = false
      end
      at = stop + 1
    end
  end
end

local function read(handle)
  local headers = handle:headers()
  local kind = (headers:get("content-type") or ""):lower()
  local events = kind:find("^text/event%-stream") ~= nil
  if headers:get("content-encoding") or not (events or kind:find("^application/json")) then return end
  local found, feed = reader(events)
  local told = { text_bytes = 0 }
  handle:streamInfo():dynamicMetadata():set("garrison", "text_bytes", 0)
  for piece in handle:bodyChunks() do
    feed(piece:getBytes(0, piece:length()))
    for name, number in pairs(found) do
      if told[name] ~= number then
        handle:streamInfo():dynamicMetadata():set("garrison", name, number) -- fetched anew for each piece
        told[name] = number
      end
    end
  end
end

function envoy_on_response(handle)
  local sound, failure = pcall(read, handle)
  if not sound then handle:logErr("tokens: " .. tostring(failure)) end
end
