#include "engines/log_store/crc32c.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kvs {
namespace {

// RFC 3720 (iSCSI), appendix B.4.
TEST(Crc32cTest, MatchesTheVectorsOfTheStandard) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending;
  std::string descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc32c(descending), 0x113fdb5cu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32cTest, ExtendingEqualsOneGoAndTheTableEqualsTheInstructions) {
  std::mt19937_64 random(7);
  // From 192 bytes on the instruction is used on three parts at a time, each of 2048 at most.
  std::vector<size_t> sizes = {1000, 3 * 2048 - 1, 3 * 2048, 6 * 2048 + 191, 6 * 2048 + 192, 20000};
  for (size_t size = 0; size < 400; ++size) sizes.push_back(size);
  for (const size_t size : sizes) {
    std::string data(size, '\0');
    for (char& c : data) c = static_cast<char>(random());
    const uint32_t whole = Crc32c(data);
    EXPECT_EQ(ExtendCrc32cByTable(0, data.data(), data.size()), whole) << size;
    const size_t cut = size == 0 ? 0 : random() % size;
    EXPECT_EQ(ExtendCrc32c(Crc32c(data.substr(0, cut)), data.data() + cut, size - cut), whole);
  }
}

}  // namespace
}  // namespace kvs
