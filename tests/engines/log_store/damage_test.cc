// What the store makes of files that are not as it left them.
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/log_store/log_store.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/engines/log_store/unsynced_file_system.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class DamageTest : public ::testing::Test {
 protected:
  LogStoreOptions Options(const fs::path& directory, bool verify_reads = false) {
    ClaimWithoutSync(directory);
    LogStoreOptions options;
    options.engine = "test";
    options.directory = directory;
    options.segment_size = 4096;
    options.shard_bits = 0;
    options.verify_reads = verify_reads;
    options.hints = false;  // so that every record is looked at
    options.files = std::make_shared<UnsyncedFileSystem>("test");
    return options;
  }

  static std::string KeyOf(int i) { return "key" + std::to_string(i); }

  void Fill(LogStore& store, int count) {
    for (int i = 0; i < count; ++i) {
      store.Write(RecordType::kValue, KeyOf(i), std::string(50 + i % 40, 'v'));
    }
  }

  // A closed store of several segments.
  fs::path MakeStore(const char* name, int count = 200) {
    const fs::path path = directory_.path() / name;
    LogStore store(Options(path));
    Fill(store, count);
    return path;
  }

  std::vector<fs::path> Segments(const fs::path& store) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(store)) {
      if (entry.path().extension() == ".log") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  // Expects that the store does not open, and returns the message.
  std::string ExpectRefused(const fs::path& path, ErrorKind kind) {
    try {
      const LogStore store(Options(path));
    } catch (const EngineError& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "opened " << path;
    return "";
  }

  // How many of the first `count` keys are there; fails unless they are a prefix.
  int ExpectPrefix(const LogStore& store, int count) {
    int present = 0;
    std::string value;
    while (present < count && store.Get(KeyOf(present), value)) ++present;
    for (int i = present; i < count; ++i) EXPECT_FALSE(store.Get(KeyOf(i), value)) << i;
    return present;
  }

  // Copies an open store as kill -9 would leave it, once its threads make and remove no files.
  fs::path Copy(LogStore& store, const fs::path& from, const char* name) {
    const fs::path to = directory_.path() / name;
    store.WaitForBackground();
    fs::copy(from, to);
    return to;
  }

  // The same, with the manifest knowing of no sync.
  fs::path CrashImage(LogStore& store, const fs::path& from, const char* name) {
    const fs::path to = Copy(store, from, name);
    const auto files = PosixFileSystem("test");
    Manifest::Load(*files, to, "test")->Update([](ManifestEntries& entries) {
      for (auto& [generation, entry] : entries) {
        entry.synced_size = sizeof(SegmentHeader);
        entry.sealed = false;
      }
    });
    return to;
  }

  TestDirectory directory_;
};

TEST_F(DamageTest, AnyFlippedBitOfASealedSegmentIsReportedWithFileAndOffset) {
  const fs::path path = MakeStore("s", 120);
  std::mt19937_64 random(11);
  for (const fs::path& segment : Segments(path)) {
    const std::string good = ReadFile(segment);
    for (int i = 0; i < 60; ++i) {
      const size_t offset = i < 2 ? i * (good.size() - 1) : random() % good.size();
      std::string bad = good;
      bad[offset] = static_cast<char>(bad[offset] ^ (1 << random() % 8));
      WriteFile(segment, bad);
      const std::string message = ExpectRefused(path, ErrorKind::kCorruption);
      EXPECT_THAT(message, HasSubstr(segment.string() + ": offset "));
      const size_t named =
          std::strtoull(message.c_str() + message.find("offset ") + 7, nullptr, 10);
      EXPECT_LE(named, offset);
      EXPECT_GT(named + 200, offset);
    }
    WriteFile(segment, good);
  }
  LogStore store(Options(path));
  EXPECT_EQ(ExpectPrefix(store, 120), 120);
}

TEST_F(DamageTest, AnyFlippedBitOfTheManifestIsReported) {
  const fs::path path = MakeStore("s", 60);
  const fs::path manifest = path / "MANIFEST";
  const std::string good = ReadFile(manifest);
  for (size_t offset = 0; offset < good.size(); ++offset) {
    std::string bad = good;
    bad[offset] = static_cast<char>(bad[offset] ^ (1 << offset % 8));
    WriteFile(manifest, bad);
    EXPECT_THAT(ExpectRefused(path, ErrorKind::kCorruption),
                HasSubstr(manifest.string() + ": offset "));
  }
  for (const size_t size : {size_t{0}, size_t{5}, good.size() / 2, good.size() - 1}) {
    WriteFile(manifest, good.substr(0, size));
    ExpectRefused(path, ErrorKind::kCorruption);
  }
}

TEST_F(DamageTest, AMissingOrShortFileIsReported) {
  const fs::path path = MakeStore("s");
  const fs::path segment = Segments(path)[1];
  const std::string good = ReadFile(segment);
  WriteFile(segment, good.substr(0, good.size() - 8));
  EXPECT_THAT(ExpectRefused(path, ErrorKind::kCorruption), HasSubstr("the file ends here"));
  fs::remove(segment);
  EXPECT_THAT(ExpectRefused(path, ErrorKind::kCorruption), HasSubstr("the file is missing"));
  WriteFile(segment, good);
  fs::remove(path / "MANIFEST");
  EXPECT_THAT(ExpectRefused(path, ErrorKind::kCorruption), HasSubstr("MANIFEST: offset 0"));
}

TEST_F(DamageTest, ASegmentOfAnotherStoreIsRefused) {
  const fs::path path = MakeStore("s");
  const fs::path other = MakeStore("t");
  fs::copy_file(Segments(other)[0], Segments(path)[0], fs::copy_options::overwrite_existing);
  EXPECT_THAT(ExpectRefused(path, ErrorKind::kForeignStore), HasSubstr("belongs to the store"));
}

TEST_F(DamageTest, ASegmentInThePlaceOfAnotherIsRefused) {
  const fs::path path = MakeStore("s");
  fs::copy_file(Segments(path)[0], Segments(path)[1], fs::copy_options::overwrite_existing);
  ExpectRefused(path, ErrorKind::kCorruption);
}

TEST_F(DamageTest, ANewerFormatVersionIsRefused) {
  const fs::path path = MakeStore("s");
  const fs::path segment = Segments(path)[0];
  std::string data = ReadFile(segment);
  SegmentHeader header;
  std::memcpy(&header, data.data(), sizeof header);
  header.version = kLogFormatVersion + 1;
  header.check = ExtendCrc32c(0, &header, offsetof(SegmentHeader, check));
  std::memcpy(data.data(), &header, sizeof header);
  WriteFile(segment, data);
  EXPECT_THAT(ExpectRefused(path, ErrorKind::kForeignStore), HasSubstr("format version 2"));

  const std::string manifest = "kvs-bench manifest 2\nsomething new\n";
  char check[32];
  std::snprintf(check, sizeof check, "check %08x\n", Crc32c(manifest));
  WriteFile(path / "MANIFEST", manifest + check);
  EXPECT_THAT(ExpectRefused(path, ErrorKind::kForeignStore), HasSubstr("has version 2"));
}

// Reads that verify nothing look at the record's sizes all the same: they stay in the segment.
TEST_F(DamageTest, ADamagedSizeDoesNotLeadOutOfTheSegment) {
  const fs::path path = MakeStore("s", 30);
  LogStoreOptions options = Options(path);
  options.ordered = true;
  LogStore store(options);
  const fs::path segment = Segments(path)[0];
  const std::string data = ReadFile(segment);
  const size_t record = data.find(KeyOf(3)) - sizeof(RecordHeader);
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(record + offsetof(RecordHeader, value_size) + 2));
  file.put('\x7f');
  file.close();
  std::string value;
  const auto expect_damage = [&](const EngineError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorruption);
    EXPECT_THAT(error.what(), HasSubstr(fmt::format("{}: offset {}", segment.string(), record)));
  };
  try {
    store.Get(KeyOf(3), value);
    FAIL() << "returned " << value.size() << " bytes";
  } catch (const EngineError& error) {
    expect_damage(error);
  }
  try {
    store.Scan(KeyOf(3), 1, [](std::string_view, std::string_view) {});
    FAIL() << "scanned it";
  } catch (const EngineError& error) {
    expect_damage(error);
  }
}

