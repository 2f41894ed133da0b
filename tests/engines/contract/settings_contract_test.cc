// Settings: known ones are read, everything else is refused before anything is touched.
#include <gmock/gmock.h>

#include <filesystem>

#include "engines/settings.h"
#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {
namespace {

using ::testing::HasSubstr;

// Expects the options to be refused with a message that names `setting`, both by the question what
// the engine could do and by opening, and that nothing is created.
void ExpectSettingRefused(const EngineDefinition& engine, const EngineOptions& options,
                          std::string_view setting) {
  for (const bool open : {false, true}) {
    const auto error = ErrorOf([&] {
      if (open) {
        engine.open(options);
      } else {
        engine.capabilities(options);
      }
    });
    ASSERT_TRUE(error.has_value()) << setting << " was taken";
    EXPECT_EQ(static_cast<int>(error->kind()), static_cast<int>(ErrorKind::kInvalidOption));
    EXPECT_THAT(error->what(), HasSubstr(std::string(setting)));
    EXPECT_THAT(error->what(), HasSubstr(std::string(engine.name)));
  }
  EXPECT_FALSE(std::filesystem::exists(options.directory));
}

TEST_P(EveryEngineTest, AnUnknownSettingIsRefusedByName) {
  for (const std::string setting : {"no_such_setting", "", "=", "No_Such"}) {
    EngineOptions options = Options();
    options.settings = {{setting, "1"}};
    ExpectSettingRefused(engine(), options, setting);
  }
}

TEST_P(EveryEngineTest, AnUnreadableValueIsRefusedByName) {
  for (const SettingDefinition& setting : engine().settings) {
    const bool has_syntax =
        ParseBool(setting.default_value) || ParseByteSize(setting.default_value);
    if (!has_syntax) continue;  // free text
    for (const std::string value :
         {"", "nonsense", "12zz", "-5", "1.5.2", "99999999999999999999"}) {
      EngineOptions options = Options();
      options.settings = {{std::string(setting.name), value}};
      SCOPED_TRACE(value);
      ExpectSettingRefused(engine(), options, setting.name);
    }
  }
}

// Without the case's own settings, which need not go together with all defaults.
TEST_P(EveryEngineTest, DocumentedDefaultsAreWhatAnEngineTakes) {
  EngineOptions options = Options();
  options.settings.clear();
  const auto plain = engine().open(options)->Info().effective_options;
  for (const SettingDefinition& setting : engine().settings) {
    EXPECT_FALSE(setting.meaning.empty()) << setting.name;
    options.settings[std::string(setting.name)] = setting.default_value;
  }
  EXPECT_EQ(engine().open(options)->Info().effective_options, plain);
}

}  // namespace
}  // namespace kvs::contract
