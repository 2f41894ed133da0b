// What a run and the process of one of its trials say to each other: lines of text over a socket.
//
//   run -> trial     the plan (TrialPlanToJson), then possibly "stop"
//   trial -> run     "progress <phase> <fraction> <operations>" now and then, "trial <json>"
//                    at last
#ifndef KVS_HARNESS_TRIAL_TRIAL_CHANNEL_H_
#define KVS_HARNESS_TRIAL_TRIAL_CHANNEL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvs {

// The descriptor on which the process of a trial finds its end of the channel.
inline constexpr int kTrialChannelFd = 3;
// The argument that makes kvs-bench the process of a trial.
inline constexpr std::string_view kTrialArgument = "trial-process";
inline constexpr std::string_view kStopLine = "stop";
inline constexpr std::string_view kTrialPrefix = "trial ";

struct PhaseReport {
  std::string phase = "start";
  double fraction_done = 0;
  uint64_t operations = 0;
};
std::string FormatPhaseReport(const PhaseReport& report);
// Returns nothing when `line` is not a report.
std::optional<PhaseReport> ParsePhaseReport(const std::string& line);

// One end of the channel. Owns the socket.
//
// Thread safety: SendLine from any number of threads when each line is sent by one call and fits
// the socket's buffer; reading by one thread at a time, also beside senders.
class TrialChannel {
 public:
  explicit TrialChannel(int fd) : fd_(fd) {}
  ~TrialChannel();
  TrialChannel(const TrialChannel&) = delete;
  TrialChannel& operator=(const TrialChannel&) = delete;

  int fd() const { return fd_; }

  // Sends `line` and a line feed. Returns false when the other end is gone.
  bool SendLine(std::string_view line);
  // Ends the conversation: the other end still receives what was sent, a reader on this one wakes.
  void HangUp();

  // Waits for the next line. Nothing at the end of the stream; an unfinished line is dropped.
  std::optional<std::string> ReadLine();
  // Takes in what has arrived, without waiting; then TakeLine returns the finished lines one by
  // one. Returns false at the end of the stream.
  bool ReceiveAvailable();
  std::optional<std::string> TakeLine();

 private:
  int fd_;
  std::string buffer_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_TRIAL_TRIAL_CHANNEL_H_
