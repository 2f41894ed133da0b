// CRC-32C (Castagnoli), the check value of everything in the log.
#ifndef KVS_ENGINES_LOG_STORE_CRC32C_H_
#define KVS_ENGINES_LOG_STORE_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvs {

// Returns the CRC-32C of A + B, given `crc`, the CRC-32C of A (0 when A is empty), and B. Uses the
// processor's instructions where there are any (SSE4.2, PCLMULQDQ), a table otherwise. Thread safe.
uint32_t ExtendCrc32c(uint32_t crc, const void* data, size_t size);

inline uint32_t Crc32c(std::string_view data) { return ExtendCrc32c(0, data.data(), data.size()); }

// The same by table only. For tests, and for processors without the instructions.
uint32_t ExtendCrc32cByTable(uint32_t crc, const void* data, size_t size);

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_CRC32C_H_
