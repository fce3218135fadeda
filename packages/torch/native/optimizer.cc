// One step of torch.optim.AdamW (Loshchilov & Hutter 2019) on one parameter and its moments, in place.
#include "kernel.h"
#include "vectorise.h"

#include <cmath>

using namespace leantune;

namespace {
struct Step {
  double learningRate, beta1, beta2, epsilon, number, weightDecay, gradientScale;
};

// p ← p (1 - lr·wd);  m ← β₁ m + (1-β₁) g;  v ← β₂ v + (1-β₂) g²;  p ← p - lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε)
LEANTUNE_VECTORISED void updateRange(
    float* __restrict parameter, float* __restrict first, float* __restrict second, const float* __restrict gradient,
    int64_t count, const Step& s) {
  const auto keep = static_cast<float>(1 - s.learningRate * s.weightDecay);
  const auto stepSize = static_cast<float>(s.learningRate / (1 - std::pow(s.beta1, s.number)));
  const auto correction = static_cast<float>(std::sqrt(1 - std::pow(s.beta2, s.number)));
  const auto beta1 = static_cast<float>(s.beta1), rest1 = static_cast<float>(1 - s.beta1);
  const auto beta2 = static_cast<float>(s.beta2), rest2 = static_cast<float>(1 - s.beta2);
  const auto epsilon = static_cast<float>(s.epsilon), scale = static_cast<float>(s.gradientScale);
  for (int64_t i = 0; i < count; i++) {
    const float g = gradient[i] * scale;
    const float m = beta1 * first[i] + rest1 * g;
    const float v = beta2 * second[i] + rest2 * (g * g);
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i] * keep - stepSize * (m / (std::sqrt(v) / correction + epsilon));
  }
}
}  // namespace

// [parameter, first moment, second moment, gradient, settings…]; answers nothing.
MULTI_KERNEL(LeantuneAdamW) {
  const Tensor parameter = in.tensor(), first = in.tensor(), second = in.tensor(), gradient = in.tensor();
  Step s{};
  for (double* field : {&s.learningRate, &s.beta1, &s.beta2, &s.epsilon, &s.number, &s.weightDecay, &s.gradientScale}) {
    *field = in.number();
  }
  if (!parameter.is_cpu() || parameter.scalar_type() != at::kFloat) {
    const Tensor scaled = s.gradientScale == 1 ? gradient : gradient * s.gradientScale;
    const Tensor number = at::full({}, s.number, parameter.options().dtype(at::kFloat));
    at::_fused_adamw_({parameter}, {scaled}, {first}, {second}, {}, {number}, s.learningRate, s.beta1, s.beta2,
                      s.weightDecay, s.epsilon, /*amsgrad=*/false, /*maximize=*/false);
    return {};
  }
  auto* p = parameter.data_ptr<float>();
  auto* m = first.data_ptr<float>();
  auto* v = second.data_ptr<float>();
  const auto* g = gradient.data_ptr<float>();
  at::parallel_for(0, parameter.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
    updateRange(p + begin, m + begin, v + begin, g + begin, end - begin, s);
  });
  return {};
}
