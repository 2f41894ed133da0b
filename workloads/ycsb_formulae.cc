#include "workloads/ycsb_formulae.h"

#include <bit>
#include <cassert>

#include "workloads/random.h"

namespace kvs {
namespace {

// Terms added one by one before the Euler-Maclaurin formula takes over.
constexpr uint64_t kSummedTerms = uint64_t{1} << 20;

double AddTerms(double sum, uint64_t from, uint64_t to, double theta) {
  for (uint64_t i = from; i < to; ++i) sum += 1 / Pow(static_cast<double>(i + 1), theta);
  return sum;
}

// from^-theta + ... without the first and with the last term, for large `from`: the integral, half
// of the end terms' difference and the first derivative's correction.
double TailSum(double from, double to, double theta) {
  const double first = Pow(from, -theta);
  const double last = Pow(to, -theta);
  const double integral = (Pow(to, 1 - theta) - Pow(from, 1 - theta)) / (1 - theta);
  return integral + (last - first) / 2 + theta * (first / from - last / to) / 12;
}

}  // namespace

double YcsbZeta(uint64_t items, double theta) {
  if (items <= kSummedTerms) return AddTerms(0, 0, items, theta);
  return AddTerms(0, 0, kSummedTerms, theta) +
         TailSum(static_cast<double>(kSummedTerms), static_cast<double>(items), theta);
}

YcsbZipfian::YcsbZipfian(uint64_t items) : YcsbZipfian(items, kTheta, YcsbZeta(items, kTheta)) {}

YcsbZipfian::YcsbZipfian(uint64_t items, double theta, double zeta)
    : first_items_(items),
      item_count_(items),
      theta_(theta),
      alpha_(1.0 / (1.0 - theta)),
      zeta_(zeta),
      second_(1.0 + Pow(0.5, theta)) {
  assert(items > 0 && theta > 0 && theta < 1);
  SetEta();
}

void YcsbZipfian::Grow(uint64_t items) {
  if (items <= item_count_) return;
  zeta_ = AddTerms(zeta_, item_count_, items, theta_);
  item_count_ = items;
  SetEta();
}

void YcsbZipfian::SetEta() {
  const double zeta_of_two = 1 + 1 / Pow(2, theta_);
  const double divisor = 1 - zeta_of_two / zeta_;
  // Two items never get as far as eta, where the formula would divide by zero.
  eta_ =
      divisor == 0 ? 0 : (1 - Pow(2.0 / static_cast<double>(first_items_), 1 - theta_)) / divisor;
}

YcsbScrambledZipfian::YcsbScrambledZipfian(uint64_t keys)
    : zipfian_(kItems, YcsbZipfian::kTheta, kZeta), keys_(keys) {
  assert(keys > 0 && keys < uint64_t{1} << 63);
  // shift_ = ceil(log2(keys)); reciprocal_ = floor(2^(63 + shift_) / keys) + 1 < 2^64 + 1.
  __extension__ using Wide = unsigned __int128;
  shift_ = std::bit_width(keys - 1);
  reciprocal_ = static_cast<uint64_t>((Wide{1} << (63 + shift_)) / keys + 1);
}

uint64_t YcsbScrambledZipfian::Modulo(uint64_t value) const {
  if (shift_ == 0) return 0;  // one key
  uint64_t low = 0;
  const uint64_t quotient = MultiplyHigh(value, reciprocal_, low) >> (shift_ - 1);
  return value - quotient * keys_;
}

}  // namespace kvs
