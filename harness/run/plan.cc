#include "harness/run/plan.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "harness/run/shuffle.h"
#include "results/human_units.h"
#include "workloads/key_renderer.h"
#include "workloads/value_codec.h"

namespace kvs {
namespace {

constexpr std::string_view kFloorEngineName = "null";
constexpr double kLongestFloorWindowS = 1;
constexpr double kLongestFloorWarmupS = 0.25;

TrialPlan MakeCell(const RunOptions& options, const EngineChoice& engine, const Spec& workload,
                   unsigned threads, PoolKind pool, Durability durability) {
  TrialPlan plan;
  plan.cell = {.workload = workload.name,
               .engine = engine.Label(),
               .threads = threads,
               .pool = std::string(ToString(pool)),
               .durability = std::string(ToString(durability))};
  plan.engine = engine.definition->name;
  plan.settings = engine.settings;
  plan.durability = durability;
  plan.memory_budget_bytes = options.memory_budget_bytes;
  plan.pool = pool;
  plan.workload = workload;
  plan.existing_store = options.existing_store.has_value();
  plan.load_only = options.load_only;
  plan.seed = options.seed;
  plan.value_seed = options.seed;
  if (engine.definition->capabilities(plan.OpenOptions()).stores_data) plan.cold = options.cold;
  plan.warmup_s = options.warmup_s;
  plan.duration_s = options.duration_s;
  plan.operations = workload.operation_count;
  plan.open_loop = options.open_loop;
  plan.sampling_period = options.sampling_period;
  plan.verify_fully = options.verify_fully;
  return plan;
}

Trial UnsupportedTrial(const TrialPlan& plan, std::string reason) {
  Trial trial;
  trial.cell = plan.cell;
  trial.status = TrialStatus::kUnsupported;
  trial.reason = std::move(reason);
  return trial;
}

// The floor of each configuration that has a cell in `cells`.
std::vector<TrialPlan> MakeFloors(const std::vector<TrialPlan>& cells,
                                  const EngineDefinition& null_engine) {
  std::vector<TrialPlan> floors;
  std::set<std::tuple<std::string, unsigned, std::string>> known;
  for (const TrialPlan& cell : cells) {
    if (!known.insert({cell.cell.workload, cell.cell.threads, cell.cell.pool}).second) continue;
    TrialPlan floor = cell;
    floor.is_floor = true;
    floor.engine = null_engine.name;
    floor.cell.engine = floor.engine;
    floor.settings.clear();
    floor.existing_store = false;
    floor.cold.reset();
    floor.duration_s = std::min(floor.duration_s, kLongestFloorWindowS);
    floor.warmup_s = std::min(floor.warmup_s, kLongestFloorWarmupS);
    if (floor.open_loop && floor.operations) {
      // The rate decides how long they take.
      const auto most =
          static_cast<uint64_t>(std::ceil(kLongestFloorWindowS * floor.open_loop->rate_per_s));
      floor.operations = std::min(*floor.operations, most);
    }
    floors.push_back(std::move(floor));
  }
  return floors;
}

// The renderer's buffer has room to spare: a size that was asked for is the truth.
size_t LongestKeyBytes(const KeySpec& keys) {
  return keys.size ? keys.size->max_bytes : KeyRenderer(keys).max_size();
}

std::string WhyKeysDoNotFit(const EngineCapabilities& can, const Spec& workload) {
  const size_t key_bytes = LongestKeyBytes(workload.keys);
  if (key_bytes > can.max_key_bytes) {
    return fmt::format("keys have up to {} bytes, it takes at most {}", key_bytes,
                       can.max_key_bytes);
  }
  if (workload.keys.size && workload.keys.size->min_bytes < can.min_key_bytes) {
    return fmt::format("keys have from {} bytes, it takes at least {}",
                       workload.keys.size->min_bytes, can.min_key_bytes);
  }
  if (workload.value_size.max_bytes > can.max_value_bytes) {
    return fmt::format("values have up to {}, it takes at most {}",
                       HumanBytes(workload.value_size.max_bytes), HumanBytes(can.max_value_bytes));
  }
  return "";
}

}  // namespace

// The setting that gives the engine an order of keys, or "".
std::string HowToScan(const EngineDefinition& engine, const TrialPlan& plan) {
  for (const SettingDefinition& setting : engine.settings) {
    if (setting.default_value != "false") continue;
    EngineOptions options = plan.OpenOptions();
    options.settings[std::string(setting.name)] = "true";
    if (!engine.capabilities(options).ordered_scan) continue;
    return fmt::format(" (it does with --engine {}:{}=true)", engine.name, setting.name);
  }
  return "";
}

std::string WhyUnsupported(const EngineDefinition& engine, const TrialPlan& plan) {
  const EngineCapabilities can = engine.capabilities(plan.OpenOptions());
  const Spec& workload = plan.workload;
  const unsigned threads = plan.cell.threads + workload.background_writers;
  if (threads > can.max_threads) {
    const std::string writers =
        workload.background_writers == 0
            ? ""
            : fmt::format(" ({} of them background writers)", workload.background_writers);
    return fmt::format("{} threads{}, it serves at most {}", threads, writers, can.max_threads);
  }
  if (std::find(can.tiers.begin(), can.tiers.end(), plan.durability) == can.tiers.end()) {
    return fmt::format("it does not offer durability '{}'", ToString(plan.durability));
  }
  if (workload.Proportion(OperationKind::kScan) > 0 && !can.ordered_scan) {
    return "the workload scans, and it keeps no order of keys" + HowToScan(engine, plan);
  }
  if (workload.Proportion(OperationKind::kMultiGet) > 0 && !can.multi_get) {
    return "the workload looks up in batches, and it has no batched lookup";
  }
  if ((plan.load_only || plan.existing_store) && !can.stores_data) return "it stores no data";
  return WhyKeysDoNotFit(can, workload);
}

Plan MakePlan(const RunOptions& options, EngineTable engines) {
  Plan plan;
  std::vector<TrialPlan> cells;
  bool has_floor_engine = false;
  for (const Spec& workload : options.workloads) {
    for (const unsigned threads : options.threads) {
      for (const PoolKind pool : options.pools) {
        for (const Durability durability : options.tiers) {
          for (const EngineChoice& engine : options.engines) {
            TrialPlan cell = MakeCell(options, engine, workload, threads, pool, durability);
            if (engine.Label() == kFloorEngineName) has_floor_engine = true;
            const std::string reason = WhyUnsupported(*engine.definition, cell);
            if (reason.empty()) {
              cells.push_back(std::move(cell));
            } else {
              plan.unsupported.push_back(UnsupportedTrial(cell, reason));
            }
          }
        }
      }
    }
  }

  std::mt19937_64 random(options.seed);
  const unsigned rounds = options.load_only ? 1 : options.trials;
  for (unsigned round = 0; round < rounds; ++round) {
    std::vector<TrialPlan> trials = cells;
    if (round == 0 && options.has_floor && !has_floor_engine && !options.load_only) {
      for (const EngineDefinition* engine : engines) {
        if (engine->name != kFloorEngineName) continue;
        for (TrialPlan& floor : MakeFloors(cells, *engine)) trials.push_back(std::move(floor));
      }
    }
    Shuffle(trials, random);
    for (TrialPlan& trial : trials) {
      trial.repetition = round;
      trial.seed = options.seed + round;
      plan.trials.push_back(std::move(trial));
    }
  }
  plan.runnable = std::move(cells);
  return plan;
}

uint64_t EstimateDiskBytes(const TrialPlan& plan) {
  // Files that engines preallocate, and room for a log beside the data.
  constexpr double kFixedBytes = 64.0 * (1 << 20);
  // Data, its garbage before compaction, and the output of a compaction before its inputs go.
  constexpr double kSpaceAmplification = 3;
  const double record_bytes = static_cast<double>(LongestKeyBytes(plan.workload.keys)) +
                              static_cast<double>(plan.workload.value_size.max_bytes);
  const double inserts = static_cast<double>(plan.operations.value_or(0)) *
                         plan.workload.Proportion(OperationKind::kInsert);
  const double records = static_cast<double>(plan.workload.record_count) + inserts;
  const double bytes = kFixedBytes + kSpaceAmplification * record_bytes * records;
  constexpr double kMost = 0x1p63;
  return static_cast<uint64_t>(std::min(bytes, kMost));
}

}  // namespace kvs
