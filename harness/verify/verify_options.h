// What `kvs-bench verify` is asked for.
#ifndef KVS_HARNESS_VERIFY_VERIFY_OPTIONS_H_
#define KVS_HARNESS_VERIFY_VERIFY_OPTIONS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"
#include "harness/options/engine_choice.h"

namespace CLI {
class App;
}

namespace kvs::verify {

enum class Property : uint8_t { kLinearizability, kCrash, kContract };

// "linearizability", "crash", "contract".
std::string_view ToString(Property property);

// The values as they were written, "" where not given.
struct RawVerifyOptions {
  bool is_used = false;  // the command is `verify`
  std::optional<Property> property;
  std::vector<std::string> engines, tiers;
  std::string threads, keys, operations, rounds, cycles, seed, timeout, directory, out;
  bool quiet = false;
};

struct VerifyOptions {
  Property property = Property::kLinearizability;
  std::vector<EngineChoice> engines;
  std::vector<Durability> tiers = {Durability::kProcess};
  // Of kLinearizability and kCrash; the contract suite has its own.
  unsigned threads = 4;
  uint32_t keys = 4;
  uint64_t operations = 0;  // linearizability: per thread and round; crash: most per cycle
  uint64_t rounds = 0;      // rounds, cycles
  uint64_t seed = 1;
  double timeout_s = 60;                           // without any progress
  std::optional<std::filesystem::path> directory;  // --dir
  std::optional<std::filesystem::path> evidence;   // --out
  bool quiet = false;
};

// Adds the command `verify` to `app`, which must not outlive `raw`.
void DefineVerifyCommand(CLI::App& app, RawVerifyOptions& raw);

// Throws UsageError.
VerifyOptions InterpretVerify(const RawVerifyOptions& raw, EngineTable engines);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_VERIFY_OPTIONS_H_
