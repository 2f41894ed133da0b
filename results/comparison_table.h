// A judged comparison for a terminal.
#ifndef KVS_RESULTS_COMPARISON_TABLE_H_
#define KVS_RESULTS_COMPARISON_TABLE_H_

#include <string>

#include "results/comparison.h"

namespace kvs {

// The outcome first, then what was compared and the warnings, then the cells, the worst first: with
// a row for each figure, or on one line where all figures are OK. Lines of at most kTextWidth
// columns, names permitting. `colour`: ANSI escapes; the text is the same without.
std::string RenderComparison(const Comparison& comparison, bool colour);

}  // namespace kvs

#endif  // KVS_RESULTS_COMPARISON_TABLE_H_
