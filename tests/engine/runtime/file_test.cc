// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "colonnade/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;
using test::ExpectError;
using test::ReadFile;
using test::TempDir;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

constexpr uid_t kNobody = 65534;

void WriteAll(const fs::path& file, std::string_view content) {
  AtomicFile output(file);
  output.Write(content);
  output.Commit();
}

TEST(InputFileTest, ReadsToTheEnd) {
  const TempDir dir;
  const fs::path file = dir.WriteFile("a", "hello world");
  InputFile input(file);
  EXPECT_EQ(input.name(), file.string());
  EXPECT_EQ(input.size(), 11u);
  std::string to(4, '.');
  EXPECT_EQ(input.Read(to), 4u);
  EXPECT_EQ(to, "hell");
  to.resize(20);
  EXPECT_EQ(input.Read(to), 7u);
  EXPECT_EQ(to.substr(0, 7), "o world");
  EXPECT_EQ(input.Read(to), 0u);
}

TEST(InputFileTest, NamesTheFileAndTheReason) {
  const TempDir dir;
  const std::string missing = (dir / "missing").string();
  ExpectError(ErrorCode::kIo, "cannot read '" + missing + "': No such file or directory",
              [&] { InputFile input(missing); });
  ExpectError(ErrorCode::kIo, "cannot read '" + dir.path().string() + "': is a directory",
              [&] { InputFile input(dir.path()); });
  const std::string below_file = (dir.WriteFile("a", "") / "b").string();
  ExpectError(ErrorCode::kIo, "cannot read '" + below_file + "': Not a directory",
              [&] { InputFile input(below_file); });
}

TEST(InputFileTest, LeavesNoDescriptorOpen) {
  const TempDir dir;
  const fs::path file = dir.WriteFile("a", "");
  const int before = dup(STDERR_FILENO);
  close(before);
  for (int i = 0; i < 3; ++i) {
    InputFile input(file);
    EXPECT_THROW(InputFile{dir.path()}, Error);
    EXPECT_THROW(AtomicFile{dir.path()}, Error);
    AtomicFile output(dir / "b");
  }
  const int after = dup(STDERR_FILENO);
  close(after);
  EXPECT_EQ(after, before);
}

TEST(InputFileTest, CollectsWhatComesThroughAPipe) {
  const TempDir dir;
  const fs::path fifo = dir / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::thread writer([&] {
    const int descriptor = open(fifo.c_str(), O_WRONLY);
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(write(descriptor, "0123456789", 10), 10);
      std::this_thread::yield();
    }
    close(descriptor);
  });
  InputFile input(fifo);
  EXPECT_EQ(input.size(), std::nullopt);
  std::string to(1000, '.');
  EXPECT_EQ(input.Read(to), 500u) << "short readings of a pipe are not the end";
  writer.join();
}

TEST(InputFileTest, ReadsFromASource) {
  std::string_view left = "\x1f\x8b hello";
  InputFile input("two files", [&](std::span<char> to) {
    const size_t count = std::min(to.size(), left.size());
    std::copy_n(left.data(), count, to.data());
    left.remove_prefix(count);
    return count;
  });
  EXPECT_EQ(input.name(), "two files");
  EXPECT_EQ(input.size(), std::nullopt);
  EXPECT_FALSE(input.stamp().has_value());
  EXPECT_FALSE(input.seekable());
  EXPECT_NO_THROW(input.RequireUnchanged());
  std::string to(5, '.');
  EXPECT_EQ(input.Read(to), 5u);
  EXPECT_EQ(to, "\x1f\x8b he") << "as it is";
  EXPECT_EQ(input.Read(to), 3u);
  EXPECT_EQ(input.taken(), 8u);
}

