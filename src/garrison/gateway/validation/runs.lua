-- Runs of numbers, as the data of tensors is: read four bytes at a time by an automaton that knows only plain ones, those that lie
-- within bounds because they have few digits before the point. Where anything else comes, it stops before that number, and who
-- called reads on: nothing is refused here, and nothing is let through that would be refused there. `J` is json.lua.

local ffi, bit = require("ffi"), require("bit")
local cast, band, bor, lshift = ffi.cast, bit.band, bit.bor, bit.lshift
local pair_t = ffi.typeof("const uint16_t*") -- the lowest byte first, as on all machines that Envoy is built for
assert(ffi.abi("le"))

local MOST_DIGITS = 15 -- before the point, so that whole numbers are exact
local MOST_PLACES = 20 -- behind it: as many as a double is written with, and far from where doubles end
local PATIENCE = 8 -- numbers that are read one by one before the next try, where a run was short

-- Bytes as kinds: 0, 1 to 9, minus, point, comma, space; what else there is ends a run.
local ZERO, DIGIT, MINUS, POINT, COMMA, SPACE, OTHER = 0, 1, 2, 3, 4, 5, 6
local KINDS = { [48] = ZERO, [45] = MINUS, [46] = POINT, [44] = COMMA, [32] = SPACE, [9] = SPACE, [10] = SPACE, [13] = SPACE }
for c = 49, 57 do KINDS[c] = DIGIT end

-- States. Behind them come those after 1, 2, ... digits, after the point, and after 1, 2, ... places.
local LEFT, BEGIN, SIGN, NAUGHT, AFTER = 0, 1, 2, 3, 4

-- The state after a byte, for numbers with so many digits before the point, and none behind it where they must be whole.
local function step(state, kind, digits, signed, whole)
  local point = AFTER + digits + 1
  local first = digits > 0 and AFTER + 1 or LEFT
  if state == LEFT or kind == OTHER then return LEFT end
  if state == BEGIN or state == SIGN then
    if kind == ZERO then return NAUGHT end
    if kind == DIGIT then return first end
    if state == SIGN then return LEFT end
    return kind == SPACE and BEGIN or kind == MINUS and signed and SIGN or LEFT
  end
  if state ~= point then -- the number may end here
    if kind == COMMA then return BEGIN end
    if kind == SPACE then return AFTER end
  end
  if kind == POINT then return not whole and state ~= AFTER and state < point and point or LEFT end
  if kind ~= ZERO and kind ~= DIGIT or state == NAUGHT or state == AFTER then return LEFT end
  local last = state < point and point - 1 or point + MOST_PLACES
  return state < last and state + 1 or LEFT
end

-- Two bytes are of one class where they lead from each state to the same one. There are few classes, so that the table of where
-- four bytes lead to, a row for each state, fits into the fastest cache of a processor.
local CLASSES = 32
local function automaton(digits, signed, whole)
  local states = AFTER + digits + 2 + MOST_PLACES
  local class_of, leads, commas, points, known, count = {}, {}, {}, {}, {}, 0
  for a = ZERO, OTHER do
    for b = ZERO, OTHER do
      local to = {}
      for state = 0, states - 1 do to[state + 1] = step(step(state, a, digits, signed, whole), b, digits, signed, whole) end
      local name = table.concat(to, " ")
      if not known[name] then
        known[name], leads[count], count = count, to, count + 1
        commas[known[name]] = (a == COMMA and 1 or 0) + (b == COMMA and 1 or 0)
        points[known[name]] = (a == POINT or b == POINT) and 8 or 0
      end
      class_of[a * 8 + b] = known[name]
    end
  end
  assert(count <= CLASSES)
  local classes, told = ffi.new("uint8_t[65536]"), ffi.new("uint8_t[?]", CLASSES * CLASSES)
  local moves = ffi.new("uint8_t[?]", states * CLASSES * CLASSES)
  for second = 0, 255 do
    for first = 0, 255 do classes[second * 256 + first] = class_of[(KINDS[first] or OTHER) * 8 + (KINDS[second] or OTHER)] end
  end
  for a = 0, count - 1 do
    for b = 0, count - 1 do
      told[a * CLASSES + b] = commas[a] + commas[b] + bor(points[a], points[b])
      for state = 0, states - 1 do moves[(state * CLASSES + a) * CLASSES + b] = leads[b][leads[a][state + 1] + 1] end
    end
  end
  return { classes = classes, moves = moves, told = told, least = signed and -10 ^ digits or 0, most = 10 ^ digits }
end

-- They are made when they are first needed, and shared by all limits that come to the same.
local made = {}
local function shared(digits, signed, whole)
  local name = digits * 4 + (signed and 2 or 0) + (whole and 1 or 0)
  made[name] = made[name] or automaton(digits, signed, whole)
  return made[name]
