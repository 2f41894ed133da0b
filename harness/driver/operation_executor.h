// Turns operations into calls of an engine, and its answers into verdicts.
#ifndef KVS_HARNESS_DRIVER_OPERATION_EXECUTOR_H_
#define KVS_HARNESS_DRIVER_OPERATION_EXECUTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"
#include "harness/driver/histogram.h"
#include "harness/driver/live_counts.h"
#include "harness/driver/random_intervals.h"
#include "harness/driver/recent_writes.h"
#include "harness/driver/run_control.h"
#include "harness/driver/write_audit.h"
#include "harness/driver/wrong_answers.h"
#include "harness/system/clock.h"
#include "workloads/key_renderer.h"
#include "workloads/operation.h"
#include "workloads/spec.h"
#include "workloads/value_codec.h"

namespace kvs {

// What every executor of a run shares, immutable. All of it outlives the executors.
struct ExecutorContext {
  const Spec& spec;
  const KeyRenderer& keys;
  const ValueCodec& values;
  bool check_answers;        // false for an engine that stores nothing
  bool audit_flushes;        // a timed write that was acknowledged must have been flushed
  double full_check_period;  // mean hits per full check of the value
  uint64_t seed;
};

// One worker's buffers, counts, latencies and wrong answers, and the code that executes one
// operation with them.
//
// What an operation does, and what counts as what:
//   read               Get; hit or miss.
//   update, insert     Set. With the spec's update_is_rmw an update is a read-modify-write that is
//                      counted as update.
//   remove             Remove; hit (removed), miss (absent) or unknown.
//   read-modify-write  Get, then Set whether the key was there or not, as YCSB does; hit or miss by
//                      the Get; timed as one.
//   multi-get          one MultiGet; each of its keys is an entry, and a hit or a miss.
//   scan               one Scan; each visited entry is copied out, as Get does, and counted.
//
// Every value that a lookup returns is checked for being the key's own, and at random intervals in
// full and for being no older than what the worker itself wrote last (recent_writes.h). Of a scan,
// the number, the order and the first of the keys are checked, and at random intervals an entry's
// value, in the same way. A miss where the key must be there, or a hit where it cannot be, is a
// wrong answer.
//
// With audit_flushes, timed writes are audited (write_audit.h), in the warm-up too: updates,
// inserts, read-modify-writes, and removes that removed something. A remove that found nothing, or
// does not tell, needs no flush. Nor does a write of the value that is there already, which SQLite
// leaves out: so values too short to have a version are not audited.
//
// Thread safety: one thread at a time, except counts(), which any thread may read.
class alignas(128) OperationExecutor {
 public:
  // `writer` goes into the values written; it is the executor's own. `open_loop`: for
  // ExecuteArrival.
  OperationExecutor(const ExecutorContext& context, uint32_t writer, bool open_loop = false);
  OperationExecutor(const OperationExecutor&) = delete;
  OperationExecutor& operator=(const OperationExecutor&) = delete;

  // The key of `operation`, until the next call: for who renders no batches of them.
  std::string_view RenderKey(const Operation& operation) {
    return context_.keys.Render(operation.key_number, key_buffer_.get());
  }

  // Executes `operation`, whose key is `key`, on `engine`. With `timed`, the clock is read around
  // the engine's calls alone, and the time is kept if `control` says that the window is open when
  // they return. A multi-get has the key numbers `multi_get_keys` instead of a key. Throws what the
  // engine throws.
  void Execute(KvsEngine& engine, const Operation& operation, std::string_view key,
               std::span<const uint64_t> multi_get_keys, bool timed, const RunControl& control);

  // Execute, timed, in the open loop: keeps also the response time, from `intended_ns`, a NowNs()
  // that is past, until the engine's calls return.
  void ExecuteArrival(KvsEngine& engine, const Operation& operation, std::string_view key,
                      std::span<const uint64_t> multi_get_keys, uint64_t intended_ns,
                      const RunControl& control);

