-- One gateway's counts of a day, told to Redis, and what has changed since it was last asked; in one step, so that a sum and
-- what it is the sum of never differ. KEYS: the gateway's own counts, the sums, what changed when, the state of these.
-- ARGV: a name for a new state, the change last seen, how many may be told, seconds to keep, then fields, requests, tokens.
-- A gateway tells totals, never increments, so what is told twice counts once; what was told is never taken back.
local own, sums, changed, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local epoch = redis.call("HGET", state, "epoch")
if not epoch then
  epoch = ARGV[1]
  redis.call("DEL", own, sums, changed)
  redis.call("HSET", state, "epoch", epoch, "change", 0)
end
local KINDS = { "r", "t" }
for i = 5, #ARGV, 3 do
  local field, more = ARGV[i], false
  for n, kind in ipairs(KINDS) do
    local before = tonumber(redis.call("HGET", own, kind .. field) or "0")
    local now = tonumber(ARGV[i + n])
    if now > before then
      redis.call("HSET", own, kind .. field, ARGV[i + n])
      redis.call("HINCRBY", sums, kind .. field, string.format("%.0f", now - before))
      more = true
    end
  end
  if more then redis.call("ZADD", changed, redis.call("HINCRBY", state, "change", 1), field) end
end
for _, key in ipairs(KEYS) do redis.call("EXPIRE", key, ARGV[4]) end
local found = redis.call("ZRANGEBYSCORE", changed, "(" .. ARGV[2], "+inf", "WITHSCORES", "LIMIT", 0, ARGV[3])
local told, last = {}, ARGV[2]
for i = 1, #found, 2 do
  local field = found[i]
  told[#told + 1] = field
  told[#told + 1] = redis.call("HGET", sums, "r" .. field) or "0"
  told[#told + 1] = redis.call("HGET", sums, "t" .. field) or "0"
  last = found[i + 1]
end
return { epoch, last, redis.call("HGET", state, "change"), told }
