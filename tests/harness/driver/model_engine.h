// A correct engine on std::map, with places where a test may make it wrong, slow or failing.
#ifndef KVS_TESTS_HARNESS_DRIVER_MODEL_ENGINE_H_
#define KVS_TESTS_HARNESS_DRIVER_MODEL_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"

namespace kvs {

// What all handles of one ModelEngine share. Set the hooks before the run; read counts after it.
struct ModelStore {
  std::mutex mutex;
  std::map<std::string, std::string> entries;
  std::vector<std::string> calls;  // "get user1", in the order of the lock, if record_calls
  bool record_calls = false;

  std::atomic<uint64_t> gets{0};
  std::atomic<uint64_t> sets{0};
  std::atomic<size_t> largest_batch{0};  // of SetMany
  std::atomic<uint64_t> removes{0};
  std::atomic<uint64_t> scans{0};
  std::atomic<uint64_t> multi_gets{0};
  std::atomic<uint64_t> clones{0};
  std::atomic<int64_t> handles{0};
  std::atomic<uint64_t> shared_handles{0};  // times that two threads were in one handle

  // Called without the lock before each operation; may sleep, block or throw.
  std::function<void(std::string_view operation, std::string_view key)> before;
  // Called without the lock with the answer of Get and, per key, of MultiGet; may change it.
  std::function<void(std::string_view key, bool& found, std::string& value)> answer;
  // Called instead of a correct scan.
  std::function<size_t(std::string_view start, size_t limit, const ScanVisitor& visit)> scan;
  bool blind_removes = false;

  uint64_t operations() const { return gets + sets + removes + scans + multi_gets; }
};

class ModelEngine final : public KvsEngine {
 public:
  explicit ModelEngine(std::shared_ptr<ModelStore> store) : store_(std::move(store)) {
    store_->handles.fetch_add(1);
  }
  ~ModelEngine() override { store_->handles.fetch_sub(1); }

  std::unique_ptr<KvsEngine> Clone() const override {
    store_->clones.fetch_add(1);
    return std::make_unique<ModelEngine>(store_);
  }

  void Set(std::string_view key, std::string_view value) override {
    const Use use(*this, "set", key);
    store_->sets.fetch_add(1);
    std::scoped_lock lock(store_->mutex);
    Record("set", key);
    store_->entries[std::string(key)] = value;
  }

  void SetMany(std::span<const std::string_view> keys,
               std::span<const std::string_view> values) override {
    size_t largest = store_->largest_batch;
    while (largest < keys.size() &&
           !store_->largest_batch.compare_exchange_weak(largest, keys.size())) {
    }
    KvsEngine::SetMany(keys, values);
  }

  bool Get(std::string_view key, std::string& value) override {
    const Use use(*this, "get", key);
    store_->gets.fetch_add(1);
    return Find("get", key, value);
  }

  RemoveResult Remove(std::string_view key) override {
    const Use use(*this, "remove", key);
    store_->removes.fetch_add(1);
    std::scoped_lock lock(store_->mutex);
    Record("remove", key);
    const bool removed = store_->entries.erase(std::string(key)) > 0;
    if (store_->blind_removes) return RemoveResult::kUnknown;
    return removed ? RemoveResult::kRemoved : RemoveResult::kAbsent;
  }

  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) override {
    const Use use(*this, "multi-get", keys.front());
    store_->multi_gets.fetch_add(1);
    for (size_t i = 0; i < keys.size(); ++i) found[i] = Find("multi-get", keys[i], values[i]);
  }

  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) override {
    const Use use(*this, "scan", start);
    store_->scans.fetch_add(1);
    if (store_->scan) return store_->scan(start, limit, visit);
    std::scoped_lock lock(store_->mutex);
    Record("scan", start);
    size_t visited = 0;
    for (auto entry = store_->entries.lower_bound(std::string(start));
         entry != store_->entries.end() && visited < limit; ++entry, ++visited) {
      visit(entry->first, entry->second);
    }
    return visited;
  }

  void Settle() override {}
  EngineInfo Info() const override {
    return {.library = "model", .library_version = "1", .effective_options = {}, .notes = {}};
  }

 private:
  // Marks the handle as used and calls the hook.
  class Use {
   public:
    Use(ModelEngine& engine, std::string_view operation, std::string_view key) : engine_(engine) {
      if (engine_.in_use_.exchange(true)) engine_.store_->shared_handles.fetch_add(1);
      try {
        if (engine_.store_->before) engine_.store_->before(operation, key);
      } catch (...) {
        engine_.in_use_.store(false);
        throw;
      }
    }
    ~Use() { engine_.in_use_.store(false); }

   private:
    ModelEngine& engine_;
  };

  bool Find(std::string_view operation, std::string_view key, std::string& value) {
    bool found = false;
    {
      std::scoped_lock lock(store_->mutex);
      Record(operation, key);
      const auto entry = store_->entries.find(std::string(key));
      found = entry != store_->entries.end();
      if (found) value = entry->second;
    }
    if (store_->answer) store_->answer(key, found, value);
    return found;
  }

  void Record(std::string_view operation, std::string_view key) {
    if (store_->record_calls) {
      store_->calls.push_back(std::string(operation) + " " + std::string(key));
    }
  }

  const std::shared_ptr<ModelStore> store_;
  std::atomic<bool> in_use_{false};
};

}  // namespace kvs

#endif  // KVS_TESTS_HARNESS_DRIVER_MODEL_ENGINE_H_
