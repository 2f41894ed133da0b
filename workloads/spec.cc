#include "workloads/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <span>

#include "workloads/property_reader.h"
#include "workloads/size_histogram.h"
#include "workloads/suggestion.h"
#include "workloads/value_codec.h"

namespace kvs {
namespace {

using std::string_view;

constexpr uint64_t kMostRecords = uint64_t{1} << 62;
constexpr uint64_t kMostKeyBytes = 1 << 16;
constexpr uint64_t kMostValueBytes = 1 << 30;
constexpr uint32_t kBinaryKeyBytes = 16;  // db_bench's default

// In the order of SizeSpec::Kind. Keys have the first three, fields no pareto, values all of them.
constexpr string_view kSizeDistributions[] = {"constant", "uniform", "zipfian", "pareto",
                                              "histogram"};
constexpr auto kKeySizeDistributions = std::span(kSizeDistributions).first<3>();
constexpr string_view kFieldSizeDistributions[] = {"constant", "uniform", "zipfian", "histogram"};

std::string ReadWholeFile(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || file.bad()) {
    throw SpecError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  }
  return text;
}

// Builds a Spec from properties, one group of them after the other.
class SpecBuilder {
 public:
  SpecBuilder(string_view origin, string_view name, std::span<const PropertyEntry> entries)
      : reader_(origin, entries) {
    spec_.name = name;
  }

  Spec Build() {
    ReadIdentity();
    ReadCounts();
    ReadProportions();
    ReadKeyChoice();
    ReadScans();
    ReadKeys();
    ReadValues();
    CheckPreload();
    CheckSinglePass();
    spec_.properties = reader_.EffectiveProperties();
    for (std::string& note : reader_.IgnoredNotes()) spec_.notes.push_back(std::move(note));
    return std::move(spec_);
  }

 private:
  void ReadIdentity();
  void ReadCounts();
  void ReadProportions();
  void ReadKeyChoice();
  void ReadScans();
  void ReadKeys();
  void ReadValues();
  void ReadFields();
  void NoteCompression();
  void CheckPreload();
  void CheckSinglePass();

  struct SizeNames {
    string_view most;
    string_view least;
    string_view distribution;
    string_view histogram;  // "" where there are none
    std::span<const string_view> distributions;
  };
  SizeSpec ReadSize(const SizeNames& names, uint64_t least, uint64_t most);
  SizeSpec ReadHistogram(const SizeNames& names, uint64_t most);
  ParetoSpec ReadPareto();
  double& Share(OperationKind kind) { return spec_.proportions[static_cast<size_t>(kind)]; }
  void Note(std::string sentence) { spec_.notes.push_back(std::move(sentence)); }

