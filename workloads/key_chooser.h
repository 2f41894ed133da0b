// How a stream chooses the next key: one small class per KeyChoice, each with
//   void Prepare(const KnownKeys&)            before each batch
//   uint64_t Next(Random&, const KnownKeys&)  one key number
// and where many at a time are cheaper,
//   bool FromWords(words, const KnownKeys&)   turns each word into the number that Next chooses
//                                             with it; false if Next might draw more
// No virtual calls: the stream's loop is compiled for each.
//
// Thread safety: one thread at a time.
#ifndef KVS_WORKLOADS_KEY_CHOOSER_H_
#define KVS_WORKLOADS_KEY_CHOOSER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "workloads/random.h"
#include "workloads/spec.h"
#include "workloads/ycsb_formulae.h"
#include "workloads/zipfian.h"

namespace kvs {

// The keys that a stream may ask for: a window of numbers (the load) and what the stream itself
// inserted and finished.
struct KnownKeys {
  uint64_t begin = 0;
  uint64_t count = 0;
  uint64_t insert_begin = 0;  // the stream's first insert; further ones follow at `insert_stride`
  uint64_t insert_stride = 1;
  uint64_t finished_inserts = 0;

  uint64_t size() const { return count + finished_inserts; }

  bool Has(uint64_t number) const {
    if (number - begin < count) return true;
    if (finished_inserts == 0 || number < insert_begin) return false;
    const uint64_t distance = number - insert_begin;
    return distance % insert_stride == 0 && distance / insert_stride < finished_inserts;
  }

  // The key that `age` others are newer than; age < size().
  uint64_t ByAge(uint64_t age) const {
    if (age < finished_inserts) {
      return insert_begin + (finished_inserts - 1 - age) * insert_stride;
    }
    return begin + count - 1 - (age - finished_inserts);
  }
};

class UniformChooser {
 public:
  void Prepare(const KnownKeys&) {}
  [[gnu::always_inline]] uint64_t Next(Random& random, const KnownKeys& known) {
    return known.begin + random.Below(known.count);
  }
};

class ZipfianChooser {
 public:
  explicit ZipfianChooser(const Spec& spec)
      : zipfian_(spec.insert_count, spec.zipfian_theta), scatter_(spec.insert_count) {}

  void Prepare(const KnownKeys&) {}
  [[gnu::always_inline]] uint64_t Next(Random& random, const KnownKeys& known) {
    return known.begin + scatter_(zipfian_.Draw(random));
  }

 private:
  Zipfian zipfian_;
  Scatter scatter_;
};

// CoreWorkload's choice: the generator covers the keys that are expected to come as well, so that
// which keys are popular does not change as they come; one that has not come yet is drawn again.
class YcsbZipfianChooser {
 public:
  explicit YcsbZipfianChooser(const Spec& spec);

  void Prepare(const KnownKeys&) {}
  [[gnu::always_inline]] uint64_t Next(Random& random, const KnownKeys& known) {
    for (;;) {
      const uint64_t number = known.begin + zipfian_.Key(random.NextUnit());
      if (known.Has(number)) return number;
    }
  }

  bool FromWords(std::span<uint64_t> words, const KnownKeys& known) {
    return zipfian_.KeysOf(words, known.begin) < known.count;
  }

 private:
  YcsbScrambledZipfian zipfian_;
};

// SkewedLatestGenerator: YCSB's zipfian over the age of a key. As there, the oldest key of all is
// left out (bar a rounding).
class LatestChooser {
 public:
  void Prepare(const KnownKeys& known) {
    if (known.size() < 2) return;
    if (!zipfian_.has_value()) zipfian_.emplace(known.size() - 1);
    zipfian_->Grow(known.size() - 1);
  }

  [[gnu::always_inline]] uint64_t Next(Random& random, const KnownKeys& known) {
    if (known.size() < 2) return known.ByAge(0);
    for (;;) {
      const uint64_t age = zipfian_->Rank(random.NextUnit());
      if (age < known.size()) return known.ByAge(age);
    }
  }

 private:
  std::optional<YcsbZipfian> zipfian_;
};

// HotspotIntegerGenerator: the hot keys are the first of the window.
class HotspotChooser {
 public:
  explicit HotspotChooser(const Spec& spec)
      : hot_count_(static_cast<uint64_t>(static_cast<double>(spec.insert_count) *
                                         spec.hotspot_data_fraction)),
        hot_share_(spec.hotspot_operation_fraction) {}

  void Prepare(const KnownKeys&) {}
  [[gnu::always_inline]] uint64_t Next(Random& random, const KnownKeys& known) {
    const uint64_t cold_count = known.count - hot_count_;
    const bool hot = random.NextUnit() < hot_share_;
    if (cold_count == 0 || (hot && hot_count_ > 0)) {
      return known.begin + random.Below(hot_count_);
    }
    return known.begin + hot_count_ + random.Below(cold_count);
  }

 private:
  uint64_t hot_count_;
  double hot_share_;
};

// ExponentialGenerator over the age of a key, as CoreWorkload uses it.
class ExponentialChooser {
 public:
  explicit ExponentialChooser(const Spec& spec)
      : gamma_(YcsbExponentialGamma(
            spec.exponential_percentile,
            static_cast<double>(spec.record_count) * spec.exponential_fraction)) {}

  void Prepare(const KnownKeys&) {}
  [[gnu::always_inline]] uint64_t Next(Random& random, const KnownKeys& known) {
    for (;;) {
      const double unit = random.NextUnit();
      if (unit == 0) continue;  // infinitely old
      const double age = YcsbExponential(unit, gamma_);
      if (age < static_cast<double>(known.size())) return known.ByAge(static_cast<uint64_t>(age));
    }
  }

 private:
  double gamma_;
};

// SequentialGenerator, dealt out: thread t of N takes the t-th, then every N-th step of the window,
// and begins again at its end.
class SequentialChooser {
 public:
  // `step` numbers are taken at a time.
  SequentialChooser(uint64_t step, unsigned thread, unsigned thread_count)
      : position_(thread * step), advance_(thread_count * step) {}

  void Prepare(const KnownKeys&) {}
  uint64_t Next(Random&, const KnownKeys& known) {
    const uint64_t number = known.begin + position_ % known.count;
    position_ += advance_;
    return number;
  }

 private:
  uint64_t position_;
  uint64_t advance_;
};

using KeyChooser = std::variant<UniformChooser, ZipfianChooser, YcsbZipfianChooser, LatestChooser,
                                HotspotChooser, ExponentialChooser, SequentialChooser>;

// The chooser of `spec.key_choice` for thread `thread` of `thread_count`.
KeyChooser MakeKeyChooser(const Spec& spec, unsigned thread, unsigned thread_count);

// Numbers that one step of a sequential workload takes: the scan's length when it only scans.
uint64_t SequentialStep(const Spec& spec);

}  // namespace kvs

#endif  // KVS_WORKLOADS_KEY_CHOOSER_H_
