#include "workloads/operation_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "workloads/random.h"

namespace kvs {
namespace {

Spec Make(const std::string& text) { return ParseSpec(text, "test", "test", {}); }

// The first `count` operations, drawn in batches of `batch_size`; all inserts of earlier batches
// count as finished.
std::vector<Operation> DrawAll(OperationStream& stream, size_t count, size_t batch_size = 64) {
  std::vector<Operation> all;
  OperationBatch batch;
  uint64_t inserts = 0;
  while (all.size() < count) {
    stream.Fill(batch, std::min(batch_size, count - all.size()), inserts);
    if (batch.operations.empty()) break;
    for (const Operation& operation : batch.operations) {
      all.push_back(operation);
      inserts += operation.kind == OperationKind::kInsert ? 1 : 0;
    }
  }
  return all;
}

uint64_t Digest(const Spec& spec, uint64_t seed, unsigned thread, unsigned thread_count,
                StreamRole role = StreamRole::kForeground) {
  OperationStream stream(spec, seed, thread, thread_count, role);
  OperationBatch batch;
  uint64_t digest = 0;
  uint64_t inserts = 0;
  uint64_t finished = 0;
  for (size_t drawn = 0; drawn < 10'000;) {
    stream.Fill(batch, 100, finished);
    if (batch.operations.empty()) break;
    drawn += batch.operations.size();
    finished = inserts;
    for (const Operation& operation : batch.operations) {
      inserts += operation.kind == OperationKind::kInsert ? 1 : 0;
      for (const uint64_t word :
           {operation.key_number, uint64_t{operation.count}, static_cast<uint64_t>(operation.kind),
            static_cast<uint64_t>(operation.expectation)}) {
        digest = Mix64(digest + word);
      }
    }
    for (const uint64_t number : batch.multi_get_keys) digest = Mix64(digest + number);
  }
  return digest;
}

// Pins the first 10,000 operations: a change of these numbers is a change of every workload, and
// makes results before and after it incomparable.
TEST(OperationStreamTest, OperationsAreTheSameEverywhere) {
  struct Golden {
    const char* workload;
    unsigned thread;
    unsigned thread_count;
    uint64_t digest;
  };
  for (const Golden& golden : {
           Golden{"ycsb-a", 0, 1, 18445664801173446180u},
           Golden{"ycsb-c", 1, 2, 1804411938109399569u},
           Golden{"ycsb-d", 3, 8, 5545310934394371660u},
           Golden{"ycsb-e", 0, 2, 16288628224050346905u},
           Golden{"ycsb-f", 0, 1, 2435923258325136306u},
           Golden{"readrandom", 0, 1, 3062021616933046329u},
           Golden{"readseq", 0, 1, 3414337408120085325u},
           Golden{"fillseq", 1, 4, 5078723526536468887u},
           Golden{"multireadrandom", 0, 1, 12589860878022963377u},
           Golden{"smoke", 2, 3, 9941376551085683059u},
       }) {
    EXPECT_EQ(Digest(LoadSpec(golden.workload, {}), 42, golden.thread, golden.thread_count),
              golden.digest)
        << golden.workload;
  }
  const PropertyOverrides hotspot = {{"requestdistribution", "hotspot"}};
  EXPECT_EQ(Digest(LoadSpec("ycsb-a", hotspot), 42, 0, 1), 18024987355779717320u);
  const PropertyOverrides exponential = {{"requestdistribution", "exponential"}};
  EXPECT_EQ(Digest(LoadSpec("ycsb-a", exponential), 42, 0, 1), 13604487521638282050u);
  EXPECT_EQ(Digest(LoadSpec("readwhilewriting", {}), 42, 0, 1, StreamRole::kBackgroundWriter),
            7385244498161865504u);
}

TEST(OperationStreamTest, StreamsDifferBySeedThreadCountAndRole) {
  const Spec spec = LoadSpec("readrandomwriterandom", {});
  const std::set<uint64_t> digests = {
      Digest(spec, 1, 0, 2),
      Digest(spec, 2, 0, 2),
      Digest(spec, 1, 1, 2),
      Digest(spec, 1, 0, 3),
      Digest(spec, 1, 0, 2, StreamRole::kBackgroundWriter),
  };
  EXPECT_EQ(digests.size(), 5u);
}

TEST(OperationStreamTest, BatchSizeDoesNotChangeTheOperations) {
  for (const char* const name : {"ycsb-a", "multireadrandom", "smoke"}) {
    const Spec spec = LoadSpec(name, {});
    OperationStream one(spec, 1, 0, 1);
    OperationStream many(spec, 1, 0, 1);
    const std::vector<Operation> a = DrawAll(one, 2000, 1);
    const std::vector<Operation> b = DrawAll(many, 2000, 500);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].kind, b[i].kind);
      if (a[i].kind != OperationKind::kMultiGet) {
        ASSERT_EQ(a[i].key_number, b[i].key_number);
      }
    }
  }
}

