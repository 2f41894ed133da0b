// Load, ReadBack and ReadBackWrites: the data before a measurement, and a look at it afterwards.
#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engines/thread_annotations.h"
#include "harness/driver/driver.h"
#include "harness/driver/live_counts.h"
#include "harness/system/clock.h"

namespace kvs {
namespace {

// What the loading threads share.
//
// Thread safety: every method from any thread.
class LoadControl {
 public:
  // Memory order: (1) relaxed, with the store (2): it tells only when to stop; results are handed
  // over by the join.
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }  // (1)
  void Stop() { stop_.store(true, std::memory_order_relaxed); }           // (2)

  void Fail(std::exception_ptr failure) {
    MutexLock lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    Stop();
  }

  void Finish() {
    MutexLock lock(mutex_);
    ++finished_;
    changed_.NotifyAll();
  }

  // Waits up to `wait_ns`; true once `threads` have finished.
  bool WaitForAll(unsigned threads, uint64_t wait_ns) {
    MutexLock lock(mutex_);
    if (finished_ < threads) changed_.WaitFor(mutex_, std::chrono::nanoseconds(wait_ns));
    return finished_ >= threads;
  }

  void RethrowFailure() {
    MutexLock lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<bool> stop_{false};
  Mutex mutex_;
  ConditionVariable changed_;
  unsigned finished_ KVS_GUARDED_BY(mutex_) = 0;
  std::exception_ptr failure_ KVS_GUARDED_BY(mutex_);
};

struct alignas(128) LoadCounts {
  Tally records;
  Tally bytes;
};

struct LoadInput {
  const KvsEngine& root;
  const Spec& spec;
  const KeyRenderer& keys;
  const ValueCodec& values;
};

// The records of one SetMany, in memory that is reused.
class LoadBatch {
 public:
  LoadBatch(const LoadInput& input, unsigned thread_count)
      : input_(input),
        record_bytes_(input.keys.max_size() + input.values.buffer_size()),
        most_records_(
            std::clamp<size_t>(kMostBytes / thread_count / record_bytes_, 1, kMostRecords)),
        memory_(new char[most_records_ * record_bytes_]) {}

  // The numbers first, first + step, ... below end, as many as fit in and `records` at most.
  void Fill(uint64_t first, uint64_t step, uint64_t end, size_t records, unsigned writer) {
    keys_.clear();
    values_.clear();
    bytes_ = 0;
    for (uint64_t number = first; number < end && keys_.size() < std::min(records, most_records_);
         number += step) {
      char* const memory = memory_.get() + keys_.size() * record_bytes_;
      keys_.push_back(input_.keys.Render(number, memory));
      values_.push_back(
          input_.values.Encode(number, writer, kLoadVersion, memory + input_.keys.max_size()));
      bytes_ += keys_.back().size() + values_.back().size();
    }
  }

  size_t records() const { return keys_.size(); }
  uint64_t bytes() const { return bytes_; }
  void Store(KvsEngine& handle) const { handle.SetMany(keys_, values_); }

 private:
  static constexpr size_t kMostBytes = size_t{16} << 20;  // of all threads together
  static constexpr size_t kMostRecords = size_t{1} << 14;