TEST_F(DamageTest, VerifyReadsNeverReturnsDamagedData) {
  const fs::path path = MakeStore("s", 30);
  LogStoreOptions options = Options(path, /*verify_reads=*/true);
  options.ordered = true;
  LogStore store(options);
  std::string value;
  EXPECT_TRUE(store.Get(KeyOf(3), value));
  // The file changes under the open store, as a failing disk would have it.
  const fs::path segment = Segments(path)[0];
  const std::string data = ReadFile(segment);
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(data.find(KeyOf(3)) + 10));
  file.put('X');
  file.close();
  try {
    store.Get(KeyOf(3), value);
    FAIL() << "returned " << value;
  } catch (const EngineError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorruption);
    EXPECT_THAT(error.what(), HasSubstr(segment.string() + ": offset "));
  }
  int visited = 0;
  try {
    store.Scan(KeyOf(29), 100, [&](std::string_view, std::string_view) { ++visited; });
    FAIL() << "visited " << visited;
  } catch (const EngineError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorruption);
    EXPECT_EQ(visited, 1);  // key29; key3 is next
  }
}

TEST_F(DamageTest, ATornTailIsCut) {
  const fs::path path = directory_.path() / "s";
  LogStore live(Options(path));
  Fill(live, 10);
  const fs::path image = CrashImage(live, path, "image");
  const fs::path segment = Segments(image)[0];
  const std::string good = ReadFile(segment);
  const size_t last = good.rfind(KeyOf(9)) - sizeof(RecordHeader);
  const size_t end = last + RecordSize(4, 59);
  const std::string manifest = ReadFile(image / "MANIFEST");
  for (size_t cut = last; cut <= end; cut += 4) {
    std::string torn = good;
    std::fill(torn.begin() + static_cast<ptrdiff_t>(cut), torn.end(), '\0');
    WriteFile(segment, torn);
    WriteFile(image / "MANIFEST", manifest);
    LogStore store(Options(image));
    // Padding is zeros anyway, so the last cut or two tear nothing.
    const bool is_torn = cut < last + sizeof(RecordHeader) + 4 + 59;
    EXPECT_EQ(ExpectPrefix(store, 10), is_torn ? 9 : 10) << cut;
    EXPECT_EQ(fs::file_size(segment), is_torn ? last : end) << cut;
    // What was cut does not come back, and the store works on.
    store.Write(RecordType::kValue, KeyOf(9), "again");
    std::string value;
    EXPECT_TRUE(store.Get(KeyOf(9), value));
    EXPECT_EQ(value, "again");
    std::filesystem::remove_all(image);
    fs::create_directory(image);
    ClaimWithoutSync(image);
  }
}

