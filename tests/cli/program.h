// SPDX-License-Identifier: Apache-2.0
// Running the colonnade program as a user would: arguments in; exit status, stdout and stderr out.
#ifndef COLONNADE_TESTS_CLI_PROGRAM_H_
#define COLONNADE_TESTS_CLI_PROGRAM_H_

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace colonnade::test {

std::string ProgramPath();

struct Outcome {
  int status = -1;  // exit status; 128 + signal if a signal ended it
  std::string out;
  std::string err;
};

// A program that was started. Its output goes to files in a folder of its own.
class Program {
 public:
  // Runs in `folder`, standard input read from `input` (a file name). memory: bytes of address
  // space that it may use; data: bytes of memory of its own, without what it maps of files; 0: as
  // many as there are.
  Program(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
          const std::string& input = "/dev/null", const std::string& output = "", size_t memory = 0,
          size_t data = 0);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  void Signal(int signal) const;
  Outcome Wait();

  // Waits until it has written that text to standard error. False if it ended without.
  bool AwaitError(const std::string& text) const;

 private:
  std::filesystem::path out_, err_;
  pid_t pid_ = -1;
};

Outcome RunProgram(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                   const std::string& input = "/dev/null");

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_CLI_PROGRAM_H_
