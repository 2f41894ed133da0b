#include "harness/selftest/slowed_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/harness/driver/model_engine.h"

namespace kvs::detector {
namespace {

using ::testing::HasSubstr;

// Time that passes only when it is read, or in the engine's calls.
struct ModelTime {
  uint64_t now_ns = 1000;
  uint64_t readings = 0;
};
struct ModelClock {
  static constexpr uint64_t kReadingNs = 20;

  ModelTime* time;
  uint64_t NowNs() {
    ++time->readings;
    return time->now_ns += kReadingNs;
  }
};

class SlowedHandleTest : public ::testing::Test {
 protected:
  // A handle whose calls take `call_ns`.
  std::unique_ptr<KvsEngine> Open(const Slowdown& slowdown, uint64_t call_ns) {
    store_->before = [this, call_ns](std::string_view, std::string_view) {
      time_.now_ns += call_ns;
    };
    return std::make_unique<SlowedHandle<ModelClock>>(std::make_unique<ModelEngine>(store_),
                                                      slowdown, ModelClock{&time_});
  }

  // How long `calls` gets take, with `between_ns` of the caller's own before each.
  uint64_t TimeOfGets(const Slowdown& slowdown, uint64_t call_ns, unsigned calls,
                      uint64_t between_ns = 0) {
    const std::unique_ptr<KvsEngine> engine = Open(slowdown, call_ns);
    std::string value;
    engine->Get("k", value);  // the first one only sets the beginning
    const uint64_t begin_ns = time_.now_ns;
    for (unsigned i = 0; i < calls; ++i) {
      time_.now_ns += between_ns;
      engine->Get("k", value);
    }
    return time_.now_ns - begin_ns;
  }

  const std::shared_ptr<ModelStore> store_ = std::make_shared<ModelStore>();
  ModelTime time_;
};

TEST_F(SlowedHandleTest, LosesItsShareOfTheThroughputToWithinAWait) {
  constexpr unsigned kCalls = 10'000;
  for (const uint64_t call_ns : {30u, 200u, 5000u}) {
    for (const double loss : {0.03, 0.05, 0.1, 0.2}) {
      const uint64_t plain_ns = TimeOfGets({}, call_ns, kCalls, 50);
      const uint64_t slowed_ns = TimeOfGets({.loss = loss}, call_ns, kCalls, 50);
      EXPECT_NEAR(static_cast<double>(slowed_ns), static_cast<double>(plain_ns) / (1 - loss),
                  2 * ModelClock::kReadingNs)
          << call_ns << " " << loss;
    }
  }
}

TEST_F(SlowedHandleTest, WithoutASlowdownItReadsTheClockOncePerCall) {
  const uint64_t plain_ns = TimeOfGets({}, 100, 1000);
  EXPECT_EQ(plain_ns, 1000 * (100 + ModelClock::kReadingNs));
  EXPECT_EQ(time_.readings, 1001u);
}

TEST_F(SlowedHandleTest, HoldsOneCallInSoMany) {
  const std::unique_ptr<KvsEngine> engine = Open({.every = 4, .held_ns = 1000}, 100);
  std::string value;
  std::vector<unsigned> held;
  for (unsigned i = 1; i <= 12; ++i) {
    const uint64_t begin_ns = time_.now_ns;
    engine->Get("k", value);
    if (time_.now_ns - begin_ns >= 1100) held.push_back(i);
  }
  EXPECT_THAT(held, ::testing::ElementsAre(4, 8, 12));
}

TEST_F(SlowedHandleTest, HoldsItsLockForLonger) {
  const auto time_of_sets = [this](double longer) {
    const std::unique_ptr<KvsEngine> engine = Open({.locks = true, .longer = longer}, 1000);
    const uint64_t begin_ns = time_.now_ns;
    for (unsigned i = 0; i < 1000; ++i) engine->Set("k", "v");
    return static_cast<double>(time_.now_ns - begin_ns);
  };
  // The call, and the reading that ends it.
  EXPECT_NEAR(time_of_sets(0.5) - time_of_sets(0), 1000 * 0.5 * (1000 + ModelClock::kReadingNs),
              2 * ModelClock::kReadingNs);
}

TEST_F(SlowedHandleTest, SlowsEveryOperationButNoLoad) {
  const Slowdown half{.loss = 0.5};
  const std::unique_ptr<KvsEngine> engine = Open(half, 1000);
  std::string value;
  engine->Get("k", value);
  const auto time_of = [this](auto call) {
    const uint64_t begin_ns = time_.now_ns;
    call();
    return time_.now_ns - begin_ns;
  };
  const std::string_view keys[] = {"k"}, values[] = {"v"};
  std::string found_values[1];
  bool found[1] = {false};
  EXPECT_GE(time_of([&] { engine->Set("k", "v"); }), 2000u);
  EXPECT_GE(time_of([&] { engine->Get("k", value); }), 2000u);
  EXPECT_EQ(value, "v");
  EXPECT_GE(time_of([&] { engine->MultiGet(keys, found_values, found); }), 2000u);
  EXPECT_TRUE(found[0]);
  size_t visited = 0;
  EXPECT_GE(
      time_of([&] { visited = engine->Scan("", 5, [](std::string_view, std::string_view) {}); }),
      2000u);
  EXPECT_EQ(visited, 1u);
  EXPECT_GE(time_of([&] { EXPECT_EQ(engine->Remove("k"), RemoveResult::kRemoved); }), 2000u);
  const uint64_t readings = time_.readings;
  engine->SetMany(keys, values);
  EXPECT_EQ(time_.readings, readings);
  EXPECT_EQ(engine->Info().library, "model");
}

struct StoppedClock {
  static uint64_t NowNs() { return 1; }
};

TEST(SlowedHandleThreadsTest, WritesOfAllHandlesShareOneLock) {
  const auto store = std::make_shared<ModelStore>();
  std::atomic<int> inside{0}, most{0};
  store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "get") return;
    most = std::max<int>(most, ++inside);
    std::this_thread::yield();
    --inside;
  };
  const SlowedHandle<StoppedClock> root(std::make_unique<ModelEngine>(store), {.locks = true},
                                        StoppedClock());
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([handle = root.Clone()] {
      for (int i = 0; i < 500; ++i) handle->Set("k", "v");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(store->sets, 1000u);
}

std::string RefusalOf(const std::map<std::string, std::string>& settings) {
  EngineOptions options;
  options.settings = settings;
  try {
    kSlowedEngine.capabilities(options);
  } catch (const EngineError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidOption);
    return error.what();
  }
  return "";
}

TEST(SlowedEngineTest, CanDoWhatItsEngineCan) {
  EngineOptions options;
  options.settings = {{"of", "null"}, {"by", "5%"}};
  EXPECT_FALSE(kSlowedEngine.capabilities(options).stores_data);
  options.settings["of"] = "lockfree";
  EXPECT_TRUE(kSlowedEngine.capabilities(options).stores_data);
  EXPECT_TRUE(kSlowedEngine.capabilities(options).multi_get);
}

TEST(SlowedEngineTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(RefusalOf({{"of", "null"}, {"by", "2.5%"}}), "");
  for (const char* by : {"5", "", "%", "-1%", "90%", "nan%", "5%%", "x%"}) {
    EXPECT_THAT(RefusalOf({{"of", "null"}, {"by", by}}), HasSubstr("by=")) << by;
  }
  EXPECT_THAT(RefusalOf({{"of", "nothing"}}), HasSubstr("no such engine"));
  EXPECT_THAT(RefusalOf({{"off", "null"}}), HasSubstr("of"));
}

}  // namespace
}  // namespace kvs::detector
