#include "harness/verify/crash_child.h"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/exit_code.h"
#include "harness/system/clock.h"
#include "harness/verify/unique_value.h"

namespace kvs::verify {
namespace {

constexpr uint64_t kOneRemovesOf = 6;

std::vector<std::string> KeyNames(const VerifyPlan& plan, const EngineDefinition& engine) {
  const size_t least = engine.capabilities(plan.OpenOptions()).min_key_bytes;
  std::vector<std::string> names;
  for (uint32_t key = 0; key < plan.keys; ++key) names.push_back(KeyName(key, least));
  return names;
}

std::unique_ptr<KvsEngine> Open(const VerifyPlan& plan, const EngineDefinition& engine,
                                SharedProgress& progress) {
  progress.phase = SharedProgress::kOpening;
  std::unique_ptr<KvsEngine> handle = engine.open(plan.OpenOptions());
  progress.phase = SharedProgress::kOpened;
  return handle;
}

void Work(const VerifyPlan& plan, unsigned worker, KvsEngine& handle,
          const std::vector<std::string>& keys, SharedProgress& progress) {
  WorkerProgress& own = progress.workers[worker];
  std::string value;
  for (uint64_t number = plan.first[worker];; ++number) {
    const CrashWrite write = CrashWriteOf(plan.seed, worker, number, plan.threads, plan.keys);
    if (!write.is_remove) MakeValue({write.key, worker, number}, value);
    own.invoked = number + 1;
    if (write.is_remove) {
      handle.Remove(keys[write.key]);
    } else {
      handle.Set(keys[write.key], value);
    }
    own.acknowledged = number + 1;
    if (worker == 0 && (number - plan.first[worker]) % plan.settle_every == plan.settle_every - 1) {
      ++progress.settles_begun;
      const uint64_t start_ns = NowNs();
      handle.Settle();
      progress.settle_ns = NowNs() - start_ns;
      ++progress.settles_done;
    }
  }
}

nlohmann::json Answer(KvsEngine& handle, const std::string& name, uint32_t key) {
  std::string value;
  if (!handle.Get(name, value)) return nullptr;
  const std::optional<ValueOrigin> origin = ReadValue(value);
  if (!origin) return Printable(value);
  if (origin->key != key) return fmt::format("the value of key {}", origin->key);
  return {origin->writer, origin->number};
}

// Keys of a scan of the whole store that should not be there, or that Get contradicts.
nlohmann::json Strangers(KvsEngine& handle, const std::vector<std::string>& names,
                         const nlohmann::json& answers) {
  std::map<std::string, bool, std::less<>> expected;
  for (size_t key = 0; key < names.size(); ++key) {
    if (!answers[key].is_null()) expected.emplace(names[key], false);
  }
  nlohmann::json strangers = nlohmann::json::array();
  handle.Scan("", std::numeric_limits<size_t>::max(), [&](std::string_view key, std::string_view) {
    const auto found = expected.find(key);
    if (found == expected.end()) {
      strangers.push_back(fmt::format("scan finds a key that Get does not: {}", Printable(key)));
    } else if (found->second) {
      strangers.push_back(fmt::format("scan finds a key twice: {}", Printable(key)));
    } else {
      found->second = true;
    }
  });
  for (const auto& [name, found] : expected) {
    if (!found) strangers.push_back(fmt::format("scan misses key '{}', which Get finds", name));
  }
  return strangers;
}

}  // namespace

CrashWrite CrashWriteOf(uint64_t seed, unsigned worker, uint64_t number, unsigned workers,
                        uint32_t keys) {
  const uint64_t choice = Mix(seed, worker, number);
  const uint32_t owned = (keys - worker + workers - 1) / workers;
  return {worker + workers * static_cast<uint32_t>(choice % owned),
          (choice >> 32) % kOneRemovesOf == 0};
}

void WorkUntilKilled(const VerifyPlan& plan, const EngineDefinition& engine,
                     SharedProgress& progress) {
  const std::vector<std::string> keys = KeyNames(plan, engine);
  std::vector<std::unique_ptr<KvsEngine>> handles;
  handles.push_back(Open(plan, engine, progress));
  while (handles.size() < plan.threads) handles.push_back(handles.front()->Clone());
  std::vector<std::jthread> threads;
  for (unsigned worker = 0; worker < plan.threads; ++worker) {
    threads.emplace_back([&, worker] {
      try {
        Work(plan, worker, *handles[worker], keys, progress);
      } catch (const std::exception& error) {
        // The other workers do not end: the whole process does.
        fmt::print(stderr, "{}\n", error.what());
        std::fflush(nullptr);
        std::_Exit(static_cast<int>(ExitCode::kEngineFailed));
      }
    });
  }
}

void OpenUntilKilled(const VerifyPlan& plan, const EngineDefinition& engine,
                     SharedProgress& progress) {
  const std::unique_ptr<KvsEngine> handle = Open(plan, engine, progress);
  for (;;) pause();
}

void Inspect(const VerifyPlan& plan, const EngineDefinition& engine, SharedProgress& progress,
             const std::function<void(const nlohmann::json&)>& report) {
  const std::vector<std::string> keys = KeyNames(plan, engine);
  const uint64_t start_ns = NowNs();
  std::unique_ptr<KvsEngine> handle = Open(plan, engine, progress);
  const uint64_t open_ns = NowNs() - start_ns;
  nlohmann::json answers = nlohmann::json::array();
  for (uint32_t key = 0; key < plan.keys; ++key) answers.push_back(Answer(*handle, keys[key], key));
  nlohmann::json strangers = nlohmann::json::array();
  if (engine.capabilities(plan.OpenOptions()).ordered_scan) {
    strangers = Strangers(*handle, keys, answers);
  }
  report({{"open_ns", open_ns}, {"answers", answers}, {"strangers", strangers}});
  if (!plan.closes) std::_Exit(0);  // no destructor runs, as after a kill
}

}  // namespace kvs::verify
