-- Whether what is asked for is spent for today. Before it: UNTIL, in seconds since 1970; CLIENTS, ROLES, MODELS and PAIRS (of a
-- model, then of a client), with what is spent; STOPPED, why none that is LIMITED is let through, or nil.
local function find(handle)
  local headers = handle:headers()
  if headers:get("x-garrison-action") ~= "infer" then return nil end
  local client, role = headers:get("x-garrison-client"), headers:get("x-garrison-role")
  local model = headers:get("x-garrison-model")
  if STOPPED then
    local limited = LIMITED.everybody or LIMITED.clients[client] or LIMITED.roles[role] or LIMITED.models[model]
    if limited then return "503", "uncounted", STOPPED, "5" end
  end
  local left = UNTIL - os.time()
  if left <= 0 then return nil end
  local here = PAIRS[model] and PAIRS[model][client]
  local whose, what
  if CLIENTS[client] then
    whose, what = "this client", CLIENTS[client]
  elseif here then
    whose, what = "this client and model", here
  elseif ROLES[role] then
    whose, what = "this role", ROLES[role]
  elseif MODELS[model] then
    whose, what = "this model", MODELS[model]
  end
  if what then return "429", "quota", "the " .. what .. " of " .. whose .. " are used up for today", tostring(left) end
end

function envoy_on_request(handle)
  local sound, status, reason, message, after = pcall(find, handle)
  if not sound then
    handle:logErr("quota: " .. tostring(status))
    status, reason, message = "500", "gateway-error", "the gateway failed and has refused the request"
  end
  if status then
    handle:streamInfo():dynamicMetadata():set("garrison", "reason", reason)
    handle:respond({ [":status"] = status, ["content-type"] = "text/plain", ["retry-after"] = after }, message)
  end
end
