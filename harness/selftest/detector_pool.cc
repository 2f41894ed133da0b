#include "harness/selftest/detector_pool.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/option_value.h"

namespace kvs::detector {
namespace {

constexpr std::string_view kFormat = "# kvs-bench detector pool, format 1";
constexpr std::string_view kColumns =
    "cell,block,position,arm,ops_per_s,"
    "read_samples,read_p50_ns,read_p99_ns,read_p99.9_ns,"
    "update_samples,update_p50_ns,update_p99_ns,update_p99.9_ns,elapsed_s";
constexpr size_t kColumnCount = 14;

std::string LatencyText(const std::optional<PoolLatency>& latency) {
  if (!latency) return ",,,";
  return fmt::format("{},{},{},{}", latency->samples, latency->p50_ns, latency->p99_ns,
                     latency->p999_ns);
}

// Reads the fields of one line in turn.
class LineReader {
 public:
  LineReader(const std::string& line, std::string where)
      : fields_(SplitItems(line)), where_(std::move(where)) {
    if (fields_.size() != kColumnCount) {
      Refuse(fmt::format("{} fields, expected {}", fields_.size(), kColumnCount));
    }
  }

  std::string Text() {
    if (fields_[next_].empty()) Refuse(fmt::format("field {} is empty", next_ + 1));
    return fields_[next_++];
  }
  template <typename T>
  T Number() {
    const std::string text = Text();
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool is_good = error == std::errc() && end == text.data() + text.size();
    if constexpr (std::is_floating_point_v<T>) is_good = is_good && std::isfinite(value);
    if (!is_good) Refuse(fmt::format("'{}' is no number that field {} can hold", text, next_));
    return value;
  }
  double Positive() {
    const auto value = Number<double>();
    if (value <= 0) Refuse(fmt::format("field {} must be above 0", next_));
    return value;
  }
  std::optional<PoolLatency> Latency() {
    if (std::all_of(&fields_[next_], &fields_[next_] + 4,
                    [](const std::string& field) { return field.empty(); })) {
      next_ += 4;
      return std::nullopt;
    }
    PoolLatency latency;
    for (uint64_t* value : {&latency.samples, &latency.p50_ns, &latency.p99_ns, &latency.p999_ns}) {
      *value = Number<uint64_t>();
      if (*value == 0) Refuse(fmt::format("field {} must be above 0", next_));
    }
    return latency;
  }

  [[noreturn]] void Refuse(std::string_view what) const {
    throw UsageError(fmt::format("{}: {}", where_, what));
  }

 private:
  const std::vector<std::string> fields_;
  const std::string where_;
  size_t next_ = 0;
};

PoolTrial ReadTrial(const std::string& line, std::string where) {
  LineReader reader(line, std::move(where));
  PoolTrial trial;
  trial.cell = reader.Text();
  trial.block = reader.Number<unsigned>();
  trial.position = reader.Number<unsigned>();
  trial.arm = reader.Text();
  if (FindDetectorArm(trial.arm) == nullptr) {
    reader.Refuse(fmt::format("unknown arm '{}'", trial.arm));
  }
  trial.throughput_per_s = reader.Positive();
  trial.read = reader.Latency();
  trial.update = reader.Latency();
  trial.elapsed_s = reader.Positive();
  return trial;
}

}  // namespace

const DetectorArm* FindDetectorArm(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kDetectorArms), std::end(kDetectorArms),
                                         [&](const DetectorArm& arm) { return arm.name == name; });
  return found == std::end(kDetectorArms) ? nullptr : found;
}

std::vector<std::string> Pool::Cells() const {
  std::vector<std::string> cells;
  for (const PoolTrial& trial : trials) {
    if (std::find(cells.begin(), cells.end(), trial.cell) == cells.end()) {
      cells.push_back(trial.cell);
    }
  }
  return cells;
}

unsigned Pool::Blocks() const { return trials.empty() ? 0 : trials.back().block + 1; }

std::string PoolToText(const Pool& pool) {
  std::string text = fmt::format("{}\n", kFormat);
  for (const auto& [name, value] : pool.origin) text += fmt::format("# {}: {}\n", name, value);
  text += fmt::format("{}\n", kColumns);
  for (const PoolTrial& trial : pool.trials) {
    text += fmt::format("{},{},{},{},{:.6g},{},{},{:.3f}\n", trial.cell, trial.block,
                        trial.position, trial.arm, trial.throughput_per_s, LatencyText(trial.read),
                        LatencyText(trial.update), trial.elapsed_s);
  }
  return text;
}

Pool PoolFromText(std::string_view text, const std::filesystem::path& path) {
  Pool pool;
  size_t number = 0;
  bool in_head = true;
  while (!text.empty()) {
    const size_t length = text.find('\n');
    const std::string where = fmt::format("{}: line {}", path.string(), ++number);
    if (length == std::string_view::npos) {
      throw UsageError(fmt::format("{}: the file ends within it", where));
    }
    const std::string line(text.substr(0, length));
    text.remove_prefix(length + 1);
    if (number == 1) {
      if (line != kFormat) {
        throw UsageError(
            fmt::format("{}: expected '{}': no pool, or of another version", where, kFormat));
      }
    } else if (in_head && line.starts_with("# ")) {
      const size_t colon = line.find(": ");
      if (colon == std::string::npos) {
        throw UsageError(fmt::format("{}: expected '# name: value'", where));
      }
      pool.origin.emplace_back(line.substr(2, colon - 2), line.substr(colon + 2));
    } else if (in_head) {
      if (line != kColumns) throw UsageError(fmt::format("{}: expected '{}'", where, kColumns));
      in_head = false;
    } else {
      pool.trials.push_back(ReadTrial(line, where));
    }
  }
  if (in_head) throw UsageError(fmt::format("{}: has no columns", path.string()));
  for (size_t i = 1; i < pool.trials.size(); ++i) {
    const unsigned before = pool.trials[i - 1].block;
    if (pool.trials[i].block != before && pool.trials[i].block != before + 1) {
      throw UsageError(fmt::format("{}: block {} follows block {}", path.string(),
                                   pool.trials[i].block, before));
    }
  }
  return pool;
}

std::optional<Pool> ReadPool(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    if (reason == ENOENT) return std::nullopt;
    throw UsageError(fmt::format("{}: {}", path.string(), std::generic_category().message(reason)));
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) throw UsageError(fmt::format("{}: cannot be read", path.string()));
  return PoolFromText(text, path);
}

}  // namespace kvs::detector
