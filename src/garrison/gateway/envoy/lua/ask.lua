-- Who asks, and for what. It only ever says no, or hands on what it found: the table of permissions decides.
-- Filled in before it: TREE, LEAVES, MOUNTS, KEYS_TEXT, KEY_HEADER, KEY_MARK, CHALLENGE, ISSUERS, CERTIFICATES, SHUT, BOUNDS,
-- TELL, sha256, limit, endless, and who_has_token and who_has_certificate of garrison/policy/identity.lua.
local KEYS = {} -- by digest a text, as a table for each would be walked through by each collection of garbage
for digest, said in KEYS_TEXT:gmatch("(%x+) (%d+ %S+ %S+)\n") do KEYS[digest] = said end
local LONGEST_KEY = 256

-- The leaf of the tree that a method and a path lead to, the model that the path names, and the number of the leaf.
local function walk(method, path)
  local node, model = TREE, nil
  for segment in path:gmatch("/([^/]*)") do
    local inner = node.exact[segment]
    if not inner then
      for _, param in ipairs(node.params) do
        local found = segment:match(param.pattern)
        if found then
          inner = param.node
          if param.model then model = found end
          break
        end
      end
    end
    if not inner then return nil end
    node = inner
  end
  local number = node.methods[method]
  return LEAVES[number], model, number
end

-- The same, remembered: most requests are for one of a few paths. What clients can make it hold is bounded.
local REMEMBERED, count = {}, 0
local MOST, LONGEST_PATH = 4096, 256
local function leaf_of(method, path)
  local asked = method .. path
  local found = REMEMBERED[asked]
  if not found then
    found = { walk(method, path) }
    if found[1] and #asked <= LONGEST_PATH then
      if count >= MOST then REMEMBERED, count = {}, 0 end
      REMEMBERED[asked], count = found, count + 1
    end
  end
  return found[1], found[2], found[3]
end

-- The model that a request is about, as the table knows it; nil if there is none of that name.
local function model_of(leaf, model)
  local mount = MOUNTS[leaf.mount]
  if leaf.every then return "*" .. leaf.mount end
  if leaf.model == "path" then return mount.models[model] and model end
  if leaf.model == "none" then return mount.server and "@" .. mount.server end
  if leaf.model == "file" then return mount.only end
  return "?" .. leaf.mount
end

local function is_grpc(headers)
  local kind = headers:get("content-type")
  if not kind or kind == "application/json" then return false end
  kind = kind:lower()
  return kind:match("^application/grpc$") ~= nil or kind:match("^application/grpc[+;]") ~= nil
end

local function by_key(headers)
  local key = headers:get(KEY_HEADER)
  if not key then
    key = (headers:get("authorization") or ""):match("^[Bb]earer (" .. KEY_MARK .. "%S+)$")
  end
  if not key then return nil, nil, false end
  local found = #key <= LONGEST_KEY and KEYS[sha256(key)]
  if not found then return nil, "unknown-key", true end
  local expires, role, client = found:match("^(%d+) (%S+) (%S+)$")
  expires = tonumber(expires)
  if expires > 0 and os.time() >= expires then return nil, "expired-key", true end
  return { client = client, role = role, login = "key" }, nil, true
end

-- Whom a token lets in, remembered by its text: what it claims comes from Envoy as a message, which takes longer to read than all
-- else that is done here. Nothing is let in by it alone: Envoy has verified the token, now and for this request, or does not set
-- the issuer's header. Only tokens that were let in are remembered, as texts, and so many.
local LET_IN, let_in = {}, 0
local MOST_TOKENS, LONGEST_TOKEN = 4096, 4096
local function remember(issuer, text, caller)
  if #text > LONGEST_TOKEN then return end
  if let_in >= MOST_TOKENS then LET_IN, let_in = {}, 0 end
  LET_IN[issuer.name] = LET_IN[issuer.name] or {}
  LET_IN[issuer.name][text], let_in = caller.role .. " " .. caller.client, let_in + 1
end

local function by_issuer(issuer, text, info)
  local known = LET_IN[issuer.name] and LET_IN[issuer.name][text]
  if known then
    local role, client = known:match("^(%S+) (%S+)$")
    return { client = client, role = role, login = "jwt", issuer = issuer.name }
  end
  local payloads = info:dynamicMetadata():get("envoy.filters.http.jwt_authn")
  local caller, reason = who_has_token(issuer, payloads[issuer.name])
  if not caller then return nil, reason end
  caller.login, caller.issuer = "jwt", issuer.name
  remember(issuer, text, caller)
  return caller
end

local function by_token(handle, headers)
  for _, issuer in ipairs(ISSUERS) do
    if headers:get(issuer.header) then return by_issuer(issuer, headers:get("authorization"), handle:streamInfo()) end
  end
end

