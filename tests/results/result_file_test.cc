#include "results/result_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/results/model_generators.h"
#include "tests/results/synthetic_run.h"
#include "tests/results/temporary_directory.h"
#include "tests/sanitizer.h"

namespace kvs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::ordered_json;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The message of the ResultFileError that `action` throws; fails when it throws none.
std::string ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const ResultFileError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no ResultFileError was thrown";
  return "";
}

// A run small enough to read.
Run SmallRun() {
  kvs::Run run = SyntheticRun();
  run.trials.resize(10);
  return run;
}

// The message for SmallRun's file after `edit`.
std::string ErrorAfter(const std::function<void(Json&)>& edit) {
  Json json = Json::parse(RunToJson(SmallRun()));
  edit(json);
  return ErrorOf([&] { RunFromJson(json.dump(), "run.json"); });
}

RC_GTEST_PROP(ResultFileTest, AnyTrialComesBackAsItWas, ()) {
  const Trial trial = *AnyTrial();
  const std::string text = TrialToJson(trial);
  RC_ASSERT(std::count(text.begin(), text.end(), '\n') == 1);
  RC_ASSERT(text.back() == '\n');
  RC_ASSERT(TrialFromJson(text, "here") == trial);
}

RC_GTEST_PROP(ResultFileTest, AnyRunComesBackAsItWas, ()) {
  const kvs::Run run = *AnyRun();
  RC_ASSERT(RunFromJson(RunToJson(run), "here") == run);
}

RC_GTEST_PROP(ResultFileTest, ARunThatGrowsIsWrittenAsItWouldBeAtOnce, ()) {
  const kvs::Run whole = *AnyRun();
  RunWriter writer;
  for (size_t count = 0; count <= whole.trials.size(); ++count) {
    kvs::Run run = whole;
    run.trials.resize(count);
    run.elapsed_s = static_cast<double>(count);
    const std::string text = writer.Text(run, "here");
    RC_ASSERT(text == RunToJson(run));
    RC_ASSERT(text == Json::parse(text).dump(1) + "\n");
  }
}

TEST(ResultFileTest, ATrialThatCannotBeWrittenSpoilsNoOther) {
  kvs::Run run = SmallRun();
  const kvs::Run good = run;
  run.trials[3].latencies[0].mean_ns = -1;
  RunWriter writer;
  ErrorOf([&] { writer.Text(run, "here"); });
  EXPECT_EQ(writer.Text(good, "here"), RunToJson(good));
}

TEST(ResultFileTest, WhatIsThereStaysUntilTheNewFileMayReplaceIt) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "run.json";
  WriteRun(kvs::Run{}, path);
  RunWriter writer;
  const auto refuse = [&](const std::filesystem::path& aside) {
    EXPECT_EQ(ReadRun(aside), SmallRun());
    EXPECT_EQ(ReadRun(path), kvs::Run{});
    throw std::logic_error("not yet");
  };
  EXPECT_THROW(writer.Write(SmallRun(), path, refuse), std::logic_error);
  EXPECT_EQ(ReadRun(path), kvs::Run{});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
  writer.Write(SmallRun(), path);
  EXPECT_EQ(ReadRun(path), SmallRun());
}

TEST(ResultFileTest, AFileComesBackAsItWas) {
  const TemporaryDirectory directory;
  const kvs::Run run = SyntheticRun();
  WriteRun(run, directory.path() / "run.json");
  EXPECT_EQ(ReadRun(directory.path() / "run.json"), run);
}

TEST(ResultFileTest, ARunWithoutTrialsIsAFileToo) {
  EXPECT_EQ(RunFromJson(RunToJson(kvs::Run{}), "here"), kvs::Run{});
}

TEST(ResultFileTest, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  Trial trial;
  trial.reason = "key \xff\xfe";
  EXPECT_EQ(TrialFromJson(TrialToJson(trial), "here").reason, "key \uFFFD\uFFFD");
  kvs::Run run;
  run.trials = {trial};
  EXPECT_EQ(RunFromJson(RunToJson(run), "here").trials[0].reason, "key \uFFFD\uFFFD");
}

TEST(ResultFileTest, NumbersThatNoResultHasAreRefusedByName) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0}) {
    kvs::Run run = SmallRun();
    run.trials[3].latencies[0].mean_ns = bad;
    EXPECT_THAT(ErrorOf([&] { RunToJson(run); }),
                HasSubstr("at /kvs_bench/trials/3/latencies/0/mean_ns: not a finite number"));
  }
}

