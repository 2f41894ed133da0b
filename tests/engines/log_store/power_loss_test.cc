// What a power loss, or the death of the process, may take: docs/fault-model.md.
#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engines/log_store/log_engine.h"
#include "tests/engines/log_store/crash_explorer.h"
#include "tests/engines/log_store/unsynced_file_system.h"
#include "tests/sanitizer.h"

namespace kvs {
namespace {

// In the suite a part of the states is recovered from; with KVS_FAULT_ROUNDS above 1 all are.
const bool kIsShort = RoundsFactor() == 1;
const unsigned kOneIn = !kIsShort ? 1 : kHasSanitizer ? 24 : 8;

void Print(const CrashExplorer& explorer) {
  std::printf("[   states ] %zu different crash states, %zu recoveries\n", explorer.states(),
              explorer.recoveries());
}

class PowerLossTest : public ::testing::TestWithParam<Durability> {
 protected:
  // Runs `history` and tries every state that a crash at any of its calls may leave, and every one
  // that a crash in any of these recoveries may leave, and so on. Segments are of two sectors. With
  // a sanitizer, which is to see the code and not every state, ten are drawn at each call.
  void TryAll(const std::function<void(History&)>& history, size_t least_states,
              CrashExplorer::Limits limits = {}) {
    limits.process_death_every = kIsShort ? 4 : 1;
    limits.recover_one_in = kOneIn;
    if (kIsShort && kHasSanitizer) limits.states = 10;
    History all(GetParam(), 2 * kSectorSize, limits);
    history(all);
    Print(all.explorer());
    EXPECT_GE(all.explorer().states(), least_states) << "the test has lost its object";
  }
};

TEST_P(PowerLossTest, AllStatesOfAFewWrites) {
  TryAll(
      [](History& history) {
        history.Set("a", 40);
        history.Set("b", 40);
        history.Set("a", 60);
        history.Remove("b");
        history.Remove("absent");
        history.Set("", 0);
        history.Set("c", 500);  // across the sectors
      },
      15);
}

TEST_P(PowerLossTest, AllStatesOfAChangeOfSegments) {
  TryAll(
      [](History& history) {
        for (const char* key : {"a", "b", "a", "c", "b", "a", "d"}) history.Set(key, 280);
        history.Remove("a");
        history.Set("e", 1500);  // a segment of its own, and the spare too small
        history.Set("a", 280);
      },
      50);
}

TEST_P(PowerLossTest, AllStatesOfACompaction) {
  TryAll(
      [](History& history) {
        history.Set("old", 200);
        for (const char* key : {"a", "b", "a", "b", "a", "b"}) {
          history.Set(key, 260);
          history.Compact(100);
        }
        history.Remove("old");
        history.Remove("a");
        for (const char* key : {"c", "b", "c", "b"}) {
          history.Set(key, 260);
          history.Compact(2000);
        }
        EXPECT_GE(history.compacted_segments(), 2u);
      },
      50);
}

TEST_P(PowerLossTest, AllStatesOfAClose) {
  TryAll(
      [](History& history) {
        for (const char* key : {"a", "b", "a"}) history.Set(key, 280);
        history.Reopen();
        history.Reopen();
        for (const char* key : {"c", "b"}) history.Set(key, 280);
        history.Compact(300);
        history.SyncAll();
        history.Set("b", 100);
        history.Reopen();
      },
      50);
}

// Its recoveries are not interrupted in turn: that would be too many.
TEST_P(PowerLossTest, AllStatesOfHintFiles) {
  TryAll(
      [](History& history) {
        for (const char* key : {"a", "b", "a", "c"}) history.Set(key, 280);
        history.Reopen();
        history.Set("b", 280);
        history.SyncAll();
      },
      50, {.depth = 1, .hints = true});
}

TEST_P(PowerLossTest, AllStatesOfABirth) {
  Ledger ledger;
  // Each birth gives another identity, so that there is no end of different states.
  CrashExplorer explorer(ledger, GetParam(), 2 * kSectorSize, {.depth = 1});
  const auto disk = std::make_shared<SimulatedDisk>();
  disk->AtEveryCall([&] {
    explorer.Take(*disk,
                  {GetParam() == Durability::kSync ? ledger.acknowledged() : 0, ledger.issued()},
                  {ledger.acknowledged(), ledger.issued()});
  });
  {
    LogStore store(explorer.Options(disk, "store"));
    explorer.RecoverAll();
    ledger.Begin(RecordType::kValue, "a", "first");
    store.Write(RecordType::kValue, "a", "first");
    ledger.Acknowledge();
    disk->CrashPoint();
    explorer.RecoverAll();
  }
  explorer.RecoverAll();
  disk->AtEveryCall(nullptr);
  Print(explorer);
  EXPECT_GE(explorer.states(), 20u);
}

// Some states at each call of long histories.
TEST_P(PowerLossTest, SomeStatesOfLongHistories) {
  const unsigned rounds = (kHasSanitizer ? 1 : 4) * RoundsFactor();
  size_t states = 0;
  size_t recoveries = 0;
  uint64_t compacted_segments = 0;
  for (unsigned seed = 1; seed <= rounds && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History history(GetParam(), (4 + seed % 2 * 4) * kSectorSize,
                    {.states = 1,
                     .seed = seed,
                     .depth = 2,
                     .process_death_every = 64,
                     .recover_one_in = kOneIn,
                     .hints = seed % 2 == 0},
                    /*lag=*/1 + seed % 3 * 4);
    std::mt19937_64 random(seed);
    const unsigned keys = 3 + seed % 9;
    for (int i = 0; i < 150; ++i) {
      const std::string key = fmt::format("key {}", random() % keys);
      switch (random() % 16) {
        case 0:
          history.Reopen();
          break;
        case 1:
          history.SyncAll();
          break;
        case 2:
        case 3:
        case 4:
          history.Compact(random() % 1000);
          break;
        case 5:
        case 6:
        case 7:
          history.Remove(key);
          break;
        default:
          history.Set(key, random() % 32 == 0 ? 3000 : random() % 500);
      }
    }
    states += history.explorer().states();
    recoveries += history.explorer().recoveries();
    compacted_segments += history.compacted_segments();
  }
  std::printf("[   states ] %zu different crash states, %zu recoveries, seeds 1 to %u\n", states,
              recoveries, rounds);
  EXPECT_GT(compacted_segments, 0u);
}

// What one of several threads writes: its keys in turn, and some removals.
struct Writer {
  std::atomic<int> issued{0};
  std::atomic<int> acknowledged{0};

