-- What the files of models say of answers, called. Before it: body.lua, with its BODIES, is_sampled and keep.

-- Whether the answer can go out: as it is where it is no success, and written anew where it is one.
local function answer(handle)
  local asked = handle:streamInfo():dynamicMetadata():get("garrison")
  if not (asked and asked.role) then return true end
  local headers = handle:headers()
  if not headers:get(":status"):match("^2") then return true end
  local rules = BODIES[asked.mount][asked.model]
  local sampled = is_sampled(rules, headers:get("x-request-id")) and rules.sample.output
  if not rules.shape and not (sampled and (headers:get("content-type") or ""):match("^application/json")) then return true end
  local told = { headers:get("content-type"), headers:get("content-encoding"), headers:get("inference-header-content-length") }
  local body = handle:body()
  if not body then return true end
  local fine, text = true, body:getBytes(0, body:length())
  if rules.shape then
    fine, text = rules.shape(text, told[1], told[2], told[3], asked.role)
    if not fine then return false end
    handle:headers():replace("content-length", body:setBytes(text))
  end
  if sampled then keep(handle, rules, "output", text) end
  return true
end

function envoy_on_response(handle)
  local sound, fine = pcall(answer, handle)
  if sound and fine then return end
  if not sound then handle:logErr("body: " .. tostring(fine)) end
  handle:streamInfo():dynamicMetadata():set("garrison", "reason", "answer-unreadable")
  local headers = handle:headers()
  headers:replace(":status", "502") -- what is answered instead is for the filter that replaces upstreams' errors
  local body = handle:body()
  if body then headers:replace("content-length", body:setBytes("")) end
end