// Unsynced pages may be lost in any order. What remains is a prefix of the writes.
TEST_F(DamageTest, DamageInUnsyncedSegmentsLosesASuffixOnly) {
  const fs::path path = directory_.path() / "s";
  LogStore live(Options(path));
  Fill(live, 200);
  std::mt19937_64 random(5);
  for (int round = 0; round < 20; ++round) {
    const fs::path image = CrashImage(live, path, "image");
    const std::vector<fs::path> segments = Segments(image);
    ASSERT_GT(segments.size(), 3u);
    const fs::path& segment = segments[random() % 3];
    std::string data = ReadFile(segment);
    const size_t begin = sizeof(SegmentHeader) + random() % (data.size() - 600);
    std::fill_n(data.begin() + static_cast<ptrdiff_t>(begin), 512, '\0');
    WriteFile(segment, data);
    {
      const LogStore store(Options(image));
      EXPECT_LT(ExpectPrefix(store, 200), 150);
    }
    fs::remove_all(image);
  }
}

// Recovery that dies half-way, before the manifest says what it did, leaves the next one
// everything.
TEST_F(DamageTest, AnInterruptedRecoveryLosesNothing) {
  const fs::path path = directory_.path() / "s";
  LogStore live(Options(path));
  Fill(live, 200);
  const fs::path image = CrashImage(live, path, "image");
  ASSERT_GT(Segments(image).size(), 3u);
  const auto interrupt = [&](std::atomic<bool> SyncRecorder::*failure) {
    LogStoreOptions options = Options(image);
    auto files = std::make_shared<UnsyncedFileSystem>("test");
    files->recorder().*failure = true;
    options.files = files;
    EXPECT_THROW(const LogStore store(options), EngineError);
  };
  interrupt(&SyncRecorder::fail_file_syncs);
  interrupt(&SyncRecorder::fail_appends);
  const LogStore store(Options(image));
  EXPECT_EQ(ExpectPrefix(store, 200), 200);
}

