// The tables of `--find-max`: the highest rate at which each cell holds the SLO.
#ifndef KVS_RESULTS_MAX_RATE_TABLE_H_
#define KVS_RESULTS_MAX_RATE_TABLE_H_

#include <string>

#include "results/model.h"

namespace kvs {

// "holds up to 120k/s", or why nothing was found.
std::string DescribeMaxRate(const MaxRate& search);

// One table per workload, pool and durability, in the order in which they first appear, with a
// group of rows per thread count, the highest rate first and what found none last, saying why.
// Response times are medians over the confirmations that held. ASCII but for names; lines of at
// most 120 columns, names and reasons permitting.
std::string RenderMaxRateTables(const MaxRates& rates);

}  // namespace kvs

#endif  // KVS_RESULTS_MAX_RATE_TABLE_H_
