#include "workloads/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/sanitizer.h"
#include "workloads/property_table.h"
#include "workloads/random.h"

namespace kvs {
namespace {

using testing::Contains;
using testing::HasSubstr;

Spec Parse(std::string_view text, const PropertyOverrides& overrides = {}) {
  return ParseSpec(text, "file", "name", overrides);
}

// The message that refuses `text`, or "accepted".
std::string Refusal(std::string_view text, const PropertyOverrides& overrides = {}) {
  try {
    Parse(text, overrides);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "accepted";
}

std::string Refused(std::string_view line) {
  return Refusal("recordcount=1000\n" + std::string(line));
}

// What YCSB's CoreWorkload does when a file sets nothing but what it must.
TEST(SpecTest, DefaultsAreYcsbs) {
  const Spec spec = Parse("recordcount=1000\nworkload=site.ycsb.workloads.CoreWorkload\n");
  EXPECT_EQ(spec.name, "name");
  EXPECT_EQ(spec.record_count, 1000u);
  EXPECT_EQ(spec.insert_start, 0u);
  EXPECT_EQ(spec.insert_count, 1000u);
  EXPECT_EQ(spec.operation_count, std::nullopt);
  EXPECT_TRUE(spec.preload);
  EXPECT_EQ(spec.Proportion(OperationKind::kRead), 0.95);
  EXPECT_EQ(spec.Proportion(OperationKind::kUpdate), 0.05);
  EXPECT_EQ(spec.key_choice, KeyChoice::kUniform);
  EXPECT_EQ(spec.hotspot_data_fraction, 0.2);
  EXPECT_EQ(spec.hotspot_operation_fraction, 0.8);
  EXPECT_EQ(spec.exponential_percentile, 95);
  EXPECT_EQ(spec.exponential_fraction, 0.8571428571);
  EXPECT_EQ(spec.keys, KeySpec());
  EXPECT_EQ(spec.value_size, (SizeSpec{SizeSpec::Kind::kConstant, 1000, 1000, 1}));
  EXPECT_EQ(spec.scan_length, (SizeSpec{SizeSpec::Kind::kUniform, 1, 1000, 1}));
}

TEST(SpecTest, ReadsAYcsbFile) {
  const Spec spec = Parse(R"(# Read latest workload
! another comment

recordcount=1000
operationcount = 2000
workload:com.yahoo.ycsb.workloads.CoreWorkload
readallfields true
readproportion=0.9\
5
updateproportion=0
insertproportion=0.05
requestdistribution=latest
)");
  EXPECT_EQ(spec.record_count, 1000u);
  EXPECT_EQ(spec.operation_count, 2000u);
  EXPECT_EQ(spec.Proportion(OperationKind::kRead), 0.95);
  EXPECT_EQ(spec.Proportion(OperationKind::kInsert), 0.05);
  EXPECT_EQ(spec.key_choice, KeyChoice::kLatest);
}

TEST(SpecTest, ZipfianIsYcsbsUnlessThetaIsGiven) {
  EXPECT_EQ(Parse("recordcount=1\nrequestdistribution=zipfian").key_choice,
            KeyChoice::kYcsbZipfian);
  for (const char* const name : {"zipfian.theta", "zipfian_const"}) {
    const Spec spec =
        Parse("recordcount=1\nrequestdistribution=zipfian\n" + std::string(name) + "=1.3");
    EXPECT_EQ(spec.key_choice, KeyChoice::kZipfian);
    EXPECT_EQ(spec.zipfian_theta, 1.3);
  }
}

TEST(SpecTest, ProportionsAreWeights) {
  const Spec spec = Parse("recordcount=1\nreadproportion=3\nupdateproportion=1");
  EXPECT_EQ(spec.Proportion(OperationKind::kRead), 0.75);
  EXPECT_EQ(spec.Proportion(OperationKind::kUpdate), 0.25);
  EXPECT_THAT(spec.notes, Contains(HasSubstr("sum to 4")));
}

TEST(SpecTest, OwnPropertiesTakeEffect) {
  const Spec spec = Parse(R"(recordcount=1K
readproportion=0
updateproportion=0.25
deleteproportion=0.25
multigetproportion=0.5
multigetsize=8
update=rmw
preload=false
backgroundwriters=2
readmissing=true
keyformat=binary
keysize=24
valuesize=4KiB
minvaluesize=10
valuesizedistribution=zipfian
operationcount=recordcount
seed=7
)");
  EXPECT_EQ(spec.record_count, 1000u);
  EXPECT_EQ(spec.Proportion(OperationKind::kRemove), 0.25);
  EXPECT_EQ(spec.Proportion(OperationKind::kMultiGet), 0.5);
  EXPECT_EQ(spec.multi_get_size, 8u);
  EXPECT_TRUE(spec.update_is_rmw);
  EXPECT_FALSE(spec.preload);
  EXPECT_EQ(spec.LoadCount(), 0u);
  EXPECT_EQ(spec.background_writers, 2u);
  EXPECT_TRUE(spec.read_missing);
  EXPECT_EQ(spec.keys.format, KeyFormat::kBinary);
  EXPECT_FALSE(spec.keys.hashed_order);
  EXPECT_EQ(spec.keys.size, (SizeSpec{SizeSpec::Kind::kConstant, 24, 24, 1}));
  EXPECT_EQ(spec.value_size, (SizeSpec{SizeSpec::Kind::kZipfian, 10, 4096, 1}));
  EXPECT_EQ(spec.operation_count, 1000u);
  EXPECT_EQ(spec.seed, 7u);
}

TEST(SpecTest, TheLoadIsYcsbsWindow) {
  const Spec spec = Parse("recordcount=1000\ninsertstart=100\ninsertcount=50");
  EXPECT_EQ(spec.LoadBegin(), 100u);
  EXPECT_EQ(spec.LoadEnd(), 150u);
  EXPECT_EQ(Parse("recordcount=1000\ninsertstart=100").LoadEnd(), 1000u);
}

TEST(SpecTest, FieldsBecomeOneValue) {
  const Spec spec = Parse(
      "recordcount=1\nfieldcount=4\nfieldlength=50\nminfieldlength=10\n"
      "fieldlengthdistribution=uniform");
  EXPECT_EQ(spec.value_size, (SizeSpec{SizeSpec::Kind::kUniform, 40, 200, 4}));
  EXPECT_THAT(spec.notes, Contains(HasSubstr("All 4 fields of a record together are its value of "
                                             "40 to 200 bytes")));
  EXPECT_THAT(spec.notes, Contains(HasSubstr("An update overwrites the whole value")));
}

TEST(SpecTest, WhatCannotApplyIsNoted) {
  const Spec spec = Parse("recordcount=1\nmeasurementtype=raw\nthreadcount=4\nhtrace.a.b=c\n");
  EXPECT_THAT(spec.notes, Contains(HasSubstr("measurementtype")));
  EXPECT_THAT(spec.notes, Contains("No effect of threadcount: --threads sets the threads."));
  EXPECT_THAT(spec.notes, Contains(HasSubstr("htrace.a.b")));
}

TEST(SpecTest, EveryKnownPropertyIsAccepted) {
  for (const PropertyDefinition& property : KnownProperties()) {
    if (property.not_applied.empty() && property.default_value.empty()) continue;
    std::string value(property.default_value);
    if (value.empty()) value = "anything at all";
    const PropertyOverrides overrides = {{"recordcount", "10"},
                                         {std::string(property.name), value}};
    EXPECT_NO_THROW(Parse("", overrides)) << property.name;
  }
}

TEST(SpecTest, LaterOverridesWin) {
  const Spec spec = Parse("recordcount=1", {{"recordcount", "2"}, {"recordcount", "3"}});
  EXPECT_EQ(spec.record_count, 3u);
}

TEST(SpecTest, UnknownPropertiesAreRefusedWithTheNearestName) {
  EXPECT_EQ(Refusal("recordcount=1\n\nreadpropotion=0.5"),
            "file:3: readpropotion=0.5: unknown property; the nearest known one is "
            "\"readproportion\"");
  EXPECT_EQ(Refusal("recordcount=1", {{"recrdcount", "5"}}),
            "-p recrdcount=5: unknown property; the nearest known one is \"recordcount\"");
}

TEST(SpecTest, WrongValuesAreRefusedWithWhatWouldBeRight) {
  EXPECT_EQ(Refused("readproportion=abc"),
            "file:2: readproportion=abc: expected a number from 0 to 1000000000");
  EXPECT_EQ(Refusal("recordcount=1", {{"readproportion", "abc"}}),
            "-p readproportion=abc: expected a number from 0 to 1000000000");
  EXPECT_EQ(Refused("requestdistribution=zipf"),
            "file:2: requestdistribution=zipf: expected one of: uniform, zipfian, latest, hotspot, "
            "exponential, sequential");
  EXPECT_EQ(Refused("preload=yes"), "file:2: preload=yes: expected true or false");
  EXPECT_THAT(Refused("field_len_dist=normal"), HasSubstr("file:2: field_len_dist=normal: "));
  EXPECT_THAT(Refused("workload=site.ycsb.workloads.TimeSeriesWorkload"),
              HasSubstr("only YCSB's core workload is known"));
}

TEST(SpecTest, MissingRecordCountIsRefused) {
  EXPECT_THAT(Refusal("readproportion=1"), HasSubstr("file: recordcount is missing"));
}

TEST(SpecTest, NumbersOutOfRangeAreRefused) {
  for (const char* const line : {"recordcount=0",
                                 "recordcount=-1",
                                 "recordcount=1.5",
                                 "recordcount=99999999999999999999",
                                 "recordcount=20000000000G",
                                 "recordcount=5X",
                                 "recordcount=",
                                 "insertstart=1000",
                                 "insertcount=1001",
                                 "insertcount=0",
                                 "readproportion=-0.1",
                                 "readproportion=nan",
                                 "readproportion=inf",
                                 "readproportion=0\nupdateproportion=0",
                                 "zipfian.theta=0",
                                 "requestdistribution=zipfian\nzipfian.theta=2",
                                 "hotspotdatafraction=1.1",
                                 "exponential.percentile=100",
                                 "maxscanlength=0",
                                 "minscanlength=20\nmaxscanlength=10",
                                 "fieldcount=0",
                                 "fieldlength=2000000000",
                                 "fieldlengthdistribution=histogram",
                                 "fieldlengthdistribution=pareto",
                                 "fieldlengthdistribution=histogram\nfieldlengthhistogram=/none",
                                 "valuesizedistribution=histogram",
                                 "keysize=100\nkeysizedistribution=pareto",
                                 "valuesize=10\nvaluesizedistribution=pareto\npareto.sigma=0",
                                 "valuesize=10\nvaluesizedistribution=pareto\npareto.k=-1",
                                 "compressionratio=1.1",
                                 "compressionratio=-0.1",
                                 "valuesize=2GiB",
                                 "valuesize=10\nminvaluesize=11\nvaluesizedistribution=uniform",
                                 "keysize=7",
                                 "keysize=1MiB",
                                 "keyformat=binary\nkeysize=4",
                                 "multigetsize=0",
                                 "backgroundwriters=-1",
                                 "seed=x",
                                 "preload=false\nrequestdistribution=latest",
                                 "preload=false\nrequestdistribution=exponential"}) {
    EXPECT_THAT(Refused(line), HasSubstr("file:")) << line;
  }
}

TEST(SpecTest, SinglePassNeedsAPassToMake) {
  for (const char* const line :
       {"singlepass=true", "singlepass=true\ninsertproportion=0.5",
        "singlepass=true\nreadproportion=0\nupdateproportion=0\ninsertproportion=1",
        "singlepass=true\nrequestdistribution=sequential\nmultigetproportion=1",
        "singlepass=true\nrequestdistribution=sequential\nreadproportion=0\nupdateproportion=0\n"
        "scanproportion=1"}) {
    EXPECT_THAT(Refused(line), HasSubstr("singlepass=true: ")) << line;
  }
}

TEST(SpecTest, SyntaxIsJavas) {
  const auto count = [](std::string_view text) { return Parse(text).record_count; };
  EXPECT_EQ(count("recordcount=5"), 5u);
  EXPECT_EQ(count("  recordcount : 5  \r\nseed=1\r\n"), 5u);
  EXPECT_EQ(count("recordcount 5"), 5u);
  EXPECT_EQ(count("record\\\n   count=5"), 5u);
  EXPECT_EQ(count("recordcount=1\nrecordcount=5"), 5u);
  EXPECT_EQ(count("\xEF\xBB\xBFrecordcount=5"), 5u);
  EXPECT_EQ(count("\\u0072ecordcount=5"), 5u);
  EXPECT_EQ(count("# comment \\\nrecordcount=5"), 5u) << "comments do not continue";
  EXPECT_EQ(Refusal("recordcount=5\n=3"), "file:2: a name is missing before '='");
  EXPECT_EQ(Refusal("recordcount=\\u00zz"),
            "file:1: \\u must be followed by four hexadecimal digits");
}

TEST(SpecTest, SizesOfAHistogramComeFromItsFileAndOutliveIt) {
  const std::string path =
      testing::TempDir() + "kvs-histogram-" + std::to_string(::getpid()) + ".txt";
  std::ofstream(path) << "BlockSize\t10\n0\t0\n1\t3\n2\t1\n";
  const Spec of_values =
      Parse("recordcount=1000\nvaluesizedistribution=histogram", {{"valuesizehistogram", path}});
  const Spec of_fields = Parse("recordcount=1000\nfieldcount=4\nfieldlengthdistribution=histogram",
                               {{"fieldlengthhistogram", path}});
  std::filesystem::remove(path);
  const SizeHistogram histogram{.block_bytes = 10, .weights = {0, 3, 1}};
  EXPECT_EQ(of_values.value_size.kind, SizeSpec::Kind::kHistogram);
  EXPECT_EQ(of_values.value_size.histogram, histogram);
  EXPECT_EQ(of_values.value_size.min_bytes, 20u);
  EXPECT_EQ(of_values.value_size.max_bytes, 30u);
  EXPECT_EQ(of_values.value_size.parts, 1u);
  EXPECT_EQ(of_fields.value_size.histogram, histogram);
  EXPECT_EQ(of_fields.value_size.min_bytes, 80u);
  EXPECT_EQ(of_fields.value_size.max_bytes, 120u);
  EXPECT_EQ(of_fields.value_size.parts, 4u);
  EXPECT_THAT(of_fields.notes, Contains(HasSubstr("80 to 120 bytes")));
  for (const Spec& spec : {of_values, of_fields}) EXPECT_EQ(Parse(PropertiesText(spec)), spec);
}

TEST(SpecTest, AWrongHistogramIsNamedWithFileAndLine) {
  const std::string path =
      testing::TempDir() + "kvs-histogram-" + std::to_string(::getpid()) + ".txt";
  std::ofstream(path) << "BlockSize\t10\n0\tmany\n";
  EXPECT_THAT(Refused("valuesizedistribution=histogram\nvaluesizehistogram=" + path),
              HasSubstr(path + ":2: expected '0 <weight>'"));
  std::filesystem::remove(path);
  EXPECT_THAT(Refused("valuesizedistribution=histogram\nvaluesizehistogram=" + path),
              HasSubstr(path + ": cannot be read: No such file"));
}

TEST(SpecTest, SizesAfterParetoHaveItsParameters) {
  const Spec spec = Parse(
      "recordcount=1000\nvaluesize=1024\nvaluesizedistribution=pareto\nminvaluesize=10\n"
      "pareto.theta=1\npareto.k=0.5");
  EXPECT_EQ(spec.value_size.kind, SizeSpec::Kind::kPareto);
  EXPECT_EQ(spec.value_size.min_bytes, 10u);
  EXPECT_EQ(spec.value_size.max_bytes, 1024u);
  EXPECT_EQ(spec.value_size.pareto, (ParetoSpec{.theta = 1, .k = 0.5, .sigma = 25.45}));
  EXPECT_EQ(Parse(PropertiesText(spec)), spec);
}

TEST(SpecTest, ACompressionRatioIsNoted) {
  EXPECT_EQ(Parse("recordcount=1000").compression_ratio, 1);
  const Spec spec = Parse("recordcount=1000\ncompressionratio=0.25");
  EXPECT_EQ(spec.compression_ratio, 0.25);
  EXPECT_THAT(spec.notes, Contains("Values are made to compress to 0.25 of their size."));
}

TEST(SpecTest, WhatDoesNotCompressIsNotSaidTo) {
  const auto notes = [](const std::string& more) {
    return Parse("recordcount=1000\ncompressionratio=0.5\n" + more).notes;
  };
  EXPECT_THAT(notes("valuesize=40"), Contains(HasSubstr("No effect of compressionratio")));
  EXPECT_THAT(notes("valuesize=79"), Contains("Values compress to 40 bytes, and not to 0.5 of "
                                              "their size."));
  EXPECT_THAT(notes("valuesize=80"), Contains("Values are made to compress to 0.5 of their size."));
  EXPECT_THAT(notes("valuesize=80\nvaluesizedistribution=uniform"),
              Contains(HasSubstr("none to less than 40 bytes")));
}

TEST(SpecTest, ATypoIsOneWhereItHasNoEffectToo) {
  EXPECT_THAT(Refused("valuesizedistribution=unifrom"), HasSubstr("expected one of: constant"));
  EXPECT_THAT(Refused("keysizedistribution=unifrom"), HasSubstr("expected one of: constant"));
  EXPECT_THAT(Refused("valuesize=10\nfieldlengthdistribution=unifrom"),
              HasSubstr("expected one of: constant"));
}

TEST(SpecTest, AnOptionIsNamedAsItWasWritten) {
  EXPECT_THAT(Refusal("recordcount=1", {{"keysize", "5", "--key-size 5"}}),
              ::testing::StartsWith("--key-size 5: expected a whole number from 8"));
  EXPECT_THAT(Refusal("recordcount=1", {{"keysize", "5"}}),
              ::testing::StartsWith("-p keysize=5: expected"));
}

TEST(SpecTest, PropertiesTextMakesTheSpecAgain) {
  for (const ShippedSpec& shipped : ShippedSpecs()) {
    const Spec spec = LoadSpec(shipped.name, {});
    EXPECT_EQ(ParseSpec(PropertiesText(spec), "text", shipped.name, {}), spec) << shipped.name;
  }
}

RC_GTEST_PROP(SpecTest, PropertiesTextMakesAnySpecAgain, ()) {
  PropertyOverrides overrides = {{"recordcount", std::to_string(*rc::gen::inRange(1, 1000000))}};
  const auto maybe = [&overrides](std::string name, std::string value) {
    if (*rc::gen::arbitrary<bool>()) overrides.emplace_back(std::move(name), std::move(value));
  };
  const auto number = [](int low, int high) {
    return std::to_string(*rc::gen::inRange(low, high));
  };
  maybe("operationcount", number(0, 1000));
  maybe("readproportion", number(1, 100));
  maybe("updateproportion", "0." + number(0, 100000));
  maybe("deleteproportion", "1e-" + number(1, 20));
  maybe("scanproportion", number(0, 2));
  maybe("insertproportion", number(0, 2));
  maybe("requestdistribution",
        *rc::gen::element<std::string>("uniform", "zipfian", "latest", "hotspot", "exponential"));
  maybe("zipfian.theta", "1." + number(0, 1000));
  maybe("keyformat", *rc::gen::element<std::string>("ycsb", "binary"));
  maybe("keysize", number(8, 100));
  maybe("keysizedistribution", *rc::gen::element<std::string>("constant", "uniform", "zipfian"));
  maybe("valuesize", number(1, 100));
  maybe("valuesizedistribution",
        *rc::gen::element<std::string>("constant", "uniform", "zipfian", "pareto", "histogram"));
  overrides.emplace_back("valuesizehistogram", "BlockSize 10\n0 1\n1 0\n2 5\n");
  maybe("compressionratio", *rc::gen::element<std::string>("0", "0.5", "1"));
  maybe("fieldlengthdistribution", *rc::gen::element<std::string>("constant", "uniform"));
  maybe("update", "rmw");
  maybe("table", *rc::gen::arbitrary<std::string>());
  maybe("description", *rc::gen::arbitrary<std::string>());
  maybe("htrace.x", *rc::gen::string<std::string>());
  const Spec spec = Parse("", overrides);
  // An override's value is taken as it stands; in a file, NUL and the like survive as well.
  RC_ASSERT(Parse(PropertiesText(spec)) == spec);
}

// Garbage gives a SpecError or a Spec; nothing else, and no crash.
TEST(SpecTest, SurvivesGarbage) {
  constexpr int kTexts = kHasSanitizer ? 1000 : 3000;
  constexpr uint64_t kSeed = 17;
  SCOPED_TRACE(kSeed);
  Random random(kSeed);
  std::vector<std::string> pieces = {"recordcount=1",
                                     "\n",
                                     "\\",
                                     "\\u",
                                     "\\u0041",
                                     "=",
                                     ":",
                                     " ",
                                     "#",
                                     "!",
                                     "\r",
                                     "\t",
                                     "\0",
                                     "-1",
                                     "1e999",
                                     "K",
                                     "GiB"};
  for (const PropertyDefinition& property : KnownProperties()) {
    pieces.emplace_back(property.name);
    pieces.emplace_back(property.default_value);
  }
  int accepted = 0;
  for (int i = 0; i < kTexts; ++i) {
    std::string text = i % 2 == 0 ? "recordcount=9\n" : "";
    for (uint64_t left = random.Below(12); left > 0; --left) {
      if (random.Below(4) == 0) {
        text += static_cast<char>(random.Next());
      } else {
        text += pieces[random.Below(pieces.size())];
      }
    }
    accepted += Refusal(text) == "accepted" ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, kTexts);
}

class SpecFileTest : public testing::Test {
 protected:
  SpecFileTest() {
    std::string pattern = testing::TempDir() + "kvs-spec-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    directory_ = pattern;
  }
  ~SpecFileTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

TEST_F(SpecFileTest, AFileIsReadAndNamed) {
  const std::filesystem::path path = directory_ / "my-load.properties";
  std::ofstream(path) << "# not a description\nrecordcount=12\n";
  const Spec spec = LoadSpec(path.string(), {});
  EXPECT_EQ(spec.name, "my-load");
  EXPECT_EQ(spec.record_count, 12u);
  EXPECT_EQ(spec.description, "");
}

TEST_F(SpecFileTest, MessagesNameTheFile) {
  const std::filesystem::path path = directory_ / "bad";
  std::ofstream(path) << "recordcount=12\nfoo=1\n";
  try {
    LoadSpec(path.string(), {});
    ADD_FAILURE() << "accepted";
  } catch (const SpecError& error) {
    EXPECT_THAT(error.what(), HasSubstr(path.string() + ":2: foo=1: unknown property"));
  }
}

TEST_F(SpecFileTest, WhatIsNoFileIsRefused) {
  EXPECT_THROW(LoadSpec(directory_.string(), {}), SpecError);
  try {
    LoadSpec((directory_ / "absent").string(), {});
    ADD_FAILURE() << "accepted";
  } catch (const SpecError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no such workload, and no such file"));
    EXPECT_THAT(error.what(), HasSubstr("ycsb-a"));
  }
  try {
    LoadSpec("ycbs-a", {});
    ADD_FAILURE() << "accepted";
  } catch (const SpecError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no such file: did you mean 'ycsb-a'? (known: "));
  }
}

}  // namespace
}  // namespace kvs
