// Cross-entropy of rows of logits, and its gradient, each in one pass: probabilities never live beside their gradient.
#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>

#include <stdexcept>

#include "kernel.h"
#include "vectorise.h"

using namespace leantune;

namespace {
constexpr int64_t kGrain = 1 << 13;  // elements

at::ScalarType statisticsOf(const Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

int64_t rowsAtOnce(int64_t classes) { return kGrain / std::max<int64_t>(classes, 1) + 1; }

void checkLabels(const Tensor& labels, int64_t ignored, int64_t classes) {
  const auto* label = labels.data_ptr<int32_t>();
  for (int64_t row = 0; row < labels.numel(); row++) {
    if (label[row] == ignored || (label[row] >= 0 && label[row] < classes)) continue;
    throw std::out_of_range("LeantuneCrossEntropy: the label " + std::to_string(label[row]) + " is not in [0, " +
                            std::to_string(classes - 1) + "]");
  }
}

// log Σ exp of a row.
template <typename A, typename T>
LEANTUNE_INLINE A normaliserBody(const T* x, int64_t classes) {
  const A highest = largestOver<A>(classes, [x](int64_t i) { return static_cast<A>(x[i]); });
  const A sum = sumOver<A>(classes, [x, highest](int64_t i) { return exponential(static_cast<A>(x[i]) - highest); });
  return highest + std::log(sum);
}

template <typename T>
at::opmath_type<T> normaliserOf(const T* x, int64_t classes) {
  return normaliserBody<at::opmath_type<T>>(x, classes);
}

LEANTUNE_VECTORISED float normaliserOf(const float* x, int64_t classes) { return normaliserBody<float>(x, classes); }

// weight · exp(x - shift)
template <typename T, typename A = at::opmath_type<T>>
void scaledExponentials(const T* x, A shift, A weight, T* result, int64_t classes) {
  for (int64_t i = 0; i < classes; i++) result[i] = static_cast<T>(weight * exponential(static_cast<A>(x[i]) - shift));
}

LEANTUNE_VECTORISED void scaledExponentials(const float* x, float shift, float weight, float* result, int64_t classes) {
  for (int64_t i = 0; i < classes; i++) result[i] = weight * exponential(x[i] - shift);
}

// The losses of all rows, 0 for those that do not count; and log-probabilities where `normalised` is defined.
Tensor lossesOnHost(const Tensor& logits, const Tensor& labels, int64_t ignored, Tensor& normalised) {
  const int64_t rows = logits.size(0), classes = logits.size(1);
  checkLabels(labels, ignored, classes);
  Tensor losses = at::zeros({rows}, logits.options().dtype(statisticsOf(logits)));
  const auto* label = labels.data_ptr<int32_t>();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, logits.scalar_type(), "LeantuneCrossEntropy", [&] {
    using A = at::opmath_type<scalar_t>;
    const auto* x = logits.data_ptr<scalar_t>();
    auto* loss = losses.data_ptr<A>();
    A* logs = normalised.defined() ? normalised.data_ptr<A>() : nullptr;
    at::parallel_for(0, rows, rowsAtOnce(classes), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const scalar_t* of = x + row * classes;
        const bool counts = label[row] != ignored;
        if (!counts && logs == nullptr) continue;
        const A normaliser = normaliserOf(of, classes);
        if (counts) loss[row] = normaliser - static_cast<A>(of[label[row]]);
        if (logs == nullptr) continue;
        for (int64_t i = 0; i < classes; i++) logs[row * classes + i] = static_cast<A>(of[i]) - normaliser;
      }
    });
  });
  return losses;
}

Tensor gradientOnHost(const Tensor& values, const Tensor& labels, int64_t ignored, const Tensor& weight, bool normalised) {
  const int64_t rows = values.size(0), classes = values.size(1);
  checkLabels(labels, ignored, classes);
  Tensor gradient = at::empty_like(values);
  const auto* label = labels.data_ptr<int32_t>();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, values.scalar_type(), "LeantuneCrossEntropyGradient", [&] {
    using A = at::opmath_type<scalar_t>;
    const auto* x = values.data_ptr<scalar_t>();
    auto* result = gradient.data_ptr<scalar_t>();
    const A factor = static_cast<A>(weight.item<double>());
    at::parallel_for(0, rows, rowsAtOnce(classes), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const scalar_t* of = x + row * classes;
        scalar_t* target = result + row * classes;
        if (label[row] == ignored) {
          std::fill(target, target + classes, scalar_t(0));
          continue;
        }
        const A shift = normalised ? A(0) : normaliserOf(of, classes);
        scaledExponentials(of, shift, factor, target, classes);
        // Not from the target, which is rounded already.
        const A probability = exponential(static_cast<A>(of[label[row]]) - shift);
        target[label[row]] = static_cast<scalar_t>((probability - 1) * factor);
      }
    });
  });
  return gradient;
}

// int64 [rows, 1], the first class for rows that do not count; and which rows do.
struct DeviceLabels {
  Tensor places, counts;
};

DeviceLabels onDevice(const Tensor& labels, int64_t ignored) {
  const Tensor counts = labels.ne(ignored).unsqueeze(1);
  return {labels.to(at::kLong).unsqueeze(1).mul(counts), counts};
}
}  // namespace

// [logits [rows, classes], labels int32 [rows], label that does not count, whether log-probabilities are wanted]
// → [Σ of the losses, log-probabilities where wanted]
MULTI_KERNEL(LeantuneCrossEntropy) {
  const Tensor logits = in.tensor().contiguous();
  const Tensor labels = in.tensor().contiguous();
  const int64_t ignored = in.integer();
  const bool wantsLogProbabilities = in.flag();
  const auto statistics = statisticsOf(logits);
  if (logits.is_cpu()) {
    Tensor normalised;
    if (wantsLogProbabilities) normalised = at::empty(logits.sizes(), logits.options().dtype(statistics));
    const Tensor total = lossesOnHost(logits, labels, ignored, normalised).sum();
    return normalised.defined() ? Tensors{total, normalised} : Tensors{total};
  }
  const DeviceLabels device = onDevice(labels, ignored);
  if (!wantsLogProbabilities) {
    const Tensor wide = logits.to(statistics);
    const Tensor losses = wide.logsumexp(1, /*keepdim=*/true) - wide.gather(1, device.places);
    return {losses.masked_fill(device.counts.logical_not(), 0).sum()};
  }
  const Tensor normalised = at::log_softmax(logits, 1, statistics);
  const Tensor picked = normalised.gather(1, device.places).masked_fill(device.counts.logical_not(), 0);
  return {picked.sum().neg(), normalised};
}

// [logits or log-probabilities [rows, classes], labels int32 [rows], factor [], label that does not count, whether
// log-probabilities] → like the first
KERNEL(LeantuneCrossEntropyGradient) {
  const Tensor values = in.tensor().contiguous();
  const Tensor labels = in.tensor().contiguous();
  const Tensor weight = in.tensor();
  const int64_t ignored = in.integer();
  const bool normalised = in.flag();
  if (values.is_cpu()) return gradientOnHost(values, labels, ignored, weight, normalised);
  const DeviceLabels device = onDevice(labels, ignored);
  Tensor gradient = normalised ? values.exp() : at::softmax(values, 1, statisticsOf(values));
  gradient.scatter_add_(1, device.places, at::full(device.places.sizes(), -1, gradient.options()));
  gradient.mul_(device.counts * weight.to(gradient.scalar_type()));
  return gradient.to(in.wantedOr(values.scalar_type()));
}
