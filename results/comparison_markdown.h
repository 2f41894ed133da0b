// A judged comparison as a comment on a pull request.
#ifndef KVS_RESULTS_COMPARISON_MARKDOWN_H_
#define KVS_RESULTS_COMPARISON_MARKDOWN_H_

#include <string>
#include <string_view>

#include "results/comparison.h"

namespace kvs {

// The first line of the comment, which a reader does not see and by which a script finds the
// comment that it shall update.
inline constexpr std::string_view kCommentMarker = "<!-- kvs-bench compare -->";

// GitHub's Markdown: the outcome, the warnings, a table of what changed, and folded what did not,
// what is undecided and what could not be judged.
std::string ComparisonMarkdown(const Comparison& comparison);

}  // namespace kvs

#endif  // KVS_RESULTS_COMPARISON_MARKDOWN_H_
