#include "harness/trial/kept_store.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/exit_code.h"

namespace kvs {
namespace {

using nlohmann::json;

constexpr int kDescriptionVersion = 1;

std::filesystem::path DescriptionPath(const std::filesystem::path& store) {
  std::filesystem::path path = store.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "store/"
  return path += ".kvs-bench.json";
}

bool SameKeys(const KeySpec& a, const KeySpec& b) {
  if (a.format != b.format || a.hashed_order != b.hashed_order ||
      a.zero_padding != b.zero_padding || a.size.has_value() != b.size.has_value()) {
    return false;
  }
  return !a.size || *a.size == *b.size;
}

}  // namespace

void DescribeKeptStore(const TrialPlan& plan) {
  json properties = json::array();
  for (const auto& [key, value] : plan.workload.properties) properties.push_back({key, value});
  const json object = {{"kvs_bench_store", kDescriptionVersion},
                       {"engine", plan.engine},
                       {"value_seed", plan.value_seed},
                       {"workload", plan.workload.name},
                       {"properties", properties}};
  const std::filesystem::path path = DescriptionPath(plan.directory);
  std::ofstream file(path);
  file << object.dump(1) << "\n";
  file.close();
  if (!file) throw EnvironmentError(fmt::format("{}: cannot be written", path.string()));
}

KeptStore ReadKeptStore(const std::filesystem::path& directory) {
  const std::filesystem::path path = DescriptionPath(directory);
  if (!std::filesystem::is_directory(directory)) {
    throw EnvironmentError(fmt::format("{}: is not a directory", directory.string()));
  }
  std::ifstream file(path);
  if (!file) {
    throw EnvironmentError(fmt::format(
        "{}: is not a store that kvs-bench kept ({} is missing); make one with --load-only",
        directory.string(), path.string()));
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  try {
    const json object = json::parse(text);
    if (object.at("kvs_bench_store") != kDescriptionVersion) {
      throw EnvironmentError(fmt::format("{}: is of another version", path.string()));
    }
    PropertyOverrides properties;
    for (const json& property : object.at("properties")) {
      properties.emplace_back(property.at(0), property.at(1));
    }
    const std::string name = object.at("workload");
    return {.engine = object.at("engine"),
            .value_seed = object.at("value_seed"),
            .workload = ParseSpec("", path.string(), name, properties)};
  } catch (const json::exception& error) {
    throw EnvironmentError(fmt::format("{}: cannot be read: {}", path.string(), error.what()));
  } catch (const SpecError& error) {
    throw EnvironmentError(fmt::format("{}: cannot be read: {}", path.string(), error.what()));
  }
}

std::string WhyStoreDoesNotFit(const KeptStore& store, const TrialPlan& plan) {
  if (store.engine != plan.engine) {
    return fmt::format("was loaded by engine '{}', not '{}'", store.engine, plan.engine);
  }
  if (store.workload.Proportion(OperationKind::kRemove) > 0) {
    return fmt::format("workload '{}' has removed records from it", store.workload.name);
  }
  if (!store.workload.preload) {
    return fmt::format("workload '{}' did not load it in full", store.workload.name);
  }
  if (store.workload.record_count != plan.workload.record_count) {
    return fmt::format("holds {} records, not {} (see --records)", store.workload.record_count,
                       plan.workload.record_count);
  }
  if (!SameKeys(store.workload.keys, plan.workload.keys)) {
    return "has keys of another form or size than the workload";
  }
  const SizeSpec& held = store.workload.value_size;
  const SizeSpec& expected = plan.workload.value_size;
  if (held.min_bytes != expected.min_bytes || held.max_bytes != expected.max_bytes) {
    return fmt::format("has values of {} to {} bytes, the workload's have {} to {}", held.min_bytes,
                       held.max_bytes, expected.min_bytes, expected.max_bytes);
  }
  if (held != expected) return "has values whose sizes are distributed in another way";
  if (store.workload.compression_ratio != plan.workload.compression_ratio) {
    return fmt::format(
        "has values that compress to {:g} of their size, not {:g} (see "
        "--compression-ratio)",
        store.workload.compression_ratio, plan.workload.compression_ratio);
  }
  return "";
}

}  // namespace kvs
