// What an operation cost the machine: figures of a trial and of a cell. Pure.
#ifndef KVS_RESULTS_COSTS_H_
#define KVS_RESULTS_COSTS_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/model.h"

namespace kvs {

// What TrialCosts says per operation that the foreground threads completed in the window. The
// numerators are the whole process's: the harness, the engine's own threads and background writers
// are in them, and some microseconds on either side of the window. Nothing: not available.
struct Costs {
  std::optional<double> user_cpu_ns_per_operation;
  std::optional<double> system_cpu_ns_per_operation;
  std::optional<double> voluntary_switches_per_operation;
  std::optional<double> involuntary_switches_per_operation;
  std::optional<double> minor_faults_per_operation;
  std::optional<double> major_faults_per_operation;
  std::optional<double> call_read_bytes_per_operation;
  std::optional<double> call_write_bytes_per_operation;
  std::optional<double> device_read_bytes_per_operation;
  std::optional<double> device_write_bytes_per_operation;

  // device_write_bytes over written_bytes, the keys and values that writes handed over in the
  // window; nothing when they handed over none. It is the file system's side of the page cache: a
  // store whose pages are dirtied twice before they are written out counts them once, an append
  // counts whole pages when they are begun, and flushing, compaction and checkpoints count as far
  // as they ran inside the window. What is put off until after it is not in the figure, so a short
  // window flatters stores that put off much. Device-internal amplification is not in it.
  std::optional<double> write_amplification;
  // device_read_bytes over found_bytes, the values that lookups and scans returned; nothing when
  // there were none. 0 means that the page cache, or the store's own memory, served all; reads
  // ahead and reads for compaction are in it.
  std::optional<double> read_amplification;
  // directory_bytes, the blocks allocated to the store's files after the measured phase, over
  // live_bytes. Space allocated ahead counts, so a small data set shows large figures; what the
  // file system itself needs does not.
  std::optional<double> space_amplification;

  // In user mode.
  std::optional<double> instructions_per_operation;
  std::optional<double> cycles_per_operation;
  std::optional<double> cache_references_per_operation;
  std::optional<double> cache_misses_per_operation;
  std::optional<double> dtlb_load_misses_per_operation;

  friend bool operator==(const Costs&, const Costs&) = default;
};

// A member of Costs and its name in files.
struct CostFigure {
  const char* name;
  std::optional<double> Costs::*member;
};
// All of them, in their order.
std::span<const CostFigure> CostFigures();

// All nothing unless the trial was measured and has costs.
Costs CostsOf(const Trial& trial);

struct CostSummary {
  Costs medians;                   // of each figure, over the trials that have it
  std::vector<std::string> notes;  // of all trials, each once
};
// Of trials that were measured; nothing when none of them has costs.
std::optional<CostSummary> SummariseCosts(std::span<const Trial* const> trials);

}  // namespace kvs

#endif  // KVS_RESULTS_COSTS_H_
