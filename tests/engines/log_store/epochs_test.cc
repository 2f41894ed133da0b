#include "engines/log_store/epochs.h"

#include <pthread.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engines/sanitizers.h"
#include "tests/sanitizer.h"

namespace kvs {
namespace {

// With membarrier, where the machine has it, and with fences.
class EpochsTest : public ::testing::TestWithParam<bool> {
 protected:
  Epochs epochs_{GetParam()};
};

TEST_P(EpochsTest, DestroysAtOnceWhenNobodyReads) {
  const auto object = std::make_shared<int>(1);
  epochs_.Retire(object);
  EXPECT_EQ(object.use_count(), 1);
}

TEST_P(EpochsTest, AReaderHoldsWhatWasRetiredDuringItsVisitAndNothingOlder) {
  Epochs::Slot* const slot = epochs_.AcquireSlot();
  const auto before = std::make_shared<int>(1);
  const auto during = std::make_shared<int>(2);
  const auto after = std::make_shared<int>(3);
  epochs_.Retire(before);
  EXPECT_EQ(before.use_count(), 1);
  {
    const Epochs::Guard guard(epochs_, slot);
    epochs_.Retire(during);
    EXPECT_EQ(during.use_count(), 2);
    EXPECT_EQ(epochs_.Reclaim(), 1u);
  }
  epochs_.Retire(after);
  EXPECT_EQ(during.use_count(), 1);
  EXPECT_EQ(after.use_count(), 1);
  epochs_.ReleaseSlot(slot);
}

TEST_P(EpochsTest, AYoungReaderDoesNotHoldWhatAnOlderOneLetGo) {
  Epochs::Slot* const first = epochs_.AcquireSlot();
  Epochs::Slot* const second = epochs_.AcquireSlot();
  EXPECT_NE(first, second);
  const auto object = std::make_shared<int>(1);
  std::optional<Epochs::Guard> old_reader;
  old_reader.emplace(epochs_, first);
  epochs_.Retire(object);
  const Epochs::Guard young_reader(epochs_, second);
  EXPECT_EQ(epochs_.Reclaim(), 1u);
  old_reader.reset();
  EXPECT_EQ(epochs_.Reclaim(), 0u);
  EXPECT_EQ(object.use_count(), 1);
}

TEST_P(EpochsTest, SlotsAreReused) {
  Epochs::Slot* const slot = epochs_.AcquireSlot();
  epochs_.ReleaseSlot(slot);
  EXPECT_EQ(epochs_.AcquireSlot(), slot);
}

// Readers follow a pointer that a writer keeps replacing. An object that is destroyed too early is
// found by its own canary, and by the sanitizers.
TEST_P(EpochsTest, NothingIsDestroyedUnderAReader) {
  struct Canary {
    std::atomic<uint64_t> alive{0x600df00d};
    ~Canary() { alive = 0xdead; }
  };
  constexpr auto kOrder = std::memory_order_seq_cst;
  std::atomic<Canary*> shared{nullptr};
  auto current = std::make_shared<Canary>();
  shared.store(current.get(), kOrder);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> dead_seen{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      Epochs::Slot* const slot = epochs_.AcquireSlot();
      while (!stop.load()) {
        const Epochs::Guard guard(epochs_, slot);
        const Canary* canary = shared.load(kOrder);
        for (int look = 0; look < 4; ++look) {
          if (canary->alive.load() != 0x600df00d) ++dead_seen;
        }
      }
      epochs_.ReleaseSlot(slot);
    });
  }
  for (int i = 0; i < 20000; ++i) {
    auto next = std::make_shared<Canary>();
    shared.store(next.get(), kOrder);
    epochs_.Retire(std::exchange(current, std::move(next)));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(dead_seen, 0u);
  EXPECT_EQ(epochs_.Reclaim(), 0u);
}

// The processors that this thread may use; it may use all of them again afterwards.
class OwnProcessors {
 public:
  OwnProcessors() {
    CPU_ZERO(&all_);
    pthread_getaffinity_np(pthread_self(), sizeof all_, &all_);
  }
  ~OwnProcessors() { pthread_setaffinity_np(pthread_self(), sizeof all_, &all_); }
  OwnProcessors(const OwnProcessors&) = delete;
  OwnProcessors& operator=(const OwnProcessors&) = delete;

