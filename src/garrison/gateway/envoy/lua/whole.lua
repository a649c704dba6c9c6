local function because(handle, reason)
  handle:streamInfo():dynamicMetadata():set("garrison", "reason", reason)
end

-- The whole body, or nil where there is none. One that does not tell its length may not fit, and then Envoy itself answers at once:
-- what is said before is what that is for.
local function whole(handle, length)
  if not length then because(handle, "answer-too-large") end
  local body = handle:body()
  if not length then because(handle, "via_upstream") end
  return body
end
