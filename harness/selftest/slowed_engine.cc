#include "harness/selftest/slowed_engine.h"

#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "engines/settings.h"
#include "harness/system/clock.h"

namespace kvs::detector {
namespace {

constexpr std::string_view kName = "slowed";

constexpr SettingDefinition kSettings[] = {
    {"of", "lockfree", "the engine that does the work"},
    {"by", "0%", "this share of the throughput is lost, below 90%"},
    {"every", "0", "one call in so many is held; 0 none"},
    {"held_ns", "0", "nanoseconds for which it is held"},
    {"lock", "false", "whether writes hold a lock of the store around their call"},
    {"longer", "0%", "how much longer than the call they hold it, as a share of the call"},
};

struct ProcessClock {
  static uint64_t NowNs() { return kvs::NowNs(); }
};

[[noreturn]] void Refuse(const EngineOptions& options, std::string_view reason) {
  throw EngineError(ErrorKind::kInvalidOption, kName, "open", options.directory, reason);
}

// 0.05 of "5%".
double ReadShare(const SettingReader& reader, const EngineOptions& options, std::string_view name,
                 double most_percent) {
  const std::string_view text = reader.Text(name);
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error != std::errc() || rest != "%" || !(percent >= 0 && percent < most_percent)) {
    Refuse(options, fmt::format("{}={}: expected a percentage from 0% to below {:g}%", name, text,
                                most_percent));
  }
  return percent / 100;
}

Slowdown ReadSlowdown(const EngineOptions& options) {
  CheckSettings(kSlowedEngine, options);
  const SettingReader reader(kName, kSettings, options.settings);
  constexpr uint64_t kMostHeldNs = 1'000'000'000;
  return {.loss = ReadShare(reader, options, "by", 90),
          .every = reader.Count("every"),
          .held_ns = reader.Count("held_ns", 0, kMostHeldNs),
          .locks = reader.Bool("lock"),
          .longer = ReadShare(reader, options, "longer", 1000)};
}

const EngineDefinition& InnerOf(const EngineOptions& options) {
  const std::string name(SettingReader(kName, kSettings, options.settings).Text("of"));
  const EngineDefinition* const engine = FindEngine(name);
  if (engine == nullptr) Refuse(options, fmt::format("of={}: there is no such engine", name));
  return *engine;
}

EngineOptions InnerOptions(EngineOptions options) {
  options.settings.clear();
  return options;
}

}  // namespace

const EngineDefinition kSlowedEngine{
    .name = kName,
    .summary = "another engine, slower by a known amount",
    .settings = kSettings,
    .capabilities =
        [](const EngineOptions& options) {
          ReadSlowdown(options);
          return InnerOf(options).capabilities(InnerOptions(options));
        },
    .open =
        [](const EngineOptions& options) {
          return std::unique_ptr<KvsEngine>(std::make_unique<SlowedHandle<ProcessClock>>(
              InnerOf(options).open(InnerOptions(options)), ReadSlowdown(options), ProcessClock()));
        },
};

}  // namespace kvs::detector