  static constexpr int kKeys = 3;
  static std::string KeyOf(int writer, int i) { return fmt::format("{} {}", writer, i % kKeys); }
  static std::string ValueOf(int i) { return fmt::format("{}.{}", i, std::string(i % 300, '.')); }
  static bool Removes(int i) { return i % 5 == 4; }

  void Run(KvsEngine& engine, int writer, int count) {
    for (int i = 0; i < count; ++i) {
      issued = i + 1;
      if (Removes(i)) {
        engine.Remove(KeyOf(writer, i));
      } else {
        engine.Set(KeyOf(writer, i), ValueOf(i));
      }
      acknowledged = i + 1;
    }
  }
  // What is there after the first `count` writes.
  static Contents After(int writer, int count) {
    Contents contents;
    for (int i = 0; i < count; ++i) {
      if (Removes(i)) {
        contents.erase(KeyOf(writer, i));
      } else {
        contents[KeyOf(writer, i)] = ValueOf(i);
      }
    }
    return contents;
  }
};

// Threads share the flushes of `lockfree`. The order of the calls is the scheduler's.
TEST(GroupCommitTest, NothingAcknowledgedIsLost) {
  constexpr int kWriters = 3;
  constexpr int kWrites = kHasSanitizer ? 30 : 100;
  struct State {
    DiskImage image;
    int low[kWriters];
    int high[kWriters];
  };
  const TestDirectory directory;
  ClaimWithoutSync(directory.path() / "s");
  ClaimWithoutSync(directory.path() / "recovered");
  const auto disk = std::make_shared<SimulatedDisk>();
  std::vector<Writer> writers(kWriters);
  std::vector<State> states;
  std::mt19937_64 random(3);
  disk->AtEveryCall([&] {
    State state;
    // Before and after the state is looked at: they go on meanwhile.
    for (int w = 0; w < kWriters; ++w) state.low[w] = writers[w].acknowledged;
    RandomChoice choices(random());
    state.image = disk->PowerLoss(choices);
    for (int w = 0; w < kWriters; ++w) state.high[w] = writers[w].issued;
    states.push_back(std::move(state));
  });
  EngineOptions options;
  options.directory = directory.path() / "s";
  options.durability = Durability::kSync;
  options.settings = {{"segment_size", "4KiB"}, {"garbage_percent", "30"}};
  {
    const auto engine = OpenLockfreeWithHooks(options, {}, disk);
    std::vector<std::thread> threads;
    for (int w = 0; w < kWriters; ++w) {
      threads.emplace_back([&, w, handle = std::shared_ptr(engine->Clone())] {
        writers[w].Run(*handle, w, kWrites);
      });
    }
    for (std::thread& thread : threads) thread.join();
    disk->CrashPoint();
  }
  disk->AtEveryCall(nullptr);
  for (const State& state : states) {
    LogStoreOptions log_options;
    log_options.engine = "test";
    log_options.directory = directory.path() / "recovered";
    log_options.durability = Durability::kSync;
    log_options.segment_size = 4096;
    log_options.shard_bits = 0;
    log_options.files = std::make_shared<SimulatedDisk>(state.image);
    LogStore store(log_options);
    std::string value;
    for (int w = 0; w < kWriters; ++w) {
      Contents contents;
      for (int i = 0; i < Writer::kKeys; ++i) {
        if (store.Get(Writer::KeyOf(w, i), value)) contents[Writer::KeyOf(w, i)] = value;
      }
      int n = state.high[w];
      while (n >= state.low[w] && Writer::After(w, n) != contents) --n;
      ASSERT_GE(n, state.low[w]) << "thread " << w << " had " << state.low[w]
                                 << " writes acknowledged";
    }
  }
  std::printf("[   states ] %zu crash states\n", states.size());
  EXPECT_GT(states.size(), static_cast<size_t>(kWrites));
}

// A sector may hold what another file had in its place: a block that is used again, or a write that
// went astray. Records are bound to their segments.
TEST(RecycledSectorTest, WhatAnotherSegmentHeldIsNotTakenForARecord) {
  const TestDirectory directory;
  const auto disk = std::make_shared<SimulatedDisk>();
  const auto options = [&](std::shared_ptr<FileSystem> files) {
    ClaimWithoutSync(directory.path() / "s");
    LogStoreOptions log_options;
    log_options.engine = "test";
    log_options.directory = directory.path() / "s";
    log_options.segment_size = 2 * kSectorSize;
    log_options.shard_bits = 0;
    log_options.files = std::move(files);
    return log_options;
  };
  {
    LogStore store(options(disk));
    // Records as large as a sector, the first shorter by the header: those of all segments lie at
    // the same offsets.
    const auto write = [&](const char* key, size_t size) {
      store.Write(RecordType::kValue, key, std::string(size - sizeof(RecordHeader) - 1, key[0]));
    };
    write("a", kSectorSize - sizeof(SegmentHeader));
    write("b", 400);
    write("c", kSectorSize - sizeof(SegmentHeader));
    store.WaitForBackground();
    DiskImage image;
    disk->AtEveryCall([&] {
      EveryChoice oldest;
      image = disk->PowerLoss(oldest);  // "c" is lost
      std::vector<std::string> names;
      for (const auto& [name, content] : image) {
        uint64_t generation = 0;
        if (ParseSegmentFileName(name, generation)) names.push_back(name);
      }
      ASSERT_GE(names.size(), 2u);
      // Behind the header, so that nothing but its place is wrong with the record.
      const size_t size = kSectorSize - sizeof(SegmentHeader);
      image[names[1]].replace(sizeof(SegmentHeader), size, image[names[0]], sizeof(SegmentHeader),
                              size);
    });
    disk->CrashPoint();
    disk->AtEveryCall(nullptr);
    ClaimWithoutSync(directory.path() / "t");
    LogStoreOptions recovered = options(std::make_shared<SimulatedDisk>(image));
    recovered.directory = directory.path() / "t";
    LogStore again(recovered);
    again.Write(RecordType::kValue, "d", "");
    EXPECT_EQ(again.Statistics().keys, 3u);
    EXPECT_EQ(again.Statistics().garbage_bytes, 0u) << "there is a record twice";
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, PowerLossTest,
                         ::testing::Values(Durability::kSync, Durability::kProcess),
                         [](const auto& tier) { return std::string(ToString(tier.param)); });

}  // namespace
}  // namespace kvs
