// What the tests do less of in the builds with sanitizers, which make everything some ten times
// slower: the same checks, over fewer rounds. The release build runs all of them.
#ifndef KVS_TESTS_SANITIZER_H_
#define KVS_TESTS_SANITIZER_H_

namespace kvs {

inline constexpr bool kHasSanitizer = sizeof(KVS_SANITIZER) > 1;

}  // namespace kvs

#endif  // KVS_TESTS_SANITIZER_H_
