#include "harness/output/run_report.h"

#include <gtest/gtest.h>

namespace kvs::run_report {
namespace {

kvs::Run RunOf(std::initializer_list<TrialStatus> trials) {
  kvs::Run run;
  for (const TrialStatus status : trials) {
    Trial& trial = run.trials.emplace_back();
    trial.status = status;
    trial.operations = 1;
    trial.throughput_per_s = 1;
  }
  return run;
}

TEST(ExitCodeOfTest, AFailureCountsMostAndUnsupportedBesideFiguresDoesNot) {
  using enum TrialStatus;
  EXPECT_EQ(ExitCodeOf(RunOf({kOk, kOk})), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(RunOf({kUnsupported, kOk})), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(RunOf({kOk, kFailed})), ExitCode::kEngineFailed);
  EXPECT_EQ(ExitCodeOf(RunOf({kUnsupported, kWrongAnswer})), ExitCode::kEngineFailed);
}

TEST(ExitCodeOfTest, WithoutAFigureARunIsNoSuccess) {
  EXPECT_EQ(ExitCodeOf(RunOf({TrialStatus::kUnsupported})), ExitCode::kUsage);
  kvs::Run idle = RunOf({TrialStatus::kOk});
  idle.trials[0].operations = 0;  // the window was too short for one
  EXPECT_EQ(ExitCodeOf(idle), ExitCode::kUsage);
  kvs::Run floor = RunOf({TrialStatus::kOk, TrialStatus::kUnsupported});
  floor.trials[0].is_floor = true;
  EXPECT_EQ(ExitCodeOf(floor), ExitCode::kUsage);
}

TEST(ExitCodeOfTest, ASearchThatFailedIsAFailure) {
  kvs::Run run = RunOf({TrialStatus::kOk});
  run.max_rates.emplace().cells.emplace_back().outcome = SearchOutcome::kFound;
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kOk);
  run.max_rates->cells.emplace_back().outcome = SearchOutcome::kFailed;
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kEngineFailed);
}

}  // namespace
}  // namespace kvs::run_report
