// Attention by libtorch's scaled_dot_product_attention, which picks a kernel of its own: memory-efficient (Rabe & Staats
// 2021), cuDNN's, or where nothing is hidden flash (Dao 2023). Its gradient is libtorch's too: the forward pass runs again,
// with autograd.
#include <ATen/Context.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>
#include <optional>

#include "attention.h"

namespace leantune {

namespace {
double lowestOf(at::ScalarType dtype) {
  switch (dtype) {
    case at::kHalf: return static_cast<double>(std::numeric_limits<at::Half>::lowest());
    case at::kBFloat16: return static_cast<double>(std::numeric_limits<at::BFloat16>::lowest());
    default: return static_cast<double>(kLowestFloat);
  }
}

// The inputs of one call, heads first and held as the query is.
struct Call {
  Tensor query, key, value;
  Tensor bias;  // [1 or batch, 1, 1 or rows, keys]; undefined where nothing is hidden
  double scaling;

  explicit Call(const Attention& attention) : scaling(attention.scaling) {
    const auto dtype = attention.query.scalar_type();
    const int64_t heads = attention.heads();
    query = headsFirst(attention.query, heads, dtype);
    key = headsFirst(attention.key, heads, dtype);
    value = headsFirst(attention.value, heads, dtype);
    bias = attentionBias(attention, 0, attention.rows());
    // The lowest float32 would be minus infinity there.
    if (bias.defined()) bias = bias.clamp_min(lowestOf(dtype)).to(dtype);
  }

  // Whether it would not be computed with all scores at once.
  bool hasKernel() const {
    constexpr int64_t kMath = 0;
    return at::_fused_sdp_choice(query, key, value, mask(), /*dropout_p=*/0, /*is_causal=*/false, scaling) != kMath;
  }

  Tensor run() const {
    return at::scaled_dot_product_attention(query, key, value, mask(), /*dropout_p=*/0, /*is_causal=*/false, scaling);
  }

 private:
  std::optional<Tensor> mask() const { return bias.defined() ? std::optional<Tensor>(bias) : std::nullopt; }
};

// Dropout draws bits of its own there, and the backward passes of some kernels add up in any order. Queries without any
// visible key, which padding before the text leaves under a causal order, have wrong gradients or none: log Σ exp of the
// lowest numbers loses the sum.
bool isSuited(const Attention& attention) {
  const bool mayBeBlind = attention.maskKeys.defined() && attention.causalQueries.defined();
  return attention.dropout.rate == 0 && !mayBeBlind && attention.value.defined() &&
         !at::globalContext().deterministicAlgorithms();
}

Tensor lengthFirst(const Tensor& x) { return x.transpose(1, 2).contiguous(); }
}  // namespace

bool attentionByLibrary(const Attention& attention, Tensor& output) {
  if (!isSuited(attention)) return false;
  const Call call(attention);
  if (!call.hasKernel()) return false;
  output = lengthFirst(call.run());
  return true;
}

bool attentionGradientsByLibrary(const Attention& attention, const Tensor& gradient, AttentionGradients& result) {
  if (!isSuited(attention)) return false;
  Call call(attention);
  const c10::InferenceMode differentiable(false);
  const c10::AutoGradMode recording(true);
  torch::autograd::variable_list inputs;
  // Tensors of inference mode cannot be kept for a backward pass: copies can.
  const auto input = [&](Tensor& of, bool isNeeded) {
    of = of.clone();
    if (isNeeded) inputs.push_back(of.requires_grad_());
  };
  input(call.query, result.needsQuery);
  input(call.key, result.needsKey);
  input(call.value, result.needsValue);
  if (call.bias.defined()) call.bias = call.bias.clone();
  if (!call.hasKernel()) return false;
  const Tensor grad = gradient.transpose(1, 2).to(call.query.scalar_type()).clone();
  const auto gradients = torch::autograd::grad({call.run()}, inputs, {grad});
  const c10::InferenceMode back(true);
  size_t next = 0;
  if (result.needsQuery) result.query = lengthFirst(gradients[next++]);
  if (result.needsKey) result.key = ofKeyHeads(attention, gradients[next++]);
  if (result.needsValue) result.value = ofKeyHeads(attention, gradients[next++]);
  return true;
}

}  // namespace leantune
