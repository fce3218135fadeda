// Activation functions and their gradients, each in one pass.
#include "kernel.h"

#include <stdexcept>

using namespace leantune;

namespace {
// In the order of core's `activationNames`.
enum class Activation { gelu, geluTanh, silu, relu, tanh };
}  // namespace

// [x, activation]
KERNEL(LeantuneActivation) {
  const Tensor x = in.tensor();
  switch (static_cast<Activation>(in.integer())) {
    case Activation::gelu: return at::gelu(x, "none");
    case Activation::geluTanh: return at::gelu(x, "tanh");
    case Activation::silu: return at::silu(x);
    case Activation::relu: return at::relu(x);
    case Activation::tanh: return at::tanh(x);
  }
  throw std::invalid_argument("no such activation");
}

// [gradient of the output, x or the output, activation]
KERNEL(LeantuneActivationGradient) {
  const Tensor gradient = in.tensor();
  const Tensor at = in.tensor();
  switch (static_cast<Activation>(in.integer())) {
    case Activation::gelu: return at::gelu_backward(gradient, at, "none");
    case Activation::geluTanh: return at::gelu_backward(gradient, at, "tanh");
    case Activation::silu: return at::silu_backward(gradient, at);
    case Activation::relu: return at::threshold_backward(gradient, at, 0);
    case Activation::tanh: return at::tanh_backward(gradient, at);
  }
  throw std::invalid_argument("no such activation");
}
