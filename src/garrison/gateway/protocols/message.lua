-- The model's name in the one message of a gRPC request, or nil and the reason why the request is refused.
--
-- Envoy's grpc_field_extraction cannot be authorised on: that of 1.40 takes a field for a string whatever its wire type
-- is, so a message can show it one name and the server another. Here the fields of the message are walked as every parser
-- of protobuf walks them (https://protobuf.dev/programming-guides/encoding/), and what
-- parsers may read differently is refused: groups, numbers that overflow, a name that is given twice, other messages
-- behind the first, compression. `number` is the field that holds the name.
local MODEL_OF_MESSAGE = (function()
  local byte, floor = string.byte, math.floor

  -- A varint of at most `longest` bytes: its value and where it ends. Exact below 2^53.
  local function varint(body, at, longest)
    local value, scale = 0, 1
    for _ = 1, longest do
      local piece = byte(body, at)
      if not piece then return nil end
      at = at + 1
      if piece < 128 then return value + piece * scale, at end
      value, scale = value + (piece - 128) * scale, scale * 128
    end
    return nil
  end

  -- Where the value of a field ends, and for a string where it begins.
  local function skip(body, at, wire)
    if wire == 0 then
      local _, after = varint(body, at, 10)
      return after
    elseif wire == 1 then
      return at + 8
    elseif wire == 5 then
      return at + 4
    elseif wire == 2 then
      local length, from = varint(body, at, 5)
      if length then return from + length, from end
    end
    return nil
  end

  return function(body, number)
    local size = #body
    local flag, a, b, c, d = byte(body, 1, 5)
    if not d then return nil, "the request carries no gRPC message" end
    if flag ~= 0 then return nil, "compressed gRPC messages are not taken here" end
    if ((a * 256 + b) * 256 + c) * 256 + d ~= size - 5 then return nil, "the request is not one gRPC message" end
    local at, name = 6, nil
    while at <= size do
      local tag, value = varint(body, at, 5)
      if not tag or tag < 8 or tag >= 4294967296 then return nil, "the gRPC message is not valid" end
      local after, from = skip(body, value, tag % 8)
      if not after or after > size + 1 then return nil, "the gRPC message is not valid" end
      if floor(tag / 8) == number then
        if not from or name then return nil, "the gRPC message does not name one model" end
        name = body:sub(from, after - 1)
      end
      at = after
    end
    if not name or name == "" then return nil, "the gRPC message names no model" end
    return name
  end
end)()
