#include "workloads/key_renderer.h"

#include <algorithm>
#include <cstring>

#include "workloads/decimal.h"
#include "workloads/operation.h"
#include "workloads/random.h"
#include "workloads/ycsb_formulae.h"

namespace kvs {
namespace {

constexpr uint64_t kKeySizeSalt = 1;
constexpr size_t kPrefixBytes = 4;  // "user"
constexpr size_t kMostDigits = 19;  // of a number below 2^63
// Digits in a ycsb key of `key_bytes`.
size_t Digits(size_t key_bytes) { return std::max(key_bytes, kPrefixBytes) - kPrefixBytes; }

using Vector2 = uint64_t __attribute__((vector_size(16)));

}  // namespace

KeyRenderer::KeyRenderer(const KeySpec& spec)
    : format_(spec.format), hashed_order_(spec.hashed_order), least_digits_(spec.zero_padding) {
  size_t asked = 0;
  if (spec.size.has_value()) {
    size_.emplace(*spec.size, kKeySizeSalt);
    asked = spec.size->max_bytes;
    least_digits_ = std::max<size_t>(least_digits_, Digits(spec.size->min_bytes));
    sizes_vary_ = spec.size->min_bytes != spec.size->max_bytes;
  }
  const size_t formatted = format_ == KeyFormat::kBinary
                               ? sizeof(uint64_t)
                               : kPrefixBytes + std::max(kMostDigits, least_digits_);
  max_size_ = std::max(asked, formatted) + 1;
}

std::string_view KeyRenderer::Render(uint64_t number, char* buffer) const {
  const bool missing = (number & kMissingKeyBit) != 0;
  number &= ~kMissingKeyBit;
  size_t size =
      format_ == KeyFormat::kBinary ? RenderBinary(number, buffer) : RenderYcsb(number, buffer);
  if (missing) buffer[size++] = '.';
  return {buffer, size};
}

// CoreWorkload.buildKeyName: "user", zeros up to zeropadding digits, the number or its hash.
size_t KeyRenderer::RenderYcsb(uint64_t number, char* buffer) const {
  const uint64_t shown = hashed_order_ ? FnvHash64(number) : number;
  std::memcpy(buffer, "user", kPrefixBytes);
  char* const digits = buffer + kPrefixBytes;
  const size_t count = StoreDecimal(shown, digits);
  size_t wanted = least_digits_;
  if (sizes_vary_) wanted = std::max<size_t>(wanted, Digits(size_->SizeOf(number)));
  if (wanted <= count) [[likely]] {
    return kPrefixBytes + count;
  }
  std::memmove(digits + wanted - count, digits, count);
  std::memset(digits, '0', wanted - count);
  return kPrefixBytes + wanted;
}

// db_bench's GenerateKeyFromInt. Sizes below 8 bytes are refused by the parser.
size_t KeyRenderer::RenderBinary(uint64_t number, char* buffer) const {
  const uint64_t shown = hashed_order_ ? Mix64(number) : number;
  const uint64_t big_endian = __builtin_bswap64(shown);
  const size_t size = size_.has_value() ? size_->SizeOf(number) : sizeof big_endian;
  if (size == sizeof(Vector2)) {
    // One store: an engine that reads the key in one load would wait for two.
    const Vector2 key = {big_endian, kAsciiZeros};
    std::memcpy(buffer, &key, sizeof key);
    return size;
  }
  std::memcpy(buffer, &big_endian, sizeof big_endian);
  std::memset(buffer + sizeof big_endian, '0', size - sizeof big_endian);
  return size;
}

}  // namespace kvs
