// Ctrl-C as something that can be waited for.
#ifndef KVS_HARNESS_SYSTEM_STOP_REQUESTS_H_
#define KVS_HARNESS_SYSTEM_STOP_REQUESTS_H_

#include <csignal>

namespace kvs {

// While it lives, SIGINT, SIGTERM and SIGHUP no longer end the process: they wait in a file
// descriptor. No code runs in a signal handler.
//
// Thread safety: one thread at a time. Create it before other threads, which then inherit the mask.
class StopRequests {
 public:
  // Throws std::system_error.
  StopRequests();
  ~StopRequests();
  StopRequests(const StopRequests&) = delete;
  StopRequests& operator=(const StopRequests&) = delete;

  // Readable, for poll(2), while a request waits to be counted.
  int fd() const { return fd_; }

  // Counts what has arrived so far, without waiting, and returns how many in all.
  unsigned Count();

 private:
  sigset_t old_mask_{};
  int fd_ = -1;
  unsigned count_ = 0;
};

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_STOP_REQUESTS_H_