TEST(ResultFileTest, APropertyThatOccursTwiceIsRefusedByName) {
  kvs::Run run = SmallRun();
  run.host = {{"cpu", "x"}, {"cpu", "y"}};
  EXPECT_THAT(ErrorOf([&] { RunToJson(run); }),
              HasSubstr("at /kvs_bench/host/cpu: the name occurs twice"));
}

TEST(ResultFileTest, EveryTruncationIsAnError) {
  const std::string text = TrialToJson(SmallRun().trials[1]);
  ASSERT_GT(text.size(), 1000u);
  // Without the last line break it is whole, so from one byte less on.
  for (size_t size = 0; size < text.size() - 1; size += kHasSanitizer ? 7 : 1) {
    EXPECT_THAT(ErrorOf([&] { TrialFromJson(text.substr(0, size), "trial"); }),
                StartsWith("trial: the file is cut short: "))
        << size;
  }
}

TEST(ResultFileTest, ATruncatedRunSaysWhere) {
  const std::string text = RunToJson(SmallRun());
  EXPECT_THAT(
      ErrorOf([&] { RunFromJson(text.substr(0, text.find('\n', text.size() / 2)), "run.json"); }),
      AllOf(StartsWith("run.json: the file is cut short: parse error at line "),
            HasSubstr("unexpected end of input")));
}

TEST(ResultFileTest, WhatIsNotJsonSaysWhere) {
  EXPECT_THAT(ErrorOf([] { RunFromJson("{\n \"kvs_bench\": nonsense}", "run.json"); }),
              StartsWith("run.json: parse error at line 2, column "));
}

TEST(ResultFileTest, OtherJsonIsNoResultFile) {
  for (const char* text : {"{}", "[]", "3", "null", R"({"context": {}, "benchmarks": []})"}) {
    EXPECT_THAT(ErrorOf([&] { RunFromJson(text, "run.json"); }),
                HasSubstr("the member 'kvs_bench' is missing: not a result file of kvs-bench"));
  }
}

TEST(ResultFileTest, AnotherSchemaVersionIsNamed) {
  EXPECT_EQ(ErrorAfter([](Json& json) { json["kvs_bench"]["schema_version"] = 2; }),
            "run.json: at /kvs_bench/schema_version: this program reads version 1, and this file "
            "has 2");
  EXPECT_THAT(ErrorAfter([](Json& json) { json["kvs_bench"].erase("schema_version"); }),
              HasSubstr("at /kvs_bench: the member 'schema_version' is missing"));
}

TEST(ResultFileTest, AMissingMemberIsNamed) {
  EXPECT_EQ(ErrorAfter([](Json& json) { json["kvs_bench"]["trials"][3].erase("window_s"); }),
            "run.json: at /kvs_bench/trials/3: the member 'window_s' is missing");
  EXPECT_THAT(ErrorAfter([](Json& json) { json["kvs_bench"].erase("cells"); }),
              HasSubstr("at /kvs_bench: the member 'cells' is missing"));
  EXPECT_THAT(ErrorAfter([](Json& json) { json.erase("benchmarks"); }),
              HasSubstr("the member 'benchmarks' is missing"));
  EXPECT_THAT(ErrorAfter([](Json& json) { json["context"].erase("num_cpus"); }),
              HasSubstr("at /context: the member 'num_cpus' is missing"));
}

TEST(ResultFileTest, AnUnknownMemberIsNamed) {
  EXPECT_EQ(ErrorAfter([](Json& json) { json["kvs_bench"]["trials"][0]["cell"]["a/b~c"] = 1; }),
            "run.json: at /kvs_bench/trials/0/cell/a~1b~0c: a member that this schema version does "
            "not have");
}

TEST(ResultFileTest, AMemberThatOccursTwiceIsNamed) {
  EXPECT_EQ(ErrorOf([] { TrialFromJson(R"({"cell": {"pool": "", "pool": ""}})", "trial"); }),
            "trial: the member 'pool' occurs twice in one object");
}

TEST(ResultFileTest, AFileOfBeforeTheMachineWasExaminedIsRead) {
  Json json = Json::parse(RunToJson(SmallRun()));
  json["kvs_bench"].erase("machine");
  const kvs::Run read = RunFromJson(json.dump(), "run.json");
  EXPECT_EQ(read.machine, std::nullopt);
  EXPECT_EQ(read.trials, SmallRun().trials);
}

TEST(ResultFileTest, AFindingOfAnotherStatusIsNamed) {
  EXPECT_EQ(ErrorAfter(
                [](Json& json) { json["kvs_bench"]["machine"]["findings"][1]["status"] = "fine"; }),
            "run.json: at /kvs_bench/machine/findings/1/status: \"ok\", \"warn\", \"fail\" or "
            "\"unknown\" is expected here, not \"fine\"");
}