// The same damage where the manifest says that it was synced.
TEST_F(DamageTest, DamageInSyncedPartsOfOpenSegmentsIsReported) {
  const fs::path path = directory_.path() / "s";
  LogStore live(Options(path));
  Fill(live, 10);
  live.SyncInBackground();
  live.WaitForBackground();
  Fill(live, 20);
  const fs::path image = Copy(live, path, "image");
  const fs::path segment = Segments(image)[0];
  std::string data = ReadFile(segment);
  data[data.find(KeyOf(5))] ^= 1;
  WriteFile(segment, data);
  EXPECT_THAT(ExpectRefused(image, ErrorKind::kCorruption), HasSubstr(segment.string()));
}

TEST_F(DamageTest, FilesThatAnInterruptedProcessLeftAreRemovedAndOthersAreNot) {
  const fs::path path = MakeStore("s");
  WriteFile(path / "0000000000009999.log", "never listed");
  WriteFile(path / "MANIFEST.new", "half a manif");
  WriteFile(path / "notes.txt", "mine");
  const LogStore store(Options(path));
  EXPECT_FALSE(fs::exists(path / "0000000000009999.log"));
  EXPECT_FALSE(fs::exists(path / "MANIFEST.new"));
  EXPECT_TRUE(fs::exists(path / "notes.txt"));
}

TEST_F(DamageTest, AFullDiskRefusesWritesLosesNothingAndRecovers) {
  const fs::path path = directory_.path() / "s";
  LogStoreOptions options = Options(path);
  const auto files = std::make_shared<UnsyncedFileSystem>("test");
  options.files = files;
  int written = 0;
  {
    LogStore store(options);
    Fill(store, 5);
    store.WaitForBackground();
    files->recorder().fail_allocations = true;
    int failures = 0;
    for (int attempt = 0; failures < 3; ++attempt) {
      ASSERT_LT(attempt, 1000);
      try {
        store.Write(RecordType::kValue, KeyOf(written), std::string(50, 'w'));
        ++written;
      } catch (const EngineError& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kFull) << error.what();
        ++failures;
      }
    }
    EXPECT_EQ(ExpectPrefix(store, written + 10), std::max(written, 5));
    files->recorder().fail_allocations = false;
    for (int i = 0; i < 100; ++i) {
      store.Write(RecordType::kValue, KeyOf(written++), std::string(50, 'w'));
    }
  }
  const LogStore store(options);
  EXPECT_EQ(ExpectPrefix(store, written + 10), written);
}

TEST_F(DamageTest, AFailedSyncRefusesAllLaterWrites) {
  const fs::path path = directory_.path() / "s";
  LogStoreOptions options = Options(path);
  options.durability = Durability::kSync;
  const auto files = std::make_shared<UnsyncedFileSystem>("test");
  options.files = files;
  {
    LogStore store(options);
    Fill(store, 5);
    files->recorder().fail_file_syncs = true;
    EXPECT_THROW(store.Write(RecordType::kValue, KeyOf(5), "lost"), EngineError);
    files->recorder().fail_file_syncs = false;
    std::string value;
    EXPECT_FALSE(store.Get(KeyOf(5), value)) << "published before it was durable";
    try {
      store.Write(RecordType::kValue, KeyOf(6), "too late");
      FAIL() << "accepted a write after a failed sync";
    } catch (const EngineError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kIo);
      EXPECT_THAT(error.what(), HasSubstr("I/O error (injected)"));
    }
    EXPECT_EQ(ExpectPrefix(store, 10), 5);
  }
  LogStore store(options);
  EXPECT_GE(ExpectPrefix(store, 10), 5);  // the refused write itself may have come through
  store.Write(RecordType::kValue, KeyOf(7), "works again");
}

