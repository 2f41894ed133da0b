// What the fuzz targets have in common. Each *_target.cc defines LLVMFuzzerTestOneInput for one
// decoder; a program is made of it by libFuzzer, which searches, or by replay_main.cc, which runs
// the corpus and some mutations of it.
#ifndef KVS_TESTS_FUZZ_FUZZ_TARGET_H_
#define KVS_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

// Decodes the input as it is, and with its check values made right, without which next to nothing
// would get past them. Ends the program when a property does not hold; else returns 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace kvs {

inline void Require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

// A copy on the heap, aligned to 8, of which AddressSanitizer knows the end.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  char* data() { return bytes_.data(); }

 private:
  std::vector<char> bytes_;
};

}  // namespace kvs

#endif  // KVS_TESTS_FUZZ_FUZZ_TARGET_H_
