// Batched lookups, or the refusal of them.
#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {
namespace {

using Answers = std::vector<std::optional<std::string>>;

// Looks `keys` up in one batch, into buffers that hold something already.
Answers Batch(KvsEngine& handle, const std::vector<std::string>& keys) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  std::vector<std::string> values(keys.size(), std::string(1000, 'x'));
  const auto found = std::make_unique<bool[]>(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) found[i] = i % 2 == 0;
  handle.MultiGet(views, values, {found.get(), keys.size()});
  Answers answers(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (found[i]) answers[i] = values[i];
  }
  return answers;
}

TEST_P(BatchedEngineTest, AnswersInTheOrderOfTheKeys) {
  const auto handle = Open();
  handle->Set(Key("a"), "1");
  handle->Set(Key("b"), "");
  handle->Set(Key("c"), std::string(5000, 'c'));
  EXPECT_EQ(Batch(*handle, {Key("c"), Key("missing"), Key("a"), Key("b"), Key("c")}),
            Answers({std::string(5000, 'c'), std::nullopt, "1", "", std::string(5000, 'c')}));
}

TEST_P(BatchedEngineTest, TakesAnEmptyBatch) { EXPECT_EQ(Batch(*Open(), {}), Answers()); }

TEST_P(BatchedEngineTest, BatchesOfAllSizesOneAfterTheOther) {
  const auto handle = Open();
  for (uint64_t i = 0; i < 300; i += 2) handle->Set(Key(std::to_string(i)), ValueFor(i));
  for (int round = 0; round < 2; ++round) {
    for (const size_t size : {300U, 1U, 64U, 2U, 129U}) {
      std::vector<std::string> keys;
      Answers expected;
      for (uint64_t i = 0; i < size; ++i) {
        keys.push_back(Key(std::to_string(i)));
        expected.push_back(i % 2 == 0 ? std::optional(ValueFor(i)) : std::nullopt);
      }
      EXPECT_EQ(Batch(*handle, keys), expected) << size;
    }
    handle->Settle();
  }
}

TEST_P(BatchedEngineTest, SeesWritesOfEveryHandle) {
  const auto writer = Open();
  const auto reader = writer->Clone();
  EXPECT_EQ(Batch(*reader, {Key("a")}), Answers({std::nullopt}));
  writer->Set(Key("a"), "1");
  EXPECT_EQ(Batch(*reader, {Key("a")}), Answers({"1"}));
  writer->Remove(Key("a"));
  EXPECT_EQ(Batch(*reader, {Key("a")}), Answers({std::nullopt}));
}

TEST_P(UnbatchedEngineTest, ABatchIsRefusedNotEmulated) {
  const auto handle = Open();
  handle->Set(Key("k"), "v");
  const std::string key = Key("k");
  const std::string_view keys[] = {key};
  std::string values[1];
  bool found[1] = {};
  EXPECT_ENGINE_ERROR(handle->MultiGet(keys, values, found), ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace kvs::contract