local function by_certificate(info)
  local tls = info:downstreamSslConnection()
  if not (tls and tls:peerCertificateValidated()) then return nil end
  local caller, reason = who_has_certificate(CERTIFICATES, tls:uriSanPeerCertificate(), tls:dnsSansPeerCertificate())
  if caller then caller.login = "certificate" end
  return caller, reason
end

-- Why there is no caller, where nothing else said so: nobody showed anything, or a token that Envoy does not take.
local function why_nobody(handle, headers)
  if not next(ISSUERS) or not (headers:get("authorization") or ""):find("^Bearer ") then return "no-credential" end
  local told = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn") or {}
  for _, issuer in ipairs(ISSUERS) do
    local refused = told[issuer.refused]
    if refused and refused.message == "Jwt is expired" then return "expired-token" end
  end
  return "invalid-token"
end

local function caller_of(handle, headers)
  local caller, reason, tried = by_key(headers)
  if not tried then
    caller, reason = by_token(handle, headers)
    if not caller and not reason and next(CERTIFICATES) then caller, reason = by_certificate(handle:streamInfo()) end
  end
  return caller, reason or not caller and why_nobody(handle, headers)
end

-- What who asks is held to beside the model, if anything: there are routes for it.
local function bind(headers, caller)
  local row = BOUNDS.rows[BOUNDS.clients[caller.client] or BOUNDS.others]
  local bound = row[caller.role] or row[""]
  if bound then headers:replace("x-garrison-limit-bound", bound) end
end

-- What the authorisation service has to know beyond client, role, action and model.
local function tell(handle, headers, caller)
  headers:replace("x-garrison-login", caller.login)
  headers:replace("x-garrison-source", (handle:streamInfo():downstreamRemoteAddress():gsub(":%d+$", ""):gsub("[%[%]]", "")))
  if caller.issuer then
    headers:replace("x-garrison-issuer", caller.issuer)
  else
    headers:remove("x-garrison-claims")
  end
  local size = headers:get("content-length")
  if size then headers:replace("x-garrison-size", size) end
end

-- Status, reason and message of a refusal, or nothing.
local function ask(handle)
  local headers = handle:headers()
  local path = headers:get(":path")
  if not path then return "405", "unknown-route", "this method is not taken here" end -- CONNECT (RFC 9110, section 9.3.6)
  local leaf, named, number = leaf_of(headers:get(":method"), path:match("^[^?]*"))
  local spoken = leaf and leaf.protocol or DEFAULT_PROTOCOL
  if spoken then headers:replace("x-garrison-protocol", spoken) end
  if SHUT then return "503", "shut", SHUT end
  local caller, reason = caller_of(handle, headers)
  headers:remove(KEY_HEADER)
  headers:remove("authorization")
  if not caller then return "401", reason, "the request carries no valid credential" end
  headers:replace("x-garrison-client", caller.client)
  headers:replace("x-garrison-role", caller.role)
  limit(headers, "client", caller.client)
  limit(headers, "role", caller.role)
  if BOUNDS then bind(headers, caller) end
  if not leaf or leaf.grpc ~= is_grpc(headers) then
    return "404", "unknown-route", "there is nothing at this address"
  end
  headers:replace("x-garrison-action", leaf.action)
  headers:replace("x-garrison-mount", leaf.mount)
  if leaf.streams == "always" then endless(headers) end
  local model = model_of(leaf, named)
  if not model then return "404", "unknown-model", "there is no such model" end
  local unfit = leaf.unfit and MOUNTS[leaf.mount].guarded[model]
  if unfit then return "415", "unenforceable", "the rules of this model cannot be enforced on this kind of request" end
  headers:replace("x-garrison-model", model)
  limit(headers, "model", model)
  if TELL then tell(handle, headers, caller) end
  if model:sub(1, 1) == "?" then
    headers:replace("x-garrison-leaf", tostring(number))
  else
    headers:replace("x-garrison-verdict", "asked")
  end
  handle:clearRouteCache()
end

-- Wait for a short body before refusing. Envoy resets the stream of a request that it answers early, which is allowed (RFC
-- 9113, section 8.1), but some clients of HTTP/2, as curl before 8, lose the answer by it.
local SHORT = 65536
local function take_in(handle)
  local length = tonumber(handle:headers():get("content-length") or "")
  if length and length > 0 and length <= SHORT then handle:body() end
end

function envoy_on_request(handle)
  local sound, status, reason, message = pcall(ask, handle)
  if not sound then
    handle:logErr("ask: " .. tostring(status))
    status, reason, message = "500", "gateway-error", "the gateway failed and has refused the request"
  end
  if status then
    take_in(handle)
    handle:streamInfo():dynamicMetadata():set("garrison", "reason", reason)
    local headers = { [":status"] = status, ["content-type"] = "text/plain" }
    if status == "401" then headers["www-authenticate"] = CHALLENGE end
    if status == "405" then headers.allow = "" end
    handle:respond(headers, message)
  end
end
