// Figures as people read them: three significant digits and a unit.
#ifndef KVS_RESULTS_HUMAN_UNITS_H_
#define KVS_RESULTS_HUMAN_UNITS_H_

#include <cstdint>
#include <string>

namespace kvs {

// "0", "0.123", "12.3", "999", "1.23k", "12.3M", "123G": at most 5 columns below 10^15.
std::string HumanCount(double count);

// "87ns", "1.23us", "12.3ms", "123s".
std::string HumanNs(double duration_ns);

// "512 B", "1.50 KiB", "97.7 MiB".
std::string HumanBytes(uint64_t bytes);

// A share of 0..1: "0", "0.02%", "1.5%", "18%", "100%"; what is not zero is not shown as zero.
std::string HumanShare(double share);

// "1,234,567".
std::string GroupedDigits(uint64_t number);

}  // namespace kvs

#endif  // KVS_RESULTS_HUMAN_UNITS_H_
