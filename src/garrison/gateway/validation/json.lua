-- JSON (RFC 8259) read in place, byte by byte, without building a document. LuaJIT with ffi and bit.
--
-- `p` is the body as bytes, ended by the NUL that every Lua string carries; `i` is where a value begins, `d` how deep it
-- lies. Every reader answers where its value ends, or -1 after `fail` has noted what was expected and where. A reader that
-- answers an end has read the whole value: whatever is well formed was looked at, duplicate keys included.

local ffi, bit = require("ffi"), require("bit")
local cast, fstr = ffi.cast, ffi.string
local concat, floor, char = table.concat, math.floor, string.char
local band, bor, bxor, lshift, rshift = bit.band, bit.bor, bit.bxor, bit.lshift, bit.rshift
local bytes_t, words_t = ffi.typeof("const uint8_t*"), ffi.typeof("const uint64_t*")

local MAX_NUMBER = 1024 -- characters; a double written out in full has fewer
local MAX_EXACT_DIGITS, MAX_EXACT_EXPONENT = 15, 300 -- as in decimals.py
local SLOW = 32 -- so many times a byte is read when a value is compared as a whole
local TOO_MUCH = "the body takes too much work to check"

-- What went wrong ---------------------------------------------------------------------------------------------------------

local fail_at, fail_text = 0, ""
local path, path_n = {}, 0
local work = 0 -- bytes that alternatives may still read again
local limit = { depth = 0, size = 0 } -- of nesting, and where the body ends, while it is read

local function fail(i, text)
  fail_at, fail_text, path_n = i, text, 0
  return -1
end

-- Leaving a container with a failure: its key or index becomes part of the pointer.
local function up(segment)
  path_n = path_n + 1
  path[path_n] = segment
  return -1
end

