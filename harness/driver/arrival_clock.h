// Makes a thread wait for its next arrival in the open loop.
#ifndef KVS_HARNESS_DRIVER_ARRIVAL_CLOCK_H_
#define KVS_HARNESS_DRIVER_ARRIVAL_CLOCK_H_

#include <cstdint>
#include <optional>

#include "harness/driver/arrival_schedule.h"
#include "harness/driver/run_control.h"

namespace kvs {

// Hands out the arrivals of a schedule one by one, each not before its time. Who comes late gets
// the arrivals that are due at once, none left out and with their times unchanged.
//
// A thread sleeps until shortly before its time and then looks at the clock, because the kernel
// wakes it tens of microseconds late. So it takes a part of a CPU that grows with its rate, and all
// of one from about 1 / (100 us) = 10,000 arrivals a second on.
//
// Thread safety: one thread, the one that made it.
class ArrivalClock {
 public:
  // To be made when the barrier has opened (RunControl::ArriveAndWait), which is the schedule's
  // start. Makes the thread's sleeps as exact as the kernel can, for the rest of its life.
  // `control` outlives this.
  ArrivalClock(ArrivalSchedule schedule, RunControl& control);

  // Waits for the next arrival and returns its intended start, as of NowNs(); nothing when the run
  // stops before.
  std::optional<uint64_t> Next();

 private:
  const RunControl& control_;
  ArrivalSchedule schedule_;
  const uint64_t start_ns_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_ARRIVAL_CLOCK_H_
