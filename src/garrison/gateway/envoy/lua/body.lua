-- The frame around a model's validator and response policy. Before it: validate(body), and shape(body, status) or nil.
local function check(handle)
  local headers = handle:headers()
  if headers:get("content-encoding") then
    return "415", "content-encoding", "requests of this content type or encoding are not taken"
  end
  local kind = (headers:get("content-type") or ""):lower():match("^%s*([^;%s]*)")
  if kind ~= "application/json" then
    return "415", "content-type", "requests of this content type or encoding are not taken"
  end
  local split = headers:get("inference-header-content-length")
  local body = handle:body()
  local text = body and body:getBytes(0, body:length()) or ""
  local valid, message = validate(text, split)
  if valid then return nil end
  return "400", "invalid", message or "the request is not valid"
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
  end
end
