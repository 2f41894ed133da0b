#include "harness/trial/trial_channel.h"

#include <sys/socket.h>

#include <array>
#include <thread>

#include <gtest/gtest.h>

namespace kvs {
namespace {

std::array<int, 2> SocketPair() {
  std::array<int, 2> sockets{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()), 0);
  return sockets;
}

TEST(TrialChannelTest, CarriesLinesBothWays) {
  const auto [one_fd, other_fd] = SocketPair();
  TrialChannel one(one_fd);
  TrialChannel other(other_fd);
  EXPECT_TRUE(one.SendLine("first"));
  EXPECT_TRUE(one.SendLine("second\n"));
  EXPECT_EQ(other.ReadLine(), "first");
  EXPECT_EQ(other.ReadLine(), "second");
  EXPECT_TRUE(other.SendLine("answer"));
  EXPECT_TRUE(one.ReceiveAvailable());
  EXPECT_EQ(one.TakeLine(), "answer");
  EXPECT_EQ(one.TakeLine(), std::nullopt);
}

TEST(TrialChannelTest, CarriesLinesLongerThanTheSocketsBuffer) {
  const auto [one_fd, other_fd] = SocketPair();
  TrialChannel one(one_fd);
  TrialChannel other(other_fd);
  const std::string line(4 << 20, 'x');
  std::thread sender([&one, &line] { EXPECT_TRUE(one.SendLine(line)); });
  EXPECT_EQ(other.ReadLine(), line);
  sender.join();
}

TEST(TrialChannelTest, HangingUpWakesTheReaderAndKeepsWhatWasSent) {
  const auto [one_fd, other_fd] = SocketPair();
  TrialChannel one(one_fd);
  TrialChannel other(other_fd);
  std::thread reader([&one] { EXPECT_EQ(one.ReadLine(), std::nullopt); });
  EXPECT_TRUE(one.SendLine("last"));
  one.HangUp();
  reader.join();
  EXPECT_FALSE(other.ReceiveAvailable()) << "the end of the stream";
  EXPECT_EQ(other.TakeLine(), "last");
  EXPECT_FALSE(other.SendLine("into the void")) << "and no SIGPIPE";
}

TEST(PhaseReportTest, SurvivesTheChannel) {
  const std::optional<PhaseReport> report =
      ParsePhaseReport(FormatPhaseReport({"measure", 0.25, 12345}));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->phase, "measure");
  EXPECT_DOUBLE_EQ(report->fraction_done, 0.25);
  EXPECT_EQ(report->operations, 12345u);
  EXPECT_EQ(ParsePhaseReport("trial {}"), std::nullopt);
  EXPECT_EQ(ParsePhaseReport("progress measure"), std::nullopt);
}

}  // namespace
}  // namespace kvs
