#include "engines/store_directory.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/engine.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

constexpr StoreFormat kFormat{.name = "toy format", .version = 3};

class StoreDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/store_directory_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void WriteFile(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  // Expects that claiming `directory` fails, and returns the message.
  std::string ExpectRefused(const std::filesystem::path& directory, ErrorKind kind,
                            const StoreFormat& format = kFormat) {
    try {
      const StoreDirectory claim("toy", directory, format);
    } catch (const EngineError& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("toy: open: " + directory.string()));
      return error.what();
    }
    ADD_FAILURE() << "claimed " << directory;
    return "";
  }

  std::filesystem::path root_;
};

TEST_F(StoreDirectoryTest, CreatesAMissingDirectoryAndFindsItAgain) {
  {
    const StoreDirectory claim("toy", root_ / "s", kFormat);
    EXPECT_TRUE(claim.is_new());
    EXPECT_EQ(claim.version(), 3u);
  }
  const StoreDirectory claim("toy", root_ / "s", kFormat);
  EXPECT_FALSE(claim.is_new());
}

TEST_F(StoreDirectoryTest, ClaimsAnEmptyDirectory) {
  EXPECT_TRUE(StoreDirectory("toy", root_, kFormat).is_new());
}

TEST_F(StoreDirectoryTest, AcceptsAnOlderVersion) {
  { const StoreDirectory claim("toy", root_, {.name = kFormat.name, .version = 2}); }
  EXPECT_EQ(StoreDirectory("toy", root_, kFormat).version(), 2u);
}

TEST_F(StoreDirectoryTest, RefusesANewerVersion) {
  { const StoreDirectory claim("toy", root_, {.name = kFormat.name, .version = 4}); }
  EXPECT_THAT(ExpectRefused(root_, ErrorKind::kForeignStore), HasSubstr("version 4"));
}

TEST_F(StoreDirectoryTest, RefusesAnotherFormat) {
  { const StoreDirectory claim("toy", root_, {.name = "rocksdb", .version = 1}); }
  EXPECT_THAT(ExpectRefused(root_, ErrorKind::kForeignStore), HasSubstr("'rocksdb'"));
}

TEST_F(StoreDirectoryTest, RefusesADirectoryWithForeignFilesAndLeavesThemAlone) {
  WriteFile(root_ / "precious", "data");
  EXPECT_THAT(ExpectRefused(root_, ErrorKind::kForeignStore), HasSubstr("'precious'"));
  EXPECT_TRUE(std::filesystem::exists(root_ / "precious"));
  EXPECT_FALSE(std::filesystem::exists(root_ / StoreDirectory::kMarkerName));
}

TEST_F(StoreDirectoryTest, RefusesAnUnreadableMarker) {
  for (const char* text :
       {"", "garbage", "kvs-bench store\n", "kvs-bench store\nformat: toy format",
        "kvs-bench store\nformat: toy format\nversion: x\n",
        "kvs-bench store\nformat: \nversion: 1\n"}) {
    WriteFile(root_ / StoreDirectory::kMarkerName, text);
    ExpectRefused(root_, ErrorKind::kCorruption);
  }
}

TEST_F(StoreDirectoryTest, FinishesAClaimThatWasInterrupted) {
  WriteFile(root_ / "KVS_STORE.new", "kvs-b");
  EXPECT_TRUE(StoreDirectory("toy", root_, kFormat).is_new());
}

TEST_F(StoreDirectoryTest, RefusesAFile) {
  WriteFile(root_ / "file", "");
  EXPECT_THAT(ExpectRefused(root_ / "file", ErrorKind::kIo), HasSubstr("this is a file"));
}

TEST_F(StoreDirectoryTest, RefusesAMissingParent) {
  EXPECT_THAT(ExpectRefused(root_ / "a" / "b", ErrorKind::kIo), HasSubstr("parent must exist"));
  EXPECT_FALSE(std::filesystem::exists(root_ / "a"));
}

TEST_F(StoreDirectoryTest, RefusesADirectoryThatCannotBeCreated) {
  ExpectRefused("/proc/kvs-bench-store", ErrorKind::kIo);
}

// Permissions do not bind root, so the attempt is made by a child that is nobody.
TEST_F(StoreDirectoryTest, RefusesAnUnwritableDirectory) {
  const std::filesystem::path directory = root_ / "read_only";
  ASSERT_EQ(::chmod(root_.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(directory.c_str(), 0555), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    try {
      const StoreDirectory claim("toy", directory, kFormat);
    } catch (const EngineError& error) {
      const bool named = std::string_view(error.what()).find("not writable") != std::string::npos;
      ::_exit(error.kind() == ErrorKind::kIo && named ? 0 : 3);
    }
    ::_exit(4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(StoreDirectoryTest, RefusesASecondOpenerUntilTheFirstIsGone) {
  auto first = std::make_unique<StoreDirectory>("toy", root_, kFormat);
  EXPECT_THAT(ExpectRefused(root_, ErrorKind::kLocked), HasSubstr("has the store open"));
  first.reset();
  EXPECT_FALSE(StoreDirectory("toy", root_, kFormat).is_new());
}

TEST_F(StoreDirectoryTest, LocksOutAnotherProcess) {
  const StoreDirectory claim("toy", root_, kFormat);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    try {
      const StoreDirectory second("toy", root_, kFormat);
    } catch (const EngineError& error) {
      ::_exit(error.kind() == ErrorKind::kLocked ? 0 : 3);
    }
    ::_exit(4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace kvs
