#include "workloads/zipfian.h"

#include <cassert>

namespace kvs {
namespace {

// log(1 + x) / x and (e^x - 1) / x, continued by 1 at 0, which makes theta = 1 no special case.
double LogRatio(double x) { return x == 0 ? 1 : LogOnePlus(x) / x; }
double ExpRatio(double x) { return x == 0 ? 1 : ExpMinusOne(x) / x; }

}  // namespace

Zipfian::Zipfian(uint64_t items, double theta)
    : items_(items),
      last_(static_cast<double>(items)),
      theta_(theta),
      high_area_(Area(last_ + 0.5)),
      low_area_(Area(1.5) - 1),
      squeeze_(2 - AreaInverse(Area(2.5) - Density(2))) {
  assert(items > 0 && theta > 0 && theta < 2);
}

// (x^(1 - theta) - 1) / (1 - theta), which tends to log(x) for theta = 1.
double Zipfian::Area(double x) const {
  const double log = Log(x);
  return ExpRatio((1 - theta_) * log) * log;
}

// (1 + area (1 - theta))^(1 / (1 - theta)).
double Zipfian::AreaInverse(double area) const {
  double t = area * (1 - theta_);
  if (t < -1 + 0x1.0p-52) t = -1 + 0x1.0p-52;  // rounding must not leave the logarithm's domain
  return Exp(LogRatio(t) * area);
}

}  // namespace kvs