TEST(ReadWholeFileTest, ReadsFilesOfAnySize) {
  const TempDir dir;
  for (const size_t size : {0u, 1u, 65535u, 65536u, 65537u, 300000u}) {
    std::string content(size, '\0');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 31 % 256);
    EXPECT_EQ(ReadWholeFile(dir.WriteFile("a", content)), content) << size;
  }
  // Files that tell 0 as their size.
  EXPECT_FALSE(ReadWholeFile("/proc/self/status").empty());
}

TEST(AtomicFileTest, AppearsWithCommitOnly) {
  using enum AtomicFile::Temporary;
  for (const auto temporary : {kNamelessIfPossible, kNamed}) {
    const TempDir dir;
    const fs::path file = dir / "out.csv";
    {
      AtomicFile output(file, temporary);
      output.Write("hello ");
      output.Write("");
      output.Write("world");
      EXPECT_FALSE(fs::exists(file));
      const auto hidden = ElementsAre(MatchesRegex("\\.out\\.csv\\.tmp-[0-9]+-[0-9a-f]+"));
      if (temporary == kNamed) {
        EXPECT_THAT(dir.List(), hidden);
      } else {
        EXPECT_THAT(dir.List(), AnyOf(IsEmpty(), hidden));  // not every file system can
      }
      output.Commit();
      EXPECT_EQ(ReadFile(file), "hello world");
    }
    EXPECT_THAT(dir.List(), ElementsAre("out.csv"));
    EXPECT_EQ(fs::status(file).permissions() & fs::perms::owner_all,
              fs::perms::owner_read | fs::perms::owner_write);
  }
}

TEST(AtomicFileTest, WithoutCommitTheOldFileStays) {
  const TempDir dir;
  const fs::path file = dir.WriteFile("out", "old");
  {
    AtomicFile output(file);
    output.Write("new");
  }
  EXPECT_EQ(ReadFile(file), "old");
  EXPECT_THAT(dir.List(), ElementsAre("out"));
  WriteAll(file, "new");
  EXPECT_EQ(ReadFile(file), "new");
  EXPECT_THAT(dir.List(), ElementsAre("out"));
}

