-- What upstreams answer: what one says of its own failure stays inside, and no answer is larger than it may be. Before it: FORMS,
-- by protocol the error in the answer's place; SMALLEST, the least of all limits; GRPC, whether an upstream speaks it.
local FAILED = ("5"):byte()
-- Statuses of gRPC by which a server speaks of the request, as 4xx of HTTP do (google/rpc/code.proto). All others are its failure.
local TELLS = {}
for _, code in ipairs({ 0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 16 }) do TELLS[tostring(code)] = true end

local function told(form, id)
  return (form.body:gsub("{request_id}", id))
end

-- The head of an error in the place of the answer; what its body is to be.
local function replaced(headers, form, id)
  local text = told(form, id)
  headers:remove("content-encoding")
  headers:replace("content-type", form.content_type)
  if not form.grpc then
    headers:replace(":status", "502")
    return text
  end
  headers:replace(":status", "200")
  headers:replace("grpc-status", form.grpc)
  headers:replace("grpc-message", text)
  return ""
end

-- The same for gRPC's own way to say it, in the head of an answer or after its body.
local function hide(fields, form, id)
  local code = fields:get("grpc-status")
  if not code or code == "0" then return end
  fields:remove("grpc-status-details-bin")
  if not TELLS[code] then fields:replace("grpc-message", told(form, id)) end
end

local function too_large(handle)
  handle:streamInfo():dynamicMetadata():set("garrison", "reason", "answer-too-large")
end

-- An answer that does not say its length, up to its limit. Streams of events, which may go on for long, are not counted.
local function cut(handle, limit)
  local left, over = limit, false
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if length > left then
      if not over then too_large(handle) end
      chunk:setBytes(left > 0 and chunk:getBytes(0, left) or "")
      left, over = 0, true
    else
      left = left - length
    end
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local failed = headers:get(":status"):byte() == FAILED
  local length = tonumber(headers:get("content-length") or "")
  if not failed and not GRPC and length and length <= SMALLEST then return end
  -- The router marks what comes from an upstream; what the gateway answers itself is in its form already.
  if not headers:get("x-envoy-upstream-service-time") then return end
  local route, id = handle:metadata(), headers:get("x-request-id")
  local form, limit = FORMS[route:get("protocol")], route:get("answer_bytes")
  if failed then
    local text = replaced(headers, form, id)
    local body = handle:body()
    if body then handle:headers():replace("content-length", body:setBytes(text)) end
  elseif length and length > limit then
    too_large(handle)
    local text = replaced(headers, form, id)
    headers:replace("content-length", tostring(#text))
    for chunk in handle:bodyChunks() do
      chunk:setBytes(text)
      text = ""
    end
  else
    if form.grpc then hide(headers, form, id) end
    local kind = headers:get("content-type") or ""
    local stream = route:get("streams") and (form.grpc or kind:match("^text/event%-stream"))
    if not length and not stream then cut(handle, limit) end
    local trailers = form.grpc and handle:trailers()
    if trailers then hide(trailers, form, id) end
  end
end
