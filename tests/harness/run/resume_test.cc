#include "harness/run/resume.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/command_line.h"
#include "harness/exit_code.h"
#include "harness/options/shell_words.h"
#include "harness/run/run_request.h"
#include "results/result_file.h"
#include "tests/harness/test_engines.h"

namespace kvs {
namespace resume {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A run of `arguments` before its first trial, as its result file keeps it.
kvs::Run FreshRun(const std::vector<std::string>& arguments) {
  const RunOptions options = ParseCommandLine(arguments, test::kTestEngines).run;
  const Plan plan = MakePlan(options, test::kTestEngines);
  kvs::Run run;
  run.version = KVS_VERSION;
  run.complete = false;
  run.seed = options.seed;
  run.planned_trials = static_cast<unsigned>(plan.size());
  run.plan = ToRunRequest(options, "data");
  run.trials = plan.unsupported;
  for (const Spec& spec : options.workloads) {
    run.workloads.push_back({spec.name, spec.properties, spec.notes});
  }
  return run;
}

Plan PlanOf(const kvs::Run& run) {
  return MakePlan(ToRunOptions(run, test::kTestEngines), test::kTestEngines);
}

// All that the process of each trial is told, in order.
std::vector<std::string> Told(const std::vector<TrialPlan>& trials) {
  std::vector<std::string> told;
  for (const TrialPlan& trial : trials) told.push_back(TrialPlanToJson(trial));
  return told;
}

std::string Complaint(Plan plan, kvs::Run run) {
  try {
    TakeOutFinished(plan, run);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(accepted)";
}

const std::vector<std::string> kSmall = {
    "--engine", "plain,modest", "--threads", "1,2",        "--trials",
    "3",        "--seed",       "42",        "--workload", "ycsb-c"};

TEST(RunRequestTest, AFileMakesTheTrialsThatItsCommandLineMade) {
  const std::vector<std::vector<std::string>> command_lines = {
      {},
      kSmall,
      {"--engine", "plain:size=1KiB,ordered=true,plain", "--workload", "ycsb-a,ycsb-e", "--threads",
       "4,1", "--pool", "naive,dedicated", "--durability", "sync,none", "--memory-budget", "9MiB"},
      {"--records", "500", "--read-percent", "33.3", "--key-size", "17", "--value-size", "9"},
      {"--workload", "ycsb-f", "-p", "updateproportion=0.1", "-p", "fieldlength=7"},
      {"--operations", "77", "--verify", "full", "--warmup", "0s", "--timeout", "123ms"},
      {"-p", "operationcount=10", "--duration", "3s"},
      {"--rate", "12345", "--arrivals", "constant", "--trials", "2"},
      {"--cold"},
      {"--cold=drop", "--trials", "2"},
      {"--find-max", "--slo", "p99<1ms,read:p99.9<10ms", "--arrivals", "constant"},
      {"--no-floor", "--engine", "plain"},
      {"--sampling-period", "7", "--keep", "--seed", "18446744073709551615"},
  };
  for (const std::vector<std::string>& arguments : command_lines) {
    const RunOptions options = ParseCommandLine(arguments, test::kTestEngines).run;
    const Plan original = MakePlan(options, test::kTestEngines);
    const kvs::Run read = RunFromJson(RunToJson(FreshRun(arguments)), "a file");
    const Plan again = PlanOf(read);
    EXPECT_EQ(Told(again.trials), Told(original.trials)) << ::testing::PrintToString(arguments);
    EXPECT_EQ(again.unsupported, original.unsupported);
    const RunOptions back = ToRunOptions(read, test::kTestEngines);
    EXPECT_EQ(back.timeout_s, options.timeout_s);
    EXPECT_EQ(back.keep, options.keep);
    EXPECT_EQ(back.cold, options.cold);
    EXPECT_EQ(back.find_max, options.find_max);
    EXPECT_EQ(ToRunRequest(back, *back.data_directory), *read.plan);
  }
}

TEST(RunRequestTest, AnExistingStoreStaysWhereItIs) {
  const kvs::Run run = FreshRun(
      {"--engine", "plain", "--workload", "ycsb-c", "--threads", "1", "--use-existing", "data"});
  const RunOptions options = ToRunOptions(run, test::kTestEngines);
  ASSERT_TRUE(options.existing_store.has_value());
  EXPECT_TRUE(options.existing_store->is_absolute()) << "it may be resumed from elsewhere";
  EXPECT_FALSE(options.data_directory.has_value());
  const auto stays = [](const TrialPlan& trial) { return trial.is_floor || trial.existing_store; };
  const std::vector<TrialPlan> trials = PlanOf(run).trials;
  EXPECT_TRUE(std::all_of(trials.begin(), trials.end(), stays));
}

TEST(RunRequestTest, AnEditedPlanIsRefused) {
  const auto complaint = [](auto edit) -> std::string {
    kvs::Run run = FreshRun({"--rate", "5k"});
    edit(run);
    try {
      ToRunOptions(run, test::kTestEngines);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "(accepted)";
  };
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->engines = {"plan"}; }), HasSubstr("'plain'"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->engines.clear(); }), HasSubstr("no engine"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->pools = {"pond"}; }), HasSubstr("'pond'"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->durabilities = {"ever"}; }),
              HasSubstr("'ever'"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->threads = {1, 0}; }), HasSubstr("threads"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->arrivals = "late"; }), HasSubstr("'late'"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->arrivals.reset(); }), HasSubstr("arrivals"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->cold = "icy"; }), HasSubstr("'icy'"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->rate_per_s = 0; }), HasSubstr("rate_per_s"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->slo = "p99<1ms"; }), HasSubstr("both"));
  EXPECT_THAT(complaint([](kvs::Run& run) {
                run.plan->rate_per_s.reset();
                run.plan->slo = "p98<1ms";
              }),
              HasSubstr("/kvs_bench/plan/slo: 'p98'"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->trials = 0; }), HasSubstr("trials"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->sampling_period = 0; }),
              HasSubstr("sampling"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.plan->timeout_s = 0; }), HasSubstr("timeout"));
  EXPECT_THAT(complaint([](kvs::Run& run) { run.workloads[0].properties[0].first = "x"; }),
              HasSubstr("/kvs_bench/workloads: 'ycsb-a': "));
}

