// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/json.h"

#include <algorithm>
#include <bit>

namespace colonnade {

bool IsUtf8(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

Json32 ToJson(const std::string& name) {
  if (IsUtf8(name)) return name;
  return std::vector<uint8_t>(name.begin(), name.end());
}

Json32 ToJson(const std::vector<std::string>& names) {
  auto json = Json32::array();
  for (const std::string& name : names) json.push_back(ToJson(name));
  return json;
}

Json32 ToJson(const std::vector<float>& values) {
  const auto same_bits = [&](float value) {
    return std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(values.front());
  };
  if (std::ranges::all_of(values, same_bits)) return values.front();
  return values;
}

std::string ReadName(const JsonNode& node) {
  if (!node.is_array()) return node.String();
  std::string name;
  for (size_t i = 0; i < node.size(); ++i) {
    name += static_cast<char>(static_cast<unsigned char>(node.Item(i).Unsigned(255)));
  }
  return name;
}

std::vector<std::string> ReadNames(const JsonNode& node) {
  std::vector<std::string> names(node.size());
  for (size_t i = 0; i < names.size(); ++i) names[i] = ReadName(node.Item(i));
  return names;
}

std::vector<float> ReadFloats(const JsonNode& node, size_t expected) {
  if (!node.is_array()) return std::vector<float>(expected, node.Number());
  std::vector<float> values(node.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = node.Item(i).Number();
  return values;
}

}  // namespace colonnade
