-- Whether a body comes in a form that can be checked: a content type without surprises, and no compression.
return function(content_type, content_encoding, types, encodings, absent, said)
  if content_encoding and not encodings[content_encoding:lower()] then
    return false, "the content encoding: expected none"
  end
  if not content_type or content_type == "" then
    if absent then return true end
    return false, said
  end
  local name, rest = content_type:lower():match("^%s*([%w!#$&^_.+-]+/[%w!#$&^_.+-]+)%s*(.*)$")
  if not name or not types[name] then return false, said end
  -- RFC 9110, 8.3.1. Another charset would be another text to the server than what was checked.
  for parameter in rest:gmatch("[^;]+") do
    local key, value = parameter:match("^%s*([%w-]+)=\"?([%w._-]+)\"?%s*$")
    if not key then
      if parameter:find("%S") then return false, said end
    elseif key == "charset" and value ~= "utf-8" and value ~= "utf8" and value ~= "us-ascii" then
      return false, said
    end
  end
  if rest ~= "" and rest:sub(1, 1) ~= ";" then return false, said end
  return true
end
