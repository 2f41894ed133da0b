// The checker and the shrinking against hand-made histories, and against every order of small
// random ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "harness/verify/interval_drawing.h"
#include "harness/verify/register_checker.h"
#include "harness/verify/shrink.h"
#include "tests/sanitizer.h"

namespace kvs::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Kind = RegisterOperation::Kind;

constexpr RegisterValue kA = ValueOf(0, 1);
constexpr RegisterValue kB = ValueOf(1, 1);
constexpr RegisterValue kC = ValueOf(2, 1);

RegisterOperation Set(RegisterValue value, uint64_t invoked, uint64_t responded) {
  return {Kind::kSet, RemoveResult::kUnknown, 0, value, invoked, responded};
}
RegisterOperation Get(RegisterValue value, uint64_t invoked, uint64_t responded) {
  return {Kind::kGet, RemoveResult::kUnknown, 1, value, invoked, responded};
}
RegisterOperation Remove(RemoveResult answer, uint64_t invoked, uint64_t responded) {
  return {Kind::kRemove, answer, 2, kAbsent, invoked, responded};
}

bool IsLinearizable(const RegisterHistory& history,
                    const std::vector<RegisterValue>& possible = {kAbsent}) {
  return !RegisterChecker(possible).Check(history).has_value();
}

// By definition: some order of all operations respects real time and is that of a register.
bool HasAnOrder(const RegisterHistory& history, std::vector<bool>& done, size_t left,
                RegisterValue held) {
  if (left == 0) return true;
  for (size_t i = 0; i < history.size(); ++i) {
    if (done[i]) continue;
    bool may_be_next = true;
    for (size_t j = 0; j < history.size(); ++j) {
      if (!done[j] && history[j].responded_ns < history[i].invoked_ns) may_be_next = false;
    }
    if (!may_be_next) continue;
    RegisterValue after = held;
    switch (history[i].kind) {
      case Kind::kSet:
        after = history[i].value;
        break;
      case Kind::kGet:
        if (history[i].value != held) continue;
        break;
      case Kind::kRemove:
        if (history[i].removed == RemoveResult::kRemoved && held == kAbsent) continue;
        if (history[i].removed == RemoveResult::kAbsent && held != kAbsent) continue;
        after = kAbsent;
        break;
    }
    done[i] = true;
    const bool found = HasAnOrder(history, done, left - 1, after);
    done[i] = false;
    if (found) return true;
  }
  return false;
}

bool HasAnOrder(const RegisterHistory& history,
                const std::vector<RegisterValue>& possible = {kAbsent}) {
  std::vector<bool> done(history.size());
  return std::any_of(possible.begin(), possible.end(), [&](RegisterValue value) {
    return HasAnOrder(history, done, history.size(), value);
  });
}

// A history of up to `most` operations with answers at random, nearly half of them linearizable.
RegisterHistory RandomHistory(std::mt19937_64& random, size_t most) {
  RegisterHistory history;
  std::vector<RegisterValue> written = {kAbsent};
  const size_t size = 1 + random() % most;
  for (size_t i = 0; i < size; ++i) {
    const uint64_t invoked = random() % 16;
    const uint64_t responded = invoked + random() % 8;
    const auto thread = static_cast<uint32_t>(i);
    switch (random() % 5) {
      case 0:
      case 1:
        written.push_back(ValueOf(thread, i));
        history.push_back(Set(written.back(), invoked, responded));
        break;
      case 2:
      case 3:
        history.push_back(Get(kAbsent, invoked, responded));
        break;
      default:
        history.push_back(Remove(static_cast<RemoveResult>(random() % 3), invoked, responded));
    }
    history.back().thread = thread;
  }
  for (RegisterOperation& operation : history) {
    if (operation.kind == Kind::kGet) operation.value = written[random() % written.size()];
  }
  return history;
}