// The next segment is made in the background, where nobody can be told.
TEST_F(DamageTest, ASegmentThatFailedInTheBackgroundRefusesLaterWrites) {
  LogStoreOptions options = Options(directory_.path() / "s");
  const auto files = std::make_shared<UnsyncedFileSystem>("test");
  options.files = files;
  LogStore store(options);
  Fill(store, 5);
  files->recorder().fail_file_syncs = true;
  try {
    Fill(store, 25);  // beyond the half of the first segment, where the next is requested
    store.WaitForBackground();
    files->recorder().fail_file_syncs = false;
    Fill(store, 100);
    FAIL() << "accepted writes after a failed sync";
  } catch (const EngineError& error) {
    EXPECT_THAT(error.what(), HasSubstr("I/O error (injected)"));
  }
  EXPECT_GE(ExpectPrefix(store, 100), 5);
}

// A segment too small for a record is taken off the manifest. If it stayed there, empty, before
// segments with acknowledged writes, recovery would take it for the end of the log.
TEST_F(DamageTest, ASegmentThatCannotBeUnlistedEndsTheWrites) {
  LogStoreOptions options = Options(directory_.path() / "s");
  const auto files = std::make_shared<UnsyncedFileSystem>("test");
  options.files = files;
  {
    LogStore store(options);
    Fill(store, 25);
    store.WaitForBackground();
    files->recorder().fail_appends = true;
    const std::string longer_than_a_segment(2 * options.segment_size, 'v');
    EXPECT_THROW(store.Write(RecordType::kValue, KeyOf(25), longer_than_a_segment), EngineError);
    files->recorder().fail_appends = false;
    EXPECT_THROW(store.Write(RecordType::kValue, KeyOf(25), longer_than_a_segment), EngineError);
    EXPECT_EQ(ExpectPrefix(store, 30), 25);
  }
  LogStore store(options);
  EXPECT_EQ(ExpectPrefix(store, 30), 25);
  store.Write(RecordType::kValue, KeyOf(25), "works again");
}

TEST_F(DamageTest, ASegmentThatIsTooSmallIsUnlistedAndRemoved) {
  const fs::path path = directory_.path() / "s";
  const LogStoreOptions options = Options(path);
  LogStore store(options);
  Fill(store, 25);
  store.WaitForBackground();
  const std::vector<fs::path> before = Segments(path);  // the last one is a spare
  store.Write(RecordType::kValue, KeyOf(25), std::string(2 * options.segment_size, 'v'));
  const std::vector<fs::path> after = Segments(path);
  EXPECT_EQ(std::count(after.begin(), after.end(), before.back()), 0) << before.back();
}

TEST_F(DamageTest, TierSyncSyncsEveryWriteAndOthersDoNot) {
  for (const Durability durability : {Durability::kProcess, Durability::kSync}) {
    LogStoreOptions options = Options(directory_.path() / std::string(ToString(durability)));
    options.segment_size = 1 << 20;
    options.durability = durability;
    const auto files = std::make_shared<UnsyncedFileSystem>("test");
    options.files = files;
    LogStore store(options);
    // Past the eighth of the first segment at which the next is made, and synced, aside.
    Fill(store, 100);
    store.WaitForBackground();
    const uint64_t before = files->recorder().file_syncs;
    Fill(store, 100);
    EXPECT_EQ(files->recorder().file_syncs - before, durability == Durability::kSync ? 100 : 0);
  }
}

}  // namespace
}  // namespace kvs
