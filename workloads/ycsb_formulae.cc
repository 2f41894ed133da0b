#include "workloads/ycsb_formulae.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "workloads/ycsb_lanes.h"

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

#ifdef KVS_HAS_LANES

struct YcsbZipfianLanes {
  // YcsbZipfian::Rank(ToUnit(word)) of each of `words`: Rank step by step; see there for why, and
  // for the order. At most kMost words, a multiple of kWidth.
  [[gnu::target("avx2"), gnu::always_inline]] static inline void RankAll(
      const YcsbZipfian& zipfian, std::span<const uint64_t> words, lanes::Words& ranks) {
    using lanes::Double;
    using lanes::kWidth;
    alignas(64) double units[lanes::kMost];
    alignas(64) double nears[lanes::kMost];
    for (size_t i = 0; i < words.size(); i += kWidth) {
      _mm256_store_pd(units + i, lanes::ToUnit(lanes::Load(&words[i])));
    }
    const __m256d eta = Double(zipfian.eta_);
    for (size_t i = 0; i < words.size(); i += kWidth) {
      const __m256d unit = _mm256_load_pd(units + i);
      const __m256d base = _mm256_add_pd(_mm256_sub_pd(_mm256_mul_pd(eta, unit), eta), Double(1));
      const __m256d power_2 = _mm256_mul_pd(base, base);
      const __m256d power_4 = _mm256_mul_pd(power_2, power_2);
      const __m256d power_8 = _mm256_mul_pd(power_4, power_4);
      const __m256d power_16 = _mm256_mul_pd(power_8, power_8);
      const __m256d power_32 = _mm256_mul_pd(power_16, power_16);
      const __m256d power_64 = _mm256_mul_pd(power_32, power_32);
      const __m256d power_100 = _mm256_mul_pd(_mm256_mul_pd(power_64, power_32), power_4);
      _mm256_store_pd(nears + i, _mm256_mul_pd(Double(zipfian.items_), power_100));
    }
    for (size_t i = 0; i < words.size(); i += kWidth) {
      const __m256d near = _mm256_load_pd(nears + i);
      const __m256d margin = _mm256_mul_pd(near, Double(YcsbZipfian::kPowerError));
      const __m256d least = _mm256_floor_pd(_mm256_sub_pd(near, margin));
      const __m256d scaled = _mm256_mul_pd(_mm256_load_pd(units + i), Double(zipfian.zeta_));
      const __m256i below_1 = _mm256_castpd_si256(_mm256_cmp_pd(scaled, Double(1), _CMP_LT_OQ));
      const __m256i below_2 =
          _mm256_castpd_si256(_mm256_cmp_pd(scaled, Double(YcsbZipfian::kZetaOfTwo), _CMP_LT_OQ));
      const __m256i rank_1 = _mm256_andnot_si256(below_1, lanes::Word(1));
      lanes::Store(&ranks.words[i], _mm256_blendv_epi8(lanes::WholeToWord(least), rank_1, below_2));
      // Whether adding the margin gives another whole number.
      const __m256d differ =
          _mm256_cmp_pd(_mm256_add_pd(near, margin), _mm256_add_pd(least, Double(1)), _CMP_NLT_UQ);
      if (_mm256_movemask_pd(differ) != 0) [[unlikely]] {
        for (size_t lane = i; lane < i + kWidth; ++lane) {
          ranks.words[lane] = zipfian.Rank(units[lane]);
        }
      }
    }
  }
};

namespace {

// Turns words into FnvHash64(zipfian.Rank(ToUnit(word))), all but the last few; returns how many.
[[gnu::target("avx2")]] size_t HashRanksInLanes(const YcsbZipfian& zipfian,
                                                std::span<uint64_t> words) {
  const size_t count = words.size() - words.size() % lanes::kWidth;
  lanes::Words ranks;
  for (size_t done = 0; done < count;) {
    const std::span<uint64_t> next = words.subspan(done, std::min(lanes::kMost, count - done));
    YcsbZipfianLanes::RankAll(zipfian, next, ranks);
    lanes::FnvHashAll<5>(ranks, next.size());
    std::copy_n(ranks.words, next.size(), next.data());
    done += next.size();
  }
  return count;
}

}  // namespace

#endif  // KVS_HAS_LANES

uint64_t YcsbScrambledZipfian::KeysOf(std::span<uint64_t> words, uint64_t first) const {
  size_t hashed = 0;
#ifdef KVS_HAS_LANES
  if (lanes::Available()) hashed = HashRanksInLanes(zipfian_, words);
#endif
  const YcsbScrambledZipfian self = *this;  // in registers: no word is part of it
  uint64_t greatest = 0;
  const auto take = [&](uint64_t& word, uint64_t key) {
    greatest = std::max(greatest, key);
    word = first + key;
  };
  for (uint64_t& word : words.first(hashed)) take(word, self.Modulo(word));
  for (uint64_t& word : words.subspan(hashed)) take(word, self.Key(ToUnit(word)));
  return greatest;
}

YcsbScrambledZipfian::YcsbScrambledZipfian(uint64_t keys) : zipfian_(kItems, kZeta), keys_(keys) {
  assert(keys > 0 && keys < uint64_t{1} << 63);
  // shift_ = ceil(log2(keys)); reciprocal_ = floor(2^(63 + shift_) / keys) + 1 < 2^64 + 1.
  __extension__ using Wide = unsigned __int128;
  shift_ = std::bit_width(keys - 1);
  reciprocal_ = static_cast<uint64_t>((Wide{1} << (63 + shift_)) / keys + 1);
}

}  // namespace kvs
