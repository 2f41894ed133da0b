#include "workloads/ycsb_formulae.h"

#include <bit>
#include <cassert>

namespace kvs {
namespace {

// Terms added one by one before the Euler-Maclaurin formula takes over.
constexpr uint64_t kSummedTerms = uint64_t{1} << 20;

constexpr double kTheta = YcsbZipfian::kTheta;

double AddTerms(double sum, uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; ++i) sum += 1 / Pow(static_cast<double>(i + 1), kTheta);
  return sum;
}

// from^-theta + ... without the first and with the last term, for large `from`: the integral, half
// of the end terms' difference and the first derivative's correction.
double TailSum(double from, double to) {
  const double first = Pow(from, -kTheta);
  const double last = Pow(to, -kTheta);
  const double integral = (Pow(to, 1 - kTheta) - Pow(from, 1 - kTheta)) / (1 - kTheta);
  return integral + (last - first) / 2 + kTheta * (first / from - last / to) / 12;
}

}  // namespace

double YcsbZeta(uint64_t items) {
  if (items <= kSummedTerms) return AddTerms(0, 0, items);
  return AddTerms(0, 0, kSummedTerms) +
         TailSum(static_cast<double>(kSummedTerms), static_cast<double>(items));
}

YcsbZipfian::YcsbZipfian(uint64_t items) : YcsbZipfian(items, YcsbZeta(items)) {}

YcsbZipfian::YcsbZipfian(uint64_t items, double zeta)
    : first_items_(items), item_count_(items), items_(static_cast<double>(items)), zeta_(zeta) {
  assert(items > 0);
  SetEta();
}

void YcsbZipfian::Grow(uint64_t items) {
  if (items <= item_count_) return;
  zeta_ = AddTerms(zeta_, item_count_, items);
  item_count_ = items;
  items_ = static_cast<double>(items);
  SetEta();
}

void YcsbZipfian::SetEta() {
  const double zeta_of_two = 1 + 1 / Pow(2, kTheta);  // YCSB computes this one this way
  const double divisor = 1 - zeta_of_two / zeta_;
  // Two items never get as far as eta, where the formula would divide by zero.
  eta_ =
      divisor == 0 ? 0 : (1 - Pow(2.0 / static_cast<double>(first_items_), 1 - kTheta)) / divisor;
}

YcsbScrambledZipfian::YcsbScrambledZipfian(uint64_t keys) : zipfian_(kItems, kZeta), keys_(keys) {
  assert(keys > 0 && keys < uint64_t{1} << 63);
  // shift_ = ceil(log2(keys)); reciprocal_ = floor(2^(63 + shift_) / keys) + 1 < 2^64 + 1.
  __extension__ using Wide = unsigned __int128;
  shift_ = std::bit_width(keys - 1);
  reciprocal_ = static_cast<uint64_t>((Wide{1} << (63 + shift_)) / keys + 1);
}

}  // namespace kvs