  // Executes the reads, and the updates that are no read-modify-writes, that `operations` begins
  // with, untimed and while the phase is `phase`, until kMostReads have been read; returns how many
  // operations. Each is counted when it is done; what was read is judged at the end: who looks at a
  // value at once keeps the processor from fetching the next one's memory meanwhile.
  size_t ExecuteUntimed(KvsEngine& engine, std::span<const Operation> operations,
                        const std::string_view* keys, RunPhase phase, const RunControl& control);

  LiveCounts& counts() { return counts_; }
  const LiveCounts& counts() const { return counts_; }
  const Histogram& latency_ns(OperationKind kind) const {
    return latency_ns_[static_cast<size_t>(kind)];
  }
  // In the open loop only.
  const Histogram& response_ns(OperationKind kind) const {
    return response_ns_[static_cast<size_t>(kind)];
  }
  const WrongAnswers& wrong() const { return wrong_; }
  const WriteAudit& write_audit() const { return write_audit_; }
  // None of a run that removes keys, and none of values too short to have a version.
  const RecentWrites& recent_writes() const { return recent_writes_; }

 private:
  // The entries of the scan under way, as its visitor sees them.
  struct ScanState {
    std::string_view start;
    std::string last_key;
    std::string value;
    size_t visited = 0;
    uint64_t value_bytes = 0;
    bool first_is_start = false;
    bool ascending = true;
  };

  void Read(KvsEngine& engine, const Operation& operation, std::string_view key, bool timed,
            const RunControl& control);
  void Write(KvsEngine& engine, const Operation& operation, std::string_view key, bool timed,
             const RunControl& control);
  void Remove(KvsEngine& engine, const Operation& operation, std::string_view key, bool timed,
              const RunControl& control);
  void Scan(KvsEngine& engine, const Operation& operation, std::string_view start, bool timed,
            const RunControl& control);
  void ReadModifyWrite(KvsEngine& engine, const Operation& operation, std::string_view key,
                       bool timed, const RunControl& control);
  void MultiGet(KvsEngine& engine, const Operation& operation,
                std::span<const uint64_t> multi_get_keys, bool timed, const RunControl& control);

  void CountWritten(OperationKind kind, std::string_view key, std::string_view value) {
    counts_.Of(kind).written_bytes.Add(key.size() + value.size());
  }
  void CountWrite(OperationKind kind, std::string_view key, std::string_view value) {
    counts_.Of(kind).completed.Add(1);
    CountWritten(kind, key, value);
  }
  // True if no other write of the run has the same value for its key.
  static bool HasVersion(std::string_view value) {
    return value.size() >= ValueCodec::kHeaderBytes;
  }
  // The moment before a write is handed over; 0 if it is not to be audited.
  uint64_t HandOver(bool timed) const { return timed && context_.audit_flushes ? NowNs() : 0; }
  void Acknowledged(uint64_t handed_over_ns) {
    if (handed_over_ns != 0) [[unlikely]] {
      write_audit_.Judge(handed_over_ns);
    }
  }
  template <typename Call>
  void CallEngine(OperationKind kind, bool timed, const RunControl& control, Call&& call);
  void VisitScanned(std::string_view key, std::string_view value);
  void CheckScannedValue(std::string_view key, std::string_view value);
  void CheckScan(const Operation& operation, std::string_view start, size_t returned);

  std::string_view EncodeNext(uint64_t key_number) {
    if (++version_ == kLoadVersion) ++version_;  // once round
    return context_.values.Encode(key_number, writer_, version_, value_out_.get());
  }
  // EncodeNext's value has been stored, and what the operation read is judged.
  void KeepInMind(uint64_t key_number, std::string_view value) {
    if (keeps_writes_ && HasVersion(value)) recent_writes_.Add(key_number, version_);
  }
  void CountLookup(OperationKind kind, bool found) {
    LiveCounts::Kind& counts = counts_.Of(kind);
    // A branch, not a choice of address, which nothing could go past before the answer is there.
    if (found) [[likely]] {
      counts.hits.Add(1);
    } else {
      counts.misses.Add(1);
    }
  }
  // Judges one key's answer; `value` is what came back if it was found.
  void CheckLookup(const Operation& operation, std::string_view key, uint64_t key_number,
                   bool found, std::string_view value) {
    if (context_.check_answers) {
      JudgeLookup(operation, key, key_number, found, value, recent_writes_.count());
    }
  }
  // The answer came when `writes` writes were kept in mind.
  void JudgeLookup(const Operation& operation, std::string_view key, uint64_t key_number,
                   bool found, std::string_view value, uint64_t writes);
  // Judges a value that has passed its full check. `operation`: "read".
  void JudgeAge(std::string_view operation, std::string_view key, uint64_t key_number,
                std::string_view value, uint64_t writes);
  void AddWrong(const Operation& operation, std::string_view key, uint64_t key_number,
                std::string_view expected, std::string_view seen);

