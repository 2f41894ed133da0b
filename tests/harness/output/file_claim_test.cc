#include "harness/output/file_claim.h"

#include <fstream>
#include <utility>

#include <gtest/gtest.h>

#include "tests/harness/scratch_directory.h"

namespace kvs {
namespace {

TEST(FileClaimTest, OneAtATime) {
  const test::ScratchDirectory directory;
  const std::filesystem::path path = directory.path() / "run.json";
  std::ofstream(path) << "old";
  FileClaim other;
  {
    FileClaim claim;
    EXPECT_TRUE(claim.Take(path));
    EXPECT_FALSE(other.Take(path));
    // Replaced, as result files are: the new file has to be claimed anew.
    std::ofstream(directory.path() / "new") << "new";
    std::filesystem::rename(directory.path() / "new", path);
    EXPECT_TRUE(claim.Take(path));
    EXPECT_FALSE(other.Take(path));
  }
  EXPECT_TRUE(other.Take(path));
}

TEST(FileClaimTest, AFileThatIsReplacedIsNeverNobodys) {
  const test::ScratchDirectory directory;
  const std::filesystem::path path = directory.path() / "run.json";
  const std::filesystem::path new_path = directory.path() / "new";
  std::ofstream(path) << "old";
  std::ofstream(new_path) << "new";
  FileClaim claim, next, other;
  EXPECT_TRUE(claim.Take(path));
  EXPECT_TRUE(next.Take(new_path));
  EXPECT_FALSE(other.Take(path));
  std::filesystem::rename(new_path, path);
  EXPECT_FALSE(other.Take(path));
  claim = std::move(next);
  EXPECT_FALSE(other.Take(path));
}

TEST(FileClaimTest, AFileThatIsNotThereIsNobodys) {
  const test::ScratchDirectory directory;
  FileClaim claim;
  EXPECT_TRUE(claim.Take(directory.path() / "none"));
}

}  // namespace
}  // namespace kvs
