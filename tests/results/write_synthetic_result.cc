// write_synthetic_result DIRECTORY: writes a.json, b.json (the same run, 25% faster) and
// open-loop.json, the table and the CSV of the synthetic run there, for the tests of what reads
// them.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "results/cost_table.h"
#include "results/csv.h"
#include "results/result_file.h"
#include "results/summary.h"
#include "results/table.h"
#include "tests/results/synthetic_run.h"

namespace {

void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size() ||
      std::fclose(file) != 0) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

void WriteAll(const std::filesystem::path& directory) {
  kvs::Run run = kvs::SyntheticRun();
  kvs::WriteRun(run, directory / "a.json");
  const auto cells = kvs::Summarise(run);
  WriteText(directory / "table.txt", kvs::RenderTables(run, cells, {}));
  WriteText(directory / "table-colour.txt", kvs::RenderTables(run, cells, {.colour = true}));
  WriteText(directory / "costs.txt", kvs::RenderCostTables(cells));
  WriteText(directory / "trials.csv", kvs::TrialsToCsv(run));
  for (kvs::Trial& trial : run.trials) trial.throughput_per_s *= 1.25;
  kvs::WriteRun(run, directory / "b.json");
  kvs::WriteRun(kvs::SyntheticOpenLoopRun(), directory / "open-loop.json");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  try {
    WriteAll(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
