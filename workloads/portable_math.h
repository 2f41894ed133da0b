// Logarithm, exponential and power that give the same bits on every machine.
//
// The operations of a workload must not depend on where they are drawn, and the C library's
// functions do: glibc picks variants with and without fused multiply-add at run time, and other
// libraries round differently again. These functions use only IEEE additions, multiplications and
// conversions, which every machine rounds alike (the build sets -ffp-contract=off).
//
// All are within 0.52 units in the last place of the true result.
//
// Thread safety: pure functions.
#ifndef KVS_WORKLOADS_PORTABLE_MATH_H_
#define KVS_WORKLOADS_PORTABLE_MATH_H_

namespace kvs {

// The natural logarithm of a positive, normal, finite `x`.
double Log(double x);

// e to the power of a finite `x`; 0 where the result would be subnormal, infinity above the range.
double Exp(double x);

// `x` to the power of a finite `y`, for a positive, normal, finite `x`; 0 and infinity as in Exp.
double Pow(double x, double y);

// log(1 + x) for x > -1 and e^x - 1, accurate also near 0 (within a few units in the last place).
double LogOnePlus(double x);
double ExpMinusOne(double x);

}  // namespace kvs

#endif  // KVS_WORKLOADS_PORTABLE_MATH_H_
