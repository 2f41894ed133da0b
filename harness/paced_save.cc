#include "harness/paced_save.h"

#include <utility>

namespace kvs {
namespace {

constexpr uint64_t kRestPerSave = 19;  // how much longer nothing is saved than it took

}  // namespace

PacedSave::PacedSave(std::function<void()> save, std::function<uint64_t()> now_ns)
    : save_(std::move(save)), now_ns_(std::move(now_ns)) {}

void PacedSave::SaveSoon() {
  has_rest_ = true;
  if (now_ns_() >= next_ns_) SaveNow();
}

void PacedSave::SaveNow() {
  const uint64_t begin_ns = now_ns_();
  save_();
  const uint64_t end_ns = now_ns_();
  next_ns_ = end_ns + kRestPerSave * (end_ns - begin_ns);
  has_rest_ = false;
}

void PacedSave::SaveRest() {
  if (has_rest_) SaveNow();
}

}  // namespace kvs