-- A key that the schema does not name is the client's: only a plain word is repeated.
local function foreign(key)
  return up(#key <= 64 and key:find("^[%w_.-]+$") and key or "*")
end

local function failure()
  local out = {}
  for k = path_n, 1, -1 do
    local segment = path[k]
    if type(segment) == "string" then segment = segment:gsub("~", "~0"):gsub("/", "~1") end
    out[#out + 1] = "/" .. segment
  end
  return (#out > 0 and concat(out) or "the body") .. ": " .. fail_text
end

-- An alternative has read from i to `e`, or failed: schemas inside schemas must not read a body without end.
local function spend(i, e)
  work = work - ((e < 0 and fail_at or e) - i) - 1
  if work < 0 then error(TOO_MUCH, 0) end
end

-- Space, strings, numbers -------------------------------------------------------------------------------------------------

-- What most often comes is looked for without a loop: the compiler takes that into the code of each reader, a loop it would leave.
local function spaces(p, i)
  local c = p[i]
  while c == 32 or c == 10 or c == 13 or c == 9 do
    i = i + 1
    c = p[i]
  end
  return i
end

local function ws(p, i)
  if p[i] > 32 then return i end
  if p[i] == 32 and p[i + 1] > 32 then return i + 1 end
  return spaces(p, i)
end

local plain = ffi.new("uint8_t[256]") -- ASCII that stands for itself in a string
for c = 32, 127 do plain[c] = 1 end
plain[34], plain[92] = 0, 0

local hex = ffi.new("int8_t[256]")
for c = 0, 255 do hex[c] = tonumber(char(c), 16) or -1 end

local function hex4(p, i)
  local v = 0
  for k = i, i + 3 do
    local h = hex[p[k]]
    if h < 0 then return -1 end
    v = v * 16 + h
  end
  return v
end

local SURROGATE = "expected both halves of a surrogate pair"
local UTF8 = "expected UTF-8"

-- After a backslash at i: where the escape ends. A lone surrogate is none of Unicode's scalar values.
local function escape(p, i)
  local c = p[i + 1]
  if c ~= 117 then
    if c == 34 or c == 92 or c == 47 or c == 98 or c == 102 or c == 110 or c == 114 or c == 116 then return i + 2 end
    return fail(i, "expected an escape of JSON")
  end
  local v = hex4(p, i + 2)
  if v < 0 then return fail(i, "expected four hexadecimal digits after \\u") end
  if v < 0xD800 or v > 0xDFFF then return i + 6 end
  if v > 0xDBFF or p[i + 6] ~= 92 or p[i + 7] ~= 117 then return fail(i, SURROGATE) end
  v = hex4(p, i + 8)
  if v < 0xDC00 or v > 0xDFFF then return fail(i, SURROGATE) end
  return i + 12
end

-- A character beyond ASCII at i, well formed after table 3-7 of the Unicode Standard: where it ends.
local function wide(p, i)
  local c, n = p[i], 0
  if c >= 0xC2 and c <= 0xDF then n = 1
  elseif c >= 0xE0 and c <= 0xEF then n = 2
  elseif c >= 0xF0 and c <= 0xF4 then n = 3
  else return fail(i, UTF8) end
  local d = p[i + 1]
  if (c == 0xE0 and d < 0xA0) or (c == 0xED and d > 0x9F) or (c == 0xF0 and d < 0x90) or (c == 0xF4 and d > 0x8F) then
    return fail(i, UTF8)
  end
  for k = i + 1, i + n do
    if p[k] < 0x80 or p[k] > 0xBF then return fail(i, UTF8) end
  end
  return i + n + 1
end

-- The rest of a string, from a byte of it on: where it ends, and whether it holds escapes.
local function long(p, i)
  local escaped = false
  while true do
    local c = p[i]
    while plain[c] == 1 do
      i = i + 1
      c = p[i]
    end
    if c == 34 then return i + 1, escaped end
    if c == 92 then
      escaped = true
      i = escape(p, i)
    elseif c < 32 then
      return fail(i, "expected no control character in a string"), false
    else
      i = wide(p, i)
    end
    if i < 0 then return -1, false end
  end
end

-- How many of the eight bytes at i stand for themselves before the first that does not. That one has its highest bit set, or gets it
-- by what is borrowed where 32 is taken away or where it is a quote or a backslash; the lowest such bit tells its place.
local ONES = 0x0101010101010101ULL
local TOPS, SPACES, QUOTES, SLASHES = 128 * ONES, 32 * ONES, 34 * ONES, 92 * ONES
local SERIES = 0x022fdd63cc95386dULL -- de Bruijn's: each window of six bits comes once (Leiserson, Prokop and Randall 1998)
local place = ffi.new("uint8_t[64]")
for k = 0, 63 do place[tonumber(rshift(lshift(SERIES, k), 58))] = floor(k / 8) end

local function plain_of_eight(p, i)
  local eight = cast(words_t, p + i)[0]
  local quotes, slashes = bxor(eight, QUOTES), bxor(eight, SLASHES)
  local odd = band(bor(eight, eight - SPACES, quotes - ONES, slashes - ONES), TOPS)
  return odd == 0 and 8 or place[tonumber(rshift(band(odd, -odd) * SERIES, 58))]
end

-- A string whose quote opens at i: where it ends, and whether it holds escapes.
local function str(p, i)
  if p[i] ~= 34 then return fail(i, "expected a string"), false end
  i = i + 1
  if i <= limit.size - 16 then
    local n = plain_of_eight(p, i)
    if n == 8 then n = 8 + plain_of_eight(p, i + 8) end
    i = i + n
    if p[i] == 34 then return i + 1, false end
  end
  return long(p, i)
end

local ESCAPES = { [98] = "\b", [102] = "\f", [110] = "\n", [114] = "\r", [116] = "\t" }

local function utf8(v)
  if v < 0x80 then return char(v) end
  if v < 0x800 then return char(0xC0 + floor(v / 64), 0x80 + v % 64) end
  if v < 0x10000 then return char(0xE0 + floor(v / 4096), 0x80 + floor(v / 64) % 64, 0x80 + v % 64) end
  return char(0xF0 + floor(v / 262144), 0x80 + floor(v / 4096) % 64, 0x80 + floor(v / 64) % 64, 0x80 + v % 64)
end

-- What the string from i to e (a range that `str` has accepted) says.
local function text(p, i, e, escaped)
  if not escaped then return fstr(p + i + 1, e - i - 2) end
  local out, from = {}, i + 1
  i = i + 1
  while i < e - 1 do
    local c = p[i]
    if c ~= 92 then
      i = i + 1
    else
      if i > from then out[#out + 1] = fstr(p + from, i - from) end
      c = p[i + 1]
      if c == 117 then
        local v = hex4(p, i + 2)
        i = i + 6
        if v >= 0xD800 and v <= 0xDBFF then
          v = 0x10000 + (v - 0xD800) * 1024 + hex4(p, i + 2) - 0xDC00
          i = i + 6
        end
        out[#out + 1] = utf8(v)
      else
        out[#out + 1] = ESCAPES[c] or char(c)
        i = i + 2
      end
      from = i
    end
  end
  if e - 1 > from then out[#out + 1] = fstr(p + from, e - 1 - from) end
  return concat(out)
end

-- Code points of the string from i to e.
local function length(p, i, e)
  local n = 0
  i = i + 1
  while i < e - 1 do
    local c = p[i]
    if c == 92 then i = escape(p, i) - 1 end
    if c < 0x80 or c > 0xBF then n = n + 1 end
    i = i + 1
  end
  return n
end

local POWER = ffi.new("double[617]") -- 10^-308 to 10^308
for k = -308, 308 do POWER[k + 308] = tonumber("1e" .. k) end

local NUMBER = "expected a number"

-- Where the written digits do not give the double at once: as strtod would, correctly rounded.
local function slow(p, s, i, zero)
  if i - s > MAX_NUMBER then return fail(s, "expected a number of at most 1024 characters"), 0, false end
  if zero then return i, 0, true end
  local v = tonumber(fstr(p + s, i - s)) -- nil for exponents beyond 65535
  if not v or v - v ~= 0 then return fail(s, "expected a number that a double can hold"), 0, false end
  if v == 0 then return fail(s, "expected a number that a double tells from zero"), 0, false end
  return i, v, false
end

-- A number at i: where it ends, its value, and whether that is exact, which means: two exact values compare as the decimals
-- that are written do. It is for at most 15 digits and a power of ten that a double holds (Clinger 1990); other values
-- are within one part in 10^12, and `compare` knows better.
local function num(p, i)
  local s, c = i, p[i]
  local negative = c == 45
  if negative then
    i = i + 1
    c = p[i]
  end
  local first, v = i, c - 48.0
  if v < 0 or v > 9 then return fail(s, NUMBER), 0, false end
  i = i + 1
  c = p[i]
  if v > 0 then
    while c >= 48 and c <= 57 do
      v = v * 10 + (c - 48)
      i = i + 1
      c = p[i]
    end
  elseif c >= 48 and c <= 57 then
    return fail(s, "expected a number without leading zeros"), 0, false
  end
  local digits, scale = i - first, 0
  if c == 46 then
    local point = i
    i = i + 1
    c = p[i]
    while c >= 48 and c <= 57 do
      v = v * 10 + (c - 48)
      i = i + 1
      c = p[i]
    end
    scale = point - i + 1
    if scale == 0 then return fail(s, "expected digits after the point"), 0, false end
    digits = digits - scale
  end
  if c == 101 or c == 69 then
    i = i + 1
    c = p[i]
    local sign = 1
    if c == 43 or c == 45 then
      if c == 45 then sign = -1 end
      i = i + 1
      c = p[i]
    end
    local from, x = i, 0
    while c >= 48 and c <= 57 do
      if x < 100000 then x = x * 10 + (c - 48) end
      i = i + 1
      c = p[i]
    end
    if i == from then return fail(s, "expected digits in the exponent"), 0, false end
    scale = scale + sign * x
  end
  if digits > 15 or scale < -22 or scale > 22 then
    if digits > 290 or scale < -290 or scale + digits > 290 then return slow(p, s, i, v == 0) end
    v = v * POWER[scale + 308]
    return i, negative and -v or v, v == 0
  end
  if scale < 0 then v = v / POWER[308 - scale] elseif scale > 0 then v = v * POWER[scale + 308] end
  return i, negative and -v or v, true
end

-- The number from i to e as sign, digits d1 d2 ... without zeros around them, and x: it is 0.d1d2... times 10^x.
local function decimal(p, i, e)
  local sign, int, frac, exp = fstr(p + i, e - i):match("^(%-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
  local all = int .. frac
  local zeros, last = #all:match("^0*"), #all
  while last > zeros and all:byte(last) == 48 do last = last - 1 end
  if last == zeros then return "", "", 0 end
  return sign, all:sub(zeros + 1, last), #int - zeros + (tonumber(exp) or 0)
end

-- The one spelling of each number, so that equal numbers are equal texts.
local function spelled(p, i, e)
  local sign, digits, x = decimal(p, i, e)
  return digits == "" and "0" or sign .. digits .. "e" .. x
end

-- -1, 0 or 1: the number from i to e against a bound, as decimals of any length.
local function compare(p, i, e, sign, digits, x)
  local s, ds, dx = decimal(p, i, e)
  local mine = ds == "" and 0 or s == "-" and -1 or 1
  local other = digits == "" and 0 or sign == "-" and -1 or 1
  if mine ~= other then return mine < other and -1 or 1 end
  if dx ~= x then return dx < x and -mine or mine end
  if ds == digits then return 0 end
  return ds < digits and -mine or mine
end

-- Makes records of one kind: all their fields in one order, so that they are laid out alike and their readers stay quick.
-- A field that is not said is false.
local function record(names)
  return function(said, into)
    into = into or {}
    for k = 1, #names do into[names[k]] = said[names[k]] or false end
    return into
  end
end

local bound = record({ "value", "inner", "exact", "exclusive", "sign", "digits", "exponent", "expected" })

-- Whether a number lies below a bound, or at one that is exclusive. Beyond `inner` its double tells; next to the bound doubles
-- tell where both are exact, else the digits.
local function below(p, i, e, v, exact, bound)
  if v >= bound.inner then return false end
  if exact and bound.exact then return v < bound.value or bound.exclusive and v == bound.value end
  local order = compare(p, i, e, bound.sign, bound.digits, bound.exponent)
  return order < 0 or bound.exclusive and order == 0
end

local function above(p, i, e, v, exact, bound)
  if v <= bound.inner then return false end
  if exact and bound.exact then return v > bound.value or bound.exclusive and v == bound.value end
  local order = compare(p, i, e, bound.sign, bound.digits, bound.exponent)
  return order > 0 or bound.exclusive and order == 0
end

-- Whether the number from i to e has no fraction: 1.0 and 1e2 have none (JSON Schema 2020-12, 6.1.1).
local function integral(p, i, e)
  local _, digits, x = decimal(p, i, e)
  return x >= #digits
end

-- Whether the number from i to e is a multiple of m * 10^x, m a whole number below 2^49: digit by digit, so exactly.
local function multiple(p, i, e, m, x)
  local _, digits, dx = decimal(p, i, e)
  if digits == "" then return true end
  local zeros = dx - #digits - x
  if zeros < 0 then return false end
  local rest = 0
  for k = 1, #digits do rest = (rest * 10 + digits:byte(k) - 48) % m end
  for _ = 1, zeros do
    if rest == 0 then break end
    rest = rest * 10 % m
  end
  return rest == 0
end

-- Values of any kind ------------------------------------------------------------------------------------------------------

local DEEP, MORE_KEYS, MORE_ITEMS = "expected less nesting", "expected , or }", "expected , or ]"
local KEY, COLON, ONCE = "expected a key in quotes", "expected :", "expected each key once"

local function word(p, i, w)
  for k = 1, #w do
    if p[i + k - 1] ~= w:byte(k) then return fail(i, "expected a value of JSON") end
  end
  return i + #w
end

-- true, false, null, or nothing that JSON knows.
local function literal(p, i)
  local c = p[i]
  if c == 116 then return word(p, i, "true") end
  if c == 102 then return word(p, i, "false") end
  if c == 110 then return word(p, i, "null") end
  if c == 78 or c == 73 then return fail(i, "expected no NaN or Infinity") end
  return fail(i, "expected a value of JSON")
end

-- A key at i: where its value begins, and the key.
local function member(p, i)
  if p[i] ~= 34 then return fail(i, KEY), "" end
  local e, escaped = str(p, i)
  if e < 0 then return -1, "" end
  local key = text(p, i, e, escaped)
  i = ws(p, e)
  if p[i] ~= 58 then return fail(i, COLON), "" end
  return ws(p, i + 1), key
end

local any, object

local function array(p, i, d)
  if d >= limit.depth then return fail(i, DEEP) end
  i = ws(p, i + 1)
  if p[i] == 93 then return i + 1 end
  local n = 0
  while true do
    local c = p[i]
    if c == 34 then i = str(p, i)
    elseif c == 45 or (c >= 48 and c <= 57) then i = num(p, i)
    else i = any(p, i, d + 1) end
    if i < 0 then return up(n) end
    n = n + 1
    i = ws(p, i)
    c = p[i]
    if c == 93 then return i + 1 end
    if c ~= 44 then return fail(i, MORE_ITEMS) end
    i = ws(p, i + 1)
  end
end

object = function(p, i, d)
  if d >= limit.depth then return fail(i, DEEP) end
  i = ws(p, i + 1)
  if p[i] == 125 then return i + 1 end
  local first, seen
  while true do
    local key
    i, key = member(p, i)
    if i < 0 then return -1 end
    if first == nil then first = key
    else
      if seen == nil then seen = { [first] = true } end
      if seen[key] then
        fail(i, ONCE)
        return foreign(key)
      end
      seen[key] = true
    end
    i = any(p, i, d + 1)
    if i < 0 then return foreign(key) end
    i = ws(p, i)
    local c = p[i]
    if c == 125 then return i + 1 end
    if c ~= 44 then return fail(i, MORE_KEYS) end
    i = ws(p, i + 1)
  end
end

any = function(p, i, d)
  local c = p[i]
  if c == 34 then return (str(p, i)) end
  if c == 123 then return object(p, i, d) end
  if c == 91 then return array(p, i, d) end
  if c == 45 or (c >= 48 and c <= 57) then return (num(p, i)) end
  return literal(p, i)
end

-- A text that is the same for equal values and different for others. The value must have been read before; this is slow.
local function canonical(p, i)
  local c = p[i]
  if c == 34 then
    local e, escaped = str(p, i)
    local said = text(p, i, e, escaped)
    return e, "s" .. #said .. ":" .. said
  elseif c == 91 then
    local out = {}
    i = ws(p, i + 1)
    while p[i] ~= 93 do
      i, out[#out + 1] = canonical(p, i)
      i = ws(p, i)
      if p[i] == 44 then i = ws(p, i + 1) end
    end
    return i + 1, "[" .. concat(out, ",") .. "]"
  elseif c == 123 then
    local out = {}
    i = ws(p, i + 1)
    while p[i] ~= 125 do
      local key, value
      i, key = member(p, i)
      i, value = canonical(p, i)
      out[#out + 1] = "s" .. #key .. ":" .. key .. value
      i = ws(p, i)
      if p[i] == 44 then i = ws(p, i + 1) end
    end
    table.sort(out)
    return i + 1, "{" .. concat(out, ",") .. "}"
  elseif c == 45 or (c >= 48 and c <= 57) then
    local e = num(p, i)
    return e, spelled(p, i, e)
  end
  return literal(p, i), char(c)
end

-- What the value from i to e is in a set of values: a string is itself, and so is a number that its double tells apart from
-- others; the rest are texts that begin with a byte which no string has.
local function identity(p, i, e)
  local c = p[i]
  if c == 34 then
    local _, escaped = str(p, i)
    return text(p, i, e, escaped)
  elseif c == 45 or (c >= 48 and c <= 57) then
    local _, v, exact = num(p, i)
    if exact then return v end
    local sign, digits, x = decimal(p, i, e)
    if #digits <= MAX_EXACT_DIGITS and x <= MAX_EXACT_EXPONENT and x >= -MAX_EXACT_EXPONENT then
      return tonumber(sign .. "0." .. digits .. "e" .. x)
    end
  elseif c == 91 or c == 123 then
    spend(i, i + SLOW * (e - i))
  end
  local _, form = canonical(p, i)
  return "\255" .. form
end

-- Whole bodies ------------------------------------------------------------------------------------------------------------

-- What begins at i is not of the types that are allowed.
local function unexpected(p, i, said)
  local c = p[i]
  if c == 78 or c == 73 or (c == 45 and p[i + 1] == 73) then return literal(p, p[i] == 45 and i + 1 or i) end
  return fail(i, said)
end

-- A pattern as an automaton over bytes: `moves[state * kinds + kind[byte]]` is the next state; 0 refuses all, 1 accepts all.
local function run(a, p, i, e)
  local kind, moves, kinds, state = a.kind, a.moves, a.kinds, a.start
  while i < e and state > 1 do
    state = moves[state * kinds + kind[p[i]]]
    i = i + 1
  end
  return a.accept[state] == 1
end

local function found(a, said)
  return run(a, cast(bytes_t, said), 0, #said)
end

-- Whether the pattern is found in the string from i to e.
local function matches(a, p, i, e, escaped)
  if escaped then return found(a, text(p, i, e, true)) end
  return run(a, p, i + 1, e - 1)
end

-- Tables as texts: a byte for each byte, 16 bits for each move, a byte for each state.
local function automaton(kind, moves, accept, kinds, start)
  return {
    kind = cast(bytes_t, kind), moves = cast("const uint16_t*", moves), accept = cast(bytes_t, accept),
    kinds = kinds, start = start, keep = { kind, moves, accept },
  }
end

-- Reads a body by a reader of one value, which is given `state` too: true, or false and where what was expected.
local function check(root, body, max_bytes, depth, state)
  if #body > max_bytes then return false, "the body: expected at most " .. max_bytes .. " bytes" end
  local p = cast(bytes_t, body)
  if p[0] == 0xEF and p[1] == 0xBB and p[2] == 0xBF then return false, "the body: expected no byte order mark" end
  work, limit.depth, limit.size = 64 * #body + 65536, depth, #body
  local fine, e = pcall(root, p, ws(p, 0), 0, state)
  if not fine then
    if e == TOO_MUCH then return false, TOO_MUCH end
    error(e, 0)
  end
  if e >= 0 and ws(p, e) ~= #body then e = fail(e, "expected nothing after the value") end
  if e < 0 then return false, failure() end
  return true
end

-- A text as a string of JSON, for the bodies of refusals.
local function quote(said)
  return '"' .. said:gsub('[%c"\\\127]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

return {
  bytes_t = bytes_t, fail = fail, up = up, below = below, above = above, foreign = foreign, failure = failure, spend = spend, ws = ws, str = str, text = text,
  length = length, num = num, integral = integral, multiple = multiple,
  member = member, any = any, array = array, object = object, identity = identity, unexpected = unexpected, found = found,
  matches = matches, automaton = automaton, check = check, quote = quote, record = record, bound = bound, limit = limit, ONCE = ONCE, DEEP = DEEP,
  MORE_KEYS = MORE_KEYS, MORE_ITEMS = MORE_ITEMS,
}
