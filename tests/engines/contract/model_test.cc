// The model-based test: random operations through several handles, compared with std::map. When one
// differs, rapidcheck looks for the shortest sequence that still does and prints it with its seed;
// RC_PARAMS="seed=..." runs it again, RC_PARAMS="max_success=1000" runs more.
#include <rapidcheck.h>

#include <chrono>
#include <cstdlib>
#include <map>

#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {

enum class Step { kSet, kSetMany, kGet, kRemove, kMultiGet, kScan, kClone, kReopen, kSettle };

struct Operation {
  Step step = Step::kGet;
  size_t handle = 0;
  std::string key;
  std::string value;
  size_t limit = 0;
};

void showValue(const Operation& operation, std::ostream& out) {
  constexpr std::string_view kNames[] = {"Set",  "SetMany", "Get",    "Remove", "MultiGet",
                                         "Scan", "Clone",   "Reopen", "Settle"};
  out << kNames[static_cast<size_t>(operation.step)] << "(handle " << operation.handle << ", key ";
  rc::show(operation.key, out);
  if (operation.step == Step::kSet || operation.step == Step::kSetMany) {
    out << ", value of " << operation.value.size() << " bytes ";
    rc::show(operation.value.substr(0, 32), out);
  }
  if (operation.step == Step::kScan) out << ", limit " << operation.limit;
  out << ")";
}

