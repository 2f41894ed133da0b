#include "harness/system/stop_requests.h"

#include <poll.h>

#include <csignal>

#include <gtest/gtest.h>

namespace kvs {
namespace {

TEST(StopRequestsTest, CountsInsteadOfDying) {
  StopRequests stop;
  EXPECT_EQ(stop.Count(), 0u);
  pollfd source{stop.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&source, 1, 0), 0);
  raise(SIGINT);
  EXPECT_EQ(poll(&source, 1, 0), 1);
  EXPECT_EQ(stop.Count(), 1u);
  raise(SIGINT);
  raise(SIGTERM);
  EXPECT_EQ(stop.Count(), 3u);
  EXPECT_EQ(poll(&source, 1, 0), 0);
}

TEST(StopRequestsTest, WhatArrivedDoesNotStrikeAfterwards) {
  {
    const StopRequests stop;
    raise(SIGINT);
  }
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGINT), 0);
}

}  // namespace
}  // namespace kvs
