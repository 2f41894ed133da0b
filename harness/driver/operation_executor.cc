#include "harness/driver/operation_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace kvs {
namespace {

// Sets the streams of random intervals apart from each other.
constexpr uint64_t kFullCheckSalt = 0x66756c6c;

// Bytes of values that wait to be judged: a small part of the first cache.
constexpr size_t kMostWaitingBytes = 4096;

}  // namespace

OperationExecutor::OperationExecutor(const ExecutorContext& context, uint32_t writer,
                                     bool open_loop)
    : context_(context),
      writer_(writer),
      keeps_writes_(context.check_answers && context.spec.Proportion(OperationKind::kRemove) == 0),
      recent_writes_(writer),
      full_checks_(context.full_check_period, Mix64(context.seed ^ kFullCheckSalt) + writer),
      key_buffer_(new char[context.keys.max_size()]),
      scanned_key_buffer_(new char[context.keys.max_size()]),
      value_out_(new char[context.values.buffer_size()]),
      reads_together_(std::clamp<size_t>(
          kMostWaitingBytes / std::max<size_t>(context.values.max_size(), 1), 1, kMostReads)),
      scan_visitor_(
          [this](std::string_view key, std::string_view value) { VisitScanned(key, value); }),
      response_ns_(open_loop ? kOperationKinds : 0) {
  value_in_.reserve(context.values.max_size());
  for (size_t i = 0; i < reads_together_; ++i) waiting_[i].value.reserve(context.values.max_size());
}

void OperationExecutor::ExecuteArrival(KvsEngine& engine, const Operation& operation,
                                       std::string_view key,
                                       std::span<const uint64_t> multi_get_keys,
                                       uint64_t intended_ns, const RunControl& control) {
  ended_ns_ = 0;
  Execute(engine, operation, key, multi_get_keys, /*timed=*/true, control);
  if (ended_ns_ == 0) return;
  response_ns_[static_cast<size_t>(operation.kind)].Record(ended_ns_ - intended_ns);
}

size_t OperationExecutor::ExecuteUntimed(KvsEngine& engine, std::span<const Operation> operations,
                                         const std::string_view* keys, RunPhase phase,
                                         const RunControl& control) {
  const bool updates_only_write = !context_.spec.update_is_rmw;
  const Operation* operation = operations.data();
  const Operation* const end = operation + operations.size();
  WaitingRead* read = waiting_.data();
  WaitingRead* const last_read = read + reads_together_;
  const std::string_view* key = keys;
  for (; operation != end && read != last_read && control.phase() == phase; ++operation, ++key) {
    if (operation->kind == OperationKind::kRead) [[likely]] {
      read->operation = operation;
      read->writes = recent_writes_.count();
      read->found = engine.Get(*key, read->value);
      CountLookup(OperationKind::kRead, read->found);
      ++read;
    } else if (operation->kind == OperationKind::kUpdate && updates_only_write) {
      const std::string_view value = EncodeNext(operation->key_number);
      engine.Set(*key, value);
      CountWrite(OperationKind::kUpdate, *key, value);
      KeepInMind(operation->key_number, value);
    } else {
      break;
    }
  }
  if (context_.check_answers) {
    for (const WaitingRead& waiting : std::span(waiting_.data(), read)) {
      const Operation& judged = *waiting.operation;
      JudgeLookup(judged, keys[&judged - operations.data()], judged.key_number, waiting.found,
                  waiting.value, waiting.writes);
    }
  }
  return static_cast<size_t>(operation - operations.data());
}

void OperationExecutor::Write(KvsEngine& engine, const Operation& operation, std::string_view key,
                              bool timed, const RunControl& control) {
  const std::string_view value = EncodeNext(operation.key_number);
  const uint64_t handed_over_ns = HandOver(timed && HasVersion(value));
  CallEngine(operation.kind, timed, control, [&] { engine.Set(key, value); });
  Acknowledged(handed_over_ns);
  CountWrite(operation.kind, key, value);
  KeepInMind(operation.key_number, value);
}

