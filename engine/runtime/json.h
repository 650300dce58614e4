// Reading JSON text that a file holds, trusting nothing about it.
#ifndef COLONNADE_ENGINE_RUNTIME_JSON_H_
#define COLONNADE_ENGINE_RUNTIME_JSON_H_

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/runtime/safetensors.h"

namespace colonnade {

// JSON whose numbers with a fraction are f32, written in the shortest form that reads back as the
// same bits; members stay in the order in which they were added.
using Json32 = nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, int64_t,
                                    uint64_t, float>;

// Nothing where `text` is not JSON, or is nested so deeply that only malice explains it: to print
// such a value takes stack.
template <class Json>
std::optional<Json> ParseJson(std::string_view text) {
  constexpr int kMaxDepth = 32;
  struct TooDeep : std::runtime_error {
    using runtime_error::runtime_error;
  };
  if (text.find('\0') != std::string_view::npos) return {};  // the parser would stop there
  try {
    return Json::parse(text, [](int depth, nlohmann::detail::parse_event_t, Json&) {
      if (depth > kMaxDepth) throw TooDeep("JSON");
      return true;
    });
  } catch (const nlohmann::detail::exception&) {
    return {};
  } catch (const TooDeep&) {
    return {};
  }
}

// Whether `text` can be a string in JSON.
bool IsUtf8(const std::string& text);

// A value within a JSON document and the path to it, for messages. What is not as asked for is
// thrown as kBadModel, "PATH: found, expected".
class JsonNode {
 public:
  JsonNode(const Json32& value, std::string path) : value_(value), path_(std::move(path)) {}

  JsonNode Field(const char* key) const {
    if (!value_.is_object()) Fail("an object");
    const auto found = value_.find(key);
    if (found == value_.end()) {
      throw Error(ErrorCode::kBadModel, fmt::format("{}: found no {}", path_, key));
    }
    return {*found, path_ + '.' + key};
  }

  bool Has(const char* key) const { return value_.is_object() && value_.contains(key); }

  bool is_array() const { return value_.is_array(); }

  size_t size() const {
    if (!is_array()) Fail("an array");
    return value_.size();
  }

  JsonNode Item(size_t i) const { return {value_[i], fmt::format("{}[{}]", path_, i)}; }

  size_t Unsigned(size_t max) const {
    if (!value_.is_number_unsigned() || value_.get<uint64_t>() > max) {
      Fail(fmt::format("an integer from 0 to {}", max));
    }
    return value_.get<size_t>();
  }

  float Float() const {
    if (!value_.is_number()) Fail("a number");
    return value_.get<float>();
  }

  bool Bool() const {
    if (!value_.is_boolean()) Fail("true or false");
    return value_.get<bool>();
  }

  const std::string& String() const {
    if (!value_.is_string()) Fail("a string");
    return value_.get_ref<const std::string&>();
  }

  [[noreturn]] void Fail(const std::string& expected) const {
    const std::string found = value_.is_array()    ? "an array"
                              : value_.is_object() ? "an object"
                              : value_.is_string() ? safetensors::Quoted(String())
                                                   : value_.dump();
    throw Error(ErrorCode::kBadModel,
                fmt::format("{}: found {}, expected {}", path_, found, expected));
  }

 private:
  const Json32& value_;
  std::string path_;
};

// Names, and their lists. One that is not valid UTF-8 (JSON has no other strings) is stored as the
// array of its bytes.
Json32 ToJson(const std::string& name);
Json32 ToJson(const std::vector<std::string>& names);
std::string ReadName(const JsonNode& node);
std::vector<std::string> ReadNames(const JsonNode& node);

// One number per feature, or a single one where all have the same bits; at least one.
Json32 ToJson(const std::vector<float>& values);
std::vector<float> ReadFloats(const JsonNode& node, size_t expected);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_JSON_H_
