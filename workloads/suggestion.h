// "Did you mean": the known name nearest to one that was mistyped.
#ifndef KVS_WORKLOADS_SUGGESTION_H_
#define KVS_WORKLOADS_SUGGESTION_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

// Returns how many insertions, deletions, substitutions and swaps of neighbouring characters turn
// `a` into `b`, letters of either case taken as equal.
size_t EditDistance(std::string_view a, std::string_view b);

// Returns the entry of `names` with the least edit distance to `wrong`, or "" when none is near
// enough to be meant.
std::string NearestName(std::string_view wrong, const std::vector<std::string>& names);

// Returns ": did you mean 'x'? (known: a, b, c)", or without the question when nothing is near,
// or "" when nothing is known.
std::string DidYouMean(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace kvs

#endif  // KVS_WORKLOADS_SUGGESTION_H_
