-- The frame around what a model's file says of bodies. Before it: carried(content type, content encoding),
-- validate(body, length of the JSON in it), and shape(body, content type, content encoding, length, role), or nil.

local function check(handle)
  local headers = handle:headers()
  local fine, message = carried(headers:get("content-type"), headers:get("content-encoding"))
  if not fine then return "415", "content", message end
  local length = headers:get("inference-header-content-length")
  local body = handle:body()
  fine, message = validate(body and body:getBytes(0, body:length()) or "", length)
  if not fine then return "400", "invalid", message or "the request is not valid" end
end

function envoy_on_request(handle)
  local sound, status, reason, message = pcall(check, handle)
  if not sound then
    handle:logErr("body: " .. tostring(status))
    status, reason, message = "500", "gateway-error", "the gateway failed and has refused the request"
  end
  local metadata = handle:streamInfo():dynamicMetadata()
  if status then
    metadata:set("garrison", "reason", reason)
    handle:respond({ [":status"] = status, ["content-type"] = "text/plain" }, message)
  else
    metadata:set("garrison", "verdict", "checked")
    if shape then
      -- An answer that is compressed or partial could not be read; headers are fetched anew, as those from before the body
      -- are no longer there.
      local headers = handle:headers()
      headers:remove("accept-encoding")
      headers:remove("range")
      metadata:set("garrison", "role", headers:get("x-garrison-role"))
    end
  end
end

-- Whether the answer can go out: as it is where it is no success, and written anew where it is one.
local function answer(handle)
  local headers = handle:headers()
  if not headers:get(":status"):match("^2") then return true end
  local told = { headers:get("content-type"), headers:get("content-encoding"), headers:get("inference-header-content-length") }
  local body = handle:body()
  if not body then return true end
  local role = handle:streamInfo():dynamicMetadata():get("garrison").role
  local fine, text = shape(body:getBytes(0, body:length()), told[1], told[2], told[3], role)
  if not fine then return false end
  handle:headers():replace("content-length", body:setBytes(text))
  return true
end

if shape then
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
end