TEST(ResultFileTest, AValueOfTheWrongTypeIsShown) {
  EXPECT_EQ(ErrorAfter([](Json& json) { json["kvs_bench"]["trials"][2]["operations"] = "many"; }),
            "run.json: at /kvs_bench/trials/2/operations: an integer from 0 on is expected here, "
            "not \"many\"");
  const auto error_with = [](const char* name, const Json& value) {
    return ErrorAfter([&](Json& json) { json["kvs_bench"]["trials"][2][name] = value; });
  };
  EXPECT_THAT(error_with("operations", -1), HasSubstr("not -1"));
  EXPECT_THAT(error_with("operations", 1.5), HasSubstr("not 1.5"));
  EXPECT_THAT(error_with("window_s", nullptr), HasSubstr("a number from 0 on is expected here"));
  EXPECT_THAT(error_with("window_s", -2), HasSubstr("not -2"));
  EXPECT_THAT(error_with("is_floor", 0), HasSubstr("true or false is expected here, not 0"));
  EXPECT_THAT(error_with("status", "fine"), HasSubstr("\"ok\", \"unsupported\""));
  EXPECT_THAT(error_with("notes", {{"a", 1}}), HasSubstr("an array is expected here, not object"));
  EXPECT_THAT(error_with("effective_options", {{"a", 1}}),
              HasSubstr("/effective_options/a: a string"));
  EXPECT_THAT(error_with("repetition", 4294967296),
              HasSubstr("4294967296 is more than 4294967295"));
}

TEST(ResultFileTest, AnEditedFigureIsFound) {
  // In what is derived, and in what it is derived from.
  EXPECT_EQ(ErrorAfter([](Json& json) {
              json["kvs_bench"]["cells"][1]["throughput_per_s"]["median"] = 1e9;
            }),
            "run.json: at /kvs_bench/cells/1/throughput_per_s/median: not what the trials of this "
            "file give: was it edited by hand?");
  EXPECT_THAT(ErrorAfter([](Json& json) { json["benchmarks"][0]["real_time"] = 1; }),
              HasSubstr("at /benchmarks/0/real_time: not what the trials"));
  EXPECT_THAT(
      ErrorAfter([](Json& json) { json["kvs_bench"]["trials"][1]["throughput_per_s"] = 1; }),
      HasSubstr("not what the trials"));
  EXPECT_THAT(ErrorAfter([](Json& json) { json["kvs_bench"]["cells"].erase(0); }),
              HasSubstr("not what the trials"));
  EXPECT_THAT(ErrorAfter([](Json& json) { json["context"]["date"] = "yesterday"; }),
              HasSubstr("at /context/date: not what the trials"));
}

TEST(ResultFileTest, AnotherVersionsConclusionsAreNoEdits) {
  const kvs::Run run = SmallRun();
  Json json = Json::parse(RunToJson(run));
  for (Json& cell : json["kvs_bench"]["cells"]) {
    cell["harness_share"] = 0.9;
    cell["harness_bound"] = true;
    cell["notes"] = {"in other words"};
  }
  EXPECT_EQ(RunFromJson(json.dump(), "run.json"), run);
}

TEST(ResultFileTest, AFileOfAVersionWithoutCostsIsRead) {
  Json json = Json::parse(RunToJson(SmallRun()));
  for (Json& trial : json["kvs_bench"]["trials"]) trial.erase("costs");
  for (Json& cell : json["kvs_bench"]["cells"]) cell.erase("costs");
  kvs::Run expected = SmallRun();
  for (Trial& trial : expected.trials) trial.costs.reset();
  EXPECT_EQ(RunFromJson(json.dump(), "old.json"), expected);
}

TEST(ResultFileTest, AFileOfAVersionWithoutSlicesAndThePageCacheIsRead) {
  Json json = Json::parse(RunToJson(SmallRun()));
  for (Json& trial : json["kvs_bench"]["trials"]) {
    for (const char* member : {"slices", "page_cache"}) trial.erase(member);
  }
  for (Json& cell : json["kvs_bench"]["cells"]) {
    for (const char* member : {"steady_state", "resident_share", "file_bytes"}) cell.erase(member);
  }
  kvs::Run expected = SmallRun();
  for (Trial& trial : expected.trials) {
    trial.slices.reset();
    trial.page_cache.reset();
  }
  EXPECT_EQ(RunFromJson(json.dump(), "old.json"), expected);
}

