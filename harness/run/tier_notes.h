// What the results of a run cannot show of the durability that they were measured with.
#ifndef KVS_HARNESS_RUN_TIER_NOTES_H_
#define KVS_HARNESS_RUN_TIER_NOTES_H_

#include <span>
#include <string>
#include <vector>

#include "harness/trial/trial_plan.h"

namespace kvs {

// One sentence for each tier of `trials` whose promise an audit of flushes cannot show: what it
// promises, and the command that tests it for the engines that store data. Empty if there is none.
std::vector<std::string> NotesOnTiers(std::span<const TrialPlan> trials);

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_TIER_NOTES_H_