TEST(ResumeTest, EveryTrialRunsOnceAndInTheOrderOfThePlan) {
  const Plan whole = PlanOf(FreshRun(kSmall));
  ASSERT_EQ(whole.trials.size(), 3u * 3 + 2);  // two floors
  ASSERT_EQ(whole.unsupported.size(), 1u);
  // Interrupted after each number of trials, between two of them and inside the next.
  for (size_t done = 0; done <= whole.trials.size(); ++done) {
    for (const bool inside : {false, true}) {
      if (inside && done == whole.trials.size()) continue;
      kvs::Run run = FreshRun(kSmall);
      for (size_t i = 0; i < done; ++i) {
        run.trials.push_back(TrialWithoutFigures(whole.trials[i]));
        if (i % 3 == 1) run.trials.back().status = TrialStatus::kFailed;
        if (i % 3 == 2) run.trials.back().status = TrialStatus::kWrongAnswer;
      }
      const std::vector<Trial> kept = run.trials;
      if (inside) {
        run.trials.push_back(TrialWithoutFigures(whole.trials[done]));
        run.trials.back().status = TrialStatus::kInterrupted;
      }
      Plan rest = PlanOf(run);
      TakeOutFinished(rest, run);
      EXPECT_EQ(run.trials, kept) << "failed ones stay, the interrupted one goes";
      std::vector<std::string> told = Told(whole.trials);
      told.erase(told.begin(), told.begin() + static_cast<ptrdiff_t>(done));
      EXPECT_EQ(Told(rest.trials), told);
    }
  }
}

