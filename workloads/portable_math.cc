// Table-driven log and exp in the manner of P. T. P. Tang, "Table-Driven Implementation of the
// Logarithm Function in IEEE Floating-Point Arithmetic", ACM TOMS 16(4), 1990, and "... of the
// Exponential Function ...", ACM TOMS 15(2), 1989, with the logarithm carried in two doubles. The
// tables are computed by the compiler.
#include "workloads/portable_math.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace kvs {
namespace {

// An unevaluated sum high + low with |low| at most half a unit in the last place of high: about 106
// bits (T. J. Dekker, "A Floating-Point Technique for Extending the Available Precision", 1971).
struct Double2 {
  double high;
  double low;
};

constexpr Double2 QuickSum(double a, double b) {  // exact for |a| >= |b|
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

constexpr Double2 Sum(double a, double b) {  // exact
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

constexpr Double2 Product(double a, double b) {  // exact: Veltkamp's splitting
  constexpr double kSplit = 0x1.0p27 + 1;
  const double a_high = kSplit * a - (kSplit * a - a);
  const double a_low = a - a_high;
  const double b_high = kSplit * b - (kSplit * b - b);
  const double b_low = b - b_high;
  const double product = a * b;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

constexpr Double2 Add(Double2 a, Double2 b) {
  const Double2 high = Sum(a.high, b.high);
  return QuickSum(high.high, high.low + a.low + b.low);
}

constexpr Double2 Multiply(Double2 a, Double2 b) {
  const Double2 high = Product(a.high, b.high);
  return QuickSum(high.high, high.low + a.high * b.low + a.low * b.high);
}

constexpr Double2 Divide(double a, double b) {
  const double quotient = a / b;
  const Double2 back = Product(quotient, b);
  return QuickSum(quotient, ((a - back.high) - back.low) / b);
}

// Rounds to a multiple of 2^-`bits`, for |x| < 2^(51 - bits).
constexpr double RoundToBits(double x, int bits) {
  const double shift = 0x1.8p52 / static_cast<double>(uint64_t{1} << bits);
  return (x + shift) - shift;
}

constexpr Double2 kLn2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

constexpr int kTableBits = 7;
constexpr size_t kTableSize = size_t{1} << kTableBits;
// The reduced argument of Log lies in [kLogLow, 2 kLogLow); chosen so that 1 is the middle of one
// of the table's intervals, whose entry then is exact.
constexpr uint64_t kLogLow = 0x3FE6900000000000ull;
constexpr int kExponentBits = 52;
// Multiples of 2^-42 below 1075 add and subtract exactly.
constexpr int kHighBits = 42;

struct LogEntry {
  double reciprocal;  // of about the middle of the interval; 13 significant bits
  double log_high;    // -log(reciprocal), a multiple of 2^-42
  double log_low;     // and what is missing
};

// log(x) = 2 atanh((x - 1) / (x + 1)), for x in [0.7, 1.5].
constexpr Double2 SeriesLog(double x) {
  const Double2 s = Divide(x - 1, x + 1);
  const Double2 square = Multiply(s, s);
  Double2 sum = {0, 0};
  for (int n = 47; n >= 1; n -= 2) sum = Add(Multiply(sum, square), Divide(1, n));
  const Double2 half = Multiply(s, sum);
  return {2 * half.high, 2 * half.low};
}

constexpr std::array<LogEntry, kTableSize> MakeLogTable() {
  std::array<LogEntry, kTableSize> table{};
  constexpr int kIntervalBits = kExponentBits - kTableBits;
  for (size_t i = 0; i < kTableSize; ++i) {
    const double low = std::bit_cast<double>(kLogLow + (i << kIntervalBits));
    const double high = std::bit_cast<double>(kLogLow + ((i + 1) << kIntervalBits));
    const bool holds_one = low < 1 && high > 1;
    const double reciprocal = holds_one ? 1 : RoundToBits(2 / (low + high), 12);
    const Double2 log = SeriesLog(reciprocal);
    const double log_high = -RoundToBits(log.high, kHighBits);
    table[i] = {reciprocal, log_high, (-log.high - log_high) - log.low};
  }
  return table;
}

struct ExpEntry {
  double power;  // 2^(i / kTableSize)
  double tail;   // what is missing, relative to power
};

constexpr std::array<ExpEntry, kTableSize> MakeExpTable() {
  Double2 step = {1, 0};  // 2^(1 / kTableSize) by Horner's scheme
  const Double2 exponent = {kLn2.high / kTableSize, kLn2.low / kTableSize};
  for (int n = 14; n >= 1; --n) {
    step = Add({1, 0}, Multiply(Multiply(exponent, Divide(1, n)), step));
  }
  std::array<ExpEntry, kTableSize> table{};
  Double2 power = {1, 0};
  for (ExpEntry& entry : table) {
    entry = {power.high, power.low / power.high};
    power = Multiply(power, step);
  }
  return table;
}

constexpr std::array<LogEntry, kTableSize> kLogTable = MakeLogTable();
constexpr std::array<ExpEntry, kTableSize> kExpTable = MakeExpTable();

constexpr double kLn2High = RoundToBits(kLn2.high, kHighBits);
constexpr double kLn2Low = (kLn2.high - kLn2High) + kLn2.low;

// The logarithm to about 2^-68, absolutely, and relatively near 1.
inline Double2 LogInTwo(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const uint64_t offset = bits - kLogLow;
  const LogEntry& entry = kLogTable[(offset >> (kExponentBits - kTableBits)) % kTableSize];
  const auto exponent = static_cast<double>(static_cast<int64_t>(offset) >> kExponentBits);
  const uint64_t reduced_bits = bits - (offset & (uint64_t{0xFFF} << kExponentBits));
  // z * reciprocal - 1, exactly, as a sum: 32 and 13 bits, 21 and 13 bits fit into 53.
  const double z_high = std::bit_cast<double>(reduced_bits >> 21 << 21);
  const double z_low = std::bit_cast<double>(reduced_bits) - z_high;
  const Double2 reduced = Sum(z_high * entry.reciprocal - 1, z_low * entry.reciprocal);
  const double r = reduced.high;
  const double square = r * r;
  // log(1 + r) - r, |r| < 2^-7.8; the terms left out are below 2^-72.
  const double rest =
      square * (-0.5 + r * (0x1.5555555555555p-2 - 0.25 * r) +
                square * (r * 0.2 - square * (0x1.5555555555555p-3 - r * 0x1.2492492492492p-3) -
                          square * square * 0.125));
  const double high = exponent * kLn2High + entry.log_high;  // exact
  const Double2 sum = Sum(high, r);
  const double low = (exponent * kLn2Low + entry.log_low) + (sum.low + reduced.low) + rest;
  return QuickSum(sum.high, low);
}

// e to the power of high + low, where |low| is small.
inline double ExpOfTwo(double high, double low) {
  if (!(high > -708)) return high != high ? high : 0;
  if (high > 709.7) return std::numeric_limits<double>::infinity();
  constexpr double kPerLn2 = static_cast<double>(kTableSize) / 0x1.62e42fefa39efp-1;
  constexpr double kStepHigh = RoundToBits(kLn2.high / kTableSize, kHighBits);
  constexpr double kStepLow = (kLn2.high / kTableSize - kStepHigh) + kLn2.low / kTableSize;
  constexpr double kToInteger = 0x1.8p52;  // adding it rounds to an integer, in the low bits
  const double shifted = high * kPerLn2 + kToInteger;
  const auto steps =
      static_cast<int64_t>(std::bit_cast<uint64_t>(shifted) - std::bit_cast<uint64_t>(kToInteger));
  const double whole = shifted - kToInteger;
  const double r = ((high - whole * kStepHigh) - whole * kStepLow) + low;
  const ExpEntry& entry = kExpTable[static_cast<uint64_t>(steps) % kTableSize];
  const double square = r * r;
  const double grown =
      (entry.tail + r) + square * (0.5 + r * 0x1.5555555555555p-3 +
                                   square * (0x1.5555555555555p-5 + r * 0x1.1111111111111p-7));
  const double power = entry.power + entry.power * grown;
  const uint64_t scale = static_cast<uint64_t>(steps >> kTableBits) << kExponentBits;
  return std::bit_cast<double>(std::bit_cast<uint64_t>(power) + scale);
}

}  // namespace

double Log(double x) { return LogInTwo(x).high; }

double Exp(double x) { return ExpOfTwo(x, 0); }

double Pow(double x, double y) {
  const Double2 log = LogInTwo(x);
  const double y_high = std::bit_cast<double>(std::bit_cast<uint64_t>(y) >> 27 << 27);
  const double y_low = y - y_high;
  const double log_high = std::bit_cast<double>(std::bit_cast<uint64_t>(log.high) >> 27 << 27);
  const double log_low = (log.high - log_high) + log.low;
  return ExpOfTwo(y_high * log_high, y * log_low + y_low * log_high);
}

// Both functions by W. Kahan's corrections (N. Higham, "Accuracy and Stability of Numerical
// Algorithms", 2nd edition, section 1.14.1): the rounding error of the argument cancels.
double LogOnePlus(double x) {
  const double u = 1 + x;
  return u == 1 ? x : Log(u) * (x / (u - 1));
}

double ExpMinusOne(double x) {
  const double u = Exp(x);
  if (u == 1) return x;
  if (x < -1 || x > 1) return u - 1;
  return (u - 1) * (x / Log(u));
}

}  // namespace kvs
