#include "engines/engine.h"

#include <fmt/format.h>

namespace kvs {
namespace {

std::string Message(std::string_view engine, std::string_view operation,
                    const std::filesystem::path& path, std::string_view reason) {
  if (path.empty()) return fmt::format("{}: {}: {}", engine, operation, reason);
  return fmt::format("{}: {}: {}: {}", engine, operation, path.string(), reason);
}

}  // namespace

std::string_view ToString(Durability durability) {
  switch (durability) {
    case Durability::kNone:
      return "none";
    case Durability::kProcess:
      return "process";
    case Durability::kSync:
      return "sync";
  }
  return "?";
}

EngineError::EngineError(ErrorKind kind, std::string_view engine, std::string_view operation,
                         const std::filesystem::path& path, std::string_view reason)
    : std::runtime_error(Message(engine, operation, path, reason)), kind_(kind) {}

void KvsEngine::SetMany(std::span<const std::string_view> keys,
                        std::span<const std::string_view> values) {
  for (size_t i = 0; i < keys.size(); ++i) Set(keys[i], values[i]);
}

void KvsEngine::MultiGet(std::span<const std::string_view>, std::span<std::string>,
                         std::span<bool>) {
  throw EngineError(ErrorKind::kUnsupported, Info().library, "multi-get", {},
                    "this engine has no batched lookup");
}

size_t KvsEngine::Scan(std::string_view, size_t, const ScanVisitor&) {
  throw EngineError(ErrorKind::kUnsupported, Info().library, "scan", {},
                    "this engine keeps no order of keys");
}

}  // namespace kvs
