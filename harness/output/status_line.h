// Standard error while something lasts: lines that stay, and below them one that is rewritten.
#ifndef KVS_HARNESS_OUTPUT_STATUS_LINE_H_
#define KVS_HARNESS_OUTPUT_STATUS_LINE_H_

#include <string_view>

namespace kvs {

// Thread safety: one thread at a time.
class StatusLine {
 public:
  struct Options {
    bool live = false;   // standard error is a terminal, on which a line can be rewritten
    bool quiet = false;  // warnings alone
    bool color = false;
  };
  explicit StatusLine(Options options) : options_(options) {}
  ~StatusLine() { Clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  const Options& options() const { return options_; }

  // A line of its own.
  void Say(std::string_view message);
  // When quiet, too.
  void SayAnyway(std::string_view message);
  void Warn(std::string_view message);

  // Rewrites the line, cut to the terminal's width. Does nothing where none can be, or when quiet.
  void Show(std::string_view text);
  void Clear();

 private:
  const Options options_;
  bool is_shown_ = false;
};

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_STATUS_LINE_H_
