// Stores that earlier versions of the format left stay readable for ever. golden/ has, of each
// version, one that was closed (v1-closed) and one as kill -9 left it (v1-killed), each with what
// it must hold.
//
// With a new kLogFormatVersion two directories are added, and none is changed:
//
//   export KVS_WRITE_GOLDEN=tests/engines/log_store/golden
//   build/release/tests/engines_test --gtest_filter='GoldenTest.*IsLikeTheGoldenOnes'
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/log_store/log_store.h"
#include "engines/log_store/record_scan.h"
#include "engines/registry.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/engines/log_store/unsynced_file_system.h"
#include "tests/source_directory.h"

namespace kvs {
namespace {

namespace fs = std::filesystem;
using Golden = std::map<std::string, std::string>;

constexpr const char* kLogEngines[] = {"single", "mutex", "rwlock", "lockfree"};

// --- What a golden store must hold: a file with a line "<key> <value>" for each key. ---

// What is not a letter, a digit or one of ".:-" is written as %XX.
std::string Escape(std::string_view bytes) {
  std::string text;
  for (const unsigned char c : bytes) {
    const bool is_plain = (c >= '0' && c <= ':') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
    text += is_plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02x}", c);
  }
  return text;
}

std::string Unescape(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return bytes;
}

std::string ToText(const Golden& content) {
  std::string text;
  for (const auto& [key, value] : content) text += Escape(key) + " " + Escape(value) + "\n";
  return text;
}

Golden ReadExpected(const fs::path& path) {
  std::ifstream file(path);
  Golden content;
  for (std::string line; std::getline(file, line);) {
    const size_t blank = line.find(' ');
    if (blank == std::string::npos) throw std::runtime_error(path.string() + ": " + line);
    content[Unescape(line.substr(0, blank))] = Unescape(line.substr(blank + 1));
  }
  return content;
}

// --- Reading them. ---

std::vector<fs::path> GoldenStores() {
  std::vector<fs::path> paths;
  for (const auto& entry :
       fs::directory_iterator(SourceDirectory() / "tests/engines/log_store/golden")) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::unique_ptr<KvsEngine> OpenGolden(std::string_view engine, const fs::path& directory,
                                      bool hints) {
  EngineOptions options;
  options.directory = directory;
  options.settings = {{"segment_size", "4KiB"},
                      {"hints", hints ? "true" : "false"},
                      {"verify_reads", "true"},
                      {"ordered", "true"}};
  return FindEngine(engine)->open(options);
}

void ExpectHolds(KvsEngine& store, const Golden& content) {
  Golden found;
  store.Scan("", 1'000'000, [&](std::string_view key, std::string_view value) {
    EXPECT_TRUE(found.emplace(key, value).second) << key;
  });
  EXPECT_EQ(found, content);
  std::string value;
  for (const auto& [key, expected] : content) {
    EXPECT_TRUE(store.Get(key, value)) << key;
    EXPECT_EQ(value, expected) << key;
  }
  EXPECT_FALSE(store.Get("never written", value));
}

// Enough for some segments, and for compaction to move what was there before.
void WorkOn(KvsEngine& store, Golden& content) {
  for (int i = 0; i < 120; ++i) {
    const std::string key = fmt::format("key{}", i % 40);
    content[key] = fmt::format("{} of today {}", i, std::string(60, 'v'));
    store.Set(key, content[key]);
  }
  const std::string removed = content.begin()->first;
  EXPECT_EQ(store.Remove(removed), RemoveResult::kRemoved);
  content.erase(removed);
  store.Settle();
}

TEST(GoldenTest, EveryVersionIsThere) {
  std::vector<std::string> names;
  for (const fs::path& path : GoldenStores()) names.push_back(path.filename());
  for (unsigned version = 1; version <= kLogFormatVersion; ++version) {
    EXPECT_THAT(names, testing::Contains(fmt::format("v{}-closed", version)));
    EXPECT_THAT(names, testing::Contains(fmt::format("v{}-killed", version)));
  }
}

TEST(GoldenTest, EachEngineOpensEveryVersionAndWritesOn) {
  for (const fs::path& golden : GoldenStores()) {
    const Golden expected = ReadExpected(golden / "expected.txt");
    EXPECT_GT(expected.size(), 10u);
    bool hints = false;
    for (const char* engine : kLogEngines) {
      hints = !hints;
      SCOPED_TRACE(fmt::format("{} {} hints={}", golden.filename().string(), engine, hints));
      const TestDirectory directory;
      const fs::path copy = directory.path() / "s";
      fs::copy(golden / "store", copy);
      Golden content = expected;
      {
        const auto store = OpenGolden(engine, copy, hints);
        ExpectHolds(*store, content);
        WorkOn(*store, content);
        ExpectHolds(*store, content);
      }
      ExpectHolds(*OpenGolden(engine, copy, hints), content);
    }
  }
}

// --- Writing them. ---

struct Ingredients {
  size_t values = 0;
  size_t tombstones = 0;
  size_t sealed = 0;
  size_t open = 0;
  size_t compacted = 0;
  size_t hints = 0;
  size_t unsynced_bytes = 0;
};

// What the files at `directory`, which is not open, are made of.
Ingredients Analyse(const fs::path& directory) {
  Ingredients found;
  const auto files = PosixFileSystem("test");
  const auto manifest = Manifest::Load(*files, directory, "test");
  for (const auto& [generation, entry] : manifest->Entries()) {
    const std::string data = ReadFile(directory / SegmentFileName(generation));
    std::vector<RecordNote> notes;
    const ScanResult scan = ScanRecords(
        data, CheckBinding(manifest->store(), generation),
        entry.sealed ? entry.synced_size : data.size(), entry.sealed,
        [](std::string_view) { return uint64_t{0}; }, notes);
    for (const RecordNote& note : notes) {
      ++(note.type == static_cast<uint8_t>(RecordType::kValue) ? found.values : found.tombstones);
    }
    ++(entry.sealed ? found.sealed : found.open);
    found.compacted += entry.kind == SegmentKind::kCompacted && !notes.empty();
    found.hints += fs::exists(directory / HintFileName(generation));
    found.unsynced_bytes += scan.end - std::min(scan.end, entry.synced_size);
  }
  return found;
}

class GoldenWriter {
 public:
  explicit GoldenWriter(const fs::path& directory) {
    LogStoreOptions options;
    options.engine = "test";
    options.directory = directory;
    options.segment_size = 4096;
    options.garbage_percent = 30;
    options.files = std::make_shared<UnsyncedFileSystem>("test");
    store_.emplace(options);
  }

  // Overwrites, removes and compacts, and leaves records behind what was synced.
  void Work() {
    Set("", "of the empty key");
    Set("of an empty value", "");
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
    Set(std::string("\0of all bytes\xff", 14), all_bytes);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 40; ++i) {
        if (i % (round + 2) == 0) continue;
        Set(fmt::format("key{}", i),
            fmt::format("{} in round {} {}", i, round, std::string(i, 'v')));
      }
      for (int i = 0; i < 40; i += 7) Remove(fmt::format("key{}", i + round));
      while (store_->CompactionDue()) {
        store_->PrepareCompaction(4096);
        store_->CompactStep();
      }
      store_->WaitForBackground();
    }
    for (int i = 0; i < 90; ++i) Set(fmt::format("late{}", i), std::string(i % 50, 'w'));
    for (int i = 30; i < 36; ++i) Set(fmt::format("key{}", i), "at the end");
    Remove("key30");
    Remove("late7");
  }

