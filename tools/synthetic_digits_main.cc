// SPDX-License-Identifier: Apache-2.0
// synthetic_digits: writes synthetic handwritten digits as a CSV file.

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "tools/synthetic_digits.h"

namespace {

constexpr std::string_view kUsage =
    "usage: synthetic_digits --examples N [--seed S] OUT.csv\n"
    "\n"
    "Writes N synthetic 28x28 digits in the format of mnist_train.csv. The same N and S give the\n"
    "same bytes on every machine; the first examples of a longer file are those of a shorter one.\n"
    "\n"
    "  --examples N   how many examples, 1 to 10000000\n"
    "  --seed S       which digits (default 1)\n"
    "  --help         this text\n"
    "\n"
    "Exit status: 0 done, 1 the file could not be written, 2 wrong usage.\n";

struct Options {
  std::uint64_t examples = 0;
  std::uint64_t seed = 1;
  std::string out;
};

int UsageError(const std::string& what) {
  std::cerr << "synthetic_digits: " << what << '\n' << kUsage;
  return 2;
}

std::optional<std::uint64_t> ParseCount(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The streams say only that something failed; the C library beneath them says in errno why.
void Check(const std::ofstream& file) {
  if (!file) throw std::system_error(errno != 0 ? errno : EIO, std::generic_category());
}

// Writes next to the file and renames, so that OUT is never half a file.
void Write(const Options& options) {
  const std::filesystem::path temporary = options.out + ".tmp";
  // A rename would replace a device such as /dev/null by a file.
  if (std::filesystem::exists(options.out) && !std::filesystem::is_regular_file(options.out)) {
    throw std::system_error(std::make_error_code(std::errc::operation_not_supported),
                            "not a regular file");
  }
  try {
    errno = 0;
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    Check(file);
    WriteDigitsCsv(file, colonnade::tools::MakeDigits(options.examples, options.seed));
    file.close();
    Check(file);
    std::filesystem::rename(temporary, options.out);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      std::cout << kUsage;
      return 0;
    }
    if (argument == "--examples" || argument == "--seed") {
      const auto value = i + 1 < argc ? ParseCount(argv[++i]) : std::nullopt;
      if (!value) return UsageError(argument + " needs a whole number");
      (argument == "--seed" ? options.seed : options.examples) = *value;
    } else if (argument.starts_with('-')) {
      return UsageError("unknown option " + argument);
    } else if (!options.out.empty()) {
      return UsageError("one output file, not also " + argument);
    } else {
      options.out = argument;
    }
  }
  if (options.examples < 1 || options.examples > 10'000'000) {
    return UsageError("--examples must be given, from 1 to 10000000");
  }
  if (options.out.empty()) return UsageError("the output file is missing");
  try {
    Write(options);
  } catch (const std::exception& error) {
    std::cerr << "synthetic_digits: cannot write " << options.out << ": " << error.what() << '\n';
    return 1;
  }
  return 0;
}
