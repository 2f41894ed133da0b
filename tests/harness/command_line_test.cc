#include "harness/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <variant>

#include "harness/exit_code.h"
#include "tests/harness/test_engines.h"

namespace kvs {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

CommandLine Parse(const std::vector<std::string>& arguments) {
  return ParseCommandLine(arguments, test::kTestEngines);
}

RunOptions ParseRun(const std::vector<std::string>& arguments) {
  const CommandLine command_line = Parse(arguments);
  EXPECT_EQ(command_line.action, CommandLine::Action::kRun);
  return command_line.run;
}

// What is said to a user who types `arguments`.
std::string Complaint(const std::vector<std::string>& arguments) {
  try {
    Parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(accepted)";
}

std::vector<std::string> Labels(const RunOptions& run) {
  std::vector<std::string> labels;
  for (const EngineChoice& engine : run.engines) labels.push_back(engine.Label());
  return labels;
}

std::vector<std::string> WorkloadNames(const RunOptions& run) {
  std::vector<std::string> names;
  for (const Spec& workload : run.workloads) names.push_back(workload.name);
  return names;
}

TEST(CommandLineTest, BareCallIsTheDefaultComparison) {
  const RunOptions run = ParseRun({});
  EXPECT_THAT(Labels(run), ElementsAre("null", "plain", "modest"));
  EXPECT_THAT(WorkloadNames(run), ElementsAre("ycsb-a", "ycsb-c"));
  for (const Spec& workload : run.workloads) {
    EXPECT_EQ(workload.record_count, 100000u);
    EXPECT_EQ(workload.value_size.max_bytes, 1000u);
    EXPECT_FALSE(workload.operation_count.has_value());
  }
  EXPECT_THAT(run.threads, ElementsAre(1u, 2u));
  EXPECT_THAT(run.pools, ElementsAre(PoolKind::kDedicated));
  EXPECT_THAT(run.tiers, ElementsAre(Durability::kProcess));
  EXPECT_EQ(run.trials, 3u);
  EXPECT_DOUBLE_EQ(run.duration_s, 2);
  EXPECT_DOUBLE_EQ(run.warmup_s, 0.5);
}

TEST(CommandLineTest, ReadsEveryAxis) {
  const RunOptions run = ParseRun({"--engine",
                                   "plain,null",
                                   "--threads",
                                   "1,2,4",
                                   "--workload",
                                   "ycsb-b",
                                   "--pool=naive,work-stealing",
                                   "--durability",
                                   "process,sync",
                                   "--trials",
                                   "5",
                                   "--duration",
                                   "500ms",
                                   "--warmup",
                                   "0s",
                                   "--seed",
                                   "7",
                                   "--memory-budget",
                                   "64MiB",
                                   "--out",
                                   "run.json",
                                   "--csv",
                                   "run.csv",
                                   "--dir",
                                   "/data",
                                   "--timeout",
                                   "1min",
                                   "--sampling-period",
                                   "1",
                                   "--verify",
                                   "full",
                                   "--keep",
                                   "--costs",
                                   "--quiet",
                                   "--no-color"});
  EXPECT_THAT(Labels(run), ElementsAre("plain", "null"));
  EXPECT_THAT(run.threads, ElementsAre(1u, 2u, 4u));
  EXPECT_THAT(WorkloadNames(run), ElementsAre("ycsb-b"));
  EXPECT_THAT(run.pools, ElementsAre(PoolKind::kNaive, PoolKind::kWorkStealing));
  EXPECT_THAT(run.tiers, ElementsAre(Durability::kProcess, Durability::kSync));
  EXPECT_EQ(run.trials, 5u);
  EXPECT_DOUBLE_EQ(run.duration_s, 0.5);
  EXPECT_DOUBLE_EQ(run.warmup_s, 0);
  EXPECT_EQ(run.seed, 7u);
  EXPECT_EQ(run.memory_budget_bytes, uint64_t{64} << 20);
  EXPECT_EQ(run.result_file, "run.json");
  EXPECT_EQ(run.csv_file, "run.csv");
  EXPECT_EQ(run.data_directory, "/data");
  EXPECT_DOUBLE_EQ(run.timeout_s, 60);
  EXPECT_EQ(run.sampling_period, 1.0);
  EXPECT_TRUE(run.verify_fully);
  EXPECT_TRUE(run.keep);
  EXPECT_TRUE(run.costs);
  EXPECT_TRUE(run.quiet);
  EXPECT_FALSE(run.color);
}

TEST(CommandLineTest, TheLastOfRepeatedValuesCounts) {
  EXPECT_EQ(ParseRun({"--trials", "2", "--trials", "5"}).trials, 5u);
}

TEST(CommandLineTest, RepeatedListsAddUpAndDuplicatesGo) {
  const RunOptions run =
      ParseRun({"--threads", "4", "--threads", "1,4", "--engine", "plain", "--engine", "all"});
  EXPECT_THAT(run.threads, ElementsAre(4u, 1u));
  EXPECT_THAT(Labels(run), ElementsAre("plain", "null", "modest"));
}

TEST(CommandLineTest, EngineSettingsFollowTheColonAndContinueAfterCommas) {
  const RunOptions run =
      ParseRun({"--engine", "plain:size=64MiB,ordered=true,null,plain:ordered=false"});
  EXPECT_THAT(Labels(run),
              ElementsAre("plain:ordered=true,size=64MiB", "null", "plain:ordered=false"));
  EXPECT_EQ(run.engines[0].settings.at("size"), "64MiB");
}

TEST(CommandLineTest, SettingValuesMayHoldColonsAndEqualSigns) {
  const RunOptions run = ParseRun({"--engine", "plain:ordered=false,size=1:2=3"});
  EXPECT_EQ(run.engines[0].settings.at("size"), "1:2=3");
}

TEST(CommandLineTest, RefusesMalformedEngines) {
  EXPECT_THAT(Complaint({"--engine", "plian"}), HasSubstr("did you mean 'plain'?"));
  EXPECT_THAT(Complaint({"--engine", "plain,"}), HasSubstr("empty item"));
  EXPECT_THAT(Complaint({"--engine", ""}), HasSubstr("--engine"));
  EXPECT_THAT(Complaint({"--engine", "size=1"}), HasSubstr("no engine stands before it"));
  EXPECT_THAT(Complaint({"--engine", "all,size=1"}), HasSubstr("no engine stands before it"));
  EXPECT_THAT(Complaint({"--engine", "plain:"}), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(Complaint({"--engine", "plain:size"}), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(Complaint({"--engine", "plain:size=1,size=2"}), HasSubstr("given twice"));
  EXPECT_THAT(Complaint({"--engine", "plain:sise=1"}), HasSubstr("unknown setting 'sise'"));
  EXPECT_THAT(Complaint({"--engine", "plain", "null"}), HasSubstr("unexpected argument 'null'"));
}

TEST(CommandLineTest, SuggestsNamesThatAreNear) {
  EXPECT_THAT(Complaint({"--engin", "plain"}), HasSubstr("did you mean '--engine'?"));
  EXPECT_THAT(Complaint({"--thread=2"}), HasSubstr("did you mean '--threads'?"));
  EXPECT_THAT(Complaint({"--workload", "ycsb-bb"}), HasSubstr("ycsb-b"));
  EXPECT_THAT(Complaint({"--pool", "dedicatd"}), HasSubstr("did you mean 'dedicated'?"));
  EXPECT_THAT(Complaint({"--durability", "synk"}), HasSubstr("did you mean 'sync'?"));
  EXPECT_THAT(Complaint({"lst"}), HasSubstr("did you mean 'list'?"));
  EXPECT_THAT(Complaint({"--frobnicate"}), HasSubstr("unknown option '--frobnicate'"));
}

TEST(CommandLineTest, RefusesBadNumbersAndNamesTheOption) {
  EXPECT_THAT(Complaint({"--threads", "0"}), StartsWith("--threads: '0'"));
  EXPECT_THAT(Complaint({"--threads", "1,,2"}), HasSubstr("empty item"));
  EXPECT_THAT(Complaint({"--threads", "two"}), StartsWith("--threads: 'two'"));
  EXPECT_THAT(Complaint({"--threads", "-1"}), StartsWith("--threads: '-1'"));
  EXPECT_THAT(Complaint({"--trials", "0"}), StartsWith("--trials"));
  EXPECT_THAT(Complaint({"--duration", "10x"}), StartsWith("--duration: '10x'"));
  EXPECT_THAT(Complaint({"--duration", "0s"}), HasSubstr("at least 1ms"));
  EXPECT_THAT(Complaint({"--warmup", "soon"}), StartsWith("--warmup"));
  EXPECT_THAT(Complaint({"--timeout", "0"}), StartsWith("--timeout"));
  EXPECT_THAT(Complaint({"--operations", "0"}), StartsWith("--operations"));
  EXPECT_THAT(Complaint({"--records", "many"}), StartsWith("--records: 'many'"));
  EXPECT_THAT(Complaint({"--value-size", "64M"}), StartsWith("--value-size: '64M'"));
  EXPECT_THAT(Complaint({"--read-percent", "101"}), StartsWith("--read-percent"));
  EXPECT_THAT(Complaint({"--sampling-period", "0"}), StartsWith("--sampling-period"));
  EXPECT_THAT(Complaint({"--memory-budget", "256"}),
              StartsWith("--memory-budget: '256' is 256 bytes, and no engine can work with less"));
  EXPECT_THAT(Complaint({"--verify", "never"}), HasSubstr("neither 'sample' nor 'full'"));
  EXPECT_THAT(Complaint({"-p", "recordcount"}), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(Complaint({"-p", "recordcont=5"}), HasSubstr("recordcount"));
  EXPECT_THAT(Complaint({"--duration"}), HasSubstr("--duration"));
}

TEST(CommandLineTest, SimpleOptionsMakeAWorkloadOfTheirOwn) {
  const RunOptions run = ParseRun(
      {"--records", "1M", "--key-size", "16", "--value-size", "100", "--read-percent", "95"});
  ASSERT_THAT(WorkloadNames(run), ElementsAre("custom"));
  const Spec& workload = run.workloads.front();
  EXPECT_EQ(workload.record_count, 1000000u);
  ASSERT_TRUE(workload.keys.size.has_value());
  EXPECT_EQ(workload.keys.size->max_bytes, 16u);
  EXPECT_EQ(workload.value_size.max_bytes, 100u);
  EXPECT_NEAR(workload.Proportion(OperationKind::kRead), 0.95, 1e-12);
  EXPECT_NEAR(workload.Proportion(OperationKind::kUpdate), 0.05, 1e-12);
}

TEST(CommandLineTest, SimpleOptionsAndPropertiesChangeNamedWorkloads) {
  const RunOptions run = ParseRun({"--workload", "ycsb-b,ycsb-c", "--records", "500",
                                   "--value-size", "1KiB", "-p", "requestdistribution=uniform"});
  ASSERT_EQ(run.workloads.size(), 2u);
  for (const Spec& workload : run.workloads) {
    EXPECT_EQ(workload.record_count, 500u);
    EXPECT_EQ(workload.value_size.max_bytes, 1024u);
    EXPECT_EQ(workload.key_choice, KeyChoice::kUniform);
  }
  EXPECT_THAT(Complaint({"--workload", "ycsb-b", "--read-percent", "95"}),
              HasSubstr("-p readproportion"));
}

TEST(CommandLineTest, OperationsTakeThePlaceOfTheDuration) {
  EXPECT_EQ(ParseRun({"--operations", "5M"}).workloads.front().operation_count, 5000000u);
  const RunOptions timed =
      ParseRun({"--workload", "ycsb-c", "-p", "operationcount=10", "--duration", "1s"});
  EXPECT_FALSE(timed.workloads.front().operation_count.has_value());
  EXPECT_THAT(Complaint({"--operations", "5", "--duration", "1s"}), HasSubstr("exclude"));
}

TEST(CommandLineTest, FindMaxSearchesForAnSlo) {
  EXPECT_FALSE(ParseRun({}).find_max.has_value());
  const RunOptions run =
      ParseRun({"--find-max", "--slo", "p99<1ms", "--arrivals", "constant", "--trials", "5"});
  ASSERT_TRUE(run.find_max.has_value());
  EXPECT_EQ(run.find_max->slo, find_max::ParseSlo("p99<1ms"));
  EXPECT_EQ(run.find_max->arrivals, Arrivals::kConstant);
  EXPECT_EQ(run.find_max->confirmations, 5u);
  EXPECT_FALSE(run.open_loop.has_value()) << "the trials are in the closed loop";
  EXPECT_THAT(Complaint({"--find-max"}), HasSubstr("--slo"));
  EXPECT_THAT(Complaint({"--slo", "p99<1ms"}), HasSubstr("--find-max"));
  EXPECT_THAT(Complaint({"--find-max", "--slo", "p99"}), StartsWith("--slo: "));
  EXPECT_THAT(Complaint({"--find-max", "--slo", "p99<1ms", "--rate", "1k"}), HasSubstr("--rate"));
  EXPECT_THAT(Complaint({"--find-max", "--slo", "scan:p99<1ms"}), HasSubstr("no such operations"));
  EXPECT_THAT(Complaint({"--find-max", "--slo", "p99<1ms", "--workload", "fillseq"}),
              HasSubstr("one pass"));
}

TEST(CommandLineTest, AnInterruptedRunIsResumedAsItsFileSays) {
  const CommandLine resume = Parse({"--resume", "a.json", "--quiet", "--csv", "a.csv"});
  EXPECT_EQ(resume.action, CommandLine::Action::kResume);
  EXPECT_EQ(resume.resume.result_file, "a.json");
  EXPECT_FALSE(resume.resume.allow_environment_mismatch);
  EXPECT_TRUE(resume.run.quiet);
  EXPECT_EQ(resume.run.csv_file, "a.csv");
  EXPECT_THAT(Complaint({"--resume", "a.json", "--seed", "3"}), HasSubstr("leave out --seed"));
  EXPECT_THAT(Complaint({"--allow-environment-mismatch"}), HasSubstr("--resume"));
}

TEST(CommandLineTest, ARateMakesAnOpenLoop) {
  EXPECT_FALSE(ParseRun({}).open_loop.has_value());
  const RunOptions poisson = ParseRun({"--rate", "200k"});
  ASSERT_TRUE(poisson.open_loop.has_value());
  EXPECT_DOUBLE_EQ(poisson.open_loop->rate_per_s, 200'000);
  EXPECT_EQ(poisson.open_loop->arrivals, Arrivals::kPoisson);
  const RunOptions constant =
      ParseRun({"--rate", "1", "--arrivals", "constant", "--operations", "5", "--pool", "naive"});
  EXPECT_EQ(constant.open_loop->arrivals, Arrivals::kConstant);
  EXPECT_THAT(Complaint({"--rate", "0"}), StartsWith("--rate"));
  EXPECT_THAT(Complaint({"--rate", "101M"}), StartsWith("--rate"));
  EXPECT_THAT(Complaint({"--rate", "fast"}), StartsWith("--rate: 'fast'"));
  EXPECT_THAT(Complaint({"--rate", "1k", "--arrivals", "bursts"}),
              StartsWith("--arrivals: 'bursts'"));
  EXPECT_THAT(Complaint({"--arrivals", "poisson"}), HasSubstr("--rate"));
  EXPECT_THAT(Complaint({"--find-max", "--slo", "p99<1ms", "--cold"}), HasSubstr("--cold"));
  EXPECT_THAT(Complaint({"--rate", "1k", "--sampling-period", "1"}),
              HasSubstr("every operation is timed"));
  EXPECT_THAT(Complaint({"--engine", "plain", "--workload", "ycsb-c", "--threads", "1", "--rate",
                         "1k", "--load-only"}),
              HasSubstr("--load-only"));
}

TEST(CommandLineTest, TheCompressionRatioIsOfEveryWorkload) {
  for (const Spec& workload : ParseRun({"--compression-ratio", "0.5"}).workloads) {
    EXPECT_EQ(workload.compression_ratio, 0.5);
  }
  EXPECT_EQ(ParseRun({}).workloads.front().compression_ratio, 1);
  EXPECT_THAT(Complaint({"--compression-ratio", "2"}),
              HasSubstr("--compression-ratio: '2' is not a number from 0 to 1"));
  EXPECT_THAT(Complaint({"--compression-ratio", "half"}), HasSubstr("'half'"));
}

TEST(CommandLineTest, AColdStoreHasNoWarmUp) {
  EXPECT_EQ(ParseRun({}).cold, std::nullopt);
  EXPECT_EQ(ParseRun({"--cold", "--trials", "1"}).cold, ColdStart::kEvict);
  EXPECT_EQ(ParseRun({"--cold"}).warmup_s, 0);
  EXPECT_EQ(ParseRun({"--cold", "--warmup", "0s"}).warmup_s, 0);
  EXPECT_EQ(ParseRun({"--cold=evict"}).cold, ColdStart::kEvict);
  EXPECT_EQ(ParseRun({"--cold=drop"}).cold, ColdStart::kDrop);
  EXPECT_THAT(Complaint({"--cold=ice"}), HasSubstr("--cold: 'ice' is neither 'evict' nor 'drop'"));
  EXPECT_THAT(Complaint({"--cold", "--warmup", "1s"}), HasSubstr("leave out --warmup"));
  EXPECT_THAT(Complaint({"--engine", "plain", "--workload", "ycsb-c", "--threads", "1", "--cold",
                         "--load-only"}),
              HasSubstr("--load-only"));
}

TEST(CommandLineTest, StoreOptionsNeedOneCell) {
  const std::vector<std::string> one = {"--engine", "plain",     "--workload",
                                        "ycsb-c",   "--threads", "1"};
  const auto with = [&one](std::vector<std::string> more) {
    more.insert(more.begin(), one.begin(), one.end());
    return more;
  };
  EXPECT_TRUE(ParseRun(with({"--load-only"})).load_only);
  EXPECT_EQ(ParseRun(with({"--use-existing", "/s"})).existing_store, "/s");
  EXPECT_THAT(Complaint({"--load-only"}), HasSubstr("12 combinations"));
  EXPECT_THAT(Complaint(with({"--load-only", "--use-existing", "/s"})), HasSubstr("exclude"));
  EXPECT_THAT(Complaint(with({"--load-only", "--out", "x.json"})), HasSubstr("--out"));
  EXPECT_THAT(Complaint(with({"--load-only", "--costs"})), HasSubstr("--costs"));
  EXPECT_THAT(Complaint(with({"--use-existing", "/s", "--keep"})), HasSubstr("--keep"));
  EXPECT_THAT(
      Complaint({"--engine", "plain", "--workload", "fillseq", "--threads", "1", "--load-only"}),
      HasSubstr("empty store"));
  EXPECT_THAT(Complaint({"--engine", "plain", "--workload", "deleterandom", "--threads", "1",
                         "--use-existing", "/s"}),
              HasSubstr("removes records"));
}

TEST(CommandLineTest, EmptyValuesAndOneFileForTwoOutputsAreRefused) {
  EXPECT_THAT(Complaint({"--out", ""}), HasSubstr("--out"));
  EXPECT_THAT(Complaint({"--trials", ""}), HasSubstr("--trials"));
  EXPECT_THAT(Complaint({"--out", "a/b", "--csv", "a/./b"}), HasSubstr("--csv"));
}

TEST(CommandLineTest, HelpShowsGroupsAndExamples) {
  const CommandLine help = Parse({"--help"});
  EXPECT_EQ(help.action, CommandLine::Action::kPrint);
  EXPECT_THAT(help.text, AllOf(HasSubstr("What is measured"), HasSubstr("How it is measured"),
                               HasSubstr("Where the data lies"), HasSubstr("Output"),
                               HasSubstr("Examples:"), HasSubstr("Exit codes")));
  EXPECT_EQ(Parse({"--version"}).text, std::string("kvs-bench ") + KVS_VERSION + "\n");
}

TEST(CommandLineTest, DoctorIsACommand) {
  const CommandLine bare = Parse({"doctor"});
  EXPECT_EQ(bare.action, CommandLine::Action::kDoctor);
  EXPECT_EQ(bare.doctor.directory, std::nullopt);
  EXPECT_FALSE(bare.doctor.json);
  EXPECT_FALSE(bare.doctor.strict);
  const CommandLine full = Parse({"doctor", "--dir", "/d", "--json", "--strict"});
  EXPECT_EQ(full.doctor.directory, "/d");
  EXPECT_TRUE(full.doctor.json);
  EXPECT_TRUE(full.doctor.strict);
  EXPECT_THAT(Parse({"doctor", "--help"}).text,
              AllOf(HasSubstr("--strict"), HasSubstr("Examples:"), HasSubstr("Exit codes")));
  EXPECT_THAT(Complaint({"doctr"}), HasSubstr("did you mean 'doctor'?"));
  EXPECT_THAT(Complaint({"doctor", "--strikt"}), HasSubstr("did you mean '--strict'?"));
  EXPECT_THAT(Complaint({"doctor", "who"}), HasSubstr("unexpected argument 'who'"));
  EXPECT_THAT(Complaint({"doctor", "--dir", ""}), HasSubstr("--dir"));
  EXPECT_THAT(Complaint({"--dir", "/d", "doctor"}), HasSubstr("--dir stands before 'doctor'"));
}

TEST(CommandLineTest, CompareIsACommand) {
  const CommandLine bare = Parse({"compare", "a.json", "b.json"});
  EXPECT_EQ(bare.action, CommandLine::Action::kCompare);
  const auto& files = std::get<compare::StoredOptions>(bare.compare.arms);
  EXPECT_EQ(files.baseline, "a.json");
  EXPECT_EQ(files.candidate, "b.json");
  EXPECT_EQ(bare.compare.threshold, 0.02);
  EXPECT_EQ(bare.compare.format, compare::Format::kTable);
  EXPECT_FALSE(bare.compare.judge_flush_bound || files.allow_environment_mismatch);
  const CommandLine full =
      Parse({"compare", "--threshold", "5%", "a.json", "--format", "markdown", "b.json",
             "--judge-flush-bound", "--allow-environment-mismatch", "--no-color"});
  const auto& more_files = std::get<compare::StoredOptions>(full.compare.arms);
  EXPECT_EQ(more_files.baseline, "a.json");
  EXPECT_EQ(more_files.candidate, "b.json");
  EXPECT_EQ(full.compare.threshold, 0.05);
  EXPECT_EQ(full.compare.format, compare::Format::kMarkdown);
  EXPECT_TRUE(full.compare.judge_flush_bound && more_files.allow_environment_mismatch);
  EXPECT_FALSE(full.compare.color);
  EXPECT_EQ(Parse({"compare", "a", "b", "--format", "action-json"}).compare.format,
            compare::Format::kActionJson);
  EXPECT_THAT(Parse({"compare", "--help"}).text,
              AllOf(HasSubstr("--threshold"), HasSubstr("Examples:"), HasSubstr("Exit codes")));
  EXPECT_THAT(Complaint({"compare", "a"}), HasSubstr("two result files"));
  EXPECT_THAT(Complaint({"compare", "a", "b", "c"}), HasSubstr("two result files, not 3"));
  EXPECT_THAT(Complaint({"compare", "a", "b", "--threshhold", "1"}),
              HasSubstr("did you mean '--threshold'?"));
  EXPECT_THAT(Complaint({"compare", "a", "b", "--threshold", "-1"}), HasSubstr("--threshold"));
  EXPECT_THAT(Complaint({"--seed", "1", "compare", "a", "b"}),
              HasSubstr("--seed stands before 'compare'"));
}

TEST(CommandLineTest, CompareMeasuresProgramsAndEngines) {
  const CommandLine bare =
      Parse({"compare", "--baseline", "a", "--candidate", "b", "--engine", "null,plain"});
  const auto& builds = std::get<compare::PairedOptions>(bare.compare.arms);
  EXPECT_EQ(builds.baseline_program, "a");
  EXPECT_EQ(builds.candidate_program, "b");
  ASSERT_EQ(builds.cells.size(), 8u);  // two workloads, thread counts and engines
  EXPECT_EQ(builds.cells[0].names.baseline, builds.cells[0].names.candidate);
  EXPECT_EQ(builds.cells[0].baseline_arguments, builds.cells[0].candidate_arguments);
  EXPECT_TRUE(builds.has_copy);
  EXPECT_EQ(builds.blocks, std::nullopt);
  EXPECT_EQ(builds.stages, 1u);
  const CommandLine full = Parse({"compare", "--baseline-engine", "null", "--candidate-engine",
                                  "plain", "--blocks", "30", "--stages", "3", "--no-copy", "--seed",
                                  "9", "--dir", "d", "--out", "o", "--quiet", "--records", "5"});
  const auto& engines = std::get<compare::PairedOptions>(full.compare.arms);
  EXPECT_EQ(engines.baseline_program, "");
  ASSERT_EQ(engines.cells.size(), 2u);  // the one workload that the options describe
  EXPECT_EQ(engines.cells[0].names.Joined().engine, "null|plain");
  EXPECT_THAT(engines.cells[0].candidate_arguments,
              AllOf(Contains("--engine=plain"), Contains("--records=5"), Contains("--threads=1"),
                    Not(Contains(HasSubstr("--workload")))));
  EXPECT_EQ(engines.blocks, 30u);
  EXPECT_EQ(engines.stages, 3u);
  EXPECT_EQ(engines.seed, 9u);
  EXPECT_FALSE(engines.has_copy);
  EXPECT_TRUE(engines.quiet);
  EXPECT_EQ(engines.data_directory, "d");
  EXPECT_EQ(engines.output_directory, "o");
  EXPECT_THAT(Complaint({"compare"}), HasSubstr("two result files"));
}

TEST(CommandLineTest, ListIsACommand) {
  EXPECT_EQ(Parse({"list"}).action, CommandLine::Action::kList);
  EXPECT_FALSE(Parse({"list"}).list_as_json);
  EXPECT_TRUE(Parse({"list", "--json"}).list_as_json);
  EXPECT_THAT(Complaint({"list", "engines"}), HasSubstr("unexpected argument 'engines'"));
}

TEST(CommandLineTest, WhatIsSaidTwiceIsRefused) {
  EXPECT_THAT(Complaint({"--compression-ratio", "0.5", "-p", "compressionratio=0.25"}),
              HasSubstr("--compression-ratio 0.5 and -p compressionratio say the same"));
  EXPECT_THAT(Complaint({"--records", "10k", "-p", "recordcount=5"}),
              HasSubstr("--records 10k and -p recordcount"));
  EXPECT_THAT(Complaint({"--read-percent", "95", "-p", "readproportion=0.5"}),
              HasSubstr("--read-percent 95 and -p readproportion"));
  EXPECT_EQ(Complaint({"--key-size", "16", "-p", "keyformat=ycsb", "-p", "zeropadding=9"}),
            "(accepted)")
      << "the format is no option's";
}

TEST(CommandLineTest, MessagesNameWhatWasWritten) {
  EXPECT_THAT(Complaint({"--records", "0"}), StartsWith("--records 0: expected"));
  EXPECT_THAT(Complaint({"--key-size", "4"}), StartsWith("--key-size 4: expected"));
  EXPECT_THAT(Complaint({"--value-size", "2GiB"}), StartsWith("--value-size 2GiB: expected"));
  EXPECT_THAT(Complaint({"-p", "keysize=4"}), StartsWith("-p keysize=4: expected"));
}

TEST(CommandLineTest, ATimeoutThatNoTrialCanKeepIsRefused) {
  EXPECT_THAT(Complaint({"--timeout", "2s"}), StartsWith("--timeout: 2 s"));
  EXPECT_THAT(Complaint({"--timeout", "3s", "--duration", "3s", "--warmup", "0s"}),
              HasSubstr("warm-up and window take 3 s"));
  EXPECT_EQ(Complaint({"--timeout", "3s"}), "(accepted)");
  EXPECT_EQ(Complaint({"--timeout", "1s", "--operations", "5", "--warmup", "0s"}), "(accepted)");
  EXPECT_THAT(Complaint({"--timeout", "10s", "--operations", "1k", "--rate", "10"}),
              HasSubstr("take 100.5 s"));
}

TEST(CommandLineTest, ForceIsForAFileThatIsNamed) {
  EXPECT_FALSE(ParseRun({"--out", "a.json"}).replace);
  EXPECT_TRUE(ParseRun({"--out", "a.json", "--force"}).replace);
  EXPECT_TRUE(ParseRun({"--csv", "a.csv", "--force"}).replace);
  EXPECT_THAT(Complaint({"--force"}), HasSubstr("name one"));
}

TEST(CommandLineTest, AnExistingStoreIsNotInsertedInto) {
  EXPECT_THAT(Complaint({"--engine", "plain", "--threads", "1", "--workload", "ycsb-d",
                         "--use-existing", "data"}),
              HasSubstr("'ycsb-d' inserts records"));
}

}  // namespace
}  // namespace kvs
