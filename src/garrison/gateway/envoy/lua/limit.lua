-- The limits that not all clients, roles and models have. Before it: LIMITS, by kind, where there are any: the header that says
-- which bucket; and by name which it is, how much of it a request takes, and the seconds until the next may come, if more than one.
for _, limits in pairs(LIMITS) do limits.cost_header, limits.wait_header = limits.header .. "-cost", limits.header .. "-wait" end

local function limit(headers, kind, name)
  local limits = LIMITS[kind]
  local bucket = limits and limits.buckets[name]
  if not bucket then return end
  headers:replace(limits.header, bucket)
  headers:replace(limits.cost_header, limits.costs[name])
  if limits.waits[name] then headers:replace(limits.wait_header, limits.waits[name]) end
end
