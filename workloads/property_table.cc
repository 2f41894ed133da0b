#include "workloads/property_table.h"

#include <algorithm>
#include <limits>

#include "workloads/suggestion.h"

namespace kvs {
namespace {

constexpr PropertyOwner kYcsb = PropertyOwner::kYcsb;
constexpr PropertyOwner kYcsbCpp = PropertyOwner::kYcsbCpp;
constexpr PropertyOwner kOurs = PropertyOwner::kOurs;

constexpr std::string_view kWholeValue = "all fields together are one value";
constexpr std::string_view kCommandLine = "the command line decides";
constexpr std::string_view kOwnReports = "results have a format of their own";
constexpr std::string_view kFailsRun = "a failed operation fails the trial and is not retried";
constexpr std::string_view kBinding = "it belongs to one of YCSB's database bindings";

constexpr PropertyDefinition kProperties[] = {
    {"description", "", kOurs, "one line for `kvs-bench list`; of shipped files the first comment"},
    {"workload", "site.ycsb.workloads.CoreWorkload", kYcsb,
     "workload class: CoreWorkload of site.ycsb or com.yahoo.ycsb"},
    {"recordcount", "", kYcsb, "records in the store before the run; must be given"},
    {"operationcount", "", kYcsb,
     "operations of the run over all threads; `recordcount`: as many as records; none: the run "
     "ends by time"},
    {"insertstart", "0", kYcsb, "first key number of the load"},
    {"insertcount", "", kYcsb, "records that the load stores; recordcount - insertstart"},
    {"preload", "true", kOurs, "load the records before the run; false: start on an empty store"},
    {"singlepass", "false", kOurs,
     "end after one pass over the key space; for sequential keys, or inserts without preload"},
    {"seed", "0", kOurs, "seed of the workload"},

    {"readproportion", "0.95", kYcsb, "weight of reads"},
    {"updateproportion", "0.05", kYcsb, "weight of updates: writes of keys that exist"},
    {"insertproportion", "0", kYcsb, "weight of inserts of new keys"},
    {"deleteproportion", "0", kOurs, "weight of removals"},
    {"scanproportion", "0", kYcsb, "weight of scans; needs an ordered engine"},
    {"readmodifywriteproportion", "0", kYcsb, "weight of reads followed by a write of the key"},
    {"multigetproportion", "0", kOurs, "weight of batched reads; needs an engine that has them"},
    {"multigetsize", "16", kOurs, "keys of a batched read"},
    {"update", "overwrite", kOurs, "`overwrite`: an update writes blindly; `rmw`: it reads first"},
    {"readmissing", "false", kOurs, "reads ask for keys that were never stored"},
    {"backgroundwriters", "0", kOurs,
     "threads that update without pause beside the measured ones, counted apart"},

    {"requestdistribution", "uniform", kYcsb,
     "uniform, zipfian, latest, hotspot, exponential or sequential"},
    {"zipfian.theta", "", kOurs,
     "with requestdistribution=zipfian: the skew, above 0 and below 2; selects our exact zipfian "
     "in place of YCSB's scrambled one"},
    {"zipfian_const", "", kYcsbCpp, "the same", {}, "zipfian.theta"},
    {"hotspotdatafraction", "0.2", kYcsb, "share of the keys that are hot"},
    {"hotspotopnfraction", "0.8", kYcsb, "share of the operations that go to hot keys"},
    {"exponential.percentile", "95", kYcsb,
     "percentage of operations that go to the newest exponential.frac of the keys"},
    {"exponential.frac", "0.8571428571", kYcsb, "that share of the keys"},

    {"minscanlength", "1", kYcsb, "fewest entries of a scan"},
    {"maxscanlength", "1000", kYcsb, "most entries of a scan"},
    {"scanlengthdistribution", "uniform", kYcsb, "uniform or zipfian (favours short scans)"},

    {"keyformat", "ycsb", kOurs,
     "`ycsb`: \"user\" and a decimal number; `binary`: db_bench's 8 bytes big-endian, filled up "
     "with '0'"},
    {"insertorder", "", kYcsb,
     "`hashed` or `ordered`: whether keys hide the order of their numbers; hashed, for binary keys "
     "ordered"},
    {"zeropadding", "1", kYcsb, "least digits of the number in a ycsb key"},
    {"keysize", "", kOurs,
     "bytes of a key, at most: pads ycsb keys, fixes binary ones; none, for binary keys 16"},
    {"minkeysize", "", kOurs, "fewest bytes of a key unless keysizedistribution=constant; 8"},
    {"keysizedistribution", "constant", kOurs, "constant, uniform or zipfian (favours short keys)"},

    {"fieldcount", "10", kYcsb, "fields of a record; a value is all of them together"},
    {"fieldlength", "100", kYcsb, "bytes of a field, at most"},
    {"minfieldlength", "1", kYcsb, "fewest bytes of a field unless constant"},
    {"fieldlengthdistribution", "constant", kYcsb, "constant, uniform, zipfian or histogram"},
    {"field_len_dist", "", kYcsbCpp, "the same", {}, "fieldlengthdistribution"},
    {"fieldlengthhistogram", "hist.txt", kYcsb,
     "with fieldlengthdistribution=histogram: the file with the weights of the sizes"},
    {"valuesize", "", kOurs, "bytes of a value, at most; takes the place of the field properties"},
    {"minvaluesize", "1", kOurs, "fewest bytes of a value unless valuesizedistribution=constant"},
    {"valuesizedistribution", "constant", kOurs,
     "constant, uniform, zipfian (favours small values), pareto or histogram"},
    {"valuesizehistogram", "", kOurs,
     "with valuesizedistribution=histogram: the file with the weights of the sizes"},
    {"pareto.theta", "0", kOurs, "with valuesizedistribution=pareto: location in bytes"},
    {"pareto.k", "0.2615", kOurs, "shape; 0: exponential sizes"},
    {"pareto.sigma", "25.45", kOurs, "scale in bytes"},
    {"compressionratio", "1", kOurs,
     "share of its size that a value compresses to, 0 to 1; 1: not at all"},

    {"table", "usertable", kYcsb, "table's name", "a store has one table"},
    {"fieldnameprefix", "field", kYcsb, "prefix of field names", kWholeValue},
    {"readallfields", "true", kYcsb, "read all fields or one", kWholeValue},
    {"readallfieldsbyname", "false", kYcsb, "name the fields to read", kWholeValue},
    {"writeallfields", "false", kYcsb, "update all fields or one", kWholeValue},
    {"dataintegrity", "false", kYcsb, "check what is read", "values are always checked"},
    {"maxexecutiontime", "", kYcsb, "longest run in seconds", "--duration sets the time"},
    {"threadcount", "1", kYcsb, "client threads", "--threads sets the threads"},
    {"target", "", kYcsb, "operations per second", "--rate sets the rate"},
    {"db", "", kYcsb, "database class", "--engine chooses the store"},
    {"dbname", "", kYcsbCpp, "database", "--engine chooses the store"},
    {"dotransactions", "true", kYcsb, "run or load", "a trial loads, then runs"},
    {"doload", "false", kYcsbCpp, "load", "a trial loads, then runs"},
    {"dotransaction", "false", kYcsbCpp, "run", "a trial loads, then runs"},
    {"sleepafterload", "0", kYcsbCpp, "seconds between load and run",
     "the store settles between load and run"},
    {"limit.ops", "0", kYcsbCpp, "operations per second", "--rate sets the rate"},
    {"limit.file", "", kYcsbCpp, "file with rates", "--rate sets the rate"},
    {"spin.sleep", "false", kYcsb, "wait for the next operation by spinning", kCommandLine},
    {"label", "", kYcsb, "label of the status line", kCommandLine},
    {"status", "false", kYcsb, "print progress", kCommandLine},
    {"status.interval", "10", kYcsb, "seconds between progress lines", kCommandLine},
    {"debug", "false", kYcsb, "debugging output of a client", kCommandLine},
    {"silent", "false", kYcsbCpp, "no output of the basic client", kCommandLine},
    {"exporter", "", kYcsb, "class that writes the results", kOwnReports},
    {"exportfile", "", kYcsb, "file for the results", kOwnReports},
    {"measurementtype", "hdrhistogram", kYcsb, "how latencies are kept", kOwnReports},
    {"measurement.interval", "op", kYcsb, "service or response time", kOwnReports},
    {"measurement.trackjvm", "false", kYcsb, "record the JVM's state", "there is no JVM"},
    {"measurement.histogram.verbose", "false", kYcsb, "print histogram buckets", kOwnReports},
    {"measurement.raw.output_file", "", kYcsb, "file for raw latencies", kOwnReports},
    {"measurement.raw.no_summary", "false", kYcsb, "no summary of them", kOwnReports},
    {"histogram.buckets", "1000", kYcsb, "buckets of a histogram", kOwnReports},
    {"hdrhistogram.percentiles", "50,95,99", kYcsb, "percentiles to print", kOwnReports},
    {"hdrhistogram.fileoutput", "false", kYcsb, "write histogram files", kOwnReports},
    {"hdrhistogram.output.path", "", kYcsb, "where to", kOwnReports},
    {"timeseries.granularity", "1000", kYcsb, "milliseconds of a point", kOwnReports},
    {"reportlatencyforeacherror", "false", kYcsb, "latencies by error", kFailsRun},
    {"latencytrackederrors", "", kYcsb, "errors to keep latencies of", kFailsRun},
    {"core_workload_insertion_retry_limit", "0", kYcsb, "retries of an insert", kFailsRun},
    {"core_workload_insertion_retry_interval", "3", kYcsb, "seconds between them", kFailsRun},
    {"core_workload_insertion_keep_going_on_error", "false", kYcsb, "ignore failed inserts",
     kFailsRun},
    {"columnfamily", "", kYcsb, "column family of the table", kBinding},
    {"maxscanrate", "0", kYcsb, "records per second of a scan", kBinding},
    {"scanoptimelimit", "0", kYcsb, "time limit of a scan", kBinding},
    {"discardscannedrecord", "false", kYcsb, "do not keep scanned records", kBinding},
    {"htrace.*", "", kYcsb, "tracing with Apache HTrace", "there is no tracing of this kind"},
};

}  // namespace

std::span<const PropertyDefinition> KnownProperties() { return kProperties; }

const PropertyDefinition* FindProperty(std::string_view name) {
  if (name.starts_with("htrace.")) name = "htrace.*";
  const auto* found = std::ranges::find(kProperties, name, &PropertyDefinition::name);
  return found == std::end(kProperties) ? nullptr : found;
}

const PropertyDefinition& NearestProperty(std::string_view name) {
  const PropertyDefinition* nearest = nullptr;
  size_t least = std::numeric_limits<size_t>::max();
  for (const PropertyDefinition& property : kProperties) {
    const size_t distance = EditDistance(name, property.name);
    if (distance >= least) continue;
    least = distance;
    nearest = &property;
  }
  return *nearest;
}

}  // namespace kvs