  const LoadInput& input_;
  const size_t record_bytes_;  // room for the largest
  const size_t most_records_;
  const std::unique_ptr<char[]> memory_;
  std::vector<std::string_view> keys_;
  std::vector<std::string_view> values_;
  uint64_t bytes_ = 0;
};

// Batches double until one takes this long: an interrupt is noticed, and progress shown, between
// two.
constexpr uint64_t kLongBatchNs = 125'000'000;

void LoadShare(const LoadInput& input, unsigned thread, unsigned thread_count, LoadCounts& counts,
               LoadControl& control) {
  try {
    const std::unique_ptr<KvsEngine> handle = input.root.Clone();
    LoadBatch batch(input, thread_count);
    size_t records = 1;
    uint64_t number = input.spec.LoadBegin() + thread;
    while (number < input.spec.LoadEnd() && !control.stopped()) {
      batch.Fill(number, thread_count, input.spec.LoadEnd(), records, thread);
      const uint64_t start_ns = NowNs();
      batch.Store(*handle);
      const uint64_t elapsed_ns = NowNs() - start_ns;
      counts.records.Add(batch.records());
      counts.bytes.Add(batch.bytes());
      number += batch.records() * thread_count;
      records = batch.records();
      if (elapsed_ns < kLongBatchNs) records *= 2;
      if (elapsed_ns > 2 * kLongBatchNs) records = std::max<size_t>(1, records / 2);
    }
  } catch (...) {
    control.Fail(std::current_exception());
  }
  control.Finish();
}

bool Interrupted(const DriverOptions& options) {
  return options.interrupted != nullptr && options.interrupted->load();
}

LoadResult Sum(const std::vector<LoadCounts>& counts) {
  LoadResult result;
  for (const LoadCounts& thread : counts) {
    result.records += thread.records.Read();
    result.bytes += thread.bytes.Read();
  }
  return result;
}

}  // namespace

LoadResult Load(const KvsEngine& root, const Spec& spec, const KeyRenderer& keys,
                const ValueCodec& values, const DriverOptions& options) {
  CheckOptions(options);
  constexpr uint64_t kLoadPollNs = 20'000'000;
  constexpr uint64_t kProgressNs = 1'000'000'000;
  const LoadInput input{root, spec, keys, values};
  std::vector<LoadCounts> counts(options.threads);
  LoadControl control;
  std::vector<std::thread> threads;
  threads.reserve(options.threads);
  const uint64_t start_ns = NowNs();
  try {
    for (unsigned t = 0; t < options.threads; ++t) {
      threads.emplace_back([&, t] { LoadShare(input, t, options.threads, counts[t], control); });
    }
  } catch (...) {
    control.Fail(std::current_exception());
  }
  uint64_t next_progress_ns = start_ns + kProgressNs;
  const auto started = static_cast<unsigned>(threads.size());
  while (!control.WaitForAll(started, kLoadPollNs)) {
    if (Interrupted(options)) control.Stop();
    if (options.progress && NowNs() >= next_progress_ns) {
      next_progress_ns += kProgressNs;
      const uint64_t records = Sum(counts).records;
      options.progress("load", static_cast<double>(records) / static_cast<double>(spec.LoadCount()),
                       records);
    }
  }
  for (std::thread& thread : threads) thread.join();
  control.RethrowFailure();
  LoadResult result = Sum(counts);
  result.elapsed_s = 1e-9 * static_cast<double>(NowNs() - start_ns);
  result.interrupted = result.records < spec.LoadCount();
  return result;
}

namespace {

// Reads keys back and judges them.
class Reader {
 public:
  Reader(KvsEngine& handle, const KeyRenderer& keys, const ValueCodec& values)
      : handle_(handle), keys_(keys), values_(values), key_buffer_(new char[keys.max_size()]) {}

  // The value, if it is one of the key.
  std::optional<std::string_view> Read(uint64_t number, std::string_view why_it_is_there) {
    const std::string_view key = KeyOf(number);
    if (!handle_.Get(key, value_)) {
      wrong_.Add(kOperation, key, number, why_it_is_there, "no such key");
      return std::nullopt;
    }
    const ValueVerdict verdict = values_.Check(number, value_, /*full=*/true);
    if (verdict == ValueVerdict::kGood) return value_;
    wrong_.Add(kOperation, key, number, "a value of this key", DescribeValue(verdict, value_));
    return std::nullopt;
  }

  void JudgeAge(const AcknowledgedWrite& write, std::string_view value) {
    if (value.size() < ValueCodec::kHeaderBytes) return;
    const std::optional<ValueOrigin> found = values_.OriginOf(value);
    if (found && write.IsNewerThan(*found)) {
      wrong_.AddStale(kOperation, KeyOf(write.key_number), write, *found);
    }
  }

  const WrongAnswers& wrong() const { return wrong_; }

 private:
  static constexpr std::string_view kOperation = "read-back";

  std::string_view KeyOf(uint64_t number) { return keys_.Render(number, key_buffer_.get()); }

  KvsEngine& handle_;
  const KeyRenderer& keys_;
  const ValueCodec& values_;
  const std::unique_ptr<char[]> key_buffer_;
  std::string value_;
  WrongAnswers wrong_;
};

}  // namespace

WrongAnswers ReadBack(KvsEngine& handle, const Spec& spec, const KeyRenderer& keys,
                      const ValueCodec& values, uint64_t sample, uint64_t& checked) {
  Reader reader(handle, keys, values);
  const uint64_t loaded = spec.LoadCount();
  checked = std::min(sample, loaded);
  for (uint64_t i = 0; i < checked; ++i) {
    // i * loaded / checked without its overflow.
    const uint64_t offset = i * (loaded / checked) + i * (loaded % checked) / checked;
    reader.Read(spec.LoadBegin() + offset, "a value, as the key was loaded and nothing removes it");
  }
  return reader.wrong();
}

WrongAnswers ReadBackWrites(KvsEngine& handle, const KeyRenderer& keys, const ValueCodec& values,
                            std::span<const AcknowledgedWrite> writes) {
  Reader reader(handle, keys, values);
  for (const AcknowledgedWrite& write : writes) {
    const std::optional<std::string_view> value =
        reader.Read(write.key_number, "a value, as the key was written and nothing removes it");
    if (value) reader.JudgeAge(write, *value);
  }
  return reader.wrong();
}

}  // namespace kvs
