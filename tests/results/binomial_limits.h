// What a simulation with a fixed seed may count.
#ifndef KVS_TESTS_RESULTS_BINOMIAL_LIMITS_H_
#define KVS_TESTS_RESULTS_BINOMIAL_LIMITS_H_

#include <boost/math/distributions/binomial.hpp>

namespace kvs {

// With more than so many events in `rounds`, their probability is above `probability`, but for an
// error of 1 in 1000 (Clopper and Pearson, Biometrika 26, 1934).
inline int MostWith(int rounds, double probability) {
  const boost::math::binomial_distribution<double> events(rounds, probability);
  return static_cast<int>(boost::math::quantile(boost::math::complement(events, 0.001)));
}

// With fewer than so many it is below, with the same error.
inline int LeastWith(int rounds, double probability) {
  const boost::math::binomial_distribution<double> events(rounds, probability);
  return static_cast<int>(boost::math::quantile(events, 0.001));
}

}  // namespace kvs

#endif  // KVS_TESTS_RESULTS_BINOMIAL_LIMITS_H_