TEST(AtomicFileTest, ObeysTheUmask) {
  const TempDir dir;
  const mode_t before = umask(027);
  WriteAll(dir / "out", "");
  umask(before);
  struct stat status = {};
  ASSERT_EQ(stat((dir / "out").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

mode_t ModeOf(const fs::path& file) {
  struct stat status = {};
  EXPECT_EQ(stat(file.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST(AtomicFileTest, KeepsTheModeOfWhatItReplaces) {
  using enum AtomicFile::Temporary;
  const TempDir dir;
  const fs::path file = dir.WriteFile("out", "old");
  fs::create_symlink("out", dir / "link");
  for (const auto temporary : {kNamelessIfPossible, kNamed}) {
    for (const fs::path& name : {file, dir / "link"}) {
      for (const mode_t mode : {0600u, 0640u, 0666u, 0755u, 0604u}) {
        ASSERT_EQ(chmod(file.c_str(), mode), 0);
        AtomicFile output(name, temporary);
        output.Write("new");
        if (temporary == kNamed) {
          EXPECT_EQ(ModeOf(dir / dir.List()[0]), 0600u) << "nobody else reads it before";
        }
        output.Commit();
        EXPECT_EQ(ModeOf(file), mode);
        EXPECT_TRUE(fs::is_symlink(dir / "link"));
      }
    }
  }
}

TEST(AtomicFileTest, KeepsTheModeThatWasSetWhileItWasWritten) {
  const TempDir dir;
  const fs::path file = dir.WriteFile("out", "old");
  AtomicFile output(file);
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  output.Commit();
  EXPECT_EQ(ModeOf(file), 0600u);
  AtomicFile other(dir / "other");
  ASSERT_EQ(chmod(dir.WriteFile("other", "").c_str(), 0640), 0);
  other.Commit();
  EXPECT_EQ(ModeOf(dir / "other"), 0640u);
}

TEST(AtomicFileTest, KeepsOwnerAndGroupWherePermitted) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const TempDir dir;
  const fs::path file = dir.WriteFile("out", "old");
  ASSERT_EQ(chown(file.c_str(), kNobody, 1234), 0);
  ASSERT_EQ(chmod(file.c_str(), 0660), 0);
  WriteAll(file, "new");
  struct stat status = {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kNobody);
  EXPECT_EQ(status.st_gid, 1234u);
  EXPECT_EQ(status.st_mode & 07777, 0660u);

  // What that group was granted does not become another's.
  ASSERT_EQ(chmod(dir.path().c_str(), 0777), 0);
  const pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    if (setgroups(0, nullptr) == -1 || setgid(kNobody) == -1 || setuid(kNobody) == -1) _exit(2);
    WriteAll(file, "newer");
    _exit(0);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, kNobody);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST(AtomicFileTest, RefusesAtOnceWhatCannotBeWritten) {
  const TempDir dir;
  const std::string folder = (dir / "missing").string();
  ExpectError(ErrorCode::kIo,
              "cannot write '" + folder + "/out': the folder '" + folder + "' does not exist",
              [&] { AtomicFile output(folder + "/out"); });
  ExpectError(ErrorCode::kIo,
              "cannot write '" + folder + "/': the folder '" + folder + "' does not exist",
              [&] { AtomicFile output(folder + "/"); });
  ExpectError(ErrorCode::kIo, "cannot write '" + dir.path().string() + "': is a directory",
              [&] { AtomicFile output(dir.path()); });
  const std::string below_file = (dir.WriteFile("a", "") / "b").string();
  ExpectError(ErrorCode::kIo, "cannot write '" + below_file + "': Not a directory",
              [&] { AtomicFile output(below_file); });
  EXPECT_THROW(AtomicFile("/proc/out"), Error);
  EXPECT_THROW(AtomicFile(""), Error);
  EXPECT_THAT(dir.List(), ElementsAre("a"));
}

// Runs f in a process of its own that may not write everywhere, as root may.
template <class F>
void ExpectGoodWithoutPrivileges(const F& f) {
  const pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    if (geteuid() == 0 && setuid(kNobody) == -1) _exit(2);
    f();
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "see the failures above";
}

TEST(AtomicFileTest, RefusesWithoutPermission) {
  const TempDir dir;
  const fs::path file = dir.WriteFile("out", "old");
  ASSERT_EQ(chmod(file.c_str(), 0400), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(file.c_str(), kNobody, kNobody), 0);
    ASSERT_EQ(chown(dir.path().c_str(), kNobody, kNobody), 0);
  }
  ExpectGoodWithoutPrivileges([&] {
    ExpectError(ErrorCode::kIo, "cannot write '" + file.string() + "': Permission denied",
                [&] { AtomicFile output(file); });
    EXPECT_EQ(chmod(dir.path().c_str(), 0500), 0);
    ExpectError(ErrorCode::kIo, "cannot write '" + (dir / "b").string() + "': Permission denied",
                [&] { AtomicFile output(dir / "b"); });
    EXPECT_EQ(chmod(dir.path().c_str(), 0700), 0);
  });
  EXPECT_EQ(ReadFile(file), "old");
}

// No room on the disk, by a limit on the size of files.
TEST(AtomicFileTest, AFailedWriteLeavesTheOldFileAndNothingElse) {
  const TempDir dir;
  const fs::path file = dir.WriteFile("out", "old");
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = 10000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  ExpectError(ErrorCode::kIo, "cannot write '" + file.string() + "': File too large", [&] {
    // A first, short write succeeds, and what follows meets the limit.
    WriteAll(file, std::string(20000, 'x'));
  });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(ReadFile(file), "old");
  EXPECT_THAT(dir.List(), ElementsAre("out"));
}

TEST(AtomicFileTest, SaysThatTheDiskIsFull) {
  ExpectError(ErrorCode::kIo, "cannot write '/dev/full': No space left on device",
              [&] { WriteAll("/dev/full", "x"); });
}

TEST(AtomicFileTest, AFailedRenameLeavesNothing) {
  const TempDir dir;
  const fs::path file = dir / "out";
  AtomicFile output(file);
  output.Write("x");
  fs::create_directory(file);
  dir.WriteFile("out/inside", "");
  EXPECT_THROW(output.Commit(), Error);
  EXPECT_THAT(dir.List(), ElementsAre("out"));
}

TEST(AtomicFileTest, WritesToDevicesDirectly) {
  WriteAll("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const TempDir dir;
  fs::create_symlink("/dev/null", dir / "link");
  WriteAll(dir / "link", "x");
  EXPECT_TRUE(fs::is_symlink(dir / "link"));
}

TEST(AtomicFileTest, WritesToPipesDirectly) {
  const TempDir dir;
  const fs::path fifo = dir / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = ReadWholeFile(fifo); });
  WriteAll(fifo, "through the pipe");
  reader.join();
  EXPECT_EQ(got, "through the pipe");
  EXPECT_TRUE(fs::is_fifo(fifo));
}

TEST(AtomicFileTest, FollowsSymbolicLinks) {
  const TempDir dir;
  fs::create_directory(dir / "folder");
  dir.WriteFile("folder/target", "old");
  fs::create_symlink("folder/target", dir / "second");
  fs::create_symlink("second", dir / "first");
  WriteAll(dir / "first", "new");
  EXPECT_TRUE(fs::is_symlink(dir / "first"));
  EXPECT_TRUE(fs::is_symlink(dir / "second"));
  EXPECT_EQ(ReadFile(dir / "folder/target"), "new");

  fs::create_symlink("folder/not_yet", dir / "dangling");
  WriteAll(dir / "dangling", "made");
  EXPECT_TRUE(fs::is_symlink(dir / "dangling"));
  EXPECT_EQ(ReadFile(dir / "folder/not_yet"), "made");

  fs::create_symlink("loop", dir / "loop");
  EXPECT_THROW(AtomicFile(dir / "loop"), Error);
  EXPECT_TRUE(fs::is_symlink(dir / "loop"));
}

TEST(AtomicFileTest, TakesTheLongestNames) {
  const TempDir dir;
  const std::string name(255, 'n');
  WriteAll(dir / name, "x");
  EXPECT_THAT(dir.List(), ElementsAre(name));
  EXPECT_THROW(AtomicFile(dir / (name + "n")), Error) << "refused before the work, not after it";
}

TEST(AtomicFileTest, WritesToTheWorkingFolder) {
  const TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  WriteAll("out", "x");
  fs::current_path(before);
  EXPECT_EQ(ReadFile(dir / "out"), "x");
}

TEST(AtomicFileTest, TwoWritersDoNotDisturbEachOther) {
  const TempDir dir;
  const fs::path file = dir / "out";
  AtomicFile first(file);
  AtomicFile second(file);
  first.Write("first");
  second.Write("second");
  first.Commit();
  second.Commit();
  EXPECT_EQ(ReadFile(file), "second");
  EXPECT_THAT(dir.List(), ElementsAre("out"));
}

TEST(AtomicFileTest, StandardOutputIsContinuedNotReplaced) {
  const TempDir dir;
  const fs::path file = dir / "out";
  const int saved = dup(STDOUT_FILENO);
  const int redirected = open(file.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_NE(redirected, -1);
  std::fflush(stdout);
  dup2(redirected, STDOUT_FILENO);
  EXPECT_EQ(write(STDOUT_FILENO, "before ", 7), 7);
  WriteAll("-", "one ");
  WriteAll("/dev/stdout", "two");
  dup2(saved, STDOUT_FILENO);
  close(saved);
  close(redirected);
  EXPECT_EQ(ReadFile(file), "before one two");
}

}  // namespace
}  // namespace colonnade
