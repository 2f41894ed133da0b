#include "engines/log_store/manifest.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "engines/engine.h"

namespace kvs {
namespace {

constexpr std::string_view kTitle = "kvs-bench manifest ";
constexpr std::string_view kCheckWord = "check ";

// Reads the words of a manifest one after the other.
class Parser {
 public:
  Parser(std::string_view engine, const std::filesystem::path& path, std::string_view text)
      : engine_(engine), path_(path), text_(text) {}

  bool AtEnd() const { return position_ == text_.size(); }
  bool Next(std::string_view word) const { return text_.substr(position_).starts_with(word); }

  void Expect(std::string_view word) {
    if (!Next(word)) Fail(fmt::format("'{}' was expected", word));
    position_ += word.size();
  }

  // The rest of the word, and the blank or line end behind it.
  std::string_view Word(char end) {
    const size_t length = text_.substr(position_).find(end);
    if (length == std::string_view::npos) Fail("the line is cut off");
    const std::string_view word = text_.substr(position_, length);
    position_ += length + 1;
    return word;
  }

  uint64_t Number(char end, int base = 10) {
    const size_t start = position_;
    const std::string_view word = Word(end);
    uint64_t value = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error == std::errc() && stop == word.data() + word.size()) return value;
    position_ = start;
    Fail("a number was expected");
  }

  [[noreturn]] void Fail(std::string_view reason) const {
    throw EngineError(ErrorKind::kCorruption, engine_, "open", path_,
                      fmt::format("offset {}: {}", position_, reason));
  }

 private:
  std::string_view engine_;
  const std::filesystem::path& path_;
  std::string_view text_;
  size_t position_ = 0;
};

// Throws kCorruption unless the last line is the check value of the lines before.
void VerifyCheck(std::string_view engine, const std::filesystem::path& path,
                 std::string_view text) {
  constexpr size_t kLineSize = kCheckWord.size() + 8 + 1;
  const size_t body = text.size() < kLineSize ? 0 : text.size() - kLineSize;
  const std::string expected = fmt::format("{}{:08x}\n", kCheckWord, Crc32c(text.substr(0, body)));
  if (text.substr(body) == expected) return;
  throw EngineError(ErrorKind::kCorruption, engine, "open", path,
                    fmt::format("offset 0: the check value at offset {} does not match the {} "
                                "bytes before it",
                                body, body));
}

}  // namespace

std::string EncodeManifest(const ManifestContent& content) {
  std::string text = fmt::format("{}{}\nstore {}\nnext {}\n", kTitle, kLogFormatVersion,
                                 ToHex(content.store), content.next_generation);
  for (const auto& [generation, entry] : content.entries) {
    text += fmt::format("segment {} {} {} {}\n", generation,
                        entry.kind == SegmentKind::kWrites ? "writes" : "compacted",
                        entry.sealed ? "sealed" : "open", entry.synced_size);
  }
  return text + fmt::format("{}{:08x}\n", kCheckWord, Crc32c(text));
}

ManifestContent DecodeManifest(std::string_view engine, const std::filesystem::path& path,
                               std::string_view text) {
  Parser parser(engine, path, text);
  parser.Expect(kTitle);
  // Every version ends with the check line, so a damaged digit is not mistaken for a newer version.
  VerifyCheck(engine, path, text);
  const uint64_t version = parser.Number('\n');
  if (version == 0) parser.Fail("there is no version 0");
  if (version > kLogFormatVersion) {
    throw EngineError(ErrorKind::kForeignStore, engine, "open", path,
                      fmt::format("the manifest has version {}, this build reads up to {}; use a "
                                  "newer kvs-bench",
                                  version, kLogFormatVersion));
  }
  parser.Expect("store ");
  ManifestContent content;
  if (!ParseStoreId(parser.Word('\n'), content.store)) {
    parser.Fail("the store's identity is not readable");
  }
  parser.Expect("next ");
  content.next_generation = parser.Number('\n');
  while (!parser.Next(kCheckWord)) {
    parser.Expect("segment ");
    const uint64_t generation = parser.Number(' ');
    // Else it would be given again, and the segment overwritten.
    if (generation >= content.next_generation) parser.Fail("the generation is not below 'next'");
    ManifestEntry entry;
    const std::string_view kind = parser.Word(' ');
    if (kind != "writes" && kind != "compacted") parser.Fail("unknown kind of segment");
    entry.kind = kind == "writes" ? SegmentKind::kWrites : SegmentKind::kCompacted;
    const std::string_view state = parser.Word(' ');
    if (state != "open" && state != "sealed") parser.Fail("unknown state of a segment");
    entry.sealed = state == "sealed";
    entry.synced_size = parser.Number('\n');
    if (!content.entries.emplace(generation, entry).second) {
      parser.Fail("a segment is listed twice");
    }
  }
  parser.Word('\n');
  if (!parser.AtEnd()) parser.Fail("a line follows the check value");
  return content;
}

std::unique_ptr<Manifest> Manifest::Create(FileSystem& files,
                                           const std::filesystem::path& directory,
                                           const StoreId& store) {
  std::unique_ptr<Manifest> manifest(new Manifest(files, directory, store, 1, {}));
  manifest->Update([](ManifestEntries&) {});
  return manifest;
}

std::unique_ptr<Manifest> Manifest::Load(FileSystem& files, const std::filesystem::path& directory,
                                         std::string_view engine) {
  const std::filesystem::path path = directory / kFileName;
  ManifestContent content = DecodeManifest(engine, path, files.Open(path)->ReadAll());
  return std::unique_ptr<Manifest>(new Manifest(
      files, directory, content.store, content.next_generation, std::move(content.entries)));
}

ManifestEntries Manifest::Entries() const {
  const MutexLock lock(mutex_);
  return entries_;
}

uint64_t Manifest::NextGeneration() const {
  const MutexLock lock(mutex_);
  return next_generation_;
}

void Manifest::Update(const std::function<void(ManifestEntries&)>& change) {
  const MutexLock lock(mutex_);
  ManifestEntries next = entries_;
  change(next);
  uint64_t next_generation = next_generation_;
  if (!next.empty()) next_generation = std::max(next_generation, next.rbegin()->first + 1);
  Write(next_generation, next);
  next_generation_ = next_generation;
  entries_ = std::move(next);
}

void Manifest::Write(uint64_t next_generation, const ManifestEntries& entries) {
  const std::filesystem::path unfinished = directory_ / kUnfinishedFileName;
  {
    const std::unique_ptr<File> file = files_.Create(unfinished);
    file->Append(EncodeManifest({store_, next_generation, entries}));
    file->Sync();
  }
  files_.Rename(unfinished, directory_ / kFileName);
  files_.SyncDirectory(directory_);
}

StoreId NewStoreId(std::string_view engine) {
  StoreId id;
  ssize_t n = 0;
  do {
    n = ::getrandom(id.data(), id.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n != static_cast<ssize_t>(id.size())) {
    throw EngineError(ErrorKind::kIo, engine, "open", {},
                      fmt::format("no random numbers: {}", std::system_category().message(errno)));
  }
  return id;
}

}  // namespace kvs
