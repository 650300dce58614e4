// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace colonnade::test {
namespace {

std::string Contents(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::filesystem::path Fresh(const char* suffix) {
  static std::atomic<int> count = 0;
  return std::filesystem::temp_directory_path() /
         ("colonnade_cli_" + std::to_string(getpid()) + "_" + std::to_string(count++) + suffix);
}

// Never returns. Only calls that are allowed between fork and exec.
[[noreturn]] void Exec(const char* folder, const char* input, const char* out, const char* err,
                       char* const* arguments, size_t memory, size_t data) {
  const rlimit limit = {.rlim_cur = memory, .rlim_max = memory};
  if (memory > 0 && setrlimit(RLIMIT_AS, &limit) != 0) _exit(126);
  const rlimit data_limit = {.rlim_cur = data, .rlim_max = data};
  if (data > 0 && setrlimit(RLIMIT_DATA, &data_limit) != 0) _exit(126);
  const int in_file = open(input, O_RDONLY);
  const int out_file = open(out, O_WRONLY | O_CREAT, 0600);
  const int err_file = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (in_file < 0 || out_file < 0 || err_file < 0 || chdir(folder) != 0) _exit(126);
  dup2(in_file, STDIN_FILENO);
  dup2(out_file, STDOUT_FILENO);
  dup2(err_file, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

}  // namespace

std::string ProgramPath() { return COLONNADE_PROGRAM; }

Program::Program(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                 const std::string& input, const std::string& output, size_t memory, size_t data)
    : out_(output.empty() ? Fresh(".out") : std::filesystem::path(output)), err_(Fresh(".err")) {
  std::vector<std::string> words = {ProgramPath()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    Exec(folder.c_str(), input.c_str(), out_.c_str(), err_.c_str(), pointers.data(), memory, data);
  }
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove(err_, ignored);
  if (std::filesystem::is_regular_file(out_, ignored)) std::filesystem::remove(out_, ignored);
}

void Program::Signal(int signal) const { kill(pid_, signal); }

Outcome Program::Wait() {
  int state = 0;
  waitpid(pid_, &state, 0);
  pid_ = -1;
  Outcome outcome;
  outcome.status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  if (std::filesystem::is_regular_file(out_)) outcome.out = Contents(out_);
  outcome.err = Contents(err_);
  return outcome;
}

bool Program::AwaitError(const std::string& text) const {
  for (;;) {
    siginfo_t ended = {};
    waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (Contents(err_).find(text) != std::string::npos) return true;
    if (ended.si_pid != 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Outcome RunProgram(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                   const std::string& input) {
  return Program(folder, arguments, input).Wait();
}

}  // namespace colonnade::test
