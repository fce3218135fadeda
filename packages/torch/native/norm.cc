// layerNorm and rmsNorm over the last axis: x̂ = (x - mean) · rstd, y = x̂ · weight + bias. rmsNorm has neither mean nor bias.
// Statistics are computed in float32, in float64 where x is held so.
#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>

#include <cmath>
#include <type_traits>

#include "kernel.h"
#include "vectorise.h"

using namespace leantune;

namespace {
constexpr int64_t kGrain = 1 << 13;  // elements

// What one row needs; null where it is not there or not wanted.
template <typename A>
struct Row {
  const A* x;
  const A* weight;
  const A* bias;
  A* output;
  A* normalised;
};

template <typename A>
struct Statistics {
  A mean, rstd;
};

template <typename A>
LEANTUNE_INLINE Statistics<A> normaliseBody(const Row<A>& row, int64_t width, A epsilon, bool centred) {
  const A* x = row.x;
  const A mean = centred ? sumOver<A>(width, [x](int64_t i) { return x[i]; }) / width : A(0);
  const A squares = sumOver<A>(width, [x, mean](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
  const A rstd = 1 / std::sqrt(squares / width + epsilon);
  if (row.normalised != nullptr) {
    for (int64_t i = 0; i < width; i++) row.normalised[i] = (x[i] - mean) * rstd;
  }
  if (row.bias != nullptr) {
    for (int64_t i = 0; i < width; i++) row.output[i] = (x[i] - mean) * rstd * row.weight[i] + row.bias[i];
  } else {
    for (int64_t i = 0; i < width; i++) row.output[i] = (x[i] - mean) * rstd * row.weight[i];
  }
  return {mean, rstd};
}

LEANTUNE_VECTORISED Statistics<float> normalise(const Row<float>& row, int64_t width, float epsilon, bool centred) {
  return normaliseBody(row, width, epsilon, centred);
}

Statistics<double> normalise(const Row<double>& row, int64_t width, double epsilon, bool centred) {
  return normaliseBody(row, width, epsilon, centred);
}

// Rows of half precision are widened into buffers of their own.
template <typename T, typename A>
const A* widened(const T* source, int64_t count, std::vector<A>& buffer) {
  if constexpr (std::is_same_v<T, A>) {
    return source;
  } else {
    buffer.resize(count);
    for (int64_t i = 0; i < count; i++) buffer[i] = static_cast<A>(source[i]);
    return buffer.data();
  }
}

template <typename T, typename A>
void narrow(const A* source, int64_t count, T* target) {
  if constexpr (!std::is_same_v<T, A>) {
    for (int64_t i = 0; i < count; i++) target[i] = static_cast<T>(source[i]);
  }
}

// Where a row is computed: in place, or in a buffer that `narrow` copies.
template <typename T, typename A>
A* target(T* wanted, int64_t count, std::vector<A>& buffer) {
  if constexpr (std::is_same_v<T, A>) {
    return wanted;
  } else {
    if (wanted == nullptr) return nullptr;
    buffer.resize(count);
    return buffer.data();
  }
}

template <typename T>
T* pointer(const Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr<T>() : nullptr;
}

// x [..., 1]
Tensor statisticsLike(const Tensor& x) {
  Sizes shape = x.sizes().vec();
  shape.back() = 1;
  return at::empty(shape, x.options().dtype(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
}

struct Norm {
  Tensor output, rstd, mean, normalised;
};

template <typename T>
void normOnHost(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon, bool centred, Norm& result) {
  using A = at::opmath_type<T>;
  const int64_t width = x.size(-1);
  std::vector<A> weightBuffer, biasBuffer;
  const A* w = widened(weight.data_ptr<T>(), width, weightBuffer);
  const A* b = bias.defined() ? widened(bias.data_ptr<T>(), width, biasBuffer) : nullptr;
  const T* source = x.data_ptr<T>();
  T* output = result.output.data_ptr<T>();
  T* normalised = pointer<T>(result.normalised);
  A* rstd = result.rstd.data_ptr<A>();
  A* mean = pointer<A>(result.mean);
  at::parallel_for(0, x.numel() / width, kGrain / width + 1, [&](int64_t begin, int64_t end) {
    std::vector<A> in, out, hat;
    for (int64_t i = begin; i < end; i++) {
      T* normalisedRow = normalised == nullptr ? nullptr : normalised + i * width;
      const Row<A> row{widened(source + i * width, width, in), w, b, target(output + i * width, width, out),
                       target(normalisedRow, width, hat)};
      const Statistics<A> statistics = normalise(row, width, static_cast<A>(epsilon), centred);
      narrow(row.output, width, output + i * width);
      if (normalisedRow != nullptr) narrow(row.normalised, width, normalisedRow);
      rstd[i] = statistics.rstd;
      if (mean != nullptr) mean[i] = statistics.mean;
    }
  });
}

void normOnDevice(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon, bool centred, Norm& result) {
  const auto wide = result.rstd.scalar_type();
  Tensor values = x.to(wide);
  if (centred) {
    result.mean = values.mean(-1, /*keepdim=*/true);
    values = values - result.mean;
  }
  result.rstd = (values * values).mean(-1, /*keepdim=*/true).add_(epsilon).rsqrt_();
  const Tensor hat = values * result.rstd;
  if (result.normalised.defined()) result.normalised = hat.to(x.scalar_type());
  Tensor output = hat * weight.to(wide);
  if (bias.defined()) output = output + bias.to(wide);
  result.output = output.to(x.scalar_type());
}

// The gradient of one row of x̂ and, added up, of weight and bias.
template <typename A>
struct GradientRow {
  const A* gradient;
  const A* weight;
  const A* values;
  A* result;
  A* weightSum;
  A* biasSum;
};

// x̂ is (value - mean) · scale.
template <typename A>
LEANTUNE_INLINE void gradientBody(const GradientRow<A>& row, int64_t width, A mean, A scale, A rstd, bool centred) {
  const A* g = row.gradient;
  const A* v = row.values;
  if (row.result != nullptr) {
    const A* w = row.weight;
    const A along = sumOver<A>(width, [=](int64_t i) { return g[i] * w[i] * ((v[i] - mean) * scale); }) / width;
    const A centre = centred ? sumOver<A>(width, [=](int64_t i) { return g[i] * w[i]; }) / width : A(0);
    for (int64_t i = 0; i < width; i++) {
      row.result[i] = (g[i] * w[i] - centre - (v[i] - mean) * scale * along) * rstd;
    }
  }
  if (row.weightSum != nullptr) {
    for (int64_t i = 0; i < width; i++) row.weightSum[i] += g[i] * ((v[i] - mean) * scale);
  }
  if (row.biasSum != nullptr) {
    for (int64_t i = 0; i < width; i++) row.biasSum[i] += g[i];
  }
}

LEANTUNE_VECTORISED void gradientOf(const GradientRow<float>& row, int64_t width, float mean, float scale, float rstd,
                                    bool centred) {
  gradientBody(row, width, mean, scale, rstd, centred);
}

void gradientOf(const GradientRow<double>& row, int64_t width, double mean, double scale, double rstd, bool centred) {
  gradientBody(row, width, mean, scale, rstd, centred);
}

struct NormGradient {
  Tensor x, weight, bias;
};

// How a gradient is asked for. `raw`: the values are x, else x̂.
struct Asked {
  bool centred, raw, x, weight, bias;
};

template <typename T>
void gradientOnHost(const Tensor& gradient, const Tensor& weight, const Tensor& values, const Tensor& rstd,
                    const Tensor& mean, const Asked& asked, NormGradient& result) {
  using A = at::opmath_type<T>;
  const int64_t width = gradient.size(-1);
  const int64_t rows = gradient.numel() / width;
  // Sums over rows are taken chunk by chunk: the chunks, and so the sums, do not depend on the number of threads.
  const int64_t perChunk = std::max(kGrain / width + 1, (rows + 63) / 64);
  const int64_t chunks = (rows + perChunk - 1) / perChunk;
  const auto wide = gradient.options().dtype(c10::CppTypeToScalarType<A>::value);
  Tensor weightSums, biasSums;
  if (asked.weight) weightSums = at::zeros({chunks, width}, wide);
  if (asked.bias) biasSums = at::zeros({chunks, width}, wide);
  if (asked.x) result.x = at::empty_like(gradient);
  std::vector<A> weightBuffer;
  const A* w = widened(weight.data_ptr<T>(), width, weightBuffer);
  const T* g = gradient.data_ptr<T>();
  const T* v = values.data_ptr<T>();
  T* x = pointer<T>(result.x);
  A* weightSum = pointer<A>(weightSums);
  A* biasSum = pointer<A>(biasSums);
  const A* rstds = pointer<A>(rstd);
  const A* means = pointer<A>(mean);
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    std::vector<A> gradientRow, valuesRow, resultRow;
    for (int64_t chunk = begin; chunk < end; chunk++) {
      for (int64_t i = chunk * perChunk; i < std::min(rows, (chunk + 1) * perChunk); i++) {
        T* wanted = x == nullptr ? nullptr : x + i * width;
        const GradientRow<A> row{widened(g + i * width, width, gradientRow),
                                 w,
                                 widened(v + i * width, width, valuesRow),
                                 target(wanted, width, resultRow),
                                 weightSum == nullptr ? nullptr : weightSum + chunk * width,
                                 biasSum == nullptr ? nullptr : biasSum + chunk * width};
        const A scale = asked.raw ? rstds[i] : A(1);
        gradientOf(row, width, means == nullptr ? A(0) : means[i], scale, rstds == nullptr ? A(1) : rstds[i],
                   asked.centred);
        if (wanted != nullptr) narrow(row.result, width, wanted);
      }
    }
  });
  if (asked.weight) result.weight = weightSums.sum(0).to(weight.scalar_type());
  if (asked.bias) result.bias = biasSums.sum(0).to(weight.scalar_type());
}

void gradientOnDevice(const Tensor& gradient, const Tensor& weight, const Tensor& values, const Tensor& rstd,
                      const Tensor& mean, const Asked& asked, NormGradient& result) {
  const auto wide = gradient.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const Tensor g = gradient.to(wide);
  Tensor hat = values.to(wide);
  if (mean.defined()) hat = hat - mean;
  if (asked.raw) hat = hat * rstd;
  Sizes leading(gradient.dim() - 1);
  for (size_t axis = 0; axis < leading.size(); axis++) leading[axis] = static_cast<int64_t>(axis);
  const auto overRows = [&](const Tensor& each) {
    return (leading.empty() ? each : each.sum(leading)).to(weight.scalar_type());
  };
  if (asked.weight) result.weight = overRows(g * hat);
  if (asked.bias) result.bias = overRows(g);
  if (!asked.x) return;
  const Tensor scaled = g * weight.to(wide);
  Tensor rest = scaled - hat * (scaled * hat).mean(-1, /*keepdim=*/true);
  if (asked.centred) rest = rest - scaled.mean(-1, /*keepdim=*/true);
  result.x = (rest * rstd).to(gradient.scalar_type());
}
}  // namespace

// [x, weight, whether there is a bias, bias, epsilon, whether x̂ is wanted] → [y, rstd, mean, x̂]
MULTI_KERNEL(LeantuneNorm) {
  const Tensor x = in.tensor();
  const Tensor weight = in.tensor();
  const bool centred = in.flag();
  Tensor bias;
  if (centred) bias = in.tensor();
  const double epsilon = in.number();
  Norm result;
  result.output = at::empty_like(x);
  result.rstd = statisticsLike(x);
  if (centred) result.mean = statisticsLike(x);
  if (in.flag()) result.normalised = at::empty_like(x);
  if (!x.is_cpu()) {
    normOnDevice(x, weight, bias, epsilon, centred, result);
  } else {
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "LeantuneNorm", [&] {
      normOnHost<scalar_t>(x, weight, bias, epsilon, centred, result);
    });
  }
  Tensors outputs{result.output, result.rstd};
  if (centred) outputs.push_back(result.mean);
  if (result.normalised.defined()) outputs.push_back(result.normalised);
  return outputs;
}

// [gradient, weight, values, whether there is an rstd, rstd, whether there is a mean, mean, centred, raw, whether the
// gradients of x, weight and bias are wanted] → those
MULTI_KERNEL(LeantuneNormGradient) {
  const Tensor gradient = in.tensor();
  const Tensor weight = in.tensor();
  const Tensor values = in.tensor();
  Tensor rstd, mean;
  if (in.flag()) rstd = in.tensor();
  if (in.flag()) mean = in.tensor();
  Asked asked{};
  for (bool* flag : {&asked.centred, &asked.raw, &asked.x, &asked.weight, &asked.bias}) *flag = in.flag();
  NormGradient result;
  if (!gradient.is_cpu()) {
    gradientOnDevice(gradient, weight, values, rstd, mean, asked, result);
  } else {
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, gradient.scalar_type(), "LeantuneNormGradient", [&] {
      gradientOnHost<scalar_t>(gradient, weight, values, rstd, mean, asked, result);
    });
  }
  Tensors outputs;
  for (const Tensor& each : {result.x, result.weight, result.bias}) {
    if (each.defined()) outputs.push_back(each);
  }
  return outputs;
}

// [value, weight, bias]
KERNEL(LeantuneAffine) {
  const Tensor value = in.tensor();
  const Tensor weight = in.tensor();
  return at::addcmul(in.tensor(), value, weight);
}
