// Where a store may live, and what an engine does about a directory that is not for it.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "tests/engines/contract/child_process.h"

namespace kvs::contract {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteFile(const std::filesystem::path& file, std::string_view contents) {
  std::ofstream(file, std::ios::binary) << contents;
}

// Every file below a directory with its contents.
std::map<std::string, std::string> Snapshot(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    // A sparse file (a map, a preallocated log) is compared by its size alone.
    const bool small = entry.is_regular_file() && entry.file_size() < (1U << 20);
    files[entry.path().string()] =
        small ? Contents(entry.path())
              : std::to_string(entry.is_regular_file() ? entry.file_size() : 0);
  }
  return files;
}

// Opens the case's store, expecting an error that says which engine failed at what and where.
void ExpectOpenFails(const Case& c, const std::filesystem::path& directory, ErrorKind kind) {
  const auto error = ErrorOf([&] { c.Open(directory); });
  ASSERT_TRUE(error.has_value()) << "opened " << directory;
  EXPECT_EQ(static_cast<int>(error->kind()), static_cast<int>(kind)) << error->what();
  EXPECT_THAT(error->what(), StartsWith(fmt::format("{}: open: ", c.engine->name)));
  EXPECT_THAT(error->what(), HasSubstr(directory.string()));
}

TEST_P(StoringEngineTest, TakesAnEmptyDirectory) {
  std::filesystem::create_directory(store());
  Open()->Set(Key("k"), "v");
  EXPECT_EQ(Lookup(*Open(), Key("k")), "v");
}

TEST_P(StoringEngineTest, TakesARelativePathWithOddCharacters) {
  const std::filesystem::path odd = temporary_ / "a b?c=d#e%20f'\"";
  const std::filesystem::path relative = std::filesystem::relative(odd);
  GetParam().Open(relative)->Set(Key("k"), "v");
  EXPECT_TRUE(std::filesystem::is_directory(odd));
  EXPECT_EQ(Lookup(*GetParam().Open(odd), Key("k")), "v");
}

TEST_P(StoringEngineTest, WritesNothingBesideItsDirectory) {
  Open()->Set(Key("k"), "v");
  size_t entries = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(temporary_.path())) {
    ++entries;
  }
  EXPECT_EQ(entries, 1U);
}

TEST_P(StoringEngineTest, RefusesAMissingParent) {
  ExpectOpenFails(GetParam(), temporary_ / "missing" / "store", ErrorKind::kIo);
  EXPECT_FALSE(std::filesystem::exists(temporary_ / "missing"));
}

TEST_P(StoringEngineTest, RefusesAFile) {
  WriteFile(store(), "a letter");
  ExpectOpenFails(GetParam(), store(), ErrorKind::kIo);
  EXPECT_EQ(Contents(store()), "a letter");
}

TEST_P(StoringEngineTest, RefusesADirectoryWithSomebodysFiles) {
  std::filesystem::create_directory(store());
  WriteFile(store() / "holiday.jpg", "a picture");
  const auto before = Snapshot(store());
  ExpectOpenFails(GetParam(), store(), ErrorKind::kForeignStore);
  EXPECT_EQ(Snapshot(store()), before);
}

// Opens as another user, if this one is root, and returns what that said.
std::string OpenedByNobody(const Case& c, const std::filesystem::path& directory) {
  ChildProcess child(kOpenAsNobody, c, directory);
  return child.ReadLine().value_or("the child said nothing");
}

TEST_P(StoringEngineTest, RefusesADirectoryThatIsNotWritable) {
  std::filesystem::permissions(temporary_.path(), std::filesystem::perms(0755));
  std::filesystem::create_directory(store());
  std::filesystem::permissions(store(), std::filesystem::perms(0555));
  EXPECT_THAT(OpenedByNobody(GetParam(), store()),
              StartsWith(fmt::format("error {} {}: open: ", static_cast<int>(ErrorKind::kIo),
                                     engine().name)));
  EXPECT_TRUE(std::filesystem::is_empty(store()));
  std::filesystem::permissions(store(), std::filesystem::perms(0755));
}

TEST_P(StoringEngineTest, RefusesAStoreThatIsNotWritable) {
  Open()->Set(Key("k"), "v");
  std::filesystem::permissions(temporary_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(store(), std::filesystem::perms(0555));
  const auto before = Snapshot(store());
  EXPECT_THAT(OpenedByNobody(GetParam(), store()),
              StartsWith(fmt::format("error {} {}: open: ", static_cast<int>(ErrorKind::kIo),
                                     engine().name)));
  EXPECT_EQ(Snapshot(store()), before);
  std::filesystem::permissions(store(), std::filesystem::perms(0755));
  EXPECT_EQ(Lookup(*Open(), Key("k")), "v");
}

// Two engines may share a format. Then the second serves the first one's data; otherwise it refuses
// and leaves the store as it was.
TEST_P(StoringEngineTest, ServesOrRefusesEveryOtherEnginesStore) {
  {
    const auto handle = Open();
    for (uint64_t i = 0; i < 50; ++i) handle->Set(Key(std::to_string(i)), ValueFor(i));
  }
  size_t refusals = 0;
  for (const EngineDefinition* other : AllEngines()) {
    if (other == &engine() || !DefaultCase(*other).Capabilities().stores_data) continue;
    const auto before = Snapshot(store());
    std::unique_ptr<KvsEngine> handle;
    const auto error = ErrorOf([&] { handle = DefaultCase(*other).Open(store()); });
    if (error) {
      ++refusals;
      EXPECT_EQ(static_cast<int>(error->kind()), static_cast<int>(ErrorKind::kForeignStore))
          << error->what();
      EXPECT_EQ(Snapshot(store()), before) << other->name;
      continue;
    }
    for (uint64_t i = 0; i < 50; ++i) {
      EXPECT_EQ(Lookup(*handle, Key(std::to_string(i))), ValueFor(i)) << other->name;
    }
  }
  std::printf("%s: its store is refused by %zu other engines\n", std::string(engine().name).c_str(),
              refusals);
  const auto handle = Open();
  for (uint64_t i = 0; i < 50; ++i) EXPECT_EQ(Lookup(*handle, Key(std::to_string(i))), ValueFor(i));
}

TEST_P(StoringEngineTest, RefusesASecondOpenerInThisProcess) {
  const auto handle = Open();
  handle->Set(Key("k"), "v");
  for (int attempt = 0; attempt < 2; ++attempt) {
    ExpectOpenFails(GetParam(), store(), ErrorKind::kLocked);
  }
  EXPECT_EQ(Lookup(*handle, Key("k")), "v");
}

TEST_P(StoringEngineTest, RefusesASecondOpenerInAnotherProcess) {
  const auto handle = Open();
  handle->Set(Key("k"), "v");
  ChildProcess child(kOpenOnce, GetParam(), store());
  EXPECT_THAT(child.ReadLine().value_or("the child said nothing"),
              StartsWith(fmt::format("error {} ", static_cast<int>(ErrorKind::kLocked))));
  handle->Set(Key("k"), "w");
  EXPECT_EQ(Lookup(*handle, Key("k")), "w");
}

TEST_P(StoringEngineTest, OpensAfterTheProcessThatHeldItWasKilled) {
  {
    ChildProcess child(kHoldOpen, GetParam(), store());
    ASSERT_EQ(child.ReadLine(), "opened");
    ExpectOpenFails(GetParam(), store(), ErrorKind::kLocked);
    child.Kill();
  }
  Open()->Set(Key("k"), "v");
}

}  // namespace
}  // namespace kvs::contract