TEST(ResultFileTest, ACostThatIsNotAvailableIsLeftOut) {
  Trial trial = SmallRun().trials[0];
  ASSERT_TRUE(trial.costs);
  trial.costs->cycles.reset();
  trial.costs->device_read_bytes = 0;
  const Json costs = Json::parse(TrialToJson(trial))["costs"];
  EXPECT_FALSE(costs.contains("cycles"));
  EXPECT_EQ(costs["device_read_bytes"], 0);
  EXPECT_EQ(TrialFromJson(TrialToJson(trial), "here"), trial);
}

TEST(ResultFileTest, AnEditedCostIsFound) {
  EXPECT_THAT(
      ErrorAfter([](Json& json) { json["kvs_bench"]["trials"][0]["costs"]["minor_faults"] = 1; }),
      HasSubstr("/costs/minor_faults_per_operation: not what the trials"));
  EXPECT_THAT(
      ErrorAfter([](Json& json) { json["kvs_bench"]["trials"][0]["costs"]["cycles"] = nullptr; }),
      HasSubstr("/trials/0/costs/cycles: an integer from 0 on is expected here, not null"));
}

TEST(ResultFileTest, MembersMayStandInAnotherOrder) {
  const kvs::Run run = SmallRun();
  // nlohmann::json sorts members by name.
  const auto sorted = nlohmann::json::parse(RunToJson(run));
  const kvs::Run read = RunFromJson(sorted.dump(), "sorted");
  EXPECT_EQ(read.trials, run.trials);
}

TEST(ResultFileTest, WritingReplacesAFileAsAWhole) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "run.json";
  WriteRun(SmallRun(), path);
  WriteRun(kvs::Run{}, path);
  EXPECT_EQ(ReadRun(path), kvs::Run{});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(ResultFileTest, AFailedWriteLeavesTheOldFileAndNothingBesideIt) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "run.json";
  WriteRun(SmallRun(), path);
  const std::string before = ReadText(path);
  kvs::Run bad;
  bad.elapsed_s = std::numeric_limits<double>::infinity();
  EXPECT_THAT(ErrorOf([&] { WriteRun(bad, path); }),
              AllOf(StartsWith(path.string()), HasSubstr("/kvs_bench/elapsed_s")));
  EXPECT_EQ(ReadText(path), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(ResultFileTest, ErrorsOfTheSystemAreNamed) {
  const TemporaryDirectory directory;
  const auto missing = directory.path() / "no" / "run.json";
  EXPECT_THAT(ErrorOf([&] { WriteRun(kvs::Run{}, missing); }),
              AllOf(StartsWith(missing.string()), HasSubstr("No such file or directory")));
  EXPECT_THAT(ErrorOf([&] { ReadRun(missing); }),
              AllOf(StartsWith(missing.string()), HasSubstr("No such file or directory")));
  EXPECT_THAT(ErrorOf([&] { ReadRun(directory.path()); }), HasSubstr("is a directory"));
  EXPECT_THAT(ErrorOf([&] { WriteRun(kvs::Run{}, directory.path()); }),
              HasSubstr("something else than a regular file"));
}

TEST(ResultFileTest, ADeviceIsNotReplaced) {
  EXPECT_THAT(ErrorOf([] { WriteRun(kvs::Run{}, "/dev/full"); }),
              HasSubstr("something else than a regular file"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

// The file aside meets the limit on file sizes, as it would meet a full disk.
TEST(ResultFileTest, AWriteThatFailsHalfwayLeavesTheOldFile) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "run.json";
  WriteRun(kvs::Run{}, path);
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 10000;
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string error = ErrorOf([&] { WriteRun(SmallRun(), path); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(error, path.string() + ": writing: File too large");
  EXPECT_EQ(ReadRun(path), kvs::Run{});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(ResultFileTest, ASymbolicLinkIsFollowedNotReplaced) {
  const TemporaryDirectory directory;
  const auto target = directory.path() / "target.json";
  const auto link = directory.path() / "link.json";
  std::filesystem::create_symlink("target.json", link);
  WriteRun(kvs::Run{}, link);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(ReadRun(target), kvs::Run{});
  WriteRun(SmallRun(), link);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(ReadRun(target), SmallRun());
}

TEST(ResultFileTest, ALoopOfSymbolicLinksIsNamed) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("b", directory.path() / "a");
  std::filesystem::create_symlink("a", directory.path() / "b");
  EXPECT_THAT(ErrorOf([&] { WriteRun(kvs::Run{}, directory.path() / "a"); }),
              HasSubstr("Too many levels of symbolic links"));
}

}  // namespace
}  // namespace kvs
