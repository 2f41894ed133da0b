// Which acknowledged writes the driver takes for flushed.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>

#include "harness/driver/driver.h"
#include "tests/harness/driver/driver_fixture.h"

namespace kvs::driver_audit {
namespace {

constexpr const char* kWrites =
    "recordcount=200\nreadproportion=0.25\nupdateproportion=0.25\ninsertproportion=0.25\n"
    "readmodifywriteproportion=0.25\nrequestdistribution=uniform\n";
constexpr const char* kRemoves =
    "recordcount=200\nreadproportion=0\nupdateproportion=0\ndeleteproportion=1\n"
    "requestdistribution=uniform\n";

// The quickest flush that there is: of a page of no file.
class Page {
 public:
  Page()
      : address_(
            mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~Page() { munmap(address_, kBytes); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  void Flush() const { ASSERT_EQ(msync(address_, kBytes, MS_SYNC), 0); }

 private:
  static constexpr size_t kBytes = 4096;
  void* const address_;
};

// Every write is timed and audited.
struct AuditFixture : DriverFixture {
  explicit AuditFixture(const std::string& properties) : DriverFixture(properties) {
    options.operations = 400;
    options.sampling_period = 1;
    options.audit_flushes = true;
  }

  Page page;
};

TEST_P(DriverPoolTest, AuditFindsAFlushInEachWriteOfAStoreThatFlushes) {
  AuditFixture run(kWrites);
  run.options.pool = GetParam();
  run.LoadAll();
  const uint64_t loaded = run.store->sets;
  run.store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "set") run.page.Flush();
  };
  const Measurement result = run.Run();
  EXPECT_GT(result.write_audit.audited, 0u);
  EXPECT_EQ(result.write_audit.audited, run.store->sets - loaded);
  EXPECT_EQ(result.write_audit.unflushed, 0u);
  EXPECT_GE(result.flushes, 1u);
}

TEST_P(DriverPoolTest, AuditFindsNoFlushInAStoreThatDoesNot) {
  AuditFixture run(kWrites);
  run.options.pool = GetParam();
  run.LoadAll();
  run.page.Flush();  // before anything was handed over
  const Measurement result = run.Run();
  EXPECT_GT(result.write_audit.audited, 0u);
  EXPECT_EQ(result.write_audit.unflushed, result.write_audit.audited);
}

TEST(DriverAuditTest, AFlushBeforeTheWriteIsNoneOfTheWrite) {
  AuditFixture run("recordcount=200\nreadproportion=0.5\nupdateproportion=0.5\n");
  run.options.threads = 1;
  run.LoadAll();
  run.store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "get") run.page.Flush();
  };
  const Measurement result = run.Run();
  EXPECT_GT(result.write_audit.audited, 0u);
  EXPECT_EQ(result.write_audit.unflushed, result.write_audit.audited);
}

TEST(DriverAuditTest, AFlushByAnotherThreadOnBehalfOfTheWriterCounts) {
  AuditFixture run("recordcount=20\nreadproportion=0\nupdateproportion=1\n");
  run.options.operations = 40;
  run.LoadAll();
  run.store->before = [&](std::string_view, std::string_view) {
    std::thread([&] { run.page.Flush(); }).join();
  };
  const Measurement result = run.Run();
  EXPECT_EQ(result.write_audit.audited, 40u);
  EXPECT_EQ(result.write_audit.unflushed, 0u);
}

TEST(DriverAuditTest, ARemoveOfNothingNeedsNoFlush) {
  AuditFixture run(kRemoves);
  run.options.threads = 1;
  run.LoadAll();
  const Measurement result = run.Run();
  const KindResult& removes = Of(result, OperationKind::kRemove);
  EXPECT_GT(removes.hits, 0u);
  EXPECT_GT(removes.misses, 0u);
  EXPECT_EQ(result.write_audit.audited, removes.hits);
  EXPECT_EQ(result.write_audit.unflushed, removes.hits);
}

TEST(DriverAuditTest, ARemoveThatDoesNotTellIsNotJudged) {
  AuditFixture run(kRemoves);
  run.store->blind_removes = true;
  run.LoadAll();
  EXPECT_EQ(run.Run().write_audit.audited, 0u);
}

TEST(DriverAuditTest, AWriteOfTheValueThatMayBeThereAlreadyIsNotJudged) {
  AuditFixture run("recordcount=20\nreadproportion=0\nupdateproportion=1\nvaluesize=23\n");
  run.LoadAll();
  EXPECT_EQ(run.Run().write_audit.audited, 0u);
}

TEST(DriverAuditTest, OnlyWritesThatAreTimedAreAudited) {
  AuditFixture run(kWrites);
  run.options.threads = 1;
  run.options.sampling_period = 4;
  run.LoadAll();
  const Measurement result = run.Run();
  const uint64_t timed = Of(result, OperationKind::kUpdate).latency_ns.count() +
                         Of(result, OperationKind::kInsert).latency_ns.count() +
                         Of(result, OperationKind::kReadModifyWrite).latency_ns.count();
  EXPECT_EQ(result.write_audit.audited, timed);
  EXPECT_LT(timed, 200u);
}

TEST(DriverAuditTest, BackgroundWritersAreAudited) {
  AuditFixture run(std::string(kReads) + "backgroundwriters=1\n");
  run.options.threads = 1;
  run.LoadAll();
  const uint64_t loaded = run.store->sets;
  run.store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "get") {
      while (run.store->sets < loaded + 2) std::this_thread::yield();
    }
  };
  const Measurement result = run.Run();
  EXPECT_GT(result.write_audit.audited, 0u);
  EXPECT_EQ(result.write_audit.audited, run.store->sets - loaded);
  EXPECT_EQ(result.write_audit.unflushed, result.write_audit.audited);
}

TEST(DriverAuditTest, NothingIsAuditedUnlessAskedForOrOfAnEngineThatStoresNothing) {
  AuditFixture run(kWrites);
  run.LoadAll();
  EXPECT_EQ(Measure(run.engine, /*stores_data=*/false, run.spec, run.keys, run.values, run.options)
                .write_audit.audited,
            0u);
  run.options.audit_flushes = false;
  EXPECT_EQ(run.Run().write_audit.audited, 0u);
}

}  // namespace
}  // namespace kvs::driver_audit
