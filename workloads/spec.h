// What a workload asks for: a text file in YCSB's properties format, read and checked.
#ifndef KVS_WORKLOADS_SPEC_H_
#define KVS_WORKLOADS_SPEC_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workloads/operation.h"

namespace kvs {

// A workload that cannot be used as written. what() says where (file:line or option), what, and
// what would be right.
class SpecError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How key numbers are chosen.
enum class KeyChoice : uint8_t {
  kUniform,
  kZipfian,      // any theta in (0, 2), ranks scattered over the keys by a bijection
  kYcsbZipfian,  // YCSB's ScrambledZipfianGenerator: 10^10 items, FNV, modulo
  kLatest,
  kHotspot,
  kExponential,
  kSequential,
};

enum class KeyFormat : uint8_t {
  kYcsb,    // "user" and the decimal number, hashed unless insertorder=ordered
  kBinary,  // db_bench's: 8 bytes big-endian, filled up with '0'; hashed: a bijection of the number
};

// The generalised Pareto law: P(size > x) = (1 + k (x - theta) / sigma)^(-1/k). Cao et al.,
// "Characterizing, Modeling, and Benchmarking RocksDB Key-Value Workloads at Facebook", FAST 2020,
// section 6, finds it in the sizes of values; the defaults are those of db_bench's mixgraph.
struct ParetoSpec {
  double theta = 0;      // bytes, >= 0
  double k = 0.2615;     // >= 0; 0: the exponential law
  double sigma = 25.45;  // bytes, > 0

  bool operator==(const ParetoSpec&) const = default;
};

// Sizes of YCSB's histogram files: (i + 1) x block_bytes with weight i.
struct SizeHistogram {
  uint32_t block_bytes = 0;
  std::vector<uint64_t> weights;  // the last one is above 0

  bool operator==(const SizeHistogram&) const = default;
};

// How sizes of keys or values are chosen; a function of the key's number, so that it is repeatable.
struct SizeSpec {
  enum class Kind : uint8_t {
    kConstant,
    kUniform,
    kZipfian,
    kPareto,     // what is drawn below min_bytes or above max_bytes becomes that
    kHistogram,  // its sizes, times `parts`, are from min_bytes to max_bytes
  } kind = Kind::kConstant;
  uint32_t min_bytes = 0;
  uint32_t max_bytes = 0;  // equal to min_bytes when constant
  // Draws that are added up, each over 1/parts of the range: YCSB's fields.
  uint32_t parts = 1;
  ParetoSpec pareto{};        // kPareto only
  SizeHistogram histogram{};  // kHistogram only

  bool operator==(const SizeSpec&) const = default;
};

struct KeySpec {
  KeyFormat format = KeyFormat::kYcsb;
  bool hashed_order = true;      // YCSB's insertorder=hashed
  uint32_t zero_padding = 1;     // YCSB's zeropadding: least digits of the decimal number
  std::optional<SizeSpec> size;  // pads or, for kBinary, fixes the key's length; none: as formatted

  bool operator==(const KeySpec&) const = default;
};

struct Spec {
  std::string name;           // "ycsb-a", or the file's stem
  std::string description;    // first comment line of a shipped file
  uint64_t record_count = 0;  // YCSB's recordcount: inserts of the run count from here
  uint64_t insert_start = 0;  // key numbers of the load: insert_count of them, from insert_start;
  uint64_t insert_count = 0;  // all below record_count
  std::optional<uint64_t> operation_count;  // set by the file or an override; otherwise by duration
  bool preload = true;                      // false: the run starts on an empty store
  bool single_key_space_pass = false;       // true (fillseq, readseq): done after one pass
  std::array<double, kOperationKinds> proportions{};  // by OperationKind; sum to 1
  // Threads that write without pause beside the measured ones, and are counted apart
  // (readwhilewriting).
  uint32_t background_writers = 0;
  KeyChoice key_choice = KeyChoice::kUniform;
  double zipfian_theta = 0.99;
  double hotspot_data_fraction = 0.2;
  double hotspot_operation_fraction = 0.8;
  double exponential_percentile = 95;
  double exponential_fraction = 0.8571428571;
  bool read_missing = false;   // reads ask for keys that were never stored
  bool update_is_rmw = false;  // update=rmw
  KeySpec keys;
  SizeSpec value_size;
  double compression_ratio = 1;  // see ValueCodec
  SizeSpec scan_length;
  uint32_t multi_get_size = 16;
  uint64_t seed = 0;

  // Every effective property, in a stable order: enough to make this Spec again with ParseSpec, and
  // what results record.
  std::vector<std::pair<std::string, std::string>> properties;
  // Sentences a reader of the result must know: how fields become a value, ignored properties.
  std::vector<std::string> notes;

  double Proportion(OperationKind kind) const { return proportions[static_cast<size_t>(kind)]; }

  // False where a warm-up would use up what is to be measured: a single pass, an empty store to be
  // filled, a full one to be emptied.
  bool CanWarmUp() const {
    return preload && !single_key_space_pass && Proportion(OperationKind::kRemove) < 1;
  }

  // The load phase stores the numbers [LoadBegin(), LoadEnd()); none without preload.
  uint64_t LoadBegin() const { return insert_start; }
  uint64_t LoadEnd() const { return preload ? insert_start + insert_count : insert_start; }
  uint64_t LoadCount() const { return LoadEnd() - LoadBegin(); }

  bool operator==(const Spec&) const = default;
};

// A property that is not of the file: of "-p name=value", or of an option that says the same in
// other words, which is then there as it was written ("--records 10k").
struct PropertyOverride {
  PropertyOverride(std::string property, std::string text, std::string written = "")
      : name(std::move(property)), value(std::move(text)), option(std::move(written)) {}

  std::string name;
  std::string value;
  std::string option;
};
using PropertyOverrides = std::vector<PropertyOverride>;

// Reads the shipped workload called `name_or_path`, or the file at that path, applies `overrides`
// (later ones win) and checks the whole. Throws SpecError.
Spec LoadSpec(std::string_view name_or_path, const PropertyOverrides& overrides);

// The same for properties text in memory; `origin` stands for the file name in messages.
Spec ParseSpec(std::string_view text, std::string_view origin, std::string_view name,
               const PropertyOverrides& overrides);

// Properties text of `spec.properties`. ParseSpec makes an equal Spec of it, given the same name:
// this is how a spec crosses a process boundary.
std::string PropertiesText(const Spec& spec);

struct ShippedSpec {
  std::string_view name;
  std::string_view text;
};
// The workloads built into the program, from workloads/specs/*.properties, sorted by name.
std::vector<ShippedSpec> ShippedSpecs();

}  // namespace kvs

#endif  // KVS_WORKLOADS_SPEC_H_
