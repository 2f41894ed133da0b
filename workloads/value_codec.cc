#include "workloads/value_codec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "workloads/random.h"
#include "workloads/vector2.h"

namespace kvs {
namespace {

constexpr uint64_t kValueSizeSalt = 2;

// Contents begin at one of this many places of the pool and are then enciphered with the value's
// own key, so a small pool, which stays in the cache, repeats nothing.
constexpr size_t kPoolStarts = 4096;

// check, key number ^ mask, (writer, version) ^ mask.
using Header = std::array<uint64_t, ValueCodec::kHeaderBytes / sizeof(uint64_t)>;

static_assert(sizeof(Vector2) == ValueCodec::kPeriodBytes);

constexpr uint64_t kKeyMask = 0xA0761D6478BD642Full;
constexpr uint64_t kOriginMask = 0xE7037ED1A0B428DBull;

// Both halves of a product: mixes two words for the price of a multiplication (wyhash's step).
uint64_t Fold(uint64_t a, uint64_t b) {
  uint64_t low = 0;
  const uint64_t high = MultiplyHigh(a, b, low);
  return low ^ high;
}

// The content of the value whose check word is `check`: where it begins in the pool, and the key
// that every 16 bytes of it are combined with.
struct Content {
  explicit Content(uint64_t check, const std::vector<char>& pool)
      : source(pool.data() + check % kPoolStarts),
        key{Fold(check, kKeyMask), Fold(check, kOriginMask)} {}

  Vector2 At(size_t offset) const {
    Vector2 word;
    std::memcpy(&word, source + offset, sizeof word);
    return word ^ key;
  }

  // What compressible values repeat. Not the key itself, which a compressor would find in the
  // header.
  Vector2 Period() const {
    return key ^ Vector2 { kKeyMask, kOriginMask };
  }

