// kvs-bench-scripted: an arm of a comparison whose trials come from a script instead of an engine.
// It takes the command line that `kvs-bench compare` gives to its arms, and tells them apart by the
// name of its own file. KVS_ARM_SCRIPT is JSON:
//   "log": a file to which each trial adds a line, JSON with "arm", "seed" and "arguments"
//   "workload": properties of the workload by arm
//   "arms": by arm ("arm-1"):
//     "factor": its throughput by this factor (default: 1)
//     "noisy_before": trials with seeds below this vary by 20% (default: 0) ...
//     "noisy_in": ... in this workload (default: in all)
//     "ends": by seed ("3") or by seed and workload ("3/ycsb-c"): "failed", "wrong-answer",
//       "idle" (no operation in the window), "unsupported", "environment", "dies", "waits" (for
//       SIGINT), "newer" (a result file of another version)
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "results/result_file.h"
#include "tests/results/synthetic_run.h"

namespace {

using nlohmann::json;

std::map<std::string, std::string> OptionsOf(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    options[word.substr(0, equals)] = equals == word.npos ? "" : word.substr(equals + 1);
  }
  return options;
}

kvs::CellName CellOf(const std::map<std::string, std::string>& options) {
  return {.workload = options.at("--workload"),
          .engine = options.at("--engine"),
          .threads = static_cast<unsigned>(std::stoul(options.at("--threads"))),
          .pool = options.at("--pool"),
          .durability = options.at("--durability")};
}

// What two trials of different arms with one seed have in common, and what not, is a function of
// seed and arm alone.
double ThroughputOf(const json& script, const std::string& workload, uint64_t seed, uint64_t arm) {
  const double common = 1e6 * (1 + 0.1 * static_cast<double>(seed % 5));
  const double own = 1 + 1e-4 * static_cast<double>((31 * seed + 17 * arm) % 7);
  const bool is_noisy = seed < script.value("noisy_before", uint64_t{0}) &&
                        script.value("noisy_in", workload) == workload;
  const double noise = !is_noisy ? 1 : seed % 2 == 0 ? 1.2 : 1 / 1.2;
  return common * own * noise * script.value("factor", 1.0);
}

[[noreturn]] void WaitForInterrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  int signal = 0;
  sigwait(&signals, &signal);
  std::exit(130);
}

int Main(int argc, char** argv) {
  const auto options = OptionsOf(argc, argv);
  if (options.contains("--version")) {
    std::cout << "kvs-bench 9.9.9\n";
    return 0;
  }
  const std::string arm = std::filesystem::read_symlink("/proc/self/exe").filename();
  const json script = json::parse(std::getenv("KVS_ARM_SCRIPT"));
  const json ours = script.value("arms", json::object()).value(arm, json::object());
  const uint64_t seed = std::stoull(options.at("--seed"));
  if (script.contains("log")) {
    json arguments = json::array();
    for (int i = 1; i < argc; ++i) arguments.push_back(argv[i]);
    std::ofstream(script["log"].get<std::string>(), std::ios::app)
        << json{{"arm", arm}, {"seed", seed}, {"arguments", arguments}}.dump() + "\n"
        << std::flush;
  }

  const kvs::CellName cell = CellOf(options);
  const json ends = ours.value("ends", json::object());
  const std::string number = std::to_string(seed);
  const std::string end = ends.value(number + "/" + cell.workload, ends.value(number, ""));
  if (end == "unsupported") {
    std::cerr << "kvs-bench: nothing can run:\n  " << cell.ToString()
              << ": unsupported: it is scripted so\nTry 'kvs-bench --help'.\n";
    return 2;
  }
  if (end == "environment") {
    std::cerr << "kvs-bench: the disk is full\n";
    return 4;
  }
  if (end == "dies") {
    std::cerr << "famous last words\n";
    std::raise(SIGKILL);
  }
  if (end == "waits") WaitForInterrupt();
  if (end == "newer") {
    std::ofstream(options.at("--out")) << R"({"kvs_bench": {"schema_version": 99}})";
    return 0;
  }

  kvs::Run run;
  run.version = "9.9.9";
  run.started_at = "2024-05-01T13:37:00+02:00";
  run.planned_trials = 1;
  run.host = {{"build", arm}};
  run.workloads = {{cell.workload, {{"recordcount", "1000"}}, {}}};
  const json properties = script.value("workload", json::object()).value(arm, json::object());
  for (const auto& [name, value] : properties.items()) {
    run.workloads[0].properties.emplace_back(name, value.get<std::string>());
  }
  kvs::Trial trial = kvs::SyntheticTrial(
      cell, 0, ThroughputOf(ours, cell.workload, seed, static_cast<uint64_t>(arm.back() - '0')));
  trial.seed = seed;
  if (end == "idle") {
    trial.operations = 0;
    trial.throughput_per_s = 0;
    trial.latencies.clear();
  } else if (!end.empty()) {
    trial = {};
    trial.cell = cell;
    trial.seed = seed;
    trial.status = kvs::ParseTrialStatus(end).value();
    trial.reason = "it is scripted so";
  }
  run.trials.push_back(trial);
  std::ofstream(options.at("--out")) << kvs::RunToJson(run);  // not synced: thousands of trials
  return end.empty() ? 0 : end == "idle" ? 2 : 5;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "kvs-bench-scripted: " << error.what() << "\n";
    return 99;
  }
}