TEST(RegisterCheckerTest, AcceptsWhatARegisterDoesOneAfterAnother) {
  EXPECT_TRUE(IsLinearizable({}));
  EXPECT_TRUE(IsLinearizable({Get(kAbsent, 1, 2), Remove(RemoveResult::kAbsent, 3, 4),
                              Set(kA, 5, 6), Get(kA, 7, 8), Set(kB, 9, 10), Get(kB, 11, 12),
                              Remove(RemoveResult::kRemoved, 13, 14), Get(kAbsent, 15, 16),
                              Remove(RemoveResult::kUnknown, 17, 18)}));
}

TEST(RegisterCheckerTest, RefusesAStaleRead) {
  const RegisterHistory history = {Set(kA, 1, 2), Set(kB, 3, 4), Get(kA, 5, 6)};
  EXPECT_EQ(RegisterChecker().Check(history), 2u);
}

TEST(RegisterCheckerTest, RefusesTwoReadersThatSeeWritesInDifferentOrders) {
  EXPECT_FALSE(IsLinearizable(
      {Set(kA, 1, 20), Set(kB, 1, 20), Get(kA, 2, 3), Get(kB, 4, 5), Get(kA, 6, 7)}));
  EXPECT_TRUE(IsLinearizable({Set(kA, 1, 20), Set(kB, 1, 20), Get(kA, 2, 3), Get(kB, 4, 5)}));
}

TEST(RegisterCheckerTest, RefusesALostUpdateAndAReadFromTheFuture) {
  EXPECT_FALSE(IsLinearizable({Set(kA, 1, 2), Get(kAbsent, 3, 4)}));
  EXPECT_FALSE(IsLinearizable({Get(kA, 1, 2), Set(kA, 3, 4)}));
  EXPECT_FALSE(IsLinearizable({Set(kA, 1, 2), Get(kForeign, 3, 4)}));
}

TEST(RegisterCheckerTest, RemovesAnswerWhatTheyFound) {
  EXPECT_FALSE(IsLinearizable({Remove(RemoveResult::kRemoved, 1, 2)}));
  EXPECT_FALSE(IsLinearizable({Set(kA, 1, 2), Remove(RemoveResult::kAbsent, 3, 4)}));
  EXPECT_TRUE(IsLinearizable({Set(kA, 1, 2), Remove(RemoveResult::kUnknown, 3, 4)}));
  // One value can be removed once.
  EXPECT_FALSE(IsLinearizable(
      {Set(kA, 1, 2), Remove(RemoveResult::kRemoved, 3, 6), Remove(RemoveResult::kRemoved, 3, 6)}));
  EXPECT_FALSE(
      IsLinearizable({Set(kA, 1, 2), Remove(RemoveResult::kUnknown, 3, 4), Get(kA, 5, 6)}));
}

TEST(RegisterCheckerTest, EqualTimesOverlap) {
  EXPECT_TRUE(IsLinearizable({Set(kA, 1, 3), Get(kAbsent, 3, 5)}));
  EXPECT_FALSE(IsLinearizable({Set(kA, 1, 3), Get(kAbsent, 4, 5)}));
}

TEST(RegisterCheckerTest, WhatIsPossibleGoesOnFromPartToPart) {
  RegisterChecker checker;
  EXPECT_EQ(checker.Check(RegisterHistory{Set(kA, 1, 4), Set(kB, 2, 3)}), std::nullopt);
  EXPECT_THAT(checker.possible(), ElementsAre(kA, kB));
  EXPECT_EQ(checker.Check(RegisterHistory{Get(kB, 5, 6)}), std::nullopt);
  EXPECT_THAT(checker.possible(), ElementsAre(kB));
  EXPECT_EQ(checker.Check(RegisterHistory{Get(kA, 7, 8)}), 0u);
}

TEST(RegisterCheckerTest, RefusesMoreOverlapThanItTakes) {
  RegisterHistory history;
  for (uint64_t i = 0; i < RegisterChecker::kMostPending; ++i)
    history.push_back(Get(kAbsent, 1, 2));
  EXPECT_TRUE(IsLinearizable(history));
  history.push_back(Get(kAbsent, 1, 2));
  EXPECT_THROW(RegisterChecker().Check(history), std::invalid_argument);
}

