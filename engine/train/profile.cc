// SPDX-License-Identifier: Apache-2.0
#include "colonnade/profile.h"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

#include "colonnade/files.h"

namespace colonnade {
namespace {

// The track of the steps; those of the threads follow. It has the number of the process, and so
// comes first.
constexpr size_t kStepTrack = 1;

// Objects of the list of events, each followed by a comma.
class TraceText {
 public:
  void NameTrack(size_t track, std::string_view name) {
    Append(R"({{"ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":"{}"}}}},)"
           R"({{"ph":"M","pid":1,"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}},)"
           "\n",
           track, name, track, track);
  }

  // In microseconds. Viewers cut off what value * 1000 has after the point, which may be a little
  // less than the whole nanosecond that is meant: hence a tenth of a nanosecond more. Otherwise
  // slices would overlap by a nanosecond, and be dropped.
  void Slice(size_t track, Profile::Span time, std::string_view category, std::string_view name) {
    const int64_t length = time.end - time.begin;
    Append(R"({{"ph":"X","pid":1,"tid":{},"ts":{}.{:03}1,"dur":{}.{:03}1,"cat":"{}","name":"{}"}},)"
           "\n",
           track, time.begin / 1000, time.begin % 1000, length / 1000, length % 1000, category,
           name);
  }

  template <class... Args>
  void Append(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

void WriteTrace(const Profile& profile, const std::filesystem::path& file) {
  TraceText trace;
  const size_t traced = profile.traced_steps.size();
  trace.Append(
      R"({{"displayTimeUnit":"ns","otherData":{{"steps":{},"traced_steps":{},"threads":{}}},)"
      R"("traceEvents":[)"
      "\n",
      profile.steps, traced, profile.threads);
  trace.NameTrack(kStepTrack, traced == profile.steps ? "steps"
                                                      : fmt::format("steps (the first {} of {})",
                                                                    traced, profile.steps));
  int64_t end = 0;
  for (const Profile::Span& step : profile.traced_steps) {
    const char* other = Name(Phase::kOther);
    trace.Slice(kStepTrack, {end, step.begin}, other, other);
    trace.Slice(kStepTrack, step, "step", "step");
    end = step.end;
  }
  for (size_t thread = 0; thread < profile.events.size(); ++thread) {
    const size_t track = kStepTrack + 1 + thread;
    trace.NameTrack(track, fmt::format("thread {}", thread));
    for (const Profile::Event& event : profile.events[thread]) {
      const std::string phase = Name(event.phase);
      trace.Slice(track, event.time, phase,
                  event.layer < 0 ? phase : fmt::format("{} {}", phase, event.layer));
    }
  }
  // Last, because nothing may follow the last comma.
  trace.Append(R"({{"ph":"M","pid":1,"name":"process_name","args":{{"name":"colonnade train"}}}})"
               "\n]}}\n");
  WriteFile(file, trace.text());
}

}  // namespace colonnade
