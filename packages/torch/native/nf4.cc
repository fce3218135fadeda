// Numbers of a weight in 4 bits (Dettmers et al. 2023): codebook value · scale of its block. Words of codes hold the first
// one in their highest bits.
#include <map>
#include <utility>

#include "kernel.h"

using namespace leantune;

namespace {
// A codebook on the device. Copied there once: a copy waits for the device. Never freed, since libraries of a GPU may be
// gone when a process ends.
const Tensor& table(const std::vector<double>& values) {
  static auto& known = *new std::map<std::pair<std::string, std::vector<double>>, Tensor>();
  Tensor& found = known[{device().str(), values}];
  if (!found.defined()) found = at::tensor(values, at::TensorOptions().dtype(at::kDouble)).to(options(at::kFloat));
  return found;
}

std::vector<double> numbers(Arguments& in) {
  std::vector<double> values(in.integer());
  for (double& value : values) value = in.number();
  return values;
}

// The first `count` codes of `bits` bits out of words of 32: int64.
Tensor codesOf(const Tensor& words, int64_t bits, int64_t count) {
  const auto whole = words.options().dtype(at::kLong);
  const Tensor shifts = at::arange(32 - bits, -1, -bits, whole);
  const Tensor codes = words.view({-1, 1}).to(at::kLong).bitwise_right_shift(shifts) & ((1 << bits) - 1);
  return codes.view({-1}).narrow(0, 0, count);
}

// Each of the scales for `size` values in a row: [count].
Tensor repeated(const Tensor& scales, int64_t size, int64_t count) {
  return scales.view({-1, 1}).expand({scales.numel(), size}).reshape({-1}).narrow(0, 0, count);
}

void dequantizeOnHost(float* values, int64_t count, const int32_t* words, const float* codebook, const float* scales,
                      int64_t blockSize) {
  const int64_t blocks = (count + blockSize - 1) / blockSize;
  at::parallel_for(0, blocks, (1 << 14) / blockSize + 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) {
      for (int64_t i = block * blockSize; i < std::min(count, (block + 1) * blockSize); i++) {
        const auto word = static_cast<uint32_t>(words[i >> 3]);
        values[i] = codebook[(word >> (28 - 4 * (i & 7))) & 15] * scales[block];
      }
    }
  });
}
}  // namespace

// [codes, scales, whether they are codes themselves, scales of scales, offset, block size of scales, codebook of scales,
// shape, block size, codebook] → float32
KERNEL(LeantuneDequantizeNf4) {
  const Tensor words = in.tensor();
  Tensor scales = in.tensor();
  Tensor nested, offset;
  if (in.flag()) {
    nested = in.tensor();
    offset = in.tensor();
  }
  const int64_t nestedSize = in.integer();
  const std::vector<double> scaleBook = numbers(in);
  const Sizes shape = in.shape();
  const int64_t blockSize = in.integer();
  const Tensor codebook = table(numbers(in));
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  const int64_t blocks = (count + blockSize - 1) / blockSize;
  if (nested.defined()) {
    const Tensor values = table(scaleBook).index_select(0, codesOf(scales, 8, blocks));
    scales = values * repeated(nested, nestedSize, blocks) + offset;
  }
  if (!words.is_cpu()) {
    const Tensor values = codebook.index_select(0, codesOf(words, 4, count));
    return (values * repeated(scales, blockSize, count)).view(shape);
  }
  Tensor result = at::empty(shape, options(at::kFloat));
  const Tensor perBlock = scales.to(at::kFloat).contiguous();
  dequantizeOnHost(result.data_ptr<float>(), count, words.data_ptr<int32_t>(), codebook.data_ptr<float>(),
                   perBlock.data_ptr<float>(), blockSize);
  return result;
}
