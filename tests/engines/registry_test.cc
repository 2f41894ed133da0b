#include "engines/registry.h"

#include <gmock/gmock.h>

#include <set>

namespace kvs {
namespace {

using ::testing::HasSubstr;

TEST(RegistryTest, NamesAreUniqueAndFindTheirEngine) {
  std::set<std::string_view> names;
  for (const EngineDefinition* engine : AllEngines()) {
    EXPECT_TRUE(names.insert(engine->name).second) << engine->name;
    EXPECT_EQ(FindEngine(engine->name), engine);
  }
  EXPECT_FALSE(names.empty());
}

TEST(RegistryTest, AnUnknownNameFindsNothing) {
  EXPECT_EQ(FindEngine(""), nullptr);
  EXPECT_EQ(FindEngine("no such engine"), nullptr);
}

TEST(RegistryTest, EveryEngineIsComplete) {
  for (const EngineDefinition* engine : AllEngines()) {
    EXPECT_FALSE(engine->summary.empty()) << engine->name;
    EXPECT_NE(engine->capabilities, nullptr) << engine->name;
    EXPECT_NE(engine->open, nullptr) << engine->name;
    std::set<std::string_view> settings;
    for (const SettingDefinition& setting : engine->settings) {
      EXPECT_TRUE(settings.insert(setting.name).second) << engine->name << ":" << setting.name;
      EXPECT_FALSE(setting.default_value.empty()) << engine->name << ":" << setting.name;
    }
  }
}

TEST(RegistryTest, MissingEnginesNameTheirPackageAndAreNotRegistered) {
  for (const MissingEngine& missing : MissingEngines()) {
    EXPECT_EQ(FindEngine(missing.name), nullptr);
    EXPECT_FALSE(missing.package.empty());
  }
}

constexpr SettingDefinition kSettings[] = {{"cache", "1MiB", "bytes"}, {"ordered", "false", ""}};
const EngineDefinition kSample{.name = "sample", .summary = "", .settings = kSettings};

EngineOptions WithSettings(std::map<std::string, std::string> settings) {
  EngineOptions options;
  options.settings = std::move(settings);
  return options;
}

TEST(RegistryTest, CheckSettingsTakesKnownNames) {
  CheckSettings(kSample, {});
  CheckSettings(kSample, WithSettings({{"cache", "whatever"}, {"ordered", "true"}}));
}

TEST(RegistryTest, CheckSettingsRefusesUnknownNamesAndSaysWhatThereIs) {
  try {
    CheckSettings(kSample, WithSettings({{"cahce", "1"}}));
    FAIL() << "taken";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidOption);
    EXPECT_THAT(error.what(), HasSubstr("sample"));
    EXPECT_THAT(error.what(), HasSubstr("'cahce'"));
    EXPECT_THAT(error.what(), HasSubstr("cache, ordered"));
  }
}

TEST(RegistryTest, CheckSettingsLeavesAPassedThroughNameToTheLibrary) {
  EngineDefinition open = kSample;
  open.passes_settings_through = true;
  CheckSettings(open, WithSettings({{"cahce", "1"}}));
}

}  // namespace
}  // namespace kvs
