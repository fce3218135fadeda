// Loops over plain arrays, compiled once for each generation of vector units; the machine picks its own at load time.
#pragma once

#include <cstdint>

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

}  // namespace leantune
