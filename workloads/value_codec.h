// Self-describing values: what a store returns can be checked without knowing what was written
// last.
#ifndef KVS_WORKLOADS_VALUE_CODEC_H_
#define KVS_WORKLOADS_VALUE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "workloads/size_chooser.h"
#include "workloads/spec.h"

namespace kvs {

enum class ValueVerdict : uint8_t {
  kGood,
  kForeign,  // a well-formed value of another key
  kDamaged,  // header or content fails its check: torn, truncated or overwritten
};

// The version of every value that a load stores. Writes afterwards have others.
inline constexpr uint32_t kLoadVersion = 0;

// Who wrote a value, as it says itself.
struct ValueOrigin {
  uint64_t key_number = 0;
  uint32_t writer = 0;
  uint32_t version = 0;
};

// A value is a header (key number, writer, version, and a check over these and the size) followed
// by incompressible bytes that are a function of the header, so that a torn mixture of two values
// never passes a full check. The header is enciphered by its check, so it does not compress either.
// With a compression ratio R below 1, a value compresses to R of its size, as db_bench means it:
// the contents are as said up to there, and from there on repeat 16 bytes, which are a function of
// the header as well. Header and these 16 bytes stay, whatever R is. Values shorter than the header
// carry as much of a hash of key number and size as fits: all their versions are the same, and a
// foreign one counts as damaged.
//
// Thread safety: immutable after construction; share it freely.
class ValueCodec {
 public:
  // Values of this size and above carry the header.
  static constexpr size_t kHeaderBytes = 3 * sizeof(uint64_t);
  // What compressible values repeat at their end.
  static constexpr size_t kPeriodBytes = 2 * sizeof(uint64_t);
  // No value compresses to less.
  static constexpr size_t kIncompressibleBytes = kHeaderBytes + kPeriodBytes;

  // Values made with one seed or ratio (0..1) count as damaged with another.
  ValueCodec(const SizeSpec& size, uint64_t seed, double compression_ratio = 1);

  size_t max_size() const { return max_size_; }
  // What Encode needs: bytes for the largest value, and up to 15 that it may write behind a value.
  size_t buffer_size() const { return max_size_ + 15; }

  // Writes version `version` by `writer` of the value of `key_number` into `buffer`, which has room
  // for buffer_size() bytes, and returns it.
  std::string_view Encode(uint64_t key_number, uint32_t writer, uint32_t version,
                          char* buffer) const;

  // Checks the header of `value` against `key_number`; with `full`, also every byte of content.
  ValueVerdict Check(uint64_t key_number, std::string_view value, bool full) const;

  // What `value`, of kHeaderBytes or more, says about itself; nothing when its header fails its
  // check.
  std::optional<ValueOrigin> OriginOf(std::string_view value) const;

 private:
  // How many bytes at the end of a value of `size` bytes, kHeaderBytes at least, are repetition.
  size_t CompressibleBytes(size_t size) const;
  // The check word of a header.
  uint64_t CheckOf(uint64_t key_number, uint64_t origin, size_t size) const;

  SizeChooser size_;
  uint64_t seed_;
  size_t max_size_;
  double compression_ratio_;
  std::vector<char> pool_;  // random bytes from which contents are cut
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_VALUE_CODEC_H_