void OperationExecutor::ReadModifyWrite(KvsEngine& engine, const Operation& operation,
                                        std::string_view key, bool timed,
                                        const RunControl& control) {
  const std::string_view value = EncodeNext(operation.key_number);
  bool found = false;
  const uint64_t handed_over_ns = HandOver(timed && HasVersion(value));
  CallEngine(operation.kind, timed, control, [&] {
    found = engine.Get(key, value_in_);
    engine.Set(key, value);
  });
  Acknowledged(handed_over_ns);
  CountLookup(operation.kind, found);
  if (operation.kind == OperationKind::kUpdate) counts_.Of(operation.kind).completed.Add(1);
  CountWritten(operation.kind, key, value);
  CheckLookup(operation, key, operation.key_number, found, value_in_);
  KeepInMind(operation.key_number, value);
}

void OperationExecutor::Remove(KvsEngine& engine, const Operation& operation, std::string_view key,
                               bool timed, const RunControl& control) {
  RemoveResult result = RemoveResult::kUnknown;
  const uint64_t handed_over_ns = HandOver(timed);
  CallEngine(operation.kind, timed, control, [&] { result = engine.Remove(key); });
  if (result == RemoveResult::kRemoved) Acknowledged(handed_over_ns);
  CountWritten(operation.kind, key, {});
  if (result == RemoveResult::kUnknown) {
    counts_.Of(operation.kind).unknown.Add(1);
    return;
  }
  const bool found = result == RemoveResult::kRemoved;
  CountLookup(operation.kind, found);
  if (!context_.check_answers) return;
  if (!found && operation.expectation == Expectation::kPresent) {
    AddWrong(operation, key, operation.key_number, "the key to be there", "\"absent\"");
  } else if (found && operation.expectation == Expectation::kAbsent) {
    AddWrong(operation, key, operation.key_number, "no such key, as it was never stored",
             "\"removed\"");
  }
}

void OperationExecutor::MultiGet(KvsEngine& engine, const Operation& operation,
                                 std::span<const uint64_t> multi_get_keys, bool timed,
                                 const RunControl& control) {
  const size_t count = multi_get_keys.size();
  const size_t key_room = context_.keys.max_size();
  if (multi_get_.values.size() < count) {
    multi_get_ = {.key_bytes = std::make_unique<char[]>(count * key_room),
                  .keys = std::vector<std::string_view>(count),
                  .values = std::vector<std::string>(count),
                  .found = std::make_unique<bool[]>(count)};
  }
  for (size_t i = 0; i < count; ++i) {
    multi_get_.keys[i] =
        context_.keys.Render(multi_get_keys[i], multi_get_.key_bytes.get() + i * key_room);
  }
  const std::span keys(multi_get_.keys.data(), count);
  const std::span values(multi_get_.values.data(), count);
  const std::span found(multi_get_.found.get(), count);
  CallEngine(operation.kind, timed, control, [&] { engine.MultiGet(keys, values, found); });

  uint64_t hits = 0;
  for (size_t i = 0; i < count; ++i) {
    hits += found[i] ? 1 : 0;
    CheckLookup(operation, keys[i], multi_get_keys[i], found[i], values[i]);
  }
  LiveCounts::Kind& counts = counts_.Of(operation.kind);
  counts.hits.Add(hits);
  counts.misses.Add(count - hits);
  counts.entries.Add(count);
  counts.completed.Add(1);
}

void OperationExecutor::Scan(KvsEngine& engine, const Operation& operation, std::string_view start,
                             bool timed, const RunControl& control) {
  scan_.start = start;
  scan_.visited = 0;
  scan_.value_bytes = 0;
  scan_.first_is_start = false;
  scan_.ascending = true;
  size_t returned = 0;
  CallEngine(operation.kind, timed, control,
             [&] { returned = engine.Scan(start, operation.count, scan_visitor_); });
  LiveCounts::Kind& counts = counts_.Of(operation.kind);
  counts.entries.Add(scan_.visited);
  counts.found_bytes.Add(scan_.value_bytes);
  counts.completed.Add(1);
  if (context_.check_answers) CheckScan(operation, start, returned);
}