  const ExecutorContext context_;
  const uint32_t writer_;
  uint32_t version_ = kLoadVersion;
  // A key that another worker may have removed has no value that must be there.
  const bool keeps_writes_;
  RecentWrites recent_writes_;
  RandomIntervals full_checks_;
  std::unique_ptr<char[]> key_buffer_;
  std::unique_ptr<char[]> scanned_key_buffer_;
  std::unique_ptr<char[]> value_out_;
  std::string value_in_;

  // Of ExecuteUntimed: reads that wait to be judged.
  struct WaitingRead {
    std::string value;
    const Operation* operation = nullptr;
    uint64_t writes = 0;  // kept in mind when it came
    bool found = false;
  };
  static constexpr size_t kMostReads = 16;
  const size_t reads_together_;  // fewer where the values would crowd the cache
  std::array<WaitingRead, kMostReads> waiting_;

  // Buffers of multi-gets, one place per key; grown to the longest seen.
  struct MultiGetBuffers {
    std::unique_ptr<char[]> key_bytes;
    std::vector<std::string_view> keys;
    std::vector<std::string> values;
    std::unique_ptr<bool[]> found;
  } multi_get_;
  ScanState scan_;
  ScanVisitor scan_visitor_;

  LiveCounts counts_;
  std::array<Histogram, kOperationKinds> latency_ns_;
  std::vector<Histogram> response_ns_;  // as many, in the open loop; otherwise none
  uint64_t ended_ns_ = 0;               // of the last timed call that ended inside the window
  WrongAnswers wrong_;
  WriteAudit write_audit_;
};

// Inline: called for each operation.

inline void OperationExecutor::Execute(KvsEngine& engine, const Operation& operation,
                                       std::string_view key,
                                       std::span<const uint64_t> multi_get_keys, bool timed,
                                       const RunControl& control) {
  switch (operation.kind) {
    case OperationKind::kRead:
      return Read(engine, operation, key, timed, control);
    case OperationKind::kUpdate:
      if (context_.spec.update_is_rmw)
        return ReadModifyWrite(engine, operation, key, timed, control);
      [[fallthrough]];
    case OperationKind::kInsert:
      return Write(engine, operation, key, timed, control);
    case OperationKind::kRemove:
      return Remove(engine, operation, key, timed, control);
    case OperationKind::kScan:
      return Scan(engine, operation, key, timed, control);
    case OperationKind::kReadModifyWrite:
      return ReadModifyWrite(engine, operation, key, timed, control);
    case OperationKind::kMultiGet:
      return MultiGet(engine, operation, multi_get_keys, timed, control);
  }
}

template <typename Call>
inline void OperationExecutor::CallEngine(OperationKind kind, bool timed, const RunControl& control,
                                          Call&& call) {
  if (!timed) [[likely]] {
    call();
    return;
  }
  const uint64_t start_ns = NowNs();
  call();
  const uint64_t end_ns = NowNs();
  if (control.phase() == RunPhase::kMeasure) {
    latency_ns_[static_cast<size_t>(kind)].Record(end_ns - start_ns);
    ended_ns_ = end_ns;
  }
}

inline void OperationExecutor::Read(KvsEngine& engine, const Operation& operation,
                                    std::string_view key, bool timed, const RunControl& control) {
  bool found = false;
  CallEngine(operation.kind, timed, control, [&] { found = engine.Get(key, value_in_); });
  CountLookup(operation.kind, found);
  CheckLookup(operation, key, operation.key_number, found, value_in_);
}

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_OPERATION_EXECUTOR_H_
