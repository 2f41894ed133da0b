// Verdicts in words, alike on a terminal and in Markdown.
#ifndef KVS_RESULTS_VERDICT_TEXT_H_
#define KVS_RESULTS_VERDICT_TEXT_H_

#include <string>

#include "results/comparison.h"

namespace kvs {

// "REGRESSED", "OK" ...
std::string OutcomeWord(const Comparison& comparison);
// What the outcome is and how many figures have which verdict, in a sentence without its end.
std::string OutcomeText(const Comparison& comparison);

// "701k/s", "1.23us", "1.05 B", of a figure in its unit.
std::string ValueText(const Figure& figure, double value);
// "-10.1%", "+0.04%", "12.3x"; of Judgement::change. "n/a" when there is none.
std::string ChangeText(const std::optional<double>& change);
// "[-12.0%, -8.1%]", "exact", "none".
std::string IntervalText(const Judgement& judgement);
// What an inconclusive figure lacks, in words; before that "advisory" of such a figure, and which
// stage decided if it was not the first.
std::string RemarkText(const Figure& figure, const Judgement& judgement, Design design);

}  // namespace kvs

#endif  // KVS_RESULTS_VERDICT_TEXT_H_