TEST(ResumeTest, WhatIsNotInThePlanIsRefused) {
  kvs::Run run = FreshRun(kSmall);
  const Plan plan = PlanOf(run);
  run.trials.push_back(TrialWithoutFigures(plan.trials.front()));
  EXPECT_EQ(Complaint(plan, run), "(accepted)");

  kvs::Run other = run;
  ++other.planned_trials;
  EXPECT_THAT(Complaint(plan, other), HasSubstr("planned_trials"));
  other = run;
  other.trials.back().seed += 1;
  EXPECT_THAT(Complaint(plan, other), HasSubstr("/kvs_bench/trials/1: "));
  other = run;
  other.trials.back().repetition = 99;
  EXPECT_THAT(Complaint(plan, other), HasSubstr("not in the plan"));
  other = run;
  other.trials.push_back(other.trials.back());
  EXPECT_THAT(Complaint(plan, other), HasSubstr("there twice"));
  other = run;
  other.trials.erase(other.trials.begin());
  EXPECT_THAT(Complaint(plan, other), HasSubstr("unsupported"));
}

TEST(ResumeTest, AnEditedNumberOfRecordsIsRefused) {
  kvs::Run run = FreshRun(kSmall);
  const Plan plan = PlanOf(run);
  Trial trial = TrialWithoutFigures(plan.trials.front());
  trial.operations = 1;
  trial.throughput_per_s = 1;
  trial.loaded_records = 100'000;
  run.trials.push_back(trial);
  EXPECT_EQ(Complaint(plan, run), "(accepted)");
  for (auto& [name, value] : run.workloads.front().properties) {
    if (name == "recordcount") value = "5000";
  }
  EXPECT_THAT(Complaint(PlanOf(run), run), HasSubstr("loaded 100000 records, planned are 5000"));
}

TEST(ResumeTest, ASessionHasTheTrialsThatAreNoEarlierOnes) {
  kvs::Run run = FreshRun(kSmall);
  run.started_at = "then";
  run.command_line = "kvs-bench";
  const Plan plan = PlanOf(run);
  run.trials.push_back(TrialWithoutFigures(plan.trials[0]));
  BeginSession(run, "first again");
  run.trials.push_back(TrialWithoutFigures(plan.trials[1]));
  BeginSession(run, "second again");
  ASSERT_EQ(run.sessions->size(), 3u);
  EXPECT_EQ((*run.sessions)[0].started_at, "then");
  EXPECT_EQ((*run.sessions)[0].trials, 2u) << "one is unsupported";
  EXPECT_EQ((*run.sessions)[1].trials, 1u);
  EXPECT_EQ((*run.sessions)[2].command_line, "second again");
  EXPECT_EQ(Complaint(plan, run), "(accepted)");
  (*run.sessions)[0].trials = 9;
  EXPECT_THAT(Complaint(plan, run), HasSubstr("/kvs_bench/sessions"));
}

TEST(ResumeTest, EachEngineToComeIsAskedOnceForItsLibrary) {
  kvs::Run run = FreshRun(kSmall);
  Plan plan = PlanOf(run);
  EXPECT_THAT(LibraryQuestions(plan, false, run), IsEmpty()) << "none is known to compare with";
  for (const TrialPlan& planned : plan.trials) {
    run.trials.push_back(TrialWithoutFigures(planned));
    run.trials.back().library = "Any 1.0";
  }
  std::vector<std::string> engines;
  for (const TrialPlan& question : LibraryQuestions(plan, false, run)) {
    engines.push_back(question.engine);
    EXPECT_TRUE(question.load_only);
    EXPECT_EQ(question.workload.LoadCount(), 0u);
  }
  EXPECT_THAT(engines, ::testing::UnorderedElementsAre("plain", "modest", "null"));
  plan.trials.clear();
  EXPECT_THAT(LibraryQuestions(plan, false, run), IsEmpty());
  EXPECT_EQ(LibraryQuestions(plan, true, run).size(), 2u) << "their searches are to come";
}

