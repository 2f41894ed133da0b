// The directory in which the stores of a run lie, and the rules that keep everybody's data safe.
#ifndef KVS_HARNESS_OUTPUT_RUN_DIRECTORY_H_
#define KVS_HARNESS_OUTPUT_RUN_DIRECTORY_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

// A fresh directory of this run alone, below `parent`.
//
// 1. Its name is new (mkdtemp), so runs at the same time do not meet.
// 2. It holds a marker file that says which process made it, locked (flock) while that lives: a
//    marker that can be locked is left over from a run that died.
// 3. Nothing is removed but what lies below a directory that this object made, and only while the
//    marker there is still the one that it wrote.
// 4. Left-overs of other runs are never removed, only named.
class RunDirectory {
 public:
  // Makes the directory, and `parent` itself when only its last component is missing. Throws
  // EnvironmentError.
  explicit RunDirectory(const std::filesystem::path& parent);
  // Removes everything, unless Keep() was called, and `parent` too if it was made here and is
  // empty.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Where the store called `name` shall lie: not made here, an engine makes it.
  std::filesystem::path StorePath(std::string_view name) const { return path_ / name; }
  // Removes that store. Throws EnvironmentError.
  void RemoveStore(std::string_view name) const;

  // From now on the directory outlives the run; its marker says so.
  void Keep();

 private:
  bool IsStillOurs() const;

  std::filesystem::path parent_;
  bool made_parent_ = false;
  std::filesystem::path path_;
  std::string marker_text_;
  int marker_fd_ = -1;
  bool keep_ = false;
};

// Run directories below `parent` whose run died without removing them. Kept ones are not among
// them, nor those of runs that live.
std::vector<std::filesystem::path> FindLeftOvers(const std::filesystem::path& parent);
// What it is, how large, and how to remove it.
std::string DescribeLeftOver(const std::filesystem::path& path);

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_RUN_DIRECTORY_H_
