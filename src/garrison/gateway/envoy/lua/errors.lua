-- What upstreams answer: what one says of its own failure stays inside, nobody is led elsewhere, and no answer is larger than it may
-- be. Before it: FORMS, by protocol the errors in an answer's place; SMALLEST, the least of all limits; GRPC, whether an upstream
-- speaks it; UNLIMITED, what Envoy says of the limit of a client whose own is in a slot, where there are such: of that nothing is said;
-- TRACES, the patterns of stack traces; whole.lua.
local COLON = (":"):byte()
-- The headers that such an error has of those that are there: all others are the server's own words.
local KEPT = {}
for _, name in ipairs({ "date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id" }) do
  KEPT[name] = true
end
-- Statuses of gRPC by which a server speaks of the request, as 4xx of HTTP do (google/rpc/code.proto). All others are its failure.
local TELLS = {}
for _, code in ipairs({ 0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 16 }) do TELLS[tostring(code)] = true end

local function told(form, status, id)
  return (form.bodies[status]:gsub("{request_id}", id))
end

-- The status of an error in the place of what a server says of a request.
local function refused_as(status, form)
  return form.bodies[status] and status or "400"
end

-- The status of the error in the place of an answer, or nil where that goes out. 304 leads nowhere (RFC 9110, section 15.4).
local function status_instead(status, form, reduced)
  if status < "4" then return status >= "3" and status ~= "304" and "502" or nil end
  if status >= "5" then return "502" end
  return reduced and refused_as(status, form) or nil
end

local function bare(headers)
  local foreign = {}
  for name in pairs(headers) do
    if name:byte() ~= COLON and not KEPT[name] then foreign[#foreign + 1] = name end
  end
  for _, name in ipairs(foreign) do headers:remove(name) end
end

-- An error in the place of an answer, whose body has been taken in, or else nothing is kept of it, however large it is.
local function replace(handle, form, status, id, taken_in)
  local headers, text = handle:headers(), told(form, status, id)
  bare(headers)
  headers:replace("content-type", form.content_type)
  if form.grpc then
    headers:replace(":status", "200")
    headers:replace("grpc-status", form.grpc)
    headers:replace("grpc-message", text)
    text = ""
  else
    headers:replace(":status", status)
  end
  headers:replace("content-length", tostring(#text))
  if not taken_in then
    for chunk in handle:bodyChunks() do
      chunk:setBytes(text)
      text = ""
    end
  end
  if text ~= "" then handle:body(true):setBytes(text) end -- there may have been none
end

-- Whether what a server says of a wrong request can go out: it can be read, is no longer than a message, and tells no stack.
local MESSAGE = 65536
local function tells_no_stack(handle, length, limit)
  if handle:headers():get("content-encoding") or (length and length > MESSAGE) then return false, false end
  local body = whole(handle, length)
  local size = body and body:length() or 0
  if size > math.min(MESSAGE, limit) then return false, true end
  local text = size > 0 and body:getBytes(0, size) or ""
  for _, trace in ipairs(TRACES) do
    if text:find(trace) then return false, true end
  end
  return true, true
end

-- The same for gRPC's own way to say it, in the head of an answer or after its body.
local function hide(fields, form, id)
  local code = fields:get("grpc-status")
  if not code or code == "0" then return end
  fields:remove("grpc-status-details-bin")
  if not TELLS[code] then fields:replace("grpc-message", told(form, "502", id)) end
end

-- An answer that does not say its length, up to its limit. Streams of events, which may go on for long, are not counted.
local function cut(handle, limit)
  local left, over = limit, false
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if length > left then
      if not over then because(handle, "answer-too-large") end
      chunk:setBytes(left > 0 and chunk:getBytes(0, left) or "")
      left, over = 0, true
    else
      left = left - length
    end
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  if UNLIMITED and headers:get("x-ratelimit-limit") == UNLIMITED then
    for name in ("limit remaining reset"):gmatch("%a+") do headers:remove("x-ratelimit-" .. name) end
  end
  local status, length = headers:get(":status"), tonumber(headers:get("content-length") or "")
  if status < "3" and not GRPC and length and length <= SMALLEST then return end
  -- The router marks what comes from an upstream; what the gateway answers itself is in its form already.
  if not headers:get("x-envoy-upstream-service-time") then
    if headers:get("x-envoy-overloaded") then
      because(handle, "busy")
      handle:streamInfo():dynamicMetadata():set("garrison", "busy", true) -- the audit feed does not call it allowed
    end
    return
  end
  local route, id = handle:metadata(), headers:get("x-request-id")
  local form, limit = FORMS[route:get("protocol")], route:get("answer_bytes")
  local instead = status_instead(status, form, route:get("reduced"))
  if instead then
    if status < "4" then because(handle, "answer-redirects") end
    replace(handle, form, instead, id)
  elseif length and length > limit then
    because(handle, "answer-too-large")
    replace(handle, form, "502", id)
  elseif status >= "4" and not form.grpc then
    local fine, taken_in = tells_no_stack(handle, length, limit)
    if not fine then replace(handle, form, refused_as(status, form), id, taken_in) end
  else
    if form.grpc then hide(headers, form, id) end
    local kind = headers:get("content-type") or ""
    local stream = route:get("streams") and (form.grpc or kind:match("^text/event%-stream"))
    if not length and not stream then cut(handle, limit) end
    local trailers = form.grpc and handle:trailers()
    if trailers then hide(trailers, form, id) end
  end
end
