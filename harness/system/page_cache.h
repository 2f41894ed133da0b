// The page cache's part in the files of a store. An engine that is open may go on meanwhile, and
// keeps its locks.
//
// Thread safety: every function from any thread.
#ifndef KVS_HARNESS_SYSTEM_PAGE_CACHE_H_
#define KVS_HARNESS_SYSTEM_PAGE_CACHE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "results/model.h"

namespace kvs {

// What is done so that a window begins on a store whose files are not in the page cache.
enum class ColdStart : uint8_t {
  kEvict,  // its own files are evicted
  kDrop,   // besides, the caches of the whole machine are dropped, those of the file system's own
           // data among them
};
// "evict", "drop".
std::string_view ToString(ColdStart cold);
std::optional<ColdStart> ParseColdStart(std::string_view text);

inline constexpr const char* kDropCachesFile = "/proc/sys/vm/drop_caches";

// How much of the regular files below `directory` the page cache holds now, by mincore(2), which
// touches none of it: some milliseconds per GiB. Files that vanish meanwhile are left out. Nothing
// when a file cannot be mapped or the kernel does not tell. The kernel shows only the owner of a
// file, and who may write it, what is resident, and everything to others: so a figure is never too
// low. Throws std::system_error.
std::optional<PageCacheShare> ReadPageCacheShare(const std::filesystem::path& directory);

// Writes the regular files below `directory` back to storage and asks the kernel to forget their
// pages. It keeps pages that a process has mapped and touched, and all of a RAM disk: what came of
// it is for ReadPageCacheShare to say. Files that vanish meanwhile are left out. Throws
// std::system_error, with file and reason, on one that cannot be opened or flushed.
void EvictFromPageCache(const std::filesystem::path& directory);

// Asks the kernel to forget every clean page, directory entry and inode of the whole machine: slow
// for everybody. `file` stands for kDropCachesFile. Throws std::filesystem::filesystem_error.
void DropCachesOfMachine(const std::filesystem::path& file = kDropCachesFile);

// 0 when DropCachesOfMachine may be called, otherwise the system's reason (errno).
int WhyCachesCannotBeDropped(const std::filesystem::path& file = kDropCachesFile);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_PAGE_CACHE_H_