end

-- How many digits before the point a number may have so that none of them lies beyond a bound; -1 if even 0 may.
local function digits_within(bound, sign)
  if not bound then return MOST_DIGITS end
  for digits = MOST_DIGITS, 0, -1 do
    local outermost = 10 ^ digits
    if bound.inner * sign >= outermost or bound.exact and bound.value * sign >= outermost then return digits end
  end
  return -1
end

local function chosen(limits)
  local low, high = limits.low, limits.high
  local above, below = digits_within(high, 1), digits_within(low, -1)
  if limits.divisor or above < 0 then return nil end
  if below >= 0 then return shared(math.min(above, below), true, limits.whole) end
  local from_zero = low.exact and (low.value < 0 or low.value == 0 and not low.exclusive)
  return from_zero and shared(above, false, limits.whole) or nil
end

-- The automaton of some limits, or nil; they remember it.
local function of(limits)
  if limits.run == false then limits.run = chosen(limits) or 0 end
  return limits.run ~= 0 and limits.run or nil
end

-- From where the automaton is in a state, four bytes at a time up to a size: where it has come to, the state there (LEFT where it
-- came no further), how many commas it has passed, and 8 or more if a point was among them.
local function along(run, p, i, state, size)
  local classes, moves, told = run.classes, run.moves, run.told
  local at, n, points = i, 0, 0
  -- Bits alone, as arithmetic would be that of doubles; and no branch but the one, as what comes next cannot be foretold.
  for four = i, size - 4, 4 do
    local pair = bor(lshift(classes[cast(pair_t, p + four)[0]], 5), classes[cast(pair_t, p + four + 2)[0]])
    state = moves[bor(lshift(state, 10), pair)]
    if state == LEFT then break end
    local said = told[pair]
    n, points = n + band(said, 7), bor(points, said)
    at = four + 4
  end
  return at, state, n, points
end

-- Up to three bytes, the last of them a comma, as four: spaces behind a comma change nothing.
local function padded(run, p, i, m)
  local b, c = i + 1 < m and p[i + 1] or 32, i + 2 < m and p[i + 2] or 32
  return bor(lshift(run.classes[bor(p[i], lshift(b, 8))], 5), run.classes[bor(c, lshift(32, 8))])
end

-- The same as `along` for two stretches side by side, as long as both go well: each step of one has to wait for the step before, and
-- meanwhile the other goes on. The second begins behind a comma: the first, if it gets there, begins a number there as well.
local STRETCH, SEARCHED = 2048, 64
local function side_by_side(run, p, i, state, size)
  local classes, moves, told = run.classes, run.moves, run.told
  local at, n, points = i, 0, 0
  while at + 2 * (STRETCH + SEARCHED) <= size do
    local m = at + STRETCH
    while p[m - 1] ~= 44 and m < at + STRETCH + SEARCHED do m = m + 1 end
    if p[m - 1] ~= 44 then break end
    local first, second, commas, seen, done = state, BEGIN, 0, points, at
    for four = at, m - 4, 4 do
      local beside = four + m - at
      local a = bor(lshift(classes[cast(pair_t, p + four)[0]], 5), classes[cast(pair_t, p + four + 2)[0]])
      local b = bor(lshift(classes[cast(pair_t, p + beside)[0]], 5), classes[cast(pair_t, p + beside + 2)[0]])
      first, second = moves[bor(lshift(first, 10), a)], moves[bor(lshift(second, 10), b)]
      if first == LEFT or second == LEFT then break end
      local said, also = told[a], told[b]
      commas, seen = commas + band(said, 7) + band(also, 7), bor(seen, said, also)
      done = four + 4
    end
    if done + 4 <= m then break end
    if done < m then
      local rest = padded(run, p, done, m)
      first, commas, seen = moves[bor(lshift(first, 10), rest)], commas + band(told[rest], 7), bor(seen, told[rest])
    end
    if first ~= BEGIN then break end
    at, state, n, points = m + done - at, second, n + commas, seen
  end
  return at, state, n, points
end

-- From where a number begins: where the first begins that is not plain, how many there are before it, and whether any has a point.
-- Two stretches are tried only behind one that went well, so that where runs are short nothing is read in vain.
local function skip(run, p, i)
  local size = J.limit.size
  local at, state, n, points = along(run, p, i, BEGIN, i + STRETCH < size and i + STRETCH or size)
  if state ~= LEFT then
    local more, last, passed, seen = side_by_side(run, p, at, state, size)
    local rest, _, few, also = along(run, p, more, last, size)
    at, n, points = rest, n + passed + few, bor(points, seen, also)
  end
  while at > i and p[at - 1] ~= 44 do at = at - 1 end
  return J.ws(p, at), n, points >= 8
end

return { of = of, skip = skip, PATIENCE = PATIENCE }