TEST(RegisterCheckerTest, DecidesAsTryingEveryOrderDoes) {
  size_t accepted = 0, refused = 0;
  rc::check("same verdict as by definition", [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 50; ++i) {
      const RegisterHistory history = RandomHistory(random, 7);
      const bool expected = HasAnOrder(history);
      ++(expected ? accepted : refused);
      RC_ASSERT(IsLinearizable(history) == expected);
    }
  });
  EXPECT_GT(accepted, 500u);
  EXPECT_GT(refused, 500u);
}

// Splitting at a moment of rest changes no verdict.
TEST(RegisterCheckerTest, DecidesInPartsAsInOne) {
  size_t accepted = 0, refused = 0;
  rc::check("same verdict in parts", [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 50; ++i) {
      const RegisterHistory first = RandomHistory(random, 4);
      RegisterHistory second = RandomHistory(random, 4);
      RegisterHistory both = first;
      for (RegisterOperation& operation : second) {
        operation.invoked_ns += 100;
        operation.responded_ns += 100;
        if (operation.kind == Kind::kSet) operation.value += 100;
        if (operation.kind == Kind::kGet && operation.value != kAbsent && random() % 2 == 0) {
          operation.value += 100;
        }
        both.push_back(operation);
      }
      const bool expected = HasAnOrder(both);
      ++(expected ? accepted : refused);
      RegisterChecker checker;
      RC_ASSERT((!checker.Check(first) && !checker.Check(second)) == expected);
      RC_ASSERT(IsLinearizable(both) == expected);
    }
  });
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refused, 100u);
}

// A register that is one, driven by random interleavings with real overlap.
RegisterHistory LongHistory(size_t operations, unsigned threads, uint64_t seed) {
  std::mt19937_64 random(seed);
  struct Thread {
    bool busy = false;
    bool effective = false;
    RegisterOperation operation;
  };
  std::vector<Thread> all(threads);
  RegisterHistory history;
  RegisterValue held = kAbsent;
  uint64_t now = 0;
  for (uint64_t number = 0; history.size() < operations;) {
    const auto index = static_cast<uint32_t>(random() % threads);
    Thread& thread = all[index];
    ++now;
    RegisterOperation& operation = thread.operation;
    if (!thread.busy) {
      operation = Set(kAbsent, now, 0);
      operation.kind = static_cast<Kind>(random() % 3);
      operation.thread = index;
      if (operation.kind == Kind::kSet) operation.value = ValueOf(index, ++number);
      thread.busy = true;
      thread.effective = false;
    } else if (!thread.effective) {
      if (operation.kind == Kind::kSet) held = operation.value;
      if (operation.kind == Kind::kGet) operation.value = held;
      if (operation.kind == Kind::kRemove) {
        operation.removed = held == kAbsent ? RemoveResult::kAbsent : RemoveResult::kRemoved;
        if (random() % 4 == 0) operation.removed = RemoveResult::kUnknown;
        held = kAbsent;
      }
      thread.effective = true;
    } else {
      operation.responded_ns = now;
      history.push_back(operation);
      thread.busy = false;
    }
  }
  // What others have seen must be in the history.
  for (Thread& thread : all) {
    if (!thread.busy || !thread.effective) continue;
    thread.operation.responded_ns = ++now;
    history.push_back(thread.operation);
  }
  return history;
}

