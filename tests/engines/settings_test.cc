#include "engines/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvs {
namespace {

using ::testing::HasSubstr;

TEST(ParseByteSizeTest, ReadsPlainNumbersAndUnits) {
  EXPECT_EQ(ParseByteSize("0"), 0u);
  EXPECT_EQ(ParseByteSize("4096"), 4096u);
  EXPECT_EQ(ParseByteSize("4096B"), 4096u);
  EXPECT_EQ(ParseByteSize("64KiB"), 64u << 10);
  EXPECT_EQ(ParseByteSize("64mib"), 64u << 20);
  EXPECT_EQ(ParseByteSize("3GiB"), 3ull << 30);
  EXPECT_EQ(ParseByteSize("2TiB"), 2ull << 40);
  EXPECT_EQ(ParseByteSize("64MB"), 64000000u);
  EXPECT_EQ(ParseByteSize("5k"), 5000u);
  EXPECT_EQ(ParseByteSize("1.5KiB"), 1536u);
  EXPECT_EQ(ParseByteSize("18446744073709551615"), ~uint64_t{0});
}

TEST(ParseByteSizeTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "KiB", "-1", "+1", "1 KiB", "1XiB", "1KiBs", "1.2.3K", ".", "0.3B",
                           "18446744073709551616", "17179869184GiB", "1e3", "0x10", "nan"}) {
    EXPECT_EQ(ParseByteSize(text), std::nullopt) << text;
  }
}

TEST(ParseBoolTest, ReadsTheUsualWords) {
  for (const char* text : {"true", "TRUE", "on", "yes", "1"}) EXPECT_EQ(ParseBool(text), true);
  for (const char* text : {"false", "off", "No", "0"}) EXPECT_EQ(ParseBool(text), false);
  for (const char* text : {"", "2", "tru", "enable"}) EXPECT_EQ(ParseBool(text), std::nullopt);
}

constexpr SettingDefinition kDefinitions[] = {
    {"size", "64KiB", ""}, {"count", "7", ""}, {"flag", "false", ""}};

TEST(SettingReaderTest, FallsBackToTheDefinitionsDefault) {
  const std::map<std::string, std::string> settings;
  const SettingReader reader("toy", kDefinitions, settings);
  EXPECT_EQ(reader.Bytes("size"), 65536u);
  EXPECT_EQ(reader.Count("count"), 7u);
  EXPECT_FALSE(reader.Bool("flag"));
  EXPECT_EQ(reader.Text("size"), "64KiB");
}

void ExpectRefused(const std::map<std::string, std::string>& settings, const std::string& expected,
                   auto read) {
  const SettingReader reader("toy", kDefinitions, settings);
  try {
    read(reader);
    FAIL() << "accepted";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidOption);
    EXPECT_THAT(error.what(), HasSubstr(expected));
  }
}

TEST(SettingReaderTest, RefusalsSayWhatWasWrittenAndWhatWouldBeRight) {
  ExpectRefused({{"size", "big"}}, "setting 'size' is 'big': it takes a size such as",
                [](const SettingReader& r) { r.Bytes("size"); });
  ExpectRefused({{"size", "1KiB"}}, "from 4096 to 8192",
                [](const SettingReader& r) { r.Bytes("size", 4096, 8192); });
  ExpectRefused({{"count", "1.5"}}, "it takes a whole number",
                [](const SettingReader& r) { r.Count("count"); });
  ExpectRefused({{"count", "0"}}, "a whole number of at least 1",
                [](const SettingReader& r) { r.Count("count", 1); });
  ExpectRefused({{"flag", "maybe"}}, "it takes true or false",
                [](const SettingReader& r) { r.Bool("flag"); });
}

}  // namespace
}  // namespace kvs
