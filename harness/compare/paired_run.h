// `kvs-bench compare` of two arms that are measured beside each other, in blocks.
#ifndef KVS_HARNESS_COMPARE_PAIRED_RUN_H_
#define KVS_HARNESS_COMPARE_PAIRED_RUN_H_

#include <string>
#include <vector>

#include "harness/compare/compare_options.h"
#include "results/comparison.h"

namespace kvs::compare {

// Blocks of a stage where no number was asked for: as many as fit into the time, of which
// `first_block_s` is what the first one took, for all its cells together.
unsigned BlocksThatFit(double first_block_s, size_t cells);

struct PairedResult {
  Comparison comparison;  // judged
  Run candidate;          // its trials
  bool is_interrupted = false;
};

// Runs the arms of `options`, the paired ones, and judges them. Trials run one after another, each
// as a process of its arm's program; after each block the arms' result files are written anew.
// Progress and warnings go to standard error. The command line, `words`, is recorded in the
// results. Throws UsageError when an arm is no program that can be asked, or nothing can run, and
// EnvironmentError when the machine refuses.
PairedResult RunPaired(const CompareOptions& options, const std::vector<std::string>& words);

}  // namespace kvs::compare

#endif  // KVS_HARNESS_COMPARE_PAIRED_RUN_H_
