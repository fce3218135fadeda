// LeantuneStatelessUniform: the float32 values in [0, 1) of TensorFlow's StatelessRandomUniform, bit for bit.
#include "kernel.h"
#include "philox.h"

using namespace leantune;

KERNEL(LeantuneStatelessUniform) {
  const Sizes shape = in.shape();
  const auto seed0 = static_cast<int32_t>(in.integer());
  const StreamKey key = keyOf(seed0, static_cast<int32_t>(in.integer()));
  // Asked for by tests: the other version must draw the same bits.
  const bool composed = in.flag();
  if (composed || !device().is_cpu()) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return uniformAt(at::arange(count, options(at::kLong)), key).view(shape);
  }
  Tensor values = at::empty(shape, options(at::kFloat));
  auto* numbers = values.data_ptr<float>();
  at::parallel_for(0, values.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
    drawUniform(numbers + begin, begin, end - begin, key);
  });
  return values;
}
