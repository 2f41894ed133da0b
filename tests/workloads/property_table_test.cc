#include "workloads/property_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "tests/source_directory.h"

namespace kvs {
namespace {

std::string Row(const PropertyDefinition& property) {
  constexpr const char* kOwners[] = {"YCSB", "YCSB-cpp", "ours"};
  const auto cell = [](const std::string& text) { return text.empty() ? "" : text + " "; };
  const std::string value(property.default_value);
  const std::string why = property.alias_of.empty()
                              ? std::string(property.not_applied)
                              : fmt::format("another spelling of `{}`", property.alias_of);
  return fmt::format("| `{}` | {}| {} | {} | {}|\n", property.name,
                     cell(value.empty() ? "" : fmt::format("`{}`", value)),
                     kOwners[static_cast<size_t>(property.owner)], property.meaning, cell(why));
}

TEST(PropertyTableTest, TheDocumentationHasEveryProperty) {
  std::ifstream file(SourceDirectory() / "docs/workloads.md");
  ASSERT_TRUE(file);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const PropertyDefinition& property : KnownProperties()) {
    EXPECT_NE(page.find(Row(property)), std::string::npos) << "docs/workloads.md lacks the line\n"
                                                           << Row(property);
  }
}

TEST(PropertyTableTest, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const PropertyDefinition& property : KnownProperties()) {
    EXPECT_TRUE(names.insert(property.name).second) << property.name;
    EXPECT_EQ(FindProperty(property.name), &property);
    EXPECT_EQ(NearestProperty(property.name).name, property.name);
    if (!property.alias_of.empty()) {
      EXPECT_NE(FindProperty(property.alias_of), nullptr);
    }
  }
  EXPECT_EQ(FindProperty("recordcounts"), nullptr);
}

TEST(PropertyTableTest, TheNearestNameIsTheOneMeant) {
  EXPECT_EQ(NearestProperty("recordCount").name, "recordcount");
  EXPECT_EQ(NearestProperty("readpropotion").name, "readproportion");
  EXPECT_EQ(NearestProperty("zipfian.theat").name, "zipfian.theta");
}

}  // namespace
}  // namespace kvs
