-- The limits that not all clients, roles and models have. Before it: LIMITS, by kind and name texts (slots.py): which bucket, how
-- much of it a request takes, and after how many seconds the next may come.
local function limit(headers, kind, name)
  local said = LIMITS[kind][name]
  if not said then return end
  local bucket, cost, wait = said:match("^(%S+) (%S+) (%S+)$")
  local header = "x-garrison-limit-" .. kind
  headers:replace(header, bucket)
  headers:replace(header .. "-cost", cost)
  if wait ~= "1" then headers:replace(header .. "-wait", wait) end
end
