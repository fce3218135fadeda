// LeantuneStatelessUniform: the float32 values in [0, 1) of TensorFlow's StatelessRandomUniform, bit for bit.
// Philox4x32-10 (Salmon et al., SC 2011): blocks of four words, the low 23 bits of each as a multiple of 2^-23.
#include "kernel.h"

using namespace leantune;

namespace {
constexpr uint32_t kMultiplierA = 0xd2511f53, kMultiplierB = 0xcd9e8d57;
constexpr uint32_t kWeylA = 0x9e3779b9, kWeylB = 0xbb67ae85;
constexpr int kRounds = 10;
// What TensorFlow mixes a seed with before it becomes key and counter (stateless_random_ops, GenerateKey).
constexpr uint32_t kMixKey0 = 0x3ec8f720, kMixKey1 = 0x02461e29;
// Blocks that are computed side by side, so that the compiler can use vector instructions.
constexpr int kLanes = 16;

struct Block {
  uint32_t words[4];
};

// Counters (first + lane, c2, c3) under the key, for kLanes lanes.
inline void philoxLanes(uint32_t key0, uint32_t key1, uint64_t first, uint32_t c2, uint32_t c3, uint32_t (&out)[4][kLanes]) {
  for (int lane = 0; lane < kLanes; lane++) {
    out[0][lane] = static_cast<uint32_t>(first + lane);
    out[1][lane] = static_cast<uint32_t>((first + lane) >> 32);
    out[2][lane] = c2;
    out[3][lane] = c3;
  }
  for (int round = 0; round < kRounds; round++) {
    for (int lane = 0; lane < kLanes; lane++) {
      const uint64_t a = static_cast<uint64_t>(kMultiplierA) * out[0][lane];
      const uint64_t b = static_cast<uint64_t>(kMultiplierB) * out[2][lane];
      out[0][lane] = static_cast<uint32_t>(b >> 32) ^ out[1][lane] ^ key0;
      out[1][lane] = static_cast<uint32_t>(b);
      out[2][lane] = static_cast<uint32_t>(a >> 32) ^ out[3][lane] ^ key1;
      out[3][lane] = static_cast<uint32_t>(a);
    }
    key0 += kWeylA;
    key1 += kWeylB;
  }
}

// Key (two words) and upper counter (two words) of a seed of two int32, which are sign-extended to 64 bits.
Block keyOf(int32_t seed0, int32_t seed1) {
  uint32_t out[4][kLanes];
  const auto first = static_cast<uint64_t>(static_cast<int64_t>(seed0));
  const auto second = static_cast<uint64_t>(static_cast<int64_t>(seed1));
  philoxLanes(kMixKey0, kMixKey1, first, static_cast<uint32_t>(second), static_cast<uint32_t>(second >> 32), out);
  return {{out[0][0], out[1][0], out[2][0], out[3][0]}};
}

__attribute__((optimize("O3"))) void fillOnHost(float* values, int64_t count, const Block& key) {
  constexpr int64_t perChunk = 4 * kLanes;
  const int64_t chunks = (count + perChunk - 1) / perChunk;
  at::parallel_for(0, chunks, 512, [&](int64_t begin, int64_t end) {
    uint32_t out[4][kLanes];
    for (int64_t chunk = begin; chunk < end; chunk++) {
      philoxLanes(key.words[0], key.words[1], chunk * kLanes, key.words[2], key.words[3], out);
      const int64_t start = chunk * perChunk;
      const int64_t left = std::min(perChunk, count - start);
      for (int64_t i = 0; i < left; i++) values[start + i] = static_cast<float>(out[i & 3][i >> 2] & 0x7fffff) * 0x1p-23f;
    }
  });
}

// The same with tensors of 64-bit integers, for devices that this file is not compiled for.
Tensor fillOnDevice(int64_t count, const Block& key) {
  constexpr int64_t mask = 0xffffffff;
  const int64_t blocks = (count + 3) / 4;
  const Tensor index = at::arange(blocks, options(at::kLong));
  Tensor c0 = index & mask, c1 = index.bitwise_right_shift(32);
  Tensor c2 = at::full({blocks}, static_cast<int64_t>(key.words[2]), options(at::kLong));
  Tensor c3 = at::full({blocks}, static_cast<int64_t>(key.words[3]), options(at::kLong));
  uint32_t key0 = key.words[0], key1 = key.words[1];
  for (int round = 0; round < kRounds; round++) {
    // Products beyond 2^63 wrap around; their bits are those of the unsigned product.
    const Tensor a = c0 * static_cast<int64_t>(kMultiplierA);
    const Tensor b = c2 * static_cast<int64_t>(kMultiplierB);
    c0 = (b.bitwise_right_shift(32) & mask).bitwise_xor_(c1).bitwise_xor_(static_cast<int64_t>(key0));
    c1 = b & mask;
    c2 = (a.bitwise_right_shift(32) & mask).bitwise_xor_(c3).bitwise_xor_(static_cast<int64_t>(key1));
    c3 = a & mask;
    key0 += kWeylA;
    key1 += kWeylB;
  }
  const Tensor words = at::stack({c0, c1, c2, c3}, 1).view({-1}).narrow(0, 0, count);
  return (words & 0x7fffff).to(at::kFloat).mul_(0x1p-23);
}

int64_t countOf(const Sizes& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}
}  // namespace

KERNEL(LeantuneStatelessUniform) {
  const Sizes shape = in.shape();
  const auto seed0 = static_cast<int32_t>(in.integer());
  const Block key = keyOf(seed0, static_cast<int32_t>(in.integer()));
  // Asked for by tests: the other version must draw the same bits.
  const bool composed = in.flag();
  if (composed || !leantune::device().is_cpu()) return fillOnDevice(countOf(shape), key).view(shape);
  Tensor values = at::empty(shape, leantune::options(at::kFloat));
  fillOnHost(values.data_ptr<float>(), values.numel(), key);
  return values;
}