  const char* source;
  Vector2 key;
};

// Stores `size` bytes, and up to 15 behind them, which costs less than to stop in time.
void StoreContent(const Content& content, char* out, size_t size) {
  for (size_t offset = 0; offset < size; offset += sizeof(Vector2)) {
    const Vector2 word = content.At(offset);
    std::memcpy(out + offset, &word, sizeof word);
  }
}

bool ContentEquals(const Content& content, const char* data, size_t size) {
  size_t offset = 0;
  Vector2 difference = {0, 0};
  for (; offset + sizeof(Vector2) <= size; offset += sizeof(Vector2)) {
    Vector2 word;
    std::memcpy(&word, data + offset, sizeof word);
    difference |= word ^ content.At(offset);
  }
  const Vector2 word = content.At(offset);
  return (difference[0] | difference[1]) == 0 &&
         std::memcmp(data + offset, &word, size - offset) == 0;
}

// Where a value compresses. Apart, so that storing values that do not costs what it did.
[[gnu::noinline]] void StoreRepetition(const Content& content, char* out, size_t size) {
  const Vector2 period = content.Period();
  for (size_t offset = 0; offset < size; offset += sizeof period) {
    std::memcpy(out + offset, &period, std::min(sizeof period, size - offset));
  }
}

bool IsRepetition(const Content& content, const char* data, size_t size) {
  const Vector2 period = content.Period();
  for (size_t offset = 0; offset < size; offset += sizeof period) {
    const size_t bytes = std::min(sizeof period, size - offset);
    if (std::memcmp(data + offset, &period, bytes) != 0) return false;
  }
  return true;
}

}  // namespace

ValueCodec::ValueCodec(const SizeSpec& size, uint64_t seed, double compression_ratio)
    : size_(size, kValueSizeSalt),
      seed_(Mix64(seed + 1)),
      max_size_(size.max_bytes),
      compression_ratio_(compression_ratio) {
  pool_.resize(kPoolStarts + max_size_ + sizeof(Vector2));
  Random random(seed_);
  for (size_t i = 0; i < pool_.size(); i += sizeof(uint64_t)) {
    const uint64_t word = random.Next();
    std::memcpy(&pool_[i], &word, std::min(sizeof word, pool_.size() - i));
  }
}

size_t ValueCodec::CompressibleBytes(size_t size) const {
  if (compression_ratio_ == 1) return 0;
  // Neither the header nor the first of the repeated bytes compresses.
  const auto incompressible = static_cast<size_t>(
      std::max(compression_ratio_ * static_cast<double>(size), double{kIncompressibleBytes}));
  return size + kPeriodBytes - std::min(incompressible, size + kPeriodBytes);
}

uint64_t ValueCodec::CheckOf(uint64_t key_number, uint64_t origin, size_t size) const {
  const uint64_t half = Fold(key_number ^ seed_, kKeyMask ^ size);
  return Mix64(half ^ Fold(origin ^ kOriginMask, seed_ ^ key_number));
}

std::string_view ValueCodec::Encode(uint64_t key_number, uint32_t writer, uint32_t version,
                                    char* buffer) const {
  const size_t size = size_.SizeOf(key_number);
  const size_t header_size = size < kHeaderBytes ? 0 : kHeaderBytes;
  const uint64_t origin = header_size == 0 ? 0 : uint64_t{writer} << 32 | version;
  const uint64_t check = CheckOf(key_number, origin, size);
  if (header_size != 0) {
    // Two words in one store: who reads them together need not wait for two.
    const Vector2 start = {check, key_number ^ Fold(check, kKeyMask)};
    const uint64_t end = origin ^ Fold(check, kOriginMask);
    std::memcpy(buffer, &start, sizeof start);
    std::memcpy(buffer + sizeof start, &end, sizeof end);
  }
  StoreContent(Content(check, pool_), buffer + header_size, size - header_size);
  if (compression_ratio_ < 1 && header_size != 0) [[unlikely]] {
    const size_t repeated = CompressibleBytes(size);
    StoreRepetition(Content(check, pool_), buffer + size - repeated, repeated);
  }
  return {buffer, size};
}

ValueVerdict ValueCodec::Check(uint64_t key_number, std::string_view value, bool full) const {
  const size_t size = value.size();
  if (size < kHeaderBytes) {
    const bool good =
        size == size_.SizeOf(key_number) &&
        ContentEquals(Content(CheckOf(key_number, 0, size), pool_), value.data(), size);
    return good ? ValueVerdict::kGood : ValueVerdict::kDamaged;
  }
  Header header;
  std::memcpy(header.data(), value.data(), kHeaderBytes);
  const uint64_t check = header[0];
  const uint64_t found_key = header[1] ^ Fold(check, kKeyMask);
  const uint64_t origin = header[2] ^ Fold(check, kOriginMask);
  if (size > max_size_ || CheckOf(found_key, origin, size) != check) return ValueVerdict::kDamaged;
  if (full) {
    const Content content(check, pool_);
    const size_t repeated = CompressibleBytes(size);
    if (!ContentEquals(content, value.data() + kHeaderBytes, size - kHeaderBytes - repeated) ||
        !IsRepetition(content, value.data() + size - repeated, repeated)) {
      return ValueVerdict::kDamaged;
    }
  }
  return found_key == key_number ? ValueVerdict::kGood : ValueVerdict::kForeign;
}

std::optional<ValueOrigin> ValueCodec::OriginOf(std::string_view value) const {
  assert(value.size() >= kHeaderBytes);
  Header header;
  std::memcpy(header.data(), value.data(), kHeaderBytes);
  const uint64_t key_number = header[1] ^ Fold(header[0], kKeyMask);
  if (Check(key_number, value, /*full=*/false) != ValueVerdict::kGood) return std::nullopt;
  const uint64_t origin = header[2] ^ Fold(header[0], kOriginMask);
  return ValueOrigin{.key_number = key_number,
                     .writer = static_cast<uint32_t>(origin >> 32),
                     .version = static_cast<uint32_t>(origin)};
}

}  // namespace kvs
