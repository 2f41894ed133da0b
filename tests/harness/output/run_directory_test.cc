#include "harness/output/run_directory.h"

#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/exit_code.h"
#include "tests/harness/scratch_directory.h"

namespace kvs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;
namespace fs = std::filesystem;

void WriteFile(const fs::path& path) { std::ofstream(path) << "text"; }

TEST(RunDirectoryTest, IsFreshAndGoesWithTheRun) {
  const test::ScratchDirectory scratch;
  fs::path path;
  {
    const RunDirectory directory(scratch.path());
    path = directory.path();
    EXPECT_EQ(path.parent_path(), scratch.path());
    fs::create_directory(directory.StorePath("store-1"));
    WriteFile(directory.StorePath("store-1") / "data");
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(scratch.path()));
}

TEST(RunDirectoryTest, TwoRunsDoNotMeet) {
  const test::ScratchDirectory scratch;
  const RunDirectory one(scratch.path());
  const RunDirectory two(scratch.path());
  EXPECT_NE(one.path(), two.path());
}

TEST(RunDirectoryTest, RemovesAStoreAndNothingElse) {
  const test::ScratchDirectory scratch;
  const RunDirectory directory(scratch.path());
  for (const char* name : {"store-1", "store-2"}) fs::create_directory(directory.StorePath(name));
  directory.RemoveStore("store-1");
  EXPECT_FALSE(fs::exists(directory.StorePath("store-1")));
  EXPECT_TRUE(fs::exists(directory.StorePath("store-2")));
}

TEST(RunDirectoryTest, MakesTheLastComponentOfItsParentAndRemovesItWhenEmpty) {
  const test::ScratchDirectory scratch;
  const fs::path parent = scratch.path() / "data";
  { const RunDirectory directory(parent); }
  EXPECT_FALSE(fs::exists(parent));
  {
    const RunDirectory directory(parent);
    WriteFile(parent / "of somebody else");
  }
  EXPECT_TRUE(fs::exists(parent / "of somebody else"));
}

TEST(RunDirectoryTest, RefusesAParentThatCannotHoldIt) {
  const test::ScratchDirectory scratch;
  WriteFile(scratch.path() / "file");
  EXPECT_THAT([&] { RunDirectory(scratch.path() / "file"); },
              ThrowsMessage<EnvironmentError>(HasSubstr("file")));
  EXPECT_THAT([&] { RunDirectory(scratch.path() / "a" / "b"); },
              ThrowsMessage<EnvironmentError>(HasSubstr("/a/b")));
}

TEST(RunDirectoryTest, KeepsOnRequest) {
  const test::ScratchDirectory scratch;
  fs::path path;
  {
    RunDirectory directory(scratch.path());
    path = directory.path();
    fs::create_directory(directory.StorePath("floor"));
    directory.Keep();
    directory.RemoveStore("floor");
    EXPECT_FALSE(fs::exists(directory.StorePath("floor")));
  }
  EXPECT_TRUE(fs::exists(path));
  EXPECT_THAT(FindLeftOvers(scratch.path()), IsEmpty()) << "what is kept is not left over";
}

TEST(RunDirectoryTest, RemovesNothingOnceItsMarkerIsNotItsOwn) {
  const test::ScratchDirectory scratch;
  fs::path path;
  {
    const RunDirectory directory(scratch.path());
    path = directory.path();
    fs::create_directory(directory.StorePath("store"));
    std::ofstream(path / "KVS-BENCH-RUN") << "the marker of another run";
    EXPECT_THROW(directory.RemoveStore("store"), EnvironmentError);
  }
  EXPECT_TRUE(fs::exists(path / "store"));
}

TEST(RunDirectoryTest, DoesNotFollowLinksOutOfTheDirectory) {
  const test::ScratchDirectory scratch;
  const test::ScratchDirectory elsewhere;
  WriteFile(elsewhere.path() / "precious");
  {
    const RunDirectory directory(scratch.path());
    fs::create_directory(directory.StorePath("store"));
    fs::create_directory_symlink(elsewhere.path(), directory.StorePath("store") / "link");
  }
  EXPECT_TRUE(fs::exists(elsewhere.path() / "precious"));
}

TEST(FindLeftOversTest, NamesOnlyWhatADeadRunLeft) {
  const test::ScratchDirectory scratch;
  const RunDirectory alive(scratch.path());
  fs::create_directory(scratch.path() / "run-of-somebody");
  WriteFile(scratch.path() / "run-of-somebody" / "KVS-BENCH-RUN");
  EXPECT_THAT(FindLeftOvers(scratch.path()), IsEmpty());

  // A copy has the marker of a run, and nobody's lock.
  const fs::path dead = scratch.path() / "run-dead";
  fs::copy(alive.path(), dead, fs::copy_options::recursive);
  EXPECT_THAT(FindLeftOvers(scratch.path()), ElementsAre(dead));
  EXPECT_THAT(FindLeftOvers(scratch.path() / "missing"), IsEmpty());
}

}  // namespace
}  // namespace kvs
