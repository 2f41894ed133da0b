// Counts the allocations of the program that counted_allocations.cc is part of.
#ifndef KVS_TESTS_ENGINES_LOG_STORE_COUNTED_ALLOCATIONS_H_
#define KVS_TESTS_ENGINES_LOG_STORE_COUNTED_ALLOCATIONS_H_

#include <cstdint>

namespace kvs {

// The calls of operator new by the calling thread so far.
uint64_t AllocationsOfThisThread();

}  // namespace kvs

#endif  // KVS_TESTS_ENGINES_LOG_STORE_COUNTED_ALLOCATIONS_H_
