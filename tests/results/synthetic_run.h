// A made-up run: figures that no machine gave, in the shapes that a real run has. For tests of what
// writes, reads and draws results; never to be taken for a measurement.
#ifndef KVS_TESTS_RESULTS_SYNTHETIC_RUN_H_
#define KVS_TESTS_RESULTS_SYNTHETIC_RUN_H_

#include "results/model.h"

namespace kvs {

// Eight engines; workloads ycsb-a, ycsb-c and ycsb-e; 1, 2 and 4 threads; 3 trials each. Among them
// unsupported, failed, partly failed, wrong, interrupted and unsteady cells, notes, misses, and a
// null engine. The same on every call.
Run SyntheticRun();

CellName SyntheticCell(const std::string& engine, unsigned threads = 1);

// One measured trial of `cell`, with figures around `throughput_per_s`.
Trial SyntheticTrial(const CellName& cell, unsigned repetition, double throughput_per_s);

// Lets the rate of `trial` change evenly over the window, by this share of it: 0.2 rises by 20%.
void MakeDrift(double change_share, Trial& trial);

// Makes `trial` one of an open loop with Poisson arrivals of this rate; it completed no more than
// came, and what did not complete is its backlog.
void MakeOpenLoop(double rate_per_s, Trial& trial);

// As SyntheticRun, all cells in an open loop of 1M/s.
Run SyntheticOpenLoopRun();

}  // namespace kvs

#endif  // KVS_TESTS_RESULTS_SYNTHETIC_RUN_H_
