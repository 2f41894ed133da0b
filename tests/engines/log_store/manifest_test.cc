// The text of manifests. damage_test.cc has those that are damaged; these have a check value that
// is right.
#include "engines/log_store/manifest.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/engine.h"

namespace kvs {
namespace {

std::string WithCheck(const std::string& lines) {
  return lines + fmt::format("check {:08x}\n", Crc32c(lines));
}

TEST(ManifestTextTest, IsReadAsItWasWritten) {
  const ManifestContent content{
      .store = {1, 2, 255},
      .next_generation = 44,
      .entries = {{3, {.kind = SegmentKind::kWrites, .synced_size = 96, .sealed = true}},
                  {43, {.kind = SegmentKind::kCompacted, .synced_size = 64, .sealed = false}}}};
  EXPECT_EQ(DecodeManifest("test", "MANIFEST", EncodeManifest(content)), content);
  const ManifestContent empty;
  EXPECT_EQ(DecodeManifest("test", "MANIFEST", EncodeManifest(empty)), empty);
}

TEST(ManifestTextTest, WhatNoStoreWritesIsRefused) {
  const std::string store = "store 9f86d081884c7d659a2feaa0c55ad015\n";
  const std::string title = "kvs-bench manifest 1\n";
  const std::string good = title + store + "next 5\nsegment 4 writes open 64\n";
  EXPECT_NO_THROW(DecodeManifest("test", "MANIFEST", WithCheck(good)));
  const std::pair<std::string, const char*> wrong[] = {
      {good + "segment 5 writes open 64\n", "the generation is not below 'next'"},
      {good + "segment 4 writes open 64\n", "a segment is listed twice"},
      {good + "check 00000000\nsegment 3 writes open 64\n", "a line follows the check value"},
      {good + "segment 3 reads open 64\n", "unknown kind"},
      {good + "segment 3 writes ajar 64\n", "unknown state"},
      {good + "segment 3 writes open -64\n", "a number was expected"},
      {good + "\n", "'segment ' was expected"},
      {title + "store 9f86\nnext 5\n", "identity is not readable"},
      {"kvs-bench manifest 0\n" + store + "next 5\n", "there is no version 0"}};
  for (const auto& [lines, reason] : wrong) {
    try {
      DecodeManifest("test", "MANIFEST", WithCheck(lines));
      ADD_FAILURE() << "accepted " << lines;
    } catch (const EngineError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorruption);
      EXPECT_THAT(error.what(), testing::HasSubstr("MANIFEST: offset "));
      EXPECT_THAT(error.what(), testing::HasSubstr(reason));
    }
  }
}

}  // namespace
}  // namespace kvs
