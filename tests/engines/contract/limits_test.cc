// Keys and values at the declared limits, one past them, and far inside.
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {
namespace {

// Zero bytes that take no memory until they are read.
class SparseBytes {
 public:
  explicit SparseBytes(size_t bytes)
      : bytes_(bytes),
        address_(
            ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (address_ == MAP_FAILED) throw std::runtime_error(std::strerror(errno));
  }
  ~SparseBytes() { ::munmap(address_, bytes_); }
  SparseBytes(const SparseBytes&) = delete;
  SparseBytes& operator=(const SparseBytes&) = delete;
  std::string_view view() const { return {static_cast<const char*>(address_), bytes_}; }

 private:
  const size_t bytes_;
  void* const address_;
};

// `bytes` bytes with a period that no page or block size divides, so that a misplaced one shows.
std::string LongValue(size_t bytes) {
  std::string value(4099, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>((i * 31 + bytes) & 0xFF);
  while (value.size() < bytes) value += value;
  value.resize(bytes);
  return value;
}

TEST_P(StoringEngineTest, ValuesUpTo16MiB) {
  const auto handle = Open();
  const size_t most = std::min<size_t>(capabilities().max_value_bytes, size_t{16} << 20);
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{4097},
                             size_t{65536}, size_t{1} << 20, most}) {
    if (bytes > most) continue;
    const std::string stored = LongValue(bytes);
    handle->Set(Key(std::to_string(bytes)), stored);
    EXPECT_TRUE(Lookup(*handle, Key(std::to_string(bytes))) == stored) << bytes;
  }
}

TEST_P(KeyLimitTest, KeysAtTheLimitsAreTaken) {
  const size_t max = capabilities().max_key_bytes;
  const std::string longest(max, 'k');
  std::string its_neighbour = longest;
  its_neighbour.back() = 'l';
  const std::string shortest(capabilities().min_key_bytes, 's');
  {
    const auto handle = Open();
    handle->Set(longest, "longest");
    handle->Set(its_neighbour, "neighbour");
    handle->Set(shortest, "shortest");
    if (!capabilities().stores_data) return;
    EXPECT_EQ(Lookup(*handle, longest), "longest");
    EXPECT_EQ(Lookup(*handle, longest.substr(1)), std::nullopt);
    handle->Settle();
  }
  const auto handle = Open();
  EXPECT_EQ(Lookup(*handle, longest), "longest");
  EXPECT_EQ(Lookup(*handle, its_neighbour), "neighbour");
  EXPECT_EQ(Lookup(*handle, shortest), "shortest");
  EXPECT_NE(handle->Remove(longest), RemoveResult::kAbsent);
  EXPECT_EQ(Lookup(*handle, longest), std::nullopt);
  EXPECT_EQ(Lookup(*handle, its_neighbour), "neighbour");
}

void ExpectRefused(KvsEngine& handle, const EngineCapabilities& capabilities,
                   const std::string& key) {
  std::string value = "kept";
  EXPECT_ENGINE_ERROR(handle.Set(key, "v"), ErrorKind::kLimit);
  EXPECT_ENGINE_ERROR(handle.Get(key, value), ErrorKind::kLimit);
  EXPECT_ENGINE_ERROR(handle.Remove(key), ErrorKind::kLimit);
  const std::string good(std::max<size_t>(1, capabilities.min_key_bytes), 'g');
  const std::string_view keys[] = {good, key};
  const std::string_view written[] = {"v", "v"};
  EXPECT_ENGINE_ERROR(handle.SetMany(keys, written), ErrorKind::kLimit);
  if (!capabilities.multi_get) return;
  std::string values[2];
  bool found[2] = {};
  EXPECT_ENGINE_ERROR(handle.MultiGet(keys, values, found), ErrorKind::kLimit);
}

TEST_P(KeyLimitTest, OneByteMoreIsRefusedAndChangesNothing) {
  const auto handle = Open();
  const std::string longest(capabilities().max_key_bytes, 'k');
  handle->Set(longest, "v");
  ExpectRefused(*handle, capabilities(), longest + 'k');
  if (!capabilities().stores_data) return;
  EXPECT_EQ(Lookup(*handle, longest), "v");
}

TEST_P(EveryEngineTest, TheEmptyKeyIsTakenOrRefusedAsDeclared) {
  const auto handle = Open();
  if (capabilities().min_key_bytes > 0) {
    ExpectRefused(*handle, capabilities(), std::string(capabilities().min_key_bytes - 1, 'k'));
    return;
  }
  handle->Set("", "empty");
  handle->Set(std::string_view(), "null");
  if (!capabilities().stores_data) return;
  EXPECT_EQ(Lookup(*handle, ""), "null");
  EXPECT_NE(handle->Remove(""), RemoveResult::kAbsent);
  EXPECT_EQ(Lookup(*handle, ""), std::nullopt);
}

TEST_P(ValueLimitTest, OneByteMoreIsRefusedAndChangesNothing) {
  const auto handle = Open();
  const SparseBytes too_long(capabilities().max_value_bytes + 1);
  handle->Set(Key("k"), "v");
  EXPECT_ENGINE_ERROR(handle->Set(Key("k"), too_long.view()), ErrorKind::kLimit);
  EXPECT_ENGINE_ERROR(handle->Set(Key("other"), too_long.view()), ErrorKind::kLimit);
  if (!capabilities().stores_data) return;
  EXPECT_EQ(Lookup(*handle, Key("k")), "v");
  EXPECT_EQ(Lookup(*handle, Key("other")), std::nullopt);
}

}  // namespace
}  // namespace kvs::contract