  PropertyReader reader_;
  Spec spec_;
};

void SpecBuilder::ReadIdentity() {
  spec_.description = reader_.Text("description");
  const string_view workload = reader_.Text("workload");
  if (workload != "site.ycsb.workloads.CoreWorkload" &&
      workload != "com.yahoo.ycsb.workloads.CoreWorkload") {
    reader_.Refuse("workload",
                   "only YCSB's core workload is known: site.ycsb.workloads.CoreWorkload or "
                   "com.yahoo.ycsb.workloads.CoreWorkload");
  }
  spec_.seed = reader_.Count("seed", 0, ~uint64_t{0});
}

void SpecBuilder::ReadCounts() {
  reader_.Require("recordcount", "100000");
  spec_.record_count = reader_.Count("recordcount", 1, kMostRecords);
  spec_.insert_start = reader_.Count("insertstart", 0, spec_.record_count - 1);
  spec_.insert_count = spec_.record_count - spec_.insert_start;
  if (reader_.Given("insertcount")) {
    // YCSB refuses insertstart + insertcount above recordcount as well.
    spec_.insert_count = reader_.Count("insertcount", 1, spec_.insert_count);
  }
  if (reader_.Text("operationcount") == "recordcount") {
    spec_.operation_count = spec_.record_count;
  } else if (reader_.Given("operationcount")) {
    const uint64_t operations = reader_.Count("operationcount", 0, kMostRecords);
    if (operations > 0) spec_.operation_count = operations;  // 0 is YCSB's "no limit"
  }
  spec_.preload = reader_.Bool("preload");
  spec_.background_writers = static_cast<uint32_t>(reader_.Count("backgroundwriters", 0, 1024));
}

void SpecBuilder::ReadProportions() {
  constexpr std::pair<OperationKind, string_view> kNames[] = {
      {OperationKind::kRead, "readproportion"},
      {OperationKind::kUpdate, "updateproportion"},
      {OperationKind::kInsert, "insertproportion"},
      {OperationKind::kRemove, "deleteproportion"},
      {OperationKind::kScan, "scanproportion"},
      {OperationKind::kReadModifyWrite, "readmodifywriteproportion"},
      {OperationKind::kMultiGet, "multigetproportion"},
  };
  for (const auto& [kind, name] : kNames) Share(kind) = reader_.Real(name, 0, 1e9);
  const double sum = std::accumulate(spec_.proportions.begin(), spec_.proportions.end(), 0.0);
  if (sum == 0) reader_.Refuse("readproportion", "at least one proportion must be above 0");
  if (std::abs(sum - 1) > 1e-9) {
    for (double& share : spec_.proportions) share /= sum;
    Note(fmt::format("The proportions sum to {}; as in YCSB they are weights.", sum));
  }
  constexpr string_view kUpdates[] = {"overwrite", "rmw"};
  spec_.update_is_rmw = reader_.Choice("update", kUpdates) == 1;
  spec_.read_missing = reader_.Bool("readmissing");
  spec_.multi_get_size = static_cast<uint32_t>(reader_.Count("multigetsize", 1, 1 << 16));
  if (spec_.Proportion(OperationKind::kMultiGet) == 0) {
    constexpr string_view kDropped[] = {"multigetsize"};
    reader_.Drop(kDropped, "there are no multi-gets");
  }
}

void SpecBuilder::ReadKeyChoice() {
  constexpr string_view kNames[] = {"uniform", "zipfian",     "latest",
                                    "hotspot", "exponential", "sequential"};
  constexpr KeyChoice kChoices[] = {KeyChoice::kUniform,     KeyChoice::kYcsbZipfian,
                                    KeyChoice::kLatest,      KeyChoice::kHotspot,
                                    KeyChoice::kExponential, KeyChoice::kSequential};
  spec_.key_choice = kChoices[reader_.Choice("requestdistribution", kNames)];
  if (reader_.Given("zipfian.theta")) {
    spec_.zipfian_theta = reader_.Real("zipfian.theta", 0, 2);
    if (spec_.zipfian_theta == 0 || spec_.zipfian_theta == 2) {
      reader_.Refuse("zipfian.theta", "expected a number above 0 and below 2");
    }
    if (spec_.key_choice == KeyChoice::kYcsbZipfian) spec_.key_choice = KeyChoice::kZipfian;
  }
  if (spec_.key_choice == KeyChoice::kYcsbZipfian) {
    Note("zipfian is YCSB's own: theta 0.99 over 10^10 items, hashed onto the keys.");
  } else if (spec_.key_choice != KeyChoice::kZipfian) {
    constexpr string_view kDropped[] = {"zipfian.theta"};
    reader_.Drop(kDropped, "requestdistribution is not zipfian");
  }

  spec_.hotspot_data_fraction = reader_.Real("hotspotdatafraction", 0, 1);
  spec_.hotspot_operation_fraction = reader_.Real("hotspotopnfraction", 0, 1);
  if (spec_.key_choice != KeyChoice::kHotspot) {
    constexpr string_view kDropped[] = {"hotspotdatafraction", "hotspotopnfraction"};
    reader_.Drop(kDropped, "requestdistribution is not hotspot");
  }
  spec_.exponential_percentile = reader_.Real("exponential.percentile", 0.001, 99.999);
  spec_.exponential_fraction = reader_.Real("exponential.frac", 1e-9, 1e9);
  if (spec_.key_choice != KeyChoice::kExponential) {
    constexpr string_view kDropped[] = {"exponential.percentile", "exponential.frac"};
    reader_.Drop(kDropped, "requestdistribution is not exponential");
  }
}

void SpecBuilder::ReadScans() {
  constexpr uint64_t kMostEntries = 1'000'000'000;
  SizeSpec& length = spec_.scan_length;
  length.max_bytes = static_cast<uint32_t>(reader_.Count("maxscanlength", 1, kMostEntries));
  length.min_bytes = static_cast<uint32_t>(reader_.Count("minscanlength", 1, length.max_bytes));
  constexpr string_view kNames[] = {"uniform", "zipfian"};
  const bool zipfian = reader_.Choice("scanlengthdistribution", kNames) == 1;
  if (length.min_bytes < length.max_bytes) {
    length.kind = zipfian ? SizeSpec::Kind::kZipfian : SizeSpec::Kind::kUniform;
  }
  if (spec_.Proportion(OperationKind::kScan) == 0) {
    constexpr string_view kDropped[] = {"minscanlength", "maxscanlength", "scanlengthdistribution"};
    reader_.Drop(kDropped, "there are no scans");
  }
}

SizeSpec SpecBuilder::ReadSize(const SizeNames& names, uint64_t least, uint64_t most) {
  const string_view chosen =
      names.distributions[reader_.Choice(names.distribution, names.distributions)];
  SizeSpec size;
  size.kind = static_cast<SizeSpec::Kind>(std::ranges::find(kSizeDistributions, chosen) -
                                          std::begin(kSizeDistributions));
  if (size.kind == SizeSpec::Kind::kHistogram) return ReadHistogram(names, most);
  if (!names.histogram.empty()) {
    const string_view dropped[] = {names.histogram};
    reader_.Drop(dropped, fmt::format("{} is not histogram", names.distribution));
  }
  size.max_bytes = static_cast<uint32_t>(reader_.Count(names.most, least, most));
  size.min_bytes = size.max_bytes;
  if (size.kind == SizeSpec::Kind::kConstant) {
    const string_view dropped[] = {names.least};
    reader_.Drop(dropped, "sizes are constant");
  } else {
    size.min_bytes = static_cast<uint32_t>(reader_.Count(names.least, least, size.max_bytes));
    if (size.min_bytes == size.max_bytes) size.kind = SizeSpec::Kind::kConstant;
  }
  return size;
}

// The file's text takes the place of its name in the effective properties: a spec crosses process
// boundaries, and outlives the file.
SizeSpec SpecBuilder::ReadHistogram(const SizeNames& names, uint64_t most) {
  const string_view dropped[] = {names.most, names.least};
  reader_.Drop(dropped, fmt::format("{} is histogram", names.distribution));
  if (reader_.Text(names.histogram).empty()) {
    reader_.Refuse(names.distribution,
                   fmt::format("needs a file of weights: {}=<file>", names.histogram));
  }
  std::string text(reader_.Text(names.histogram));
  std::string origin(names.histogram);
  if (!IsSizeHistogram(text)) {
    origin = text;
    try {
      text = ReadWholeFile(origin);
    } catch (const SpecError& error) {
      reader_.Refuse(names.histogram, error.what());
    }
  }
  SizeSpec size;
  size.kind = SizeSpec::Kind::kHistogram;
  size.histogram = ParseSizeHistogram(text, origin, most);
  reader_.Replace(names.histogram, SizeHistogramText(size.histogram));
  const std::vector<uint64_t>& weights = size.histogram.weights;
  const auto first = std::ranges::find_if(weights, [](uint64_t weight) { return weight > 0; });
  const uint32_t block_bytes = size.histogram.block_bytes;
  size.min_bytes = block_bytes * static_cast<uint32_t>(first - weights.begin() + 1);
  size.max_bytes = block_bytes * static_cast<uint32_t>(weights.size());
  return size;
}

ParetoSpec SpecBuilder::ReadPareto() {
  ParetoSpec pareto;
  pareto.theta = reader_.Real("pareto.theta", 0, kMostValueBytes);
  pareto.k = reader_.Real("pareto.k", 0, 10);
  pareto.sigma = reader_.Real("pareto.sigma", 0, kMostValueBytes);
  if (pareto.sigma == 0) reader_.Refuse("pareto.sigma", "expected a number above 0");
  return pareto;
}

void SpecBuilder::ReadKeys() {
  constexpr string_view kFormats[] = {"ycsb", "binary"};
  const bool binary = reader_.Choice("keyformat", kFormats) == 1;
  spec_.keys.format = binary ? KeyFormat::kBinary : KeyFormat::kYcsb;
  reader_.SetDefault("insertorder", binary ? "ordered" : "hashed");
  constexpr string_view kOrders[] = {"hashed", "ordered"};
  spec_.keys.hashed_order = reader_.Choice("insertorder", kOrders) == 0;
  spec_.keys.zero_padding = static_cast<uint32_t>(reader_.Count("zeropadding", 0, 1000));
  if (binary) {
    constexpr string_view kDropped[] = {"zeropadding"};
    reader_.Drop(kDropped, "keys are binary");
    reader_.SetDefault("keysize", std::to_string(kBinaryKeyBytes));
  }
  if (!binary && !reader_.Given("keysize")) {
    reader_.Choice("keysizedistribution", kKeySizeDistributions);  // a typo is one here, too
    constexpr string_view kDropped[] = {"minkeysize", "keysizedistribution"};
    reader_.Drop(kDropped, "keysize is not given");
    return;
  }
  reader_.SetDefault("minkeysize", "8");
  spec_.keys.size =
      ReadSize({"keysize", "minkeysize", "keysizedistribution", "", kKeySizeDistributions}, 8,
               kMostKeyBytes);
}

void SpecBuilder::ReadValues() {
  // A histogram says how large values are, too.
  if (reader_.Given("valuesize") || reader_.Text("valuesizedistribution") == "histogram") {
    spec_.value_size = ReadSize({"valuesize", "minvaluesize", "valuesizedistribution",
                                 "valuesizehistogram", kSizeDistributions},
                                0, kMostValueBytes);
    reader_.Choice("fieldlengthdistribution", kFieldSizeDistributions);
    constexpr string_view kDropped[] = {"fieldcount", "fieldlength", "minfieldlength",
                                        "fieldlengthdistribution", "fieldlengthhistogram"};
    reader_.Drop(kDropped, "valuesize or valuesizehistogram is given");
  } else {
    ReadFields();
    reader_.Choice("valuesizedistribution", kSizeDistributions);
    constexpr string_view kDropped[] = {"minvaluesize", "valuesizedistribution",
                                        "valuesizehistogram"};
    reader_.Drop(kDropped, "valuesize is not given");
  }
  if (spec_.value_size.kind == SizeSpec::Kind::kPareto) {
    spec_.value_size.pareto = ReadPareto();
  } else {
    constexpr string_view kDropped[] = {"pareto.theta", "pareto.k", "pareto.sigma"};
    reader_.Drop(kDropped, "valuesizedistribution is not pareto");
  }
  spec_.compression_ratio = reader_.Real("compressionratio", 0, 1);
  NoteCompression();
  if (spec_.Proportion(OperationKind::kUpdate) > 0) {
    Note(spec_.update_is_rmw ? "An update reads the value, then overwrites all of it (update=rmw)."
                             : "An update overwrites the whole value without reading it.");
  }
}

// What compresses is what lies behind the first bytes of a value.
void SpecBuilder::NoteCompression() {
  const double ratio = spec_.compression_ratio;
  if (ratio == 1) return;
  constexpr size_t kRest = ValueCodec::kIncompressibleBytes;
  const uint32_t least = spec_.value_size.min_bytes;
  const uint32_t most = spec_.value_size.max_bytes;
  if (most <= kRest) {
    Note(
        fmt::format("No effect of compressionratio: the first {} bytes of a value do not compress, "
                    "and no value has more.",
                    kRest));
  } else if (ratio * most < kRest) {
    Note(fmt::format("Values compress to {} bytes, and not to {:g} of their size.", kRest, ratio));
  } else if (ratio * least < kRest) {
    Note(
        fmt::format("Values are made to compress to {:g} of their size, but none to less than {} "
                    "bytes.",
                    ratio, kRest));
  } else {
    Note(fmt::format("Values are made to compress to {:g} of their size.", ratio));
  }
}

// YCSB's fields become one value: their sizes add up.
void SpecBuilder::ReadFields() {
  const auto fields = static_cast<uint32_t>(reader_.Count("fieldcount", 1, 1'000'000));
  const SizeSpec field = ReadSize({"fieldlength", "minfieldlength", "fieldlengthdistribution",
                                   "fieldlengthhistogram", kFieldSizeDistributions},
                                  0, kMostValueBytes / fields);
  spec_.value_size = field;
  spec_.value_size.min_bytes *= fields;
  spec_.value_size.max_bytes *= fields;
  if (field.kind != SizeSpec::Kind::kConstant) spec_.value_size.parts = fields;
  const std::string bytes =
      spec_.value_size.min_bytes == spec_.value_size.max_bytes
          ? std::to_string(spec_.value_size.max_bytes)
          : fmt::format("{} to {}", spec_.value_size.min_bytes, spec_.value_size.max_bytes);
  Note(fmt::format("All {} fields of a record together are its value of {} bytes.", fields, bytes));
}

void SpecBuilder::CheckPreload() {
  if (spec_.preload) return;
  if (spec_.key_choice == KeyChoice::kLatest || spec_.key_choice == KeyChoice::kExponential) {
    reader_.Refuse("preload", fmt::format("requestdistribution={} needs loaded records",
                                          reader_.Text("requestdistribution")));
  }
}

void SpecBuilder::CheckSinglePass() {
  spec_.single_key_space_pass = reader_.Bool("singlepass");
  if (!spec_.single_key_space_pass) return;
  const double inserts = spec_.Proportion(OperationKind::kInsert);
  const double scans = spec_.Proportion(OperationKind::kScan);
  if (spec_.Proportion(OperationKind::kMultiGet) > 0 || (inserts > 0 && inserts < 1) ||
      (scans > 0 && scans < 1)) {
    reader_.Refuse("singlepass",
                   "needs inserts alone, scans alone, or reads, updates and removals only");
  }
  if (inserts > 0 && spec_.preload) {
    reader_.Refuse("singlepass", "inserts fill the key space only with preload=false");
  }
  if (inserts == 0 && spec_.key_choice != KeyChoice::kSequential) {
    reader_.Refuse("singlepass", "needs requestdistribution=sequential");
  }
  if (scans > 0 && spec_.scan_length.min_bytes != spec_.scan_length.max_bytes) {
    reader_.Refuse("singlepass", "scans need one length: minscanlength equal to maxscanlength");
  }
}

std::string NoSuchWorkload(string_view name) {
  std::vector<std::string> names;
  for (const ShippedSpec& shipped : ShippedSpecs()) names.emplace_back(shipped.name);
  return fmt::format("{}: no such workload, and no such file{}", name, DidYouMean(name, names));
}

Spec Parse(string_view origin, string_view name, std::vector<PropertyEntry> entries,
           const PropertyOverrides& overrides) {
  for (const auto& [property, value, option] : overrides) {
    entries.push_back({property, value, "-p ", option});
  }
  return SpecBuilder(origin, name, entries).Build();
}

}  // namespace

