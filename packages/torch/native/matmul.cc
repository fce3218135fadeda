// Products of matrices: the two last axes; leading axes are batches and broadcast.
#include "kernel.h"

using namespace leantune;

KERNEL(BatchMatMul) {
  Tensor a = in.tensor();
  Tensor b = in.tensor();
  if (in.flag()) a = a.transpose(-2, -1);
  if (in.flag()) b = b.transpose(-2, -1);
  // The wider of two storage dtypes, as elementwise kernels have it.
  const auto dtype = at::promote_types(a.scalar_type(), b.scalar_type());
  return at::matmul(a.to(dtype), b.to(dtype));
}

// [a [rows, inner], b, bias [columns], whether b is transposed]
KERNEL(LeantuneBiasedMatMul) {
  const Tensor a = in.tensor();
  const Tensor b = in.tensor();
  const Tensor bias = in.tensor();
  return at::addmm(bias, a, in.flag() ? b.t() : b);
}
