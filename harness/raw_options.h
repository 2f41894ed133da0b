// The words of the command line, sorted by option, before they mean anything.
#ifndef KVS_HARNESS_RAW_OPTIONS_H_
#define KVS_HARNESS_RAW_OPTIONS_H_

#include <string>
#include <vector>

#include "harness/compare/compare_options.h"
#include "harness/doctor/doctor_options.h"
#include "harness/selftest/selftest_options.h"
#include "harness/verify/verify_options.h"

namespace kvs {

// The values as they were written. Of an option with one value, "" where it was not given.
struct RawOptions {
  std::vector<std::string> engines, workloads, threads, pools, tiers, properties;
  std::string trials, duration, operations, rate, slo, arrivals, warmup, timeout;
  std::string records, key_size, value_size, compression_ratio, read_percent;
  std::string cold;  // of a bare --cold "true"
  std::string seed, sampling_period, verify, memory_budget;
  std::string directory, use_existing, out, csv, resume;
  bool allow_environment_mismatch = false;
  bool find_max = false;
  bool no_floor = false;
  bool keep = false;
  bool load_only = false;
  bool force = false;
  bool costs = false;
  bool quiet = false;
  bool no_color = false;

  bool list = false;  // the command `list`
  bool list_as_json = false;
  verify::RawVerifyOptions verification;
  doctor::RawDoctorOptions examination;
  selftest::RawSelftestOptions selftest;
  compare::RawCompareOptions comparison;
  std::string text;  // help or version if asked for, and then nothing else counts
};

// Sorts the words after `kvs-bench`. Throws UsageError on a word that no option or command takes,
// and on an option that lacks its value.
RawOptions CollectOptions(const std::vector<std::string>& arguments);

}  // namespace kvs

#endif  // KVS_HARNESS_RAW_OPTIONS_H_
