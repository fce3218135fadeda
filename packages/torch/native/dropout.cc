// Inverted dropout: x ∘ m / (1 - rate), the mask drawn by place, so that any part of it can be drawn again.
#include <ATen/Dispatch.h>

#include "kernel.h"
#include "philox.h"
#include "vectorise.h"

using namespace leantune;

namespace {
constexpr int64_t kGrain = 1 << 14;
// Elements whose mask is drawn before it is used: it stays in the first cache.
constexpr int64_t kPiece = 4096;

struct Stream {
  float rate;
  float factor;
  StreamKey key;
};

float factorOf(double rate) { return static_cast<float>(1 / (1 - rate)); }

// [rate, seed, seed]
Stream streamOf(Arguments& in) {
  const double rate = in.number();
  const auto seed0 = static_cast<int32_t>(in.integer());
  return {static_cast<float>(rate), factorOf(rate), keyOf(seed0, static_cast<int32_t>(in.integer()))};
}

// Rounded to how x is held, as where mask and product are kernels of their own.
template <typename T>
void applyMask(const T* x, const uint8_t* mask, T* result, int64_t count, T factor) {
  for (int64_t i = 0; i < count; i++) result[i] = x[i] * (mask[i] != 0 ? factor : T(0));
}

LEANTUNE_VECTORISED void applyMask(const float* x, const uint8_t* mask, float* result, int64_t count, float factor) {
  for (int64_t i = 0; i < count; i++) result[i] = x[i] * (mask[i] != 0 ? factor : 0.0f);
}

// Elements that were drawn for at places from `first` on.
template <typename T>
void dropRange(const T* x, T* result, int64_t first, int64_t count, const Stream& stream) {
  uint8_t mask[kPiece];
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t size = std::min(kPiece, count - begin);
    drawKeep(mask, first + begin, size, stream.key, stream.rate);
    applyMask(x + begin, mask, result + begin, size, static_cast<T>(stream.factor));
  }
}

// Row i of x was drawn for at row rows[i].
template <typename T>
void dropRows(const T* x, T* result, const int32_t* rows, int64_t count, int64_t width, const Stream& stream) {
  at::parallel_for(0, count, kGrain / width + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      dropRange(x + row * width, result + row * width, rows[row] * width, width, stream);
    }
  });
}

Tensor applied(const Tensor& x, const Tensor& mask, float factor) {
  const Tensor factors = at::full({}, factor, x.options());
  return x * at::where(mask, factors, at::zeros({}, x.options()));
}

// Elements of `width` in a row, of the row numbers `rows` where there are any.
Tensor keepOnDevice(int64_t count, const Tensor& rows, const Stream& stream) {
  const auto places = [&](int64_t begin, int64_t end) {
    const Tensor element = at::arange(begin, end, options(at::kLong));
    if (!rows.defined()) return element;
    const int64_t width = count / rows.numel();
    const Tensor row = rows.view({-1}).to(at::kLong).index_select(0, element.div(width, "floor"));
    return row * width + element.remainder(width);
  };
  return keepAt(count, places, stream.key, stream.rate);
}
}  // namespace

// [shape, rate, seed, seed] → bool
KERNEL(LeantuneKeepMask) {
  Tensor mask = at::empty(in.shape(), options(at::kBool));
  const Stream stream = streamOf(in);
  if (!mask.is_cpu()) return keepOnDevice(mask.numel(), {}, stream).view(mask.sizes());
  auto* keep = static_cast<uint8_t*>(mask.data_ptr());
  at::parallel_for(0, mask.numel(), kGrain, [&](int64_t begin, int64_t end) {
    drawKeep(keep + begin, begin, end - begin, stream.key, stream.rate);
  });
  return mask;
}

// [x, mask, rate]
KERNEL(LeantuneApplyKeepMask) {
  const Tensor x = in.tensor();
  const Tensor mask = in.tensor();
  const float factor = factorOf(in.number());
  if (!x.is_cpu()) return applied(x, mask, factor);
  Tensor result = at::empty_like(x);
  const auto* keep = static_cast<const uint8_t*>(mask.data_ptr());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "LeantuneApplyKeepMask", [&] {
    const auto* source = x.data_ptr<scalar_t>();
    auto* target = result.data_ptr<scalar_t>();
    at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
      applyMask(source + begin, keep + begin, target + begin, end - begin, static_cast<scalar_t>(factor));
    });
  });
  return result;
}

// [x, number of rows, row numbers int32 where there are any, rate, seed, seed]
KERNEL(LeantuneDropout) {
  const Tensor x = in.tensor();
  Tensor rows;
  if (in.flag()) rows = in.tensor().contiguous();
  const Stream stream = streamOf(in);
  if (!x.is_cpu()) return applied(x, keepOnDevice(x.numel(), rows, stream).view(x.sizes()), stream.factor);
  Tensor result = at::empty_like(x);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "LeantuneDropout", [&] {
    const auto* source = x.data_ptr<scalar_t>();
    auto* target = result.data_ptr<scalar_t>();
    if (rows.defined()) {
      dropRows(source, target, rows.data_ptr<int32_t>(), rows.numel(), x.numel() / rows.numel(), stream);
    } else {
      at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
        dropRange(source + begin, target + begin, begin, end - begin, stream);
      });
    }
  });
  return result;
}