TEST(OperationStreamTest, TheMixIsTheSpecs) {
  const Spec spec = Make(
      "recordcount=100\nreadproportion=0.3\nupdateproportion=0.2\ninsertproportion=0.1\n"
      "deleteproportion=0.1\nscanproportion=0.1\nreadmodifywriteproportion=0.1\n"
      "multigetproportion=0.1\n");
  OperationStream stream(spec, 1, 0, 1);
  constexpr int kCount = 100'000;
  std::map<OperationKind, int> counts;
  for (const Operation& operation : DrawAll(stream, kCount)) ++counts[operation.kind];
  for (size_t i = 0; i < kOperationKinds; ++i) {
    const auto kind = static_cast<OperationKind>(i);
    const double share = spec.Proportion(kind);
    const double deviation = std::sqrt(kCount * share * (1 - share));
    EXPECT_NEAR(counts[kind], kCount * share, 4 * deviation) << ToString(kind);
  }
}

class KeyChoiceTest : public testing::TestWithParam<const char*> {
 protected:
  Spec MakeSpec(const std::string& more) const {
    return Make("recordcount=500\nrequestdistribution=" + std::string(GetParam()) + "\n" + more);
  }
};

// Without inserts, every key that is asked for was loaded, and its presence is certain.
TEST_P(KeyChoiceTest, ReadsAskForLoadedKeys) {
  const Spec spec = MakeSpec("insertstart=100\ninsertcount=300\n");
  OperationStream stream(spec, 1, 1, 2);
  for (const Operation& operation : DrawAll(stream, 20'000)) {
    ASSERT_GE(operation.key_number, 100u);
    ASSERT_LT(operation.key_number, 400u);
    ASSERT_EQ(operation.expectation, operation.kind == OperationKind::kRead ? Expectation::kPresent
                                                                            : Expectation::kEither);
  }
}

// With inserts, it was loaded, or this stream inserted it and knew it to be finished.
TEST_P(KeyChoiceTest, ReadsAskForNothingUnfinished) {
  const Spec spec = MakeSpec("readproportion=0.5\nupdateproportion=0\ninsertproportion=0.5\n");
  for (const unsigned thread : {0u, 2u}) {
    OperationStream stream(spec, 1, thread, 3);
    OperationBatch batch;
    std::vector<uint64_t> inserted;
    uint64_t finished = 0;
    uint64_t reads_of_own = 0;
    for (int round = 0; round < 300; ++round) {
      stream.Fill(batch, 50, finished);
      const std::set<uint64_t> known(inserted.begin(),
                                     inserted.begin() + static_cast<ptrdiff_t>(finished));
      for (const Operation& operation : batch.operations) {
        if (operation.kind == OperationKind::kInsert) {
          ASSERT_EQ(operation.key_number % 3, thread);
          ASSERT_GE(operation.key_number, 500u);
          if (!inserted.empty()) {
            ASSERT_EQ(operation.key_number, inserted.back() + 3);
          }
          inserted.push_back(operation.key_number);
        } else {
          const bool own = known.contains(operation.key_number);
          ASSERT_TRUE(operation.key_number < 500 || own) << operation.key_number;
          ASSERT_EQ(operation.expectation, Expectation::kPresent);
          reads_of_own += own ? 1 : 0;
        }
      }
      finished += (inserted.size() - finished) / 2;  // the store lags behind
    }
    if (std::string_view(GetParam()) == "latest") {
      EXPECT_GT(reads_of_own, 3000u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, KeyChoiceTest,
                         testing::Values("uniform", "zipfian", "zipfian\nzipfian.theta=0.9",
                                         "latest", "hotspot", "exponential", "sequential"),
                         [](const testing::TestParamInfo<const char*>& parameter) {
                           std::string name = parameter.param;
                           std::erase_if(name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

Expectation ExpectationOf(const std::string& text, OperationKind kind) {
  const Spec spec = Make("recordcount=100\n" + text);
  OperationStream stream(spec, 1, 0, 1);
  for (const Operation& operation : DrawAll(stream, 1000)) {
    if (operation.kind == kind) return operation.expectation;
  }
  ADD_FAILURE() << "no such operation";
  return Expectation::kEither;
}

TEST(OperationStreamTest, ExpectsNothingWhereNothingIsCertain) {
  EXPECT_EQ(ExpectationOf("", OperationKind::kRead), Expectation::kPresent);
  EXPECT_EQ(ExpectationOf("multigetproportion=1", OperationKind::kMultiGet), Expectation::kPresent);
  EXPECT_EQ(ExpectationOf("readmodifywriteproportion=1", OperationKind::kReadModifyWrite),
            Expectation::kPresent);
  EXPECT_EQ(ExpectationOf("scanproportion=1", OperationKind::kScan), Expectation::kPresent);
  EXPECT_EQ(ExpectationOf("update=rmw", OperationKind::kUpdate), Expectation::kPresent);
  EXPECT_EQ(ExpectationOf("", OperationKind::kUpdate), Expectation::kEither);
  EXPECT_EQ(ExpectationOf("deleteproportion=0.1", OperationKind::kRead), Expectation::kEither);
  EXPECT_EQ(ExpectationOf("deleteproportion=0.1", OperationKind::kRemove), Expectation::kEither);
  EXPECT_EQ(ExpectationOf("preload=false", OperationKind::kRead), Expectation::kEither);
  EXPECT_EQ(
      ExpectationOf("preload=false\ndeleteproportion=1\nreadmissing=true", OperationKind::kRead),
      Expectation::kAbsent);
}

TEST(OperationStreamTest, ReadMissingAsksForKeysThatNobodyStores) {
  const Spec spec = Make("recordcount=100\nreadmissing=true\nmultigetproportion=1\n");
  OperationStream stream(spec, 1, 0, 1);
  OperationBatch batch;
  stream.Fill(batch, 1000, 0);
  for (const Operation& operation : batch.operations) {
    if (operation.kind == OperationKind::kUpdate) {
      EXPECT_LT(operation.key_number, 100u);
      continue;
    }
    EXPECT_EQ(operation.expectation, Expectation::kAbsent);
    if (operation.kind == OperationKind::kMultiGet) {
      ASSERT_EQ(batch.MultiGetKeys(operation).size(), 16u);
      for (const uint64_t number : batch.MultiGetKeys(operation)) {
        EXPECT_NE(number & kMissingKeyBit, 0u);
      }
    } else {
      EXPECT_NE(operation.key_number & kMissingKeyBit, 0u);
    }
  }
}

// Together the threads of a single pass touch every number once.
TEST(OperationStreamTest, ASinglePassTouchesEveryKeyOnce) {
  const std::string inserts =
      "readproportion=0\nupdateproportion=0\ninsertproportion=1\npreload=false\n";
  const std::string reads = "requestdistribution=sequential\n";
  for (const std::string& mix : {inserts, reads}) {
    for (const unsigned thread_count : {1u, 3u, 8u, 200u}) {
      const Spec spec = Make("recordcount=103\ninsertstart=2\nsinglepass=true\n" + mix);
      std::multiset<uint64_t> numbers;
      for (unsigned thread = 0; thread < thread_count; ++thread) {
        OperationStream stream(spec, 1, thread, thread_count);
        for (const Operation& operation : DrawAll(stream, 1000)) {
          numbers.insert(operation.key_number);
        }
        OperationBatch batch;
        stream.Fill(batch, 10, 0);
        EXPECT_TRUE(batch.operations.empty()) << "over is over";
      }
      ASSERT_EQ(numbers.size(), 101u);
      EXPECT_EQ(*numbers.begin(), 2u);
      EXPECT_EQ(*numbers.rbegin(), 102u);
      EXPECT_EQ(std::set<uint64_t>(numbers.begin(), numbers.end()).size(), 101u);
    }
  }
}

TEST(OperationStreamTest, ASinglePassOfScansCoversEveryKeyOnce) {
  const Spec spec = LoadSpec("readseq", {{"recordcount", "10500"}});
  std::set<uint64_t> covered;
  size_t entries = 0;
  for (unsigned thread = 0; thread < 3; ++thread) {
    OperationStream stream(spec, 1, thread, 3);
    for (const Operation& operation : DrawAll(stream, 1000)) {
      entries += operation.count;
      for (uint32_t i = 0; i < operation.count; ++i) covered.insert(operation.key_number + i);
    }
  }
  EXPECT_EQ(entries, 10'500u);
  EXPECT_EQ(covered.size(), 10'500u);
  EXPECT_EQ(*covered.rbegin(), 10'499u);
}

TEST(OperationStreamTest, SequentialBeginsAgainAtItsEnd) {
  const Spec spec = Make("recordcount=10\nrequestdistribution=sequential\n");
  OperationStream stream(spec, 1, 1, 2);
  std::vector<uint64_t> numbers;
  for (const Operation& operation : DrawAll(stream, 7)) numbers.push_back(operation.key_number);
  EXPECT_EQ(numbers, (std::vector<uint64_t>{1, 3, 5, 7, 9, 1, 3}));
}

TEST(OperationStreamTest, ScanLengthsStayInRange) {
  for (const char* const distribution : {"uniform", "zipfian"}) {
    const Spec spec = Make(
        "recordcount=100\nreadproportion=0\nupdateproportion=0\nscanproportion=1\n"
        "minscanlength=5\nmaxscanlength=20\nscanlengthdistribution=" +
        std::string(distribution));
    OperationStream stream(spec, 1, 0, 1);
    std::set<uint32_t> lengths;
    for (const Operation& operation : DrawAll(stream, 20'000)) lengths.insert(operation.count);
    EXPECT_EQ(*lengths.begin(), 5u);
    EXPECT_EQ(*lengths.rbegin(), 20u);
    EXPECT_EQ(lengths.size(), 16u);
  }
}

TEST(OperationStreamTest, BackgroundWritersOnlyUpdate) {
  const Spec spec = LoadSpec("readwhilewriting", {{"recordcount", "1000"}});
  EXPECT_EQ(spec.background_writers, 1u);
  OperationStream stream(spec, 1, 0, 1, StreamRole::kBackgroundWriter);
  for (const Operation& operation : DrawAll(stream, 1000)) {
    EXPECT_EQ(operation.kind, OperationKind::kUpdate);
    EXPECT_LT(operation.key_number, 1000u);
  }
}

TEST(OperationStreamTest, OneRecordIsEnough) {
  for (const char* const choice : {"uniform", "zipfian", "zipfian\nzipfian.theta=1.2", "latest",
                                   "hotspot", "exponential", "sequential"}) {
    const Spec spec = Make("recordcount=1\nrequestdistribution=" + std::string(choice));
    OperationStream stream(spec, 1, 0, 1);
    for (const Operation& operation : DrawAll(stream, 500)) EXPECT_EQ(operation.key_number, 0u);
  }
}

TEST(OperationStreamTest, MovesKeepTheStream) {
  const Spec spec = LoadSpec("ycsb-a", {});
  OperationStream a(spec, 1, 0, 1);
  OperationStream reference(spec, 1, 0, 1);
  DrawAll(a, 10);
  DrawAll(reference, 10);
  OperationStream b = std::move(a);
  EXPECT_EQ(DrawAll(b, 1).front().key_number, DrawAll(reference, 1).front().key_number);
}

}  // namespace
}  // namespace kvs
