// Sums, products, extremes and softmax over axes. An empty list of axes reduces nothing, where libtorch takes all.
#include "kernel.h"

#include <cmath>

using namespace leantune;

namespace {
// A sum keeps its dtype: libtorch would sum integers in int64.
at::ScalarType sumType(const Tensor& x) { return x.scalar_type() == at::kBool ? at::kInt : x.scalar_type(); }

// Probabilities and means of integers are float32.
at::ScalarType floatType(const Tensor& x) { return x.is_floating_point() ? x.scalar_type() : at::kFloat; }

struct Reduction {
  Tensor x;
  Sizes axes;
  bool keepDims;
  explicit Reduction(Arguments& in) : x(in.tensor()), axes(in.integers()), keepDims(in.flag()) {}
};
}  // namespace

KERNEL(Sum) {
  const Reduction r(in);
  const auto dtype = in.wantedOr(sumType(r.x));
  return r.axes.empty() ? r.x.to(dtype) : at::sum(r.x, r.axes, r.keepDims, dtype);
}

KERNEL(Mean) {
  const Reduction r(in);
  const auto dtype = in.wantedOr(floatType(r.x));
  return r.axes.empty() ? r.x.to(dtype) : at::mean(r.x, r.axes, r.keepDims, dtype);
}

KERNEL(Max) {
  const Reduction r(in);
  return r.axes.empty() ? r.x : at::amax(r.x, r.axes, r.keepDims);
}

KERNEL(Min) {
  const Reduction r(in);
  return r.axes.empty() ? r.x : at::amin(r.x, r.axes, r.keepDims);
}

namespace {
// One axis at a time, from the last: those before keep their numbers.
template <typename Reduce>
Tensor axisByAxis(Reduction r, Reduce reduce) {
  std::sort(r.axes.rbegin(), r.axes.rend());
  for (const int64_t axis : r.axes) r.x = reduce(r.x, axis, r.keepDims);
  return r.x;
}
}  // namespace

KERNEL(All) {
  return axisByAxis(Reduction(in), [](const Tensor& x, int64_t axis, bool keep) { return at::all(x, axis, keep); });
}

KERNEL(Any) {
  return axisByAxis(Reduction(in), [](const Tensor& x, int64_t axis, bool keep) { return at::any(x, axis, keep); });
}

KERNEL(Prod) {
  return axisByAxis(Reduction(in), [](const Tensor& x, int64_t axis, bool keep) {
    return at::prod(x, axis, keep, sumType(x));
  });
}

namespace {
// libtorch would take a NaN for the extreme; tfjs passes over it.
Tensor withoutNan(const Tensor& x, double replacement) {
  if (x.scalar_type() == at::kBool) return x.to(at::kInt);
  return x.is_floating_point() ? at::nan_to_num(x, replacement, INFINITY, -INFINITY) : x;
}
}  // namespace

KERNEL(ArgMax) {
  const Tensor x = withoutNan(in.tensor(), -INFINITY);
  return at::argmax(x, in.integer()).to(at::kInt);
}

KERNEL(ArgMin) {
  const Tensor x = withoutNan(in.tensor(), INFINITY);
  return at::argmin(x, in.integer()).to(at::kInt);
}

namespace {
// Running sums or products along an axis: `exclusive` leaves the element itself out, `reverse` runs from the end.
template <typename Scan>
Tensor scan(Arguments& in, double neutral, Scan run) {
  Tensor x = in.tensor();
  const int64_t axis = in.integer();
  const bool exclusive = in.flag();
  const bool reverse = in.flag();
  if (reverse) x = x.flip(axis);
  if (exclusive && x.size(axis) > 0) {
    Sizes one = x.sizes().vec();
    one[axis] = 1;
    x = at::cat({at::full(one, neutral, x.options()), x.narrow(axis, 0, x.size(axis) - 1)}, axis);
  }
  const Tensor result = run(x, axis);
  return reverse ? result.flip(axis) : result;
}
}  // namespace

KERNEL(Cumsum) {
  return scan(in, 0, [](const Tensor& x, int64_t axis) { return at::cumsum(x, axis, x.scalar_type()); });
}

KERNEL(Cumprod) {
  return scan(in, 1, [](const Tensor& x, int64_t axis) { return at::cumprod(x, axis, x.scalar_type()); });
}

KERNEL(Softmax) {
  const Tensor x = in.tensor();
  return at::softmax(x, in.integer(), in.wantedOr(floatType(x)));
}

KERNEL(LogSoftmax) {
  const Tensor x = in.tensor();
  return at::log_softmax(x, in.integer(), in.wantedOr(floatType(x)));
}

// Half the sum of squares, float32, in one pass and without a temporary.
KERNEL(LeantuneHalfSumOfSquares) {
  const Tensor x = in.tensor().view({-1});
  if (x.scalar_type() == at::kFloat) return at::dot(x, x).div_(2);
  const Tensor norm = at::linalg_vector_norm(x, 2, c10::nullopt, false, x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  return at::mul(norm, norm).div_(2);
}
