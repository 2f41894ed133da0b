// What stands below the rows of a table: what a reader must know of its cells.
#ifndef KVS_RESULTS_TABLE_NOTES_H_
#define KVS_RESULTS_TABLE_NOTES_H_

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "results/model.h"
#include "results/summary.h"

namespace kvs {

using CellList = std::vector<const CellSummary*>;

// True of a cell that the engine cannot do: it has no row, and a line below the rows instead.
bool IsUnsupported(const CellSummary& cell);

// Thread safety: const methods from any thread.
class TableNotes {
 public:
  // `cells`: of one workload, pool and durability, in the order of the rows, at least one. They and
  // `run`, which they are of, outlive this.
  TableNotes(const Run& run, const CellList& cells, bool colour);

  // Whether any cell has notes, which are numbered.
  bool AnyNumbers() const { return !notes_.empty(); }
  // Those of the notes of `cell`, one of the table's: "1,3".
  std::string NumbersOf(const CellSummary& cell) const;

  // Lines: what is unsupported, not steady, and in the page cache; then the notes, the workload's
  // own last.
  std::string Render() const;

 private:
  std::string Unsupported() const;
  std::string Drifts() const;
  std::string PageCache() const;
  std::string Notes() const;

  const Run& run_;
  const CellList& cells_;
  const bool colour_;
  std::map<std::string, size_t> numbers_;                                // counted from 1
  std::vector<std::pair<std::string, std::vector<std::string>>> notes_;  // and their engines
};

}  // namespace kvs

#endif  // KVS_RESULTS_TABLE_NOTES_H_