void OperationExecutor::VisitScanned(std::string_view key, std::string_view value) {
  if (scan_.visited == 0) {
    scan_.first_is_start = key == scan_.start;
    scan_.ascending = key >= scan_.start;
  } else if (key <= scan_.last_key) {
    scan_.ascending = false;
  }
  scan_.last_key.assign(key);
  scan_.value.assign(value);
  ++scan_.visited;
  scan_.value_bytes += value.size();
  if (context_.check_answers && full_checks_.Next()) CheckScannedValue(key, value);
}

void OperationExecutor::CheckScannedValue(std::string_view key, std::string_view value) {
  if (value.size() < ValueCodec::kHeaderBytes) return;  // does not tell whose it is
  counts_.scanned_values_checked.Add(1);
  counts_.values_checked_fully.Add(1);
  const std::optional<ValueOrigin> origin = context_.values.OriginOf(value);
  const uint64_t number = origin ? origin->key_number : 0;
  ValueVerdict verdict = ValueVerdict::kDamaged;
  if (origin) {
    verdict = context_.keys.Render(number, scanned_key_buffer_.get()) == key
                  ? context_.values.Check(number, value, /*full=*/true)
                  : ValueVerdict::kForeign;
  }
  if (verdict != ValueVerdict::kGood) {
    wrong_.Add("scan", key, number, "a value of this key", DescribeValue(verdict, value));
  } else {
    JudgeAge("scan", key, number, value, recent_writes_.count());
  }
}

void OperationExecutor::CheckScan(const Operation& operation, std::string_view start,
                                  size_t returned) {
  if (returned != scan_.visited || scan_.visited > operation.count) {
    AddWrong(operation, start, operation.key_number,
             fmt::format("a scan of at most {} entries", operation.count),
             fmt::format("{} entries visited and {} returned", scan_.visited, returned));
  } else if (!scan_.ascending) {
    AddWrong(operation, start, operation.key_number, "keys that ascend from the start of the scan",
             "keys in another order");
  } else if (operation.expectation == Expectation::kPresent && operation.count > 0 &&
             !scan_.first_is_start) {
    AddWrong(operation, start, operation.key_number, "the scan to begin with this key",
             scan_.visited == 0 ? "no entry" : "another first key");
  } else if (operation.expectation == Expectation::kAbsent && scan_.first_is_start) {
    AddWrong(operation, start, operation.key_number, "no such key, as it was never stored",
             "it as the first entry");
  }
}

void OperationExecutor::JudgeLookup(const Operation& operation, std::string_view key,
                                    uint64_t key_number, bool found, std::string_view value,
                                    uint64_t writes) {
  if (!found) {
    if (operation.expectation == Expectation::kPresent) [[unlikely]] {
      AddWrong(operation, key, key_number, "a value, as the key is stored and nothing removes it",
               "no such key");
    }
    return;
  }
  if (operation.expectation == Expectation::kAbsent) [[unlikely]] {
    AddWrong(operation, key, key_number, "no such key, as it was never stored", Printable(value));
    return;
  }
  counts_.Of(operation.kind).found_bytes.Add(value.size());
  const bool full = full_checks_.Next();
  if (full) counts_.values_checked_fully.Add(1);
  const ValueVerdict verdict = context_.values.Check(key_number, value, full);
  if (verdict != ValueVerdict::kGood) [[unlikely]] {
    AddWrong(operation, key, key_number, "a value of this key", DescribeValue(verdict, value));
  } else if (full) {
    JudgeAge(ToString(operation.kind), key, key_number, value, writes);
  }
}

void OperationExecutor::JudgeAge(std::string_view operation, std::string_view key,
                                 uint64_t key_number, std::string_view value, uint64_t writes) {
  if (!HasVersion(value)) return;
  const std::optional<AcknowledgedWrite> last = recent_writes_.LastTo(key_number, writes);
  if (!last) return;
  const std::optional<ValueOrigin> found = context_.values.OriginOf(value);
  if (found && last->IsNewerThan(*found)) wrong_.AddStale(operation, key, *last, *found);
}

void OperationExecutor::AddWrong(const Operation& operation, std::string_view key,
                                 uint64_t key_number, std::string_view expected,
                                 std::string_view seen) {
  wrong_.Add(ToString(operation.kind), key, key_number, expected, seen);
}

}  // namespace kvs
