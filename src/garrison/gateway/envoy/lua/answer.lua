-- What the files of models say of answers, called. Before it: body.lua, with its BODIES, is_sampled and keep; whole.lua.

-- Take what is too large as it comes, and keep none of it.
local function drop(handle)
  handle:headers():replace(":status", "502")
  because(handle, "answer-too-large")
  for chunk in handle:bodyChunks() do chunk:setBytes("") end
end

-- Why the answer cannot go out, or nil where it can: as it is where it is no success, and written anew where it is one.
local function refused(handle)
  local asked = handle:streamInfo():dynamicMetadata():get("garrison")
  if not (asked and asked.role) then return nil end
  local headers = handle:headers()
  if not headers:get(":status"):match("^2") then return nil end
  local rules = BODIES[asked.mount][asked.model]
  local sampled = is_sampled(rules, headers:get("x-request-id")) and rules.sample.output
  if not rules.shape and not (sampled and (headers:get("content-type") or ""):match("^application/json")) then return nil end
  local told = { headers:get("content-type"), headers:get("content-encoding"), headers:get("inference-header-content-length") }
  local length = tonumber(headers:get("content-length") or "")
  if length and length > rules.answer_bytes then return drop(handle) end
  local body = whole(handle, length)
  if not body then return nil end
  if rules.shape and body:length() > rules.answer_bytes then return "answer-too-large" end
  local fine, text = true, body:getBytes(0, body:length())
  if rules.shape then
    fine, text = rules.shape(text, told[1], told[2], told[3], asked.role)
    if not fine then return "answer-unreadable" end
    handle:headers():replace("content-length", body:setBytes(text))
  end
  if sampled then keep(handle, rules, "output", text) end
end

function envoy_on_response(handle)
  local sound, reason = pcall(refused, handle)
  if sound and not reason then return end
  if not sound then
    handle:logErr("body: " .. tostring(reason))
    reason = "answer-unreadable"
  end
  because(handle, reason)
  local headers = handle:headers()
  headers:replace(":status", "502") -- what is answered instead is for the filter that replaces upstreams' errors
  local body = handle:body()
  if body then headers:replace("content-length", body:setBytes("")) end
end
