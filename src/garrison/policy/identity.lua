-- Who comes with a token or a certificate: what identity.py says, for Envoy. tests/policy/test_identity.py holds one against the
-- other. Both functions return a caller { client, role }, or nil and a reason.
local CLIENT_PATTERN, LONGEST_CLIENT = "^[%w._@:|/+=-]+$", 128

local function claim_at(claims, path)
  for _, step in ipairs(path) do
    if type(claims) ~= "table" then return nil end
    claims = claims[step]
  end
  return claims
end

local function text_of(value)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" then return tostring(value) end
end

-- Whether a claim is a value, or has it among its items or, where `words` says so, its words.
local function holds(claim, value, words)
  if type(claim) ~= "table" then
    if text_of(claim) == value then return true end
    if words and type(claim) == "string" then
      for word in claim:gmatch("[^ ]+") do
        if word == value then return true end
      end
    end
    return false
  end
  for index, item in pairs(claim) do
    if type(index) == "number" and text_of(item) == value then return true end
  end
  return false
end

local function is_client(name)
  return #name <= LONGEST_CLIENT and name:find(CLIENT_PATTERN) ~= nil
end

local function who_has_token(rules, claims)
  for _, wanted in ipairs(rules.require) do
    if not holds(claim_at(claims, wanted.path), wanted.value, wanted.words) then return nil, "claim-missing" end
  end
  local subject = claim_at(claims, rules.client)
  local client = type(subject) == "string" and subject ~= "" and rules.name .. ":" .. subject
  if not client or not is_client(client) then return nil, "client-unknown" end
  local said = claim_at(claims, rules.role)
  for _, pair in ipairs(rules.roles) do
    if holds(said, pair.value, rules.words) then return { client = client, role = pair.role } end
  end
  return nil, "role-unknown"
end

local function who_has_certificate(rules, uris, names)
  for _, rule in ipairs(rules) do
    for _, name in ipairs(rule.uri and uris or names) do
      if not rule.uri then name = name:lower() end
      if name:find(rule.pattern) then
        local client = rule.client ~= "" and rule.client or name
        if not is_client(client) then return nil, "client-unknown" end
        return { client = client, role = rule.role }
      end
    end
  end
  return nil, "certificate-unknown"
end
