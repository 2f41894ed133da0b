// Histograms of sizes in the format of YCSB's fieldlengthhistogram files.
#ifndef KVS_WORKLOADS_SIZE_HISTOGRAM_H_
#define KVS_WORKLOADS_SIZE_HISTOGRAM_H_

#include <string>
#include <string_view>

#include "workloads/spec.h"

namespace kvs {

// Reads the text of such a file: a first line "BlockSize <bytes>", then a line "<bucket> <weight>"
// for each bucket from 0 on, without a gap; blanks or tabs between. Throws SpecError, naming
// `origin` and the line, on anything else, on sizes above `most_bytes`, and when all weights are 0.
SizeHistogram ParseSizeHistogram(std::string_view text, std::string_view origin,
                                 uint64_t most_bytes);

// True when `text` is that of a histogram rather than the name of its file.
bool IsSizeHistogram(std::string_view text);

// Text that ParseSizeHistogram makes an equal histogram of.
std::string SizeHistogramText(const SizeHistogram& histogram);

}  // namespace kvs

#endif  // KVS_WORKLOADS_SIZE_HISTOGRAM_H_
