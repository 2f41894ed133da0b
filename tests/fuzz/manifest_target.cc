// The decoder of manifests (manifest.h). An input is such a file.
#include "engines/log_store/manifest.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "engines/engine.h"
#include "tests/fuzz/fuzz_target.h"

namespace kvs {
namespace {

std::optional<ManifestContent> Decode(std::string_view text) {
  try {
    return DecodeManifest("test", "MANIFEST", text);
  } catch (const EngineError& error) {
    Require(error.kind() == ErrorKind::kCorruption || error.kind() == ErrorKind::kForeignStore,
            "a refused manifest is damaged or foreign");
    return std::nullopt;
  }
}

void Test(std::string_view text) {
  const ExactCopy copy(text);
  const std::optional<ManifestContent> content = Decode(copy.view());
  if (!content) return;
  Require(content->entries.empty() || content->entries.rbegin()->first < content->next_generation,
          "the next generation is above every listed one");
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  Require(lines == content->entries.size() + 4, "no line is passed over");

  const std::string again = EncodeManifest(*content);
  Require(Decode(again) == content, "a manifest that is written again is the same");
  std::string damaged = again;
  char& byte = damaged[Crc32c(text) % damaged.size()];
  byte = static_cast<char>(byte ^ 1);
  Require(!Decode(damaged), "a damaged one is refused");
}

// With the check line that the lines before the last one should have.
std::string Repaired(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const size_t last_line = text.rfind('\n');
  const std::string body(text.substr(0, last_line == text.npos ? 0 : last_line + 1));
  return body + fmt::format("check {:08x}\n", Crc32c(body));
}

}  // namespace
}  // namespace kvs

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kvs::Test(text);
  kvs::Test(kvs::Repaired(text));
  return 0;
}
