#include "harness/output/output_files.h"

#include <atomic>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/exit_code.h"
#include "results/result_file.h"
#include "tests/harness/scratch_directory.h"

namespace kvs::output_files {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class OutputFilesTest : public ::testing::Test {
 protected:
  std::filesystem::path Path(const char* name) const { return directory_.path() / name; }

  static kvs::Run AnyRun(bool complete) {
    kvs::Run run;
    run.version = "1";
    run.started_at = "2024-05-01T13:37:00+02:00";
    run.planned_trials = 6;
    run.complete = complete;
    return run;
  }

  // What is said to whom wants `result_file` and `csv_file` for a new run.
  static std::string Complaint(const std::filesystem::path& result_file,
                               std::optional<std::filesystem::path> csv_file = {}) {
    try {
      OutputFiles::OfNewRun(result_file, std::move(csv_file), /*replace=*/false);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "(accepted)";
  }

  static std::string Content(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  test::ScratchDirectory directory_;
};

TEST_F(OutputFilesTest, AnInterruptedRunIsNotWrittenOverAndTheWayOnIsSaid) {
  const std::filesystem::path path = Path("run.json");
  WriteRun(AnyRun(false), path);
  EXPECT_THAT(Complaint(path), AllOf(HasSubstr("--out: "), HasSubstr("interrupted run"),
                                     HasSubstr("0 of 6 planned trials"),
                                     HasSubstr("--resume " + path.string()), HasSubstr("--force")));
  EXPECT_FALSE(ReadRun(path).complete);
}

TEST_F(OutputFilesTest, NothingElseIsWrittenOverEither) {
  WriteRun(AnyRun(true), Path("run.json"));
  EXPECT_THAT(Complaint(Path("run.json")), AllOf(HasSubstr("--force"), Not(HasSubstr("--resume"))));
  std::ofstream(Path("letter.txt")) << "dear";
  EXPECT_THAT(Complaint(Path("letter.txt")), HasSubstr("is there already"));
  EXPECT_THAT(Complaint(Path("new.json"), Path("letter.txt")), HasSubstr("--csv: "));
  EXPECT_EQ(Content(Path("letter.txt")), "dear");
  EXPECT_EQ(Complaint(Path("new.json"), Path("new.csv")), "(accepted)");
  std::ofstream(Path("empty.json"));
  EXPECT_EQ(Complaint(Path("empty.json")), "(accepted)") << "as mktemp leaves it";
}

TEST_F(OutputFilesTest, ForcedItIsReplaced) {
  const std::filesystem::path path = Path("run.json");
  WriteRun(AnyRun(true), path);
  std::ofstream(Path("old.csv")) << "old";
  OutputFiles files = OutputFiles::OfNewRun(path, Path("old.csv"), /*replace=*/true);
  EXPECT_TRUE(ReadRun(path).complete) << "not before the run begins";
  files.Begin(AnyRun(false));
  EXPECT_FALSE(ReadRun(path).complete);
  EXPECT_THAT(Content(Path("old.csv")), HasSubstr("workload,engine,"));
}

TEST_F(OutputFilesTest, TwoRunsNeverHaveTheSameFile) {
  const std::filesystem::path path = Path("run.json");
  OutputFiles first = OutputFiles::OfNewRun(path, {}, /*replace=*/false);
  OutputFiles second = OutputFiles::OfNewRun(path, {}, /*replace=*/false);
  first.Begin(AnyRun(false));
  EXPECT_THROW(second.Begin(AnyRun(true)), UsageError) << "the first was faster";
  EXPECT_THROW(OutputFiles::OfNewRun(path, {}, /*replace=*/true), EnvironmentError);
  first.Save(AnyRun(false));
  first.Save(AnyRun(false));
  EXPECT_THROW(OutputFiles::OfNewRun(path, {}, /*replace=*/true), EnvironmentError);
  EXPECT_FALSE(ReadRun(path).complete);
}

TEST_F(OutputFilesTest, NoMomentOfARunsSavingIsOneToResumeIt) {
  const std::filesystem::path path = Path("run.json");
  OutputFiles files = OutputFiles::OfNewRun(path, {}, /*replace=*/false);
  files.Begin(AnyRun(false));
  std::atomic<bool> is_saved{false}, was_free{false};
  std::thread other([&] {
    while (!is_saved) {
      if (FileClaim().Take(path)) was_free = true;
    }
  });
  for (int i = 0; i < 50; ++i) EXPECT_NO_THROW(files.Save(AnyRun(false)));
  is_saved = true;
  other.join();
  EXPECT_FALSE(was_free);
}

TEST_F(OutputFilesTest, DefaultNamesDoNotMeet) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::create_directory(Path("here"));
  std::filesystem::current_path(Path("here"));
  OutputFiles first = OutputFiles::OfNewRun({}, {}, /*replace=*/false);
  OutputFiles second = OutputFiles::OfNewRun({}, {}, /*replace=*/false);
  first.Begin(AnyRun(true));
  second.Begin(AnyRun(false));
  EXPECT_NE(first.result_file(), second.result_file());
  EXPECT_TRUE(ReadRun(first.result_file()).complete);
  EXPECT_FALSE(ReadRun(second.result_file()).complete);
  std::filesystem::current_path(before);
}

TEST_F(OutputFilesTest, AResumedRunWritesItsTableAnewAndNothingElse) {
  const std::filesystem::path path = Path("run.json");
  WriteRun(AnyRun(false), path);
  WriteCsv(AnyRun(false), Path("run.csv"));
  std::ofstream(Path("letter.txt")) << "dear";
  EXPECT_THROW(OutputFiles::OfResumedRun(path, Path("letter.txt"), {}), UsageError);
  EXPECT_EQ(Content(Path("letter.txt")), "dear");
  FileClaim claim;
  ASSERT_TRUE(claim.Take(path));
  OutputFiles files = OutputFiles::OfResumedRun(path, Path("run.csv"), std::move(claim));
  files.Save(AnyRun(true));
  EXPECT_TRUE(ReadRun(path).complete);
}

}  // namespace
}  // namespace kvs::output_files
