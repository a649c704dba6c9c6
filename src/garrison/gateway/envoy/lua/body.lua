-- What the files of models say of bodies, called. Before it: BODIES, by mount and model a table of carried(content type,
-- content encoding), validate(body, length of the JSON in it), and shape(body, content type, content encoding, length, role)
-- or nil.

-- Remember what the answer is held to, and ask for one that can be read: not compressed, and whole.
local function expect_answer(handle)
  local headers = handle:headers() -- fetched anew: those from before the body are no longer there
  headers:remove("accept-encoding")
  headers:remove("range")
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("garrison", "mount", headers:get("x-garrison-mount"))
  metadata:set("garrison", "model", headers:get("x-garrison-model"))
  metadata:set("garrison", "role", headers:get("x-garrison-role"))
end

local function check(handle)
  local headers = handle:headers()
  local rules = BODIES[headers:get("x-garrison-mount")][headers:get("x-garrison-model")]
  local fine, message = rules.carried(headers:get("content-type"), headers:get("content-encoding"))
  if not fine then return "415", "content", message end
  local length = headers:get("inference-header-content-length")
  local body = handle:body()
  fine, message = rules.validate(body and body:getBytes(0, body:length()) or "", length)
  if not fine then return "400", "invalid", message or "the request is not valid" end
  if rules.shape then expect_answer(handle) end
end

function envoy_on_request(handle)
  local sound, status, reason, message = pcall(check, handle)
  if not sound then
    handle:logErr("body: " .. tostring(status))
    status, reason, message = "500", "gateway-error", "the gateway failed and has refused the request"
  end
  if status then
    handle:streamInfo():dynamicMetadata():set("garrison", "reason", reason)
    handle:respond({ [":status"] = status, ["content-type"] = "text/plain" }, message)
  else
    handle:headers():replace("x-garrison-verdict", "checked")
  end
end
