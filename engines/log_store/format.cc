#include "engines/log_store/format.h"

#include <charconv>

#include <fmt/format.h>

namespace kvs {
namespace {

constexpr size_t kHeaderCheckSize = sizeof(RecordHeader::header_check);

}  // namespace

std::string ToHex(const StoreId& id) {
  std::string text;
  for (unsigned char byte : id) text += fmt::format("{:02x}", byte);
  return text;
}

bool ParseStoreId(std::string_view text, StoreId& id) {
  if (text.size() != 2 * id.size()) return false;
  for (size_t i = 0; i < id.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, id[i], 16);
    if (error != std::errc() || end != digits + 2) return false;
  }
  return true;
}

SegmentHeader MakeSegmentHeader(const StoreId& store, uint64_t generation, SegmentKind kind) {
  SegmentHeader header{};
  std::memcpy(header.magic, kSegmentMagic, sizeof header.magic);
  header.version = kLogFormatVersion;
  header.kind = kind;
  header.store = store;
  header.generation = generation;
  header.check = ExtendCrc32c(0, &header, offsetof(SegmentHeader, check));
  return header;
}

bool Record::HeaderIsValid(uint32_t binding) const {
  const RecordHeader header = Header();
  return header.header_check ==
         ExtendCrc32c(binding, data_ + kHeaderCheckSize, sizeof(RecordHeader) - kHeaderCheckSize);
}

bool Record::PayloadIsValid(uint32_t binding) const {
  return Header().payload_check == ExtendCrc32c(binding, KeyData(), Size() - sizeof(RecordHeader));
}

void WriteRecord(char* out, uint32_t binding, RecordType type, uint64_t sequence,
                 std::string_view key, std::string_view value) {
  const size_t size = RecordSize(key.size(), value.size());
  char* payload = out + sizeof(RecordHeader);
  // The padding first: it is the end of the last word, and what belongs there overwrites the rest.
  if (size > sizeof(RecordHeader)) std::memset(out + size - kRecordAlignment, 0, kRecordAlignment);
  // An empty view may have no address, which memcpy must not be given.
  if (!key.empty()) std::memcpy(payload, key.data(), key.size());
  if (!value.empty()) std::memcpy(payload + key.size(), value.data(), value.size());

  RecordHeader header{.header_check = 0,
                      .payload_check = ExtendCrc32c(binding, payload, size - sizeof(RecordHeader)),
                      .sequence = sequence,
                      .value_size = static_cast<uint32_t>(value.size()),
                      .key_size = static_cast<uint16_t>(key.size()),
                      .type = type,
                      .reserved = 0};
  header.header_check =
      ExtendCrc32c(binding, reinterpret_cast<const char*>(&header) + kHeaderCheckSize,
                   sizeof header - kHeaderCheckSize);
  std::memcpy(out, &header, sizeof header);
}

}  // namespace kvs