namespace {

constexpr size_t kHandles = 3;

// Few keys, so that overwrites and removes meet; each of them a trap for some encoding.
std::vector<std::string> TrickyKeys(const EngineCapabilities& capabilities) {
  const std::vector<std::string> all = {"",
                                        std::string(1, '\0'),
                                        std::string(2, '\0'),
                                        "a",
                                        std::string("a\0", 2),
                                        std::string("a\0b", 3),
                                        "aa",
                                        "ab",
                                        "b",
                                        "\x7f",
                                        "\x80",
                                        "\xfe\xff",
                                        "\xff",
                                        "\xff\xff",
                                        std::string("\xff\0", 2),
                                        "user1234567890123456",
                                        std::string(200, 'k'),
                                        std::string(200, 'k') + "l"};
  std::vector<std::string> taken;
  for (const std::string& key : all) {
    if (key.size() >= capabilities.min_key_bytes && key.size() <= capabilities.max_key_bytes) {
      taken.push_back(key);
    }
  }
  return taken;
}

rc::Gen<std::string> GenKey(const EngineCapabilities& capabilities) {
  const auto any = rc::gen::map(
      rc::gen::container<std::string>(rc::gen::arbitrary<char>()), [capabilities](std::string key) {
        key.resize(std::clamp(key.size(), capabilities.min_key_bytes, capabilities.max_key_bytes));
        return key;
      });
  return rc::gen::weightedOneOf<std::string>(
      {{6, rc::gen::elementOf(TrickyKeys(capabilities))}, {1, any}});
}

rc::Gen<std::string> GenValue(size_t max_bytes) {
  const auto any = rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const auto long_one = rc::gen::map(rc::gen::inRange<size_t>(0, 20'000), [](size_t bytes) {
    return ValueFor(bytes, 20'000).substr(0, bytes);
  });
  return rc::gen::map(rc::gen::weightedOneOf<std::string>(
                          {{1, rc::gen::just(std::string())}, {5, any}, {2, long_one}}),
                      [max_bytes](const std::string& value) { return value.substr(0, max_bytes); });
}

rc::Gen<Operation> GenOperation(const EngineCapabilities& capabilities) {
  std::vector<std::pair<size_t, Step>> weights = {
      {10, Step::kSet},  {2, Step::kSetMany}, {8, Step::kGet},   {5, Step::kRemove},
      {2, Step::kClone}, {1, Step::kReopen},  {1, Step::kSettle}};
  if (capabilities.multi_get) weights.emplace_back(3, Step::kMultiGet);
  if (capabilities.ordered_scan) weights.emplace_back(3, Step::kScan);
  std::vector<Step> steps;  // weighted by repetition
  for (const auto& [weight, step] : weights) steps.insert(steps.end(), weight, step);
  return rc::gen::build<Operation>(
      rc::gen::set(&Operation::step, rc::gen::elementOf(steps)),
      rc::gen::set(&Operation::handle, rc::gen::inRange<size_t>(0, kHandles)),
      rc::gen::set(&Operation::key, GenKey(capabilities)),
      rc::gen::set(&Operation::value, GenValue(capabilities.max_value_bytes)),
      rc::gen::set(&Operation::limit, rc::gen::inRange<size_t>(0, 12)));
}

using Model = std::map<std::string, std::string>;
using Entries = std::vector<std::pair<std::string, std::string>>;

// A store and the map that it is to agree with.
class Comparison {
 public:
  explicit Comparison(const Case& c)
      : case_(c), capabilities_(c.Capabilities()), keys_(TrickyKeys(capabilities_)) {
    Reopen();
  }

  void Apply(const Operation& operation) {
    KvsEngine& handle = *handles_[operation.handle];
    switch (operation.step) {
      case Step::kSet:
        handle.Set(operation.key, operation.value);
        model_[operation.key] = operation.value;
        break;
      case Step::kSetMany:
        SetMany(handle, operation.key, operation.value);
        break;
      case Step::kGet:
        RC_ASSERT(Lookup(handle, operation.key) == Expected(operation.key));
        break;
      case Step::kRemove:
        Remove(handle, operation.key);
        break;
      case Step::kMultiGet:
        CompareMultiGet(handle, operation.key);
        break;
      case Step::kScan:
        CompareScan(handle, operation.key, operation.limit);
        break;
      case Step::kClone:
        handles_[(operation.handle + 1) % kHandles] = handle.Clone();
        break;
      case Step::kReopen:
        Reopen();
        break;
      case Step::kSettle:
        handle.Settle();
        break;
    }
  }

  // Every key of the model and every other key that was in play, through every handle.
  void CompareAll() {
    for (const auto& handle : handles_) {
      for (const auto& entry : model_) {
        RC_ASSERT(Lookup(*handle, entry.first) == Expected(entry.first));
      }
      for (const std::string& key : keys_) RC_ASSERT(Lookup(*handle, key) == Expected(key));
      if (capabilities_.ordered_scan) CompareScan(*handle, "", model_.size() + 1);
    }
  }

  void Reopen() {
    handles_.clear();
    handles_.push_back(case_.Open(directory_ / "store"));
    while (handles_.size() < kHandles) handles_.push_back(handles_[0]->Clone());
  }

 private:
  std::optional<std::string> Expected(const std::string& key) const {
    const auto entry = model_.find(key);
    if (entry == model_.end()) return std::nullopt;
    return entry->second;
  }

  // Every other tricky key, and `key` first and last with different values.
  void SetMany(KvsEngine& handle, const std::string& key, const std::string& value) {
    std::vector<std::pair<std::string, std::string>> batch = {{key, value}};
    for (size_t i = 0; i < keys_.size(); i += 2) batch.emplace_back(keys_[i], ValueFor(i, 50));
    batch.emplace_back(key, "last");
    std::vector<std::string_view> keys;
    std::vector<std::string_view> values;
    for (const auto& [batch_key, batch_value] : batch) {
      keys.push_back(batch_key);
      values.push_back(batch_value);
      model_[batch_key] = batch_value;
    }
    handle.SetMany(keys, values);
  }

  void Remove(KvsEngine& handle, const std::string& key) {
    const RemoveResult result = handle.Remove(key);
    const bool was_there = model_.erase(key) != 0;
    if (result == RemoveResult::kUnknown) return;
    RC_ASSERT((result == RemoveResult::kRemoved) == was_there);
  }

  void CompareMultiGet(KvsEngine& handle, const std::string& key) {
    std::vector<std::string_view> batch = {key};
    for (const std::string& other : keys_) batch.push_back(other);
    std::vector<std::string> values(batch.size(), "left over");
    const auto found = std::make_unique<bool[]>(batch.size());
    handle.MultiGet(batch, values, {found.get(), batch.size()});
    for (size_t i = 0; i < batch.size(); ++i) {
      const auto expected = Expected(std::string(batch[i]));
      RC_ASSERT(found[i] == expected.has_value());
      if (expected) RC_ASSERT(values[i] == *expected);
    }
  }

  void CompareScan(KvsEngine& handle, const std::string& start, size_t limit) {
    Entries expected;
    for (auto entry = model_.lower_bound(start); entry != model_.end() && expected.size() < limit;
         ++entry) {
      expected.push_back(*entry);
    }
    Entries visited;
    const size_t count = handle.Scan(
        start, limit,
        [&](std::string_view key, std::string_view value) { visited.emplace_back(key, value); });
    RC_ASSERT(count == visited.size());
    RC_ASSERT(visited == expected);
  }

  const TemporaryDirectory directory_;
  const Case case_;
  const EngineCapabilities capabilities_;
  const std::vector<std::string> keys_;
  Model model_;
  std::vector<std::unique_ptr<KvsEngine>> handles_;
};

void Compare(const Case& c, const std::vector<Operation>& sequence) {
  Comparison comparison(c);
  for (const Operation& operation : sequence) comparison.Apply(operation);
  comparison.CompareAll();
  comparison.Reopen();
  comparison.CompareAll();
}

// For how long a sequence that fails is made shorter.
constexpr std::chrono::seconds kShrinkTime(20);

// rapidcheck's usual report as a GoogleTest failure, over fewer runs than its usual hundred: each
// run opens a store several times.
template <typename Property>
void CheckProperty(const Property& property) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (std::getenv("RC_PARAMS") == nullptr) params.maxSuccess = 15;
  const rc::detail::TestResult result =
      rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream report;
  rc::detail::printResultMessage(result, report);
  FAIL() << report.str() << "\nseed: " << params.seed;
}

TEST_P(MapModelTest, AgreesWithAMapThroughSeveralHandlesAndReopens) {
  const rc::Gen<std::vector<Operation>> operations =
      rc::gen::container<std::vector<Operation>>(GenOperation(capabilities()));
  std::optional<std::chrono::steady_clock::time_point> failed_at;
  CheckProperty([&] {
    const std::vector<Operation> sequence = *operations;
    const auto now = std::chrono::steady_clock::now();
    if (failed_at && now - *failed_at > kShrinkTime) return;  // nothing shorter is found any more
    try {
      Compare(GetParam(), sequence);
    } catch (...) {
      if (!failed_at) failed_at = now;
      throw;
    }
  });
}

}  // namespace
}  // namespace kvs::contract
