// What the library throws.
#ifndef COLONNADE_ERROR_H_
#define COLONNADE_ERROR_H_

#include <stdexcept>
#include <string>

namespace colonnade {

// Why an operation failed. The command line maps each to its exit code.
enum class ErrorCode {
  kInvalidArgument,  // an option that cannot be meant: names the option, the value, the range
  kIo,               // a file that cannot be opened, read or written: names the file and why
  kBadData,          // data that is not what it should be: names file, row, column, found, expected
  kBadModel,         // a model file that is damaged, foreign, or does not fit the data
  kDiverged,         // training left the finite numbers
};

// Every failure of the library, with one line of text meant for the person at the keyboard.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace colonnade

#endif  // COLONNADE_ERROR_H_
