-- How long an answer may take in all, where that is not what its route says. Envoy's router takes it from this header, which no
-- client can set, and 0 for no end; while nothing comes, the route's `idle_timeout` holds.
local TIMEOUT = "x-envoy-upstream-rq-timeout-ms"

local function endless(headers)
  headers:replace(TIMEOUT, "0")
end
