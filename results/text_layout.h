// Lines of text for a terminal.
#ifndef KVS_RESULTS_TEXT_LAYOUT_H_
#define KVS_RESULTS_TEXT_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvs {

inline constexpr size_t kTextWidth = 120;  // columns

enum class Paint : uint8_t { kPlain, kTitle, kFaint, kGood, kDoubtful, kBad };

// `text` in ANSI escapes; unchanged without `colour`.
std::string Painted(std::string_view text, Paint paint, bool colour);

// `text` in lines of at most kTextWidth columns; the first begins with `first`, the others with
// spaces of the same width. Words longer than a line stay whole.
std::string Wrapped(std::string_view first, std::string_view text, Paint paint, bool colour);

}  // namespace kvs

#endif  // KVS_RESULTS_TEXT_LAYOUT_H_
