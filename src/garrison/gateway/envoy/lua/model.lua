-- The model of a request that names it in its body. Before it: LEAVES, MOUNTS, MODEL_OF_MESSAGE, read_completion, limit, endless.
local function named(leaf, text)
  if leaf.model == "message" then return MODEL_OF_MESSAGE(text, leaf.number) end
  local fine, found = read_completion(text)
  if not fine then return nil, found end
  return found.model, nil, found.stream
end

-- Status, reason and message of a refusal, or nothing.
local function find(handle)
  local headers = handle:headers()
  if (headers:get("x-garrison-model") or ""):sub(1, 1) ~= "?" then return nil end
  local leaf = LEAVES[tonumber(headers:get("x-garrison-leaf") or "")]
  if leaf.model == "body" then
    local fine, message = carried(headers:get("content-type"), headers:get("content-encoding"))
    if not fine then return "415", "content", message end
  end
  local body = handle:body()
  local text = body and body:getBytes(0, body:length()) or ""
  local model, message, stream = named(leaf, text)
  if not model then return "400", "invalid", message end
  local mount = MOUNTS[leaf.mount]
  if not mount.models[model] then return "404", "unknown-model", "there is no such model" end
  if #text > (mount.takes[model] or #text) then return "413", "too-large", "the request is too large" end
  if (leaf.unfit and mount.guarded[model]) or (stream and mount.shaped[model]) then
    return "415", "unenforceable", "the rules of this model cannot be enforced on this kind of request"
  end
  headers = handle:headers() -- fetched anew: those from before the body are no longer there
  headers:replace("x-garrison-model", model)
  limit(headers, "model", model)
  if stream and leaf.streams == "asked" then endless(headers) end
  headers:replace("x-garrison-verdict", "asked")
  handle:clearRouteCache()
end

function envoy_on_request(handle)
  local sound, status, reason, message = pcall(find, handle)
  if not sound then
    handle:logErr("model: " .. tostring(status))
    status, reason, message = "500", "gateway-error", "the gateway failed and has refused the request"
  end
  if status then
    handle:streamInfo():dynamicMetadata():set("garrison", "reason", reason)
    handle:respond({ [":status"] = status, ["content-type"] = "text/plain" }, message)
  end
end
