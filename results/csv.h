// Trials as a spreadsheet takes them.
#ifndef KVS_RESULTS_CSV_H_
#define KVS_RESULTS_CSV_H_

#include <string>

#include "results/model.h"

namespace kvs {

// One header row, then one row per trial in the order of the run, then with --find-max one per
// probe in the order of the cells, for which the last columns are; as RFC 4180 has it: comma
// separated, CRLF ended, fields quoted where they hold a comma, a quote or a line break. Figures of
// trials that gave none are empty, not zero, and so are costs that are not available. Latencies are
// those of all operations together, in ns.
std::string TrialsToCsv(const Run& run);

}  // namespace kvs

#endif  // KVS_RESULTS_CSV_H_