TEST(ResumeTest, SearchesAreThoseOfThePlan) {
  std::vector<std::string> arguments = kSmall;
  arguments.insert(arguments.end(), {"--find-max", "--slo", "p99<1ms"});
  kvs::Run run = FreshRun(arguments);
  const Plan plan = PlanOf(run);
  ASSERT_EQ(plan.runnable.size(), 3u);
  run.max_rates.emplace();
  for (const TrialPlan& cell : plan.runnable) {
    run.max_rates->cells.emplace_back().cell = cell.cell;
  }
  EXPECT_EQ(Complaint(plan, run), "(accepted)");
  std::swap(run.max_rates->cells[0], run.max_rates->cells[1]);
  EXPECT_THAT(Complaint(plan, run), HasSubstr("max_rates"));
}

TEST(ResumeTest, DifferencesOfTheEnvironmentAreNamed) {
  kvs::Run run = FreshRun(kSmall);
  const Properties facts = {{"kernel", "6.1"}, {"cpus", "2"}};
  run.machine = MachineReport{.fingerprint = "0", .facts = facts, .findings = {}};
  EXPECT_THAT(EnvironmentDifferences(run, facts), IsEmpty());
  EXPECT_THAT(EnvironmentDifferences(run, {{"kernel", "6.2"}, {"cpus", "2"}}),
              ElementsAre("kernel: 6.1, now 6.2"));
  run.version = "0.0.1";
  EXPECT_THAT(EnvironmentDifferences(run, facts),
              ElementsAre(std::string("kvs-bench: 0.0.1, now ") + KVS_VERSION));
  run.version = KVS_VERSION;
  run.machine.reset();
  EXPECT_THAT(EnvironmentDifferences(run, facts),
              ElementsAre("kernel: unknown, now 6.1", "cpus: unknown, now 2"));
}

TEST(ResumeTest, LibrariesAreThoseThatTrialsTold) {
  kvs::Run run = FreshRun(kSmall);
  EXPECT_EQ(LibraryIn(run, "plain"), "");
  Trial trial = TrialWithoutFigures(PlanOf(run).trials.front());
  trial.cell.engine = "plain:size=1KiB";
  trial.status = TrialStatus::kFailed;
  run.trials.push_back(trial);
  EXPECT_EQ(LibraryIn(run, "plain"), "") << "it failed before it could tell";
  trial.library = "Plain 1.2";
  run.trials.push_back(trial);
  EXPECT_EQ(LibraryIn(run, "plain"), "Plain 1.2");
  EXPECT_EQ(LibraryIn(run, "plai"), "");
}

TEST(ResumeTest, TheCommandCanBeTypedAgainAnywhere) {
  const std::string here = std::filesystem::current_path().string();
  ASSERT_EQ(ShellCommand({here}), here) << "the test expects a plain path";
  EXPECT_EQ(
      (ResumeCommand{.program = "./kvs-bench", .result_file = "a.json", .csv_file = {}}).ToString(),
      here + "/kvs-bench --resume " + here + "/a.json");
  EXPECT_EQ((ResumeCommand{.program = "/b in/kvs-bench",
                           .result_file = "/it's.json",
                           .csv_file = "/a.csv",
                           .costs = true})
                .ToString(),
            "'/b in/kvs-bench' --resume '/it'\\''s.json' --csv /a.csv --costs");
  EXPECT_EQ(
      (ResumeCommand{.program = "kvs-bench", .result_file = "/a.json", .csv_file = {}}).ToString(),
      "kvs-bench --resume /a.json")
      << "it is in PATH";
}

}  // namespace
}  // namespace resume
}  // namespace kvs
