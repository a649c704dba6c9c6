-- What the files of models say of bodies, called. Before it: BODIES, by mount and model a table of carried(content type,
-- content encoding), validate(body, length of the JSON in it), and shape(body, content type, content encoding, length, role)
-- or nil, and sample { below, bytes, input, output, redacted(text) } or nil, and with one of them answer_bytes; and
-- digest_of(body), or nil.

-- Whether a request is one of a sample: its id tells, so that question and answer go together. Its first digits are random.
local function is_sampled(rules, id)
  return rules.sample and tonumber((id or ""):sub(1, 8), 16) < rules.sample.below
end

-- A text for the audit feed, without what is left out; one that cannot be read is none.
local function keep(handle, rules, name, text)
  local fine, said = rules.sample.redacted(text)
  if not fine then return end
  local most = rules.sample.bytes
  if #said > most then said = said:sub(1, most):gsub("[\192-\255][\128-\191]*$", "") end
  handle:streamInfo():dynamicMetadata():set("garrison", name, said)
end

-- Remember what the answer is held to, and ask for one that can be read: not compressed, and whole.
local function expect_answer(handle, headers)
  headers:remove("accept-encoding")
  headers:remove("range")
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("garrison", "mount", headers:get("x-garrison-mount"))
  metadata:set("garrison", "model", headers:get("x-garrison-model"))
  metadata:set("garrison", "role", headers:get("x-garrison-role"))
end

local function check(handle)
  local body = handle:body() -- before the headers: those from before it would not be there after it
  local headers = handle:headers()
  local rules = BODIES[headers:get("x-garrison-mount")][headers:get("x-garrison-model")]
  local fine, message = rules.carried(headers:get("content-type"), headers:get("content-encoding"))
  if not fine then return "415", "content", message end
  local length = headers:get("inference-header-content-length")
  local text = body and body:getBytes(0, body:length()) or ""
  if digest_of then headers:replace("x-garrison-input-digest", digest_of(text)) end
  fine, message = rules.validate(text, length)
  if not fine then return "400", "invalid", message or "the request is not valid" end
  local sampled = rules.sample and is_sampled(rules, headers:get("x-request-id"))
  if sampled and rules.sample.input then keep(handle, rules, "input", length and text:sub(1, tonumber(length)) or text) end
  if rules.shape or (sampled and rules.sample.output) then expect_answer(handle, headers) end
  headers:replace("x-garrison-verdict", "checked")
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
  end
end
