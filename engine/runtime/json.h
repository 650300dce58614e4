// SPDX-License-Identifier: Apache-2.0
// Reading JSON text that a file holds, trusting nothing about it.
#ifndef COLONNADE_ENGINE_RUNTIME_JSON_H_
#define COLONNADE_ENGINE_RUNTIME_JSON_H_

#include <fmt/format.h>

#include <cstdint>
#include <memory>
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

// JSON text of a file, and how to tell what is wrong with it.
template <class Json>
struct JsonDocument {
  Json value;
  ErrorCode code;
  std::string file;  // its name
};

// A value within a document and the path to it, for messages; keeps the document. What is not as
// asked for is thrown as the document's code, "FILE: PATH: found, expected".
template <class Json>
class BasicJsonNode {
 public:
  // All of the document, which stands at `path` in the file.
  BasicJsonNode(JsonDocument<Json> document, std::string path)
      : document_(std::make_shared<const JsonDocument<Json>>(std::move(document))),
        value_(&document_->value),
        path_(std::move(path)) {}

  const Json& value() const { return *value_; }

  BasicJsonNode Field(const char* key) const {
    if (!value_->is_object()) Fail("an object");
    const auto found = value_->find(key);
    if (found == value_->end()) Throw({.subject = path_, .found = std::string("no ") + key});
    return {document_, *found, path_ + '.' + key};
  }

  bool Has(const char* key) const { return value_->is_object() && value_->contains(key); }

  bool is_array() const { return value_->is_array(); }
  bool is_null() const { return value_->is_null(); }

  size_t size() const {
    if (!is_array()) Fail("an array");
    return value_->size();
  }

  BasicJsonNode Item(size_t i) const {
    return {document_, (*value_)[i], fmt::format("{}[{}]", path_, i)};
  }

  size_t Unsigned(size_t max) const {
    if (!value_->is_number_unsigned() || value_->template get<uint64_t>() > max) {
      Fail(fmt::format("an integer from 0 to {}", max));
    }
    return value_->template get<size_t>();
  }

  typename Json::number_float_t Number() const {
    if (!value_->is_number()) Fail("a number");
    return value_->template get<typename Json::number_float_t>();
  }

  bool Bool() const {
    if (!value_->is_boolean()) Fail("true or false");
    return value_->template get<bool>();
  }

  const std::string& String() const {
    if (!value_->is_string()) Fail("a string");
    return value_->template get_ref<const std::string&>();
  }

  [[noreturn]] void Fail(const std::string& expected) const {
    const std::string found = value_->is_array()    ? "an array"
                              : value_->is_object() ? "an object"
                              : value_->is_string() ? safetensors::Quoted(String())
                                                    : value_->dump();
    Throw({.subject = path_, .found = found, .expected = expected});
  }

 private:
  BasicJsonNode(std::shared_ptr<const JsonDocument<Json>> document, const Json& value,
                std::string path)
      : document_(std::move(document)), value_(&value), path_(std::move(path)) {}

  [[noreturn]] void Throw(ErrorDetails details) const {
    details.file = document_->file;
    throw Error(document_->code, std::move(details));
  }

  std::shared_ptr<const JsonDocument<Json>> document_;
  const Json* value_;  // within it
  std::string path_;
};

using JsonNode = BasicJsonNode<Json32>;

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
