#include "harness/verify/unique_value.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "workloads/random.h"

namespace kvs::verify {
namespace {

constexpr size_t kOftenAtMostBytes = 300;
constexpr uint64_t kOneIsLongerOf = 16;

size_t SizeOf(uint64_t mixed) {
  const size_t most = (mixed >> 32) % kOneIsLongerOf == 0 ? kLargestValueBytes : kOftenAtMostBytes;
  return kSmallestValueBytes + mixed % (most - kSmallestValueBytes + 1);
}

}  // namespace

uint64_t Mix(uint64_t a, uint64_t b, uint64_t c) {
  // The addend keeps 0 from being mapped to itself.
  constexpr uint64_t kAddend = 0x9E3779B97F4A7C15;
  return Mix64((Mix64((Mix64(a + kAddend) ^ b) + kAddend) ^ c) + kAddend);
}

// Little-endian machines only, as the engines are; a value never leaves the machine.
void MakeValue(const ValueOrigin& origin, std::string& value) {
  uint64_t mixed = Mix(origin.key, origin.writer, origin.number);
  value.resize(SizeOf(mixed));
  std::memcpy(value.data(), &origin.key, 4);
  std::memcpy(value.data() + 4, &origin.writer, 4);
  std::memcpy(value.data() + 8, &origin.number, 8);
  for (size_t i = 16; i < value.size(); i += 8) {
    mixed += 0x9E3779B97F4A7C15;
    const uint64_t fill = mixed ^ (mixed >> 29);
    std::memcpy(value.data() + i, &fill, std::min<size_t>(8, value.size() - i));
  }
}

std::optional<ValueOrigin> ReadValue(std::string_view value) {
  if (value.size() < kSmallestValueBytes || value.size() > kLargestValueBytes) return std::nullopt;
  ValueOrigin origin;
  std::memcpy(&origin.key, value.data(), 4);
  std::memcpy(&origin.writer, value.data() + 4, 4);
  std::memcpy(&origin.number, value.data() + 8, 8);
  thread_local std::string expected;
  MakeValue(origin, expected);
  if (value != expected) return std::nullopt;
  return origin;
}

std::string KeyName(uint32_t index, size_t min_bytes) {
  std::string name = fmt::format("key-{:05}", index);
  if (name.size() < min_bytes) name.resize(min_bytes, '.');
  return name;
}

std::string Printable(std::string_view value) {
  constexpr size_t kMost = 64;
  std::string text;
  for (const char c : value.substr(0, kMost)) {
    if (' ' <= c && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (value.size() > kMost) text += "...";
  return fmt::format("{} bytes: {}", value.size(), text);
}

}  // namespace kvs::verify
