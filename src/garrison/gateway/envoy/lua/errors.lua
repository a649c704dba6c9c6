-- What an upstream says of its own failure stays inside. Before it: FORMS, by protocol the error in its place.
local FAILED = ("5"):byte()

function envoy_on_response(handle)
  local headers = handle:headers()
  -- The router marks what comes from an upstream; what the gateway answers itself is in its form already.
  if headers:get(":status"):byte() ~= FAILED or not headers:get("x-envoy-upstream-service-time") then return end
  local form = FORMS[handle:metadata():get("protocol")]
  headers:replace(":status", "502")
  headers:replace("content-type", form.content_type)
  headers:remove("content-encoding")
  local body = handle:body()
  if body then handle:headers():replace("content-length", body:setBytes(form.body)) end
end