TEST(RegisterCheckerTest, TakesLongHistoriesAndFindsOneWrongAnswerInThem) {
  constexpr size_t kOperations = kHasSanitizer ? 4'000 : 20'000;
  for (uint64_t seed = 0; seed < (kHasSanitizer ? 1 : 5); ++seed) {
    RegisterHistory history = LongHistory(kOperations, 6, seed);
    EXPECT_TRUE(IsLinearizable(history)) << seed;
    // The value of a Get from early on, read once more much later.
    const auto early =
        std::find_if(history.begin() + kOperations / 4, history.end(),
                     [](const auto& o) { return o.kind == Kind::kGet && o.value != kAbsent; });
    const auto late = std::find_if(history.begin() + kOperations / 4 * 3, history.end(),
                                   [](const auto& o) { return o.kind == Kind::kGet; });
    ASSERT_NE(early, history.end());
    ASSERT_NE(late, history.end());
    late->value = early->value;
    EXPECT_FALSE(IsLinearizable(history)) << seed;
    const Violation violation = Shrink(history);
    // The stale read, the Set of what it read, and one operation that replaced that.
    EXPECT_THAT(violation.operations, SizeIs(3)) << DrawIntervals(violation);
    EXPECT_EQ(violation.operations.front().value, late->value);
    EXPECT_EQ(violation.operations.at(violation.unexplained).value, late->value);
  }
}

TEST(ShrinkTest, StepsKeepLinearizableHistoriesLinearizable) {
  size_t steps = 0, refused = 0;
  rc::check("sound steps", [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 50; ++i) {
      const RegisterHistory history = RandomHistory(random, 6);
      if (!HasAnOrder(history)) continue;
      for (size_t j = 0; j < history.size(); ++j) {
        const auto less = Without(history, j);
        ++(less ? steps : refused);
        if (less) RC_ASSERT(HasAnOrder(*less));
      }
    }
  });
  EXPECT_GT(steps, 500u);
  EXPECT_GT(refused, 100u);
}

TEST(ShrinkTest, ResultIsAViolationByDefinitionAndNoStepKeepsIt) {
  size_t shrunk = 0, smaller = 0;
  rc::check("minimal", [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20; ++i) {
      const RegisterHistory history = RandomHistory(random, 7);
      if (HasAnOrder(history)) continue;
      const Violation violation = Shrink(history);
      ++shrunk;
      if (violation.operations.size() < history.size()) ++smaller;
      RC_ASSERT(!HasAnOrder(violation.operations, violation.possible));
      for (size_t j = 0; j < violation.operations.size(); ++j) {
        const auto less = Without(violation.operations, j);
        if (less) RC_ASSERT(HasAnOrder(*less, violation.possible));
      }
    }
  });
  EXPECT_GT(shrunk, 100u);
  EXPECT_GT(smaller, 50u);
}

TEST(ShrinkTest, KeepsTheWriterOfWhatWasReadFromLongBefore) {
  RegisterHistory history = {Set(kA, 1, 2)};
  for (uint64_t i = 0; i < 100; ++i) {
    history.push_back(Get(kA, 10 + 2 * i, 11 + 2 * i));
  }
  history.push_back(Remove(RemoveResult::kRemoved, 300, 301));
  history.push_back(Set(kB, 302, 303));
  history.push_back(Get(kB, 304, 305));
  history.push_back(Get(kA, 306, 307));
  history.push_back(Set(kC, 308, 309));
  const Violation violation = Shrink(history);
  ASSERT_THAT(violation.operations, SizeIs(3)) << DrawIntervals(violation);
  EXPECT_EQ(violation.operations[0], Set(kA, 1, 2));
  EXPECT_EQ(violation.operations[2], Get(kA, 306, 307));
  EXPECT_EQ(violation.unexplained, 2u);
}

TEST(IntervalDrawingTest, DrawsABarPerOperationAndMarksTheOneThatIsNotExplained) {
  const Violation violation{
      {kAbsent}, {Set(kA, 100, 140), Set(kB, 120, 150), Get(kAbsent, 160, 170)}, 2};
  EXPECT_EQ(DrawIntervals(violation),
            "    at the beginning: absent\n"
            "    thread 0  |-----------|                          set 0:1        [0, 40]\n"
            "    thread 0        |-----------|                    set 1:1        [20, 50]\n"
            "  > thread 1                          |-----|        get -> absent  [60, 70]\n");
}

TEST(IntervalDrawingTest, NamesAllThatWasPossible) {
  EXPECT_THAT(DrawIntervals({{kAbsent, kA}, {Get(kB, 1, 2)}, 0}), HasSubstr("absent or 0:1"));
}

}  // namespace
}  // namespace kvs::verify
