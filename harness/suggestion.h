// "Did you mean": the known name nearest to one that was mistyped.
#ifndef KVS_HARNESS_SUGGESTION_H_
#define KVS_HARNESS_SUGGESTION_H_

#include <string>
#include <string_view>
#include <vector>

namespace kvs {

// Returns the entry of `names` with the least edit distance (insertions, deletions, substitutions
// and swaps of neighbours) to `wrong`, or "" when none is near enough to be meant.
std::string NearestName(std::string_view wrong, const std::vector<std::string>& names);

// Returns ": did you mean 'x'? (known: a, b, c)", or without the question when nothing is near.
std::string DidYouMean(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace kvs

#endif  // KVS_HARNESS_SUGGESTION_H_
