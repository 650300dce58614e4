// SPDX-License-Identifier: Apache-2.0
#include "engine/train/tune_journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "colonnade/error.h"
#include "colonnade/version.h"
#include "engine/runtime/json.h"

namespace colonnade {
namespace {

using Json = nlohmann::ordered_json;
using Node = BasicJsonNode<Json>;

constexpr size_t kMany = 1'000'000'000;

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ToJson(const TuneJournal::Settings& settings) {
  Json json = Json::object();
  for (const auto& [name, text] : settings) json[name] = text;
  return json;
}

TuneJournal::Settings ReadSettings(const Node& node) {
  if (!node.value().is_object()) node.Fail("an object");
  TuneJournal::Settings settings;
  for (const auto& [name, text] : node.value().items()) {
    settings.emplace_back(name, node.Field(name.c_str()).String());
  }
  return settings;
}

template <Named E>
E ReadName(const Node& node) {
  const std::optional<E> value = Parse<E>(node.String());
  if (!value) node.Fail(Alternatives<E>());
  return *value;
}

TuneJournal::Header ReadHeader(const Node& line) {
  if (line.Field("journal").Unsigned(kMany) != 1) line.Field("journal").Fail("1");
  return {.data = line.Field("data").String(),
          .validation = line.Field("validation_data").String(),
          .folds = line.Field("folds").Unsigned(kMany),
          .fraction = line.Field("validation").Number(),
          .metric = ReadName<TuneMetric>(line.Field("metric")),
          .options = ReadSettings(line.Field("options"))};
}

TuneJournal::Step ReadStep(const Node& line, size_t trials) {
  const auto number = [&](const char* key) {
    return line.Field(key).is_null() ? std::nan("") : line.Field(key).Number();
  };
  TuneJournal::Step step = {.round = line.Field("round").Unsigned(kMany),
                            .trial = line.Field("trial").Unsigned(kMany),
                            .epochs = line.Field("epochs").Unsigned(kMany),
                            .metric = number("metric"),
                            .loss = number("loss"),
                            .seconds = number("seconds")};
  if (!line.Field("failure").is_null()) step.failure = line.Field("failure").String();
  if (step.trial >= trials) line.Field("trial").Fail("a trial of a line before");
  return step;
}

}  // namespace

TuneJournal TuneJournal::Parse(const std::string& text) {
  TuneJournal journal;
  size_t row = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++row;
    const std::string name = fmt::format("line {}", row);
    std::optional<Json> json = ParseJson<Json>(content);
    if (!json || !json->is_object()) {
      throw Error(
          ErrorCode::kBadData,
          ErrorDetails{.subject = "replay",
                       .problem = fmt::format("{} of the journal is no JSON object", name)});
    }
    const Node line({.value = std::move(*json), .code = ErrorCode::kBadData, .file = "journal"},
                    name);
    if (row == 1) {
      journal.header = ReadHeader(line);
    } else if (line.Has("round")) {
      journal.steps.push_back(ReadStep(line, journal.trials.size()));
    } else if (line.Has("trial")) {
      if (line.Field("trial").Unsigned(kMany) != journal.trials.size()) {
        line.Field("trial").Fail(fmt::to_string(journal.trials.size()));
      }
      journal.trials.push_back(ReadSettings(line.Field("options")));
    } else {
      journal.end = {.trial = line.Field("model").Unsigned(kMany),
                     .source = ReadName<TuneModelSource>(line.Field("source")),
                     .steps = line.Field("steps").Unsigned(SIZE_MAX),
                     .parameters_hash = line.Field("parameters_hash").String()};
      if (journal.end->trial >= journal.trials.size()) {
        line.Field("model").Fail("a trial of a line before");
      }
    }
  }
  if (row == 0) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = "replay", .problem = "the journal is empty"});
  }
  return journal;
}

std::string JournalLine(const TuneJournal::Header& header) {
  return Line({{"journal", 1},
               {"version", Version()},
               {"data", header.data},
               {"validation_data", header.validation},
               {"folds", header.folds},
               {"validation", header.fraction},
               {"metric", Name(header.metric)},
               {"options", ToJson(header.options)}});
}

std::string JournalLine(size_t trial, const TuneJournal::Settings& options) {
  return Line({{"trial", trial}, {"options", ToJson(options)}});
}

std::string JournalLine(const TuneJournal::Step& step) {
  return Line({{"round", step.round},
               {"trial", step.trial},
               {"epochs", step.epochs},
               {"metric", step.metric},
               {"loss", step.loss},
               {"seconds", step.seconds},
               {"failure", step.failure.empty() ? Json() : Json(step.failure)}});
}

std::string JournalLine(const TuneJournal::End& end) {
  return Line({{"model", end.trial},
               {"source", Name(end.source)},
               {"steps", end.steps},
               {"parameters_hash", end.parameters_hash}});
}

}  // namespace colonnade
