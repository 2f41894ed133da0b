#include "harness/system/stop_requests.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace kvs {

StopRequests::StopRequests() {
  sigset_t mask;
  sigemptyset(&mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&mask, signal);
  if (const int error = pthread_sigmask(SIG_BLOCK, &mask, &old_mask_); error != 0) {
    throw std::system_error(error, std::generic_category(), "pthread_sigmask");
  }
  fd_ = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

StopRequests::~StopRequests() {
  Count();  // what has arrived is served: it must not strike once the mask is lifted
  close(fd_);
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

unsigned StopRequests::Count() {
  signalfd_siginfo info;
  while (read(fd_, &info, sizeof info) == sizeof info) ++count_;
  return count_;
}

}  // namespace kvs
