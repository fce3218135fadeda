// Loops over plain arrays, compiled once for each generation of vector units; the machine picks its own at load time.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

// Clang's version of the attribute has other names.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define LEANTUNE_VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LEANTUNE_VECTORISED
#endif

// For what is called in such a loop: a call would end it.
#define LEANTUNE_INLINE inline __attribute__((always_inline))

namespace leantune {

// Partial sums that are added up side by side: a fixed order of additions that fits vector units.
constexpr int kLanes = 16;

template <typename A>
LEANTUNE_INLINE A sumOfLanes(const A (&lanes)[kLanes]) {
  A sum = 0;
  for (int lane = 0; lane < kLanes; lane++) sum += lanes[lane];
  return sum;
}

// Σ term(i) for i in [0, count).
template <typename A, typename Term>
LEANTUNE_INLINE A sumOver(int64_t count, Term term) {
  A lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; lane++) lanes[lane] += term(i + lane);
  }
  A sum = sumOfLanes(lanes);
  for (; i < count; i++) sum += term(i);
  return sum;
}

// The largest term(i) for i in [0, count); NaN may be passed over.
template <typename A, typename Term>
LEANTUNE_INLINE A largestOver(int64_t count, Term term) {
  A lanes[kLanes];
  for (int lane = 0; lane < kLanes; lane++) lanes[lane] = term(0);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; lane++) {
      const A value = term(i + lane);
      lanes[lane] = value > lanes[lane] ? value : lanes[lane];
    }
  }
  A largest = lanes[0];
  for (int lane = 1; lane < kLanes; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
  for (; i < count; i++) largest = term(i) > largest ? term(i) : largest;
  return largest;
}

// eˣ for x ≤ 0, within two units in the last place; 0 where it would be no normal number. The polynomial is that of the
// Cephes library (Moshier), x = n ln 2 + r with |r| ≤ ln 2 / 2.
LEANTUNE_INLINE float exponential(float x) {
  constexpr float kLowest = -87.3365447504f;
  // Adding 1.5 · 2^23 rounds to a whole number.
  const float n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  // In range whatever x is: what is no normal number is not used. NaN stays in p.
  const float exponent = n > -126.0f ? n : -126.0f;
  const int32_t bits = (static_cast<int32_t>(exponent) + 127) << 23;
  float power = 0;
  std::memcpy(&power, &bits, sizeof(power));
  return x < kLowest ? 0.0f : p * power;
}

LEANTUNE_INLINE double exponential(double x) { return std::exp(x); }

}  // namespace leantune