  void Set(const std::string& key, const std::string& value) {
    store_->Write(RecordType::kValue, key, value);
    content_[key] = value;
  }

  void Close() { store_.reset(); }

  // As kill -9 leaves it in the middle of a write: this one is not acknowledged.
  void Kill(const fs::path& from, const fs::path& to) {
    constexpr std::string_view kValue = "never acknowledged";
    store_->Write(RecordType::kValue, "in flight", kValue);
    store_->WaitForBackground();
    fs::copy(from, to);
    for (const auto& entry : fs::directory_iterator(to)) {
      std::string data = ReadFile(entry.path());
      const size_t at = data.find(kValue);
      if (at == std::string::npos) continue;
      data.replace(at + 8, kValue.size() - 8, kValue.size() - 8, '\0');
      WriteFile(entry.path(), data);
    }
  }

  const Golden& content() const { return content_; }

 private:
  void Remove(const std::string& key) {
    store_->Write(RecordType::kTombstone, key, {});
    content_.erase(key);
  }

  std::optional<LogStore> store_;
  Golden content_;
};

// What today's store writes has all that a golden one should. Also makes the golden ones.
TEST(GoldenTest, WhatIsWrittenTodayIsLikeTheGoldenOnes) {
  const TestDirectory temporary;
  const char* const wanted = std::getenv("KVS_WRITE_GOLDEN");
  const fs::path directory = wanted == nullptr ? temporary.path() : fs::path(wanted);
  const fs::path closed = directory / fmt::format("v{}-closed", kLogFormatVersion);
  const fs::path killed = directory / fmt::format("v{}-killed", kLogFormatVersion);
  for (const fs::path& path : {closed, killed}) {
    ASSERT_TRUE(fs::create_directory(path)) << path << " is there, and must not be changed";
  }
  {
    GoldenWriter writer(closed / "store");
    writer.Work();
    writer.Close();
    WriteFile(closed / "expected.txt", ToText(writer.content()));
  }
  {
    GoldenWriter writer(temporary.path() / "live");
    writer.Work();
    writer.Kill(temporary.path() / "live", killed / "store");
    WriteFile(killed / "expected.txt", ToText(writer.content()));
  }

  for (const fs::path& path : {closed, killed}) {
    SCOPED_TRACE(path);
    const Ingredients found = Analyse(path / "store");
    EXPECT_GT(found.values, ReadExpected(path / "expected.txt").size());  // some are overwritten
    EXPECT_GT(found.tombstones, 0u);
    EXPECT_GT(found.compacted, 0u);
    EXPECT_GT(found.hints, 0u);
    EXPECT_GT(found.sealed, 0u);
    EXPECT_EQ(found.open > 0, path == killed);
    EXPECT_EQ(found.unsynced_bytes > 0, path == killed);
    for (const auto& entry : fs::directory_iterator(path / "store")) {
      EXPECT_LE(entry.file_size(), 4096u) << entry.path();
    }
  }
}

}  // namespace
}  // namespace kvs