  // Keeps the calling thread on the one with this index, modulo their number.
  void RunOn(int index) const {
    int wanted = index % CPU_COUNT(&all_);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &all_) && wanted-- == 0) CPU_SET(cpu, &one);
    }
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
  }

 private:
  cpu_set_t all_;
};

// Asks for lines that will be written. (For many x86 __builtin_prefetch asks to read them only.)
void FetchToWrite(const void* begin, size_t size) {
  for (size_t offset = 0; offset < size; offset += 64) {
    const char& line = static_cast<const char*>(begin)[offset];
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(line));
#else
    __builtin_prefetch(&line, 1);
#endif
  }
}

// Store buffering, the litmus test of the barriers: the reader announces and then loads, the writer
// unlinks and then looks for announcements. What must not come out is that neither saw the other.
// Without the writer's barrier it comes out in every 70th round on a Zen 5. Its processors empty
// their store buffers in 300 ns: the announcement is at most that much later than the load, and the
// writer has to come between. (On a Xeon it took less care, and came out in every third.)
TEST_P(EpochsTest, EitherTheReaderSeesTheUnlinkingOrTheWriterTheReader) {
  constexpr int kRounds = kHasSanitizer ? 1000 : 5000;
  // Of the store's own accesses.
  constexpr auto kLoad =
      KVS_THREAD_SANITIZER ? std::memory_order_seq_cst : std::memory_order_relaxed;
  constexpr auto kStore =
      KVS_THREAD_SANITIZER ? std::memory_order_seq_cst : std::memory_order_release;
  struct alignas(128) Word {
    std::atomic<int> round{0};  // the last one in which it happened
  };
  Word unlinked;
  Word destroyed;
  Word retired;
  Word reader_came;
  Word writer_came;
  // Lines that the other processor has: the announcement stands in the reader's store buffer behind
  // stores to them, while its load goes ahead.
  std::array<Word, 48> lines;
  const auto store_to_all = [&lines](int round) {
    for (Word& line : lines) line.round.store(round, std::memory_order_relaxed);
  };
  // Spins, so that both go on at the same time, unless there is no processor for the other one.
  const auto wait_for = [](const Word& word, int round) {
    for (int tries = 0; word.round.load() < round; ++tries) {
      if (tries > 1000) std::this_thread::yield();
    }
  };
  // Each comes first in some rounds, by a little more or less.
  const auto linger = [](int steps) {
    for (volatile int step = 0; step < 8 * steps; step = step + 1) {
    }
  };
  int neither = 0;
  const OwnProcessors processors;
  std::thread reader([&] {
    processors.RunOn(0);
    Epochs::Slot* const slot = epochs_.AcquireSlot();
    for (int round = 1; round <= kRounds; ++round) {
      // Has both in its cache: what it reads to announce, and what it loads then.
      wait_for(unlinked, round - 1);
      { const Epochs::Guard guard(epochs_, slot); }
      reader_came.round = round;
      wait_for(writer_came, round);
      linger(round % 16);
      store_to_all(round);
      const Epochs::Guard guard(epochs_, slot);
      const bool sees = unlinked.round.load(kLoad) == round;
      wait_for(retired, round);
      neither += !sees && destroyed.round.load() == round ? 1 : 0;
    }
    epochs_.ReleaseSlot(slot);
  });
  processors.RunOn(1);
  for (int round = 1; round <= kRounds; ++round) {
    std::shared_ptr<void> garbage(nullptr, [&destroyed, round](void*) {
      if (destroyed.round.load() < round) destroyed.round = round;
    });
    store_to_all(round);
    writer_came.round = round;
    wait_for(reader_came, round);
    linger(round / 16 % 16);
    FetchToWrite(&epochs_, sizeof epochs_);
    unlinked.round.store(round, kStore);
    epochs_.Retire(std::move(garbage));
    retired.round = round;
  }
  reader.join();
  EXPECT_EQ(neither, 0);
}

INSTANTIATE_TEST_SUITE_P(Barriers, EpochsTest, ::testing::Bool());

}  // namespace
}  // namespace kvs
