// Products of matrices: the two last axes; leading axes are batches and broadcast.
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "kernel.h"

using namespace leantune;

namespace {

// oneDNN's product as the compiler of PyTorch calls it; on the CPU at::mm goes to MKL, which is half as fast on processors of
// other makers and no faster on Intel's. Absent in a libtorch without oneDNN.
const std::optional<c10::OperatorHandle>& oneDnnLinear() {
  static const auto operation = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  return operation;
}

// Below, the call costs more than the product.
constexpr int64_t fewestMultiplications = 1 << 18;

bool goesToOneDnn(const Tensor& a, const Tensor& b) {
  return a.is_cpu() && a.dim() == 2 && b.dim() == 2 && a.scalar_type() == at::kFloat && b.scalar_type() == at::kFloat &&
         a.size(0) * a.size(1) * b.size(1) >= fewestMultiplications && at::globalContext().userEnabledMkldnn() &&
         oneDnnLinear().has_value();
}

// a b + bias for a [rows, inner], b [inner, columns], bias [columns] or none.
Tensor product(const Tensor& a, const Tensor& b, const std::optional<Tensor>& bias) {
  if (!goesToOneDnn(a, b)) return bias.has_value() ? at::addmm(*bias, a, b) : at::matmul(a, b);
  // x Wᵀ + bias: W is b seen from the other side.
  std::vector<c10::IValue> stack;
  stack.emplace_back(a);
  stack.emplace_back(b.t());
  stack.emplace_back(bias);
  stack.emplace_back("none");
  stack.emplace_back(c10::List<std::optional<at::Scalar>>());
  stack.emplace_back("");
  oneDnnLinear()->callBoxed(stack);
  return stack.front().toTensor();
}

}  // namespace

KERNEL(BatchMatMul) {
  Tensor a = in.tensor();
  Tensor b = in.tensor();
  if (in.flag()) a = a.transpose(-2, -1);
  if (in.flag()) b = b.transpose(-2, -1);
  // The wider of two storage dtypes, as elementwise kernels have it.
  const auto dtype = at::promote_types(a.scalar_type(), b.scalar_type());
  return product(a.to(dtype), b.to(dtype), std::nullopt);
}

// [a [rows, inner], b, bias [columns] or [1, columns], whether b is transposed]
KERNEL(LeantuneBiasedMatMul) {
  const Tensor a = in.tensor();
  const Tensor b = in.tensor();
  const Tensor bias = in.tensor().view({-1});
  return product(a, in.flag() ? b.t() : b, bias);
}
