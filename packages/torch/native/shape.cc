// New tensors, and elements moved or copied to other places.
#include "kernel.h"

using namespace leantune;

KERNEL(Transpose) {
  const Tensor x = in.tensor();
  return x.permute(in.integers());
}

// Positive sizes only: TypeScript resolves -1.
KERNEL(Slice) {
  Tensor x = in.tensor();
  const Sizes begin = in.integers();
  const Sizes size = in.integers();
  for (int64_t axis = 0; axis < x.dim(); axis++) x = x.narrow(axis, begin[axis], size[axis]);
  return x;
}

// Every strides[axis]-th element from begin to before end; strides may be negative.
KERNEL(StridedSlice) {
  Tensor x = in.tensor();
  const Sizes begin = in.integers();
  const Sizes end = in.integers();
  const Sizes strides = in.integers();
  for (int64_t axis = 0; axis < x.dim(); axis++) {
    if (strides[axis] > 0) {
      x = x.slice(axis, begin[axis], std::max(begin[axis], end[axis]), strides[axis]);
    } else {
      const int64_t last = std::min(begin[axis], end[axis]);
      x = x.index_select(axis, at::arange(begin[axis], last, strides[axis], x.options().dtype(at::kLong)));
    }
  }
  return x;
}

KERNEL(Concat) {
  const Tensors parts = in.tensors();
  return at::cat(parts, in.integer());
}

KERNEL(Pack) {
  const Tensors parts = in.tensors();
  return at::stack(parts, in.integer());
}

MULTI_KERNEL(Unpack) {
  const Tensor x = in.tensor();
  return at::unbind(x, in.integer());
}

MULTI_KERNEL(SplitV) {
  const Tensor x = in.tensor();
  const Sizes sizes = in.integers();
  return at::split_with_sizes(x, sizes, in.integer());
}

KERNEL(Tile) {
  const Tensor x = in.tensor();
  return x.repeat(in.integers());
}

KERNEL(BroadcastTo) {
  const Tensor x = in.tensor();
  return x.expand(in.shape());
}

KERNEL(Reverse) {
  const Tensor x = in.tensor();
  return x.flip(in.integers());
}

// Paddings as libtorch takes them: pairs from the last axis to the first.
KERNEL(PadV2) {
  const Tensor x = in.tensor();
  const Sizes paddings = in.integers();
  return at::constant_pad_nd(x, paddings, in.number());
}

KERNEL(Fill) {
  const Sizes shape = in.shape();
  const double value = in.number();
  return at::full(shape, value, leantune::options(in.dtype()));
}

KERNEL(Range) {
  const double start = in.number();
  const double stop = in.number();
  const double step = in.number();
  return at::arange(start, stop, step, leantune::options(in.dtype()));
}

KERNEL(LinSpace) {
  const double start = in.number();
  const double stop = in.number();
  return at::linspace(start, stop, in.integer(), leantune::options(at::kFloat));
}
