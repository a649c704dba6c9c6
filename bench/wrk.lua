-- What wrk sends: one body, to each of the lines of TARGETS in turn (path, header, its value); and what it prints of it.
-- With PAUSE_MS, each connection waits that long on average between an answer and the next request.
local requests, at = {}, 0

function init()
  local file = assert(io.open(os.getenv("BODY"), "rb"))
  local body = file:read("*a")
  file:close()
  for line in io.lines(os.getenv("TARGETS")) do
    local path, header, value = line:match("^(%S+) (%S+) (.*)$")
    requests[#requests + 1] =
      wrk.format("POST", path, { ["content-type"] = "application/json", [header] = value }, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

local pause_ms = tonumber(os.getenv("PAUSE_MS") or "")
if pause_ms then
  function delay() return math.floor(math.random() * 2 * pause_ms + 0.5) end
end

function done(summary, latency)
  local e = summary.errors
  io.write(("RESULT %d %d %.0f %d\n"):format(
    summary.requests, summary.duration, latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