Spec LoadSpec(string_view name_or_path, const PropertyOverrides& overrides) {
  for (const ShippedSpec& shipped : ShippedSpecs()) {
    if (shipped.name != name_or_path) continue;
    const std::string origin = fmt::format("workloads/specs/{}.properties", shipped.name);
    std::vector<PropertyEntry> entries = ReadProperties(shipped.text, origin);
    entries.insert(entries.begin(), {"description", FirstComment(shipped.text), origin + ":1: "});
    return Parse(origin, shipped.name, std::move(entries), overrides);
  }
  const std::filesystem::path path(name_or_path);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw SpecError(NoSuchWorkload(name_or_path));
  if (std::filesystem::is_directory(path, error)) {
    throw SpecError(fmt::format("{}: is a directory, not a workload file", name_or_path));
  }
  return ParseSpec(ReadWholeFile(path), path.string(), path.stem().string(), overrides);
}

Spec ParseSpec(string_view text, string_view origin, string_view name,
               const PropertyOverrides& overrides) {
  return Parse(origin, name, ReadProperties(text, origin), overrides);
}

std::string PropertiesText(const Spec& spec) {
  std::string text;
  for (const auto& [name, value] : spec.properties) text += WriteProperty(name, value);
  return text;
}

}  // namespace kvs
