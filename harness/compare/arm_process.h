// One arm of a paired comparison: a program, each of whose trials is one run of it by its public
// command line, so that builds of other versions can be arms.
#ifndef KVS_HARNESS_COMPARE_ARM_PROCESS_H_
#define KVS_HARNESS_COMPARE_ARM_PROCESS_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/system/stop_requests.h"
#include "results/model.h"

namespace kvs::compare {

// Where the programs of all arms find the same: they must not differ in so much as the length of a
// path, which moves the stack, and that alone can be a few percent (Mytkowicz et al., "Producing
// Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS 2009).
struct ArmPlaces {
  std::filesystem::path data;         // the stores lie in here; does not exist between trials
  std::filesystem::path result_file;  // likewise
};

class ArmProgram {
 public:
  // `role`: what messages call the arm, "baseline". Copies `program` to `copy`, so that a build
  // that goes on meanwhile changes nothing. Throws EnvironmentError when it cannot be copied, and
  // UsageError when it is not there, is no kvs-bench, or does not run from another place.
  ArmProgram(std::string role, const std::filesystem::path& program, std::filesystem::path copy,
             StopRequests& stop);

  const std::string& role() const { return role_; }
  // As it was named.
  const std::filesystem::path& original() const { return original_; }

  // Runs one trial of `cell` with `seed`, by a command line of `arguments` and what is the same for
  // every cell. The result has that trial alone, floors aside: a measured one, or one that is
  // unsupported or failed, the latter also when the program itself dies. Nothing when `stop` was
  // asked for meanwhile: the first request lets the trial end by itself, the second kills it.
  // Throws UsageError when the program does not understand the command line, or we do not
  // understand its result; EnvironmentError when the machine refuses.
  std::optional<Run> RunTrial(const CellName& cell, const std::vector<std::string>& arguments,
                              uint64_t seed, const ArmPlaces& places, StopRequests& stop) const;

 private:
  std::string role_;
  std::filesystem::path original_;
  std::filesystem::path copy_;
};

}  // namespace kvs::compare

#endif  // KVS_HARNESS_COMPARE_ARM_PROCESS_H_
