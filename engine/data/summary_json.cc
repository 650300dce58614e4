// SPDX-License-Identifier: Apache-2.0
#include "engine/data/summary_json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace colonnade {
namespace {

// ---- Values ----

Json32 Written(bool value) { return value; }
Json32 Written(uint64_t value) { return value; }
Json32 Written(ColumnRole role) { return Name(role); }
Json32 Written(const std::string& text) { return ToJson(text); }
Json32 Written(const std::vector<std::string>& texts) { return ToJson(texts); }
Json32 Written(const std::vector<std::pair<std::string, uint64_t>>& counts) {
  auto json = Json32::array();
  for (const auto& [name, count] : counts) {
    auto item = Json32::array();
    item.push_back(ToJson(name));
    item.push_back(count);
    json.push_back(std::move(item));
  }
  return json;
}
Json32 Written(const std::vector<ColumnSummary>& columns);

void Take(const JsonNode& node, bool* to) { *to = node.Bool(); }
void Take(const JsonNode& node, uint64_t* to) { *to = node.Unsigned(INT64_MAX); }
void Take(const JsonNode& node, ColumnRole* to) {
  const std::optional<ColumnRole> role = Parse<ColumnRole>(node.String());
  if (!role) node.Fail("the role of a column");
  *to = *role;
}
void Take(const JsonNode& node, std::string* to) { *to = ReadName(node); }
void Take(const JsonNode& node, std::vector<std::string>* to) { *to = ReadNames(node); }
void Take(const JsonNode& node, std::vector<std::pair<std::string, uint64_t>>* to) {
  for (size_t i = 0; i < node.size(); ++i) {
    const JsonNode item = node.Item(i);
    if (item.size() != 2) item.Fail("a name and a number");
    to->emplace_back(ReadName(item.Item(0)), item.Item(1).Unsigned(INT64_MAX));
  }
}
void Take(const JsonNode& node, std::vector<ColumnSummary>* to);

// ---- Members ----

template <class Column, class Visit>
void VisitColumn(Column& column, const Visit& visit) {
  visit("name", column.name);
  visit("role", column.role);
  visit("date", column.date);
  visit("features", column.features);
  visit("missing", column.missing);
  visit("note", column.note);
}

template <class Summary, class Visit>
void VisitSummary(Summary& summary, const Visit& visit) {
  visit("source", summary.source);
  visit("format", summary.format);
  visit("files", summary.files);
  visit("rows", summary.rows);
  visit("dropped", summary.dropped);
  visit("bad_rows", summary.bad_rows);
  visit("bad", summary.bad);
  visit("preamble", summary.preamble);
  visit("delimiter", summary.delimiter);
  visit("header", summary.header);
  visit("columns", summary.columns);
  visit("features", summary.features);
  visit("label", summary.label);
  visit("task", summary.task);
  visit("classes", summary.classes);
  visit("missing", summary.missing);
  visit("numbers", summary.numbers);
  visit("number_columns", summary.number_columns);
  visit("special", summary.special);
}

// Those that differ from the members of a new object, in the same order.
template <class T, class VisitMembers>
Json32 WriteMembers(const T& object, const VisitMembers& visit_members) {
  auto json = Json32::object();
  visit_members(object, [&](const char* key, const auto& value) { json[key] = Written(value); });
  const T standard = {};
  visit_members(standard, [&](const char* key, const auto& value) {
    if (json[key] == Written(value)) json.erase(key);
  });
  return json;
}

template <class T, class VisitMembers>
T ReadMembers(const JsonNode& node, const VisitMembers& visit_members) {
  if (!node.value().is_object()) node.Fail("an object");
  T object;
  visit_members(object, [&](const char* key, auto& value) {
    if (node.Has(key)) Take(node.Field(key), &value);
  });
  return object;
}

constexpr auto kVisitColumn = [](auto& column, const auto& visit) { VisitColumn(column, visit); };
constexpr auto kVisitSummary = [](auto& summary, const auto& visit) {
  VisitSummary(summary, visit);
};

Json32 Written(const std::vector<ColumnSummary>& columns) {
  auto json = Json32::array();
  for (const ColumnSummary& column : columns) json.push_back(WriteMembers(column, kVisitColumn));
  return json;
}

void Take(const JsonNode& node, std::vector<ColumnSummary>* to) {
  for (size_t i = 0; i < node.size(); ++i) {
    to->push_back(ReadMembers<ColumnSummary>(node.Item(i), kVisitColumn));
  }
}

}  // namespace

Json32 SummaryJson(const DataSummary& summary) { return WriteMembers(summary, kVisitSummary); }

DataSummary ReadSummary(const JsonNode& node) {
  return ReadMembers<DataSummary>(node, kVisitSummary);
}

}  // namespace colonnade
