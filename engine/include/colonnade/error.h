// SPDX-License-Identifier: Apache-2.0
// What the library throws.
#ifndef COLONNADE_ERROR_H_
#define COLONNADE_ERROR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "colonnade/names.h"

namespace colonnade {

// Why an operation failed. The command line maps each to its exit code.
enum class ErrorCode {
  kInvalidArgument,  // an option that cannot be meant: the subject is its name
  kIo,               // a file that cannot be opened, read or written
  kBadData,          // data that is not what it should be
  kBadModel,         // a model file that is damaged, foreign, or does not fit the data
  kDiverged,         // training left the finite numbers
};

inline constexpr NameRow<ErrorCode> kErrorCodes[] = {{ErrorCode::kInvalidArgument, "usage"},
                                                     {ErrorCode::kIo, "io"},
                                                     {ErrorCode::kBadData, "data"},
                                                     {ErrorCode::kBadModel, "model"},
                                                     {ErrorCode::kDiverged, "diverged"}};
constexpr std::span<const NameRow<ErrorCode>> NamesOf(ErrorCode) { return kErrorCodes; }

// What there is to tell of a failure, each part by itself; what does not apply is empty or 0. Names
// of options in `problem`, `expected` and `advice` stand between backquotes, so that each front end
// can spell them as its users know them: `lr` is --lr on the command line.
struct ErrorDetails {
  std::string subject = {};  // the option's name ("lr"), or a path within the file ("layers[0]")
  std::string file = {};     // as the caller named it
  uint64_t row = 0;          // line of the file, from 1, as an editor shows it
  size_t column = 0;         // field of the row, from 1
  std::string column_name = {};  // of that column, quoted, where the file has names
  std::string problem = {};      // in words, where `found` and `expected` would not say it
  std::string found = {};
  std::string expected = {};
  std::string advice = {};  // the way on
};

using SpellOption = std::function<std::string(std::string_view name)>;

// A text of the library (a message, a note, a line of help) with each `name` in it spelt by
// `spell`.
std::string SpellOptions(std::string_view text, const SpellOption& spell);

// Every failure of the library. what() is one line meant for the person at the keyboard:
// "FILE:ROW: column COLUMN (NAME): SUBJECT: found FOUND, expected EXPECTED; ADVICE". With kIo and
// kInvalidArgument, it is PROBLEM that names the file.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, ErrorDetails details);

  // `problem` is all that there is to tell.
  Error(ErrorCode code, std::string problem);

  ErrorCode code() const noexcept { return code_; }
  const ErrorDetails& details() const noexcept { return details_; }

  // what() with the names of options spelt by `spell`, the subject's too.
  std::string Message(const SpellOption& spell) const;

 private:
  ErrorCode code_;
  ErrorDetails details_;
};

// Throws kInvalidArgument about an option: what was found in it, and what was expected.
[[noreturn]] void Reject(std::string_view option, std::string found, std::string expected);

}  // namespace colonnade

#endif  // COLONNADE_ERROR_H_
