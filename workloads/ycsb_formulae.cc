#include "workloads/ycsb_formulae.h"

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
  // Rank(ToUnit(word)) of four words: Rank step by step; see there for why, and for the order.
  [[gnu::target("avx2"), gnu::always_inline]] static inline __m256i Ranks(
      const YcsbZipfian& zipfian, __m256i words) {
    using lanes::Double;
    const __m256d eta = Double(zipfian.eta_);
    const __m256d unit = lanes::ToUnit(words);
    const __m256d base = _mm256_add_pd(_mm256_sub_pd(_mm256_mul_pd(eta, unit), eta), Double(1));
    const __m256d power_2 = _mm256_mul_pd(base, base);
    const __m256d power_4 = _mm256_mul_pd(power_2, power_2);
    const __m256d power_8 = _mm256_mul_pd(power_4, power_4);
    const __m256d power_16 = _mm256_mul_pd(power_8, power_8);
    const __m256d power_32 = _mm256_mul_pd(power_16, power_16);
    const __m256d power_64 = _mm256_mul_pd(power_32, power_32);
    const __m256d power_100 = _mm256_mul_pd(_mm256_mul_pd(power_64, power_32), power_4);
    const __m256d near = _mm256_mul_pd(Double(zipfian.items_), power_100);
    const __m256d margin = _mm256_mul_pd(near, Double(YcsbZipfian::kPowerError));
    const __m256i least = lanes::ToWord(_mm256_sub_pd(near, margin));
    const __m256i most = lanes::ToWord(_mm256_add_pd(near, margin));
    const __m256d scaled = _mm256_mul_pd(unit, Double(zipfian.zeta_));
    const __m256i below_1 = _mm256_castpd_si256(_mm256_cmp_pd(scaled, Double(1), _CMP_LT_OQ));
    const __m256i below_2 =
        _mm256_castpd_si256(_mm256_cmp_pd(scaled, Double(YcsbZipfian::kZetaOfTwo), _CMP_LT_OQ));
    const __m256i rank_1 = _mm256_andnot_si256(below_1, lanes::Word(1));
    const __m256i rank = _mm256_blendv_epi8(least, rank_1, below_2);
    const auto agree = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi64(least, most)));
    if (agree == 0xFFFFFFFF) [[likely]] {
      return rank;
    }
    uint64_t each[lanes::kWidth];
    lanes::Store(each, words);
    for (uint64_t& word : each) word = zipfian.Rank(ToUnit(word));
    return lanes::Load(each);
  }
};

namespace {

// Turns words into FnvHash64(zipfian.Rank(ToUnit(word))), all but the last few; returns how many.
[[gnu::target("avx2")]] size_t HashRanksInLanes(const YcsbZipfian& zipfian,
                                                std::span<uint64_t> words) {
  words = words.first(words.size() - words.size() % lanes::kWidth);
  for (size_t i = 0; i < words.size(); i += lanes::kWidth) {
    lanes::Store(&words[i], YcsbZipfianLanes::Ranks(zipfian, lanes::Load(&words[i])));
  }
  lanes::FnvHashAll(words);
  return words.size();
}

}  // namespace

#endif  // KVS_HAS_LANES

void YcsbScrambledZipfian::KeysOf(std::span<uint64_t> words) const {
  size_t hashed = 0;
#ifdef KVS_HAS_LANES
  if (lanes::Available()) hashed = HashRanksInLanes(zipfian_, words);
#endif
  for (uint64_t& word : words.first(hashed)) word = Modulo(word);
  for (uint64_t& word : words.subspan(hashed)) word = Key(ToUnit(word));
}

YcsbScrambledZipfian::YcsbScrambledZipfian(uint64_t keys) : zipfian_(kItems, kZeta), keys_(keys) {
  assert(keys > 0 && keys < uint64_t{1} << 63);
  // shift_ = ceil(log2(keys)); reciprocal_ = floor(2^(63 + shift_) / keys) + 1 < 2^64 + 1.
  __extension__ using Wide = unsigned __int128;
  shift_ = std::bit_width(keys - 1);
  reciprocal_ = static_cast<uint64_t>((Wide{1} << (63 + shift_)) / keys + 1);
}

}  // namespace kvs
