#include "philox.h"

#include <cmath>
#include <cstring>

#include "kernel.h"
#include "vectorise.h"

namespace leantune {

namespace {
constexpr uint32_t kMultiplierA = 0xd2511f53, kMultiplierB = 0xcd9e8d57;
constexpr uint32_t kWeylA = 0x9e3779b9, kWeylB = 0xbb67ae85;
constexpr int kRounds = 10;
// What TensorFlow mixes a seed with before it becomes key and counter (stateless_random_ops, GenerateKey).
constexpr uint32_t kMixKey0 = 0x3ec8f720, kMixKey1 = 0x02461e29;
// Blocks of four words that are computed side by side, so that the compiler can use vector instructions.
constexpr int kBlocks = 16;
constexpr int64_t kPerChunk = 4 * kBlocks;
constexpr uint32_t kNumberBits = 0x7fffff;

// Counters (first + block, c2, c3) under the key, for kBlocks blocks: word by word.
LEANTUNE_INLINE void philox(uint32_t key0, uint32_t key1, uint64_t first, uint32_t c2, uint32_t c3,
                            uint32_t (&out)[4][kBlocks]) {
  for (int block = 0; block < kBlocks; block++) {
    out[0][block] = static_cast<uint32_t>(first + block);
    out[1][block] = static_cast<uint32_t>((first + block) >> 32);
    out[2][block] = c2;
    out[3][block] = c3;
  }
  for (int round = 0; round < kRounds; round++) {
    for (int block = 0; block < kBlocks; block++) {
      const uint64_t a = static_cast<uint64_t>(kMultiplierA) * out[0][block];
      const uint64_t b = static_cast<uint64_t>(kMultiplierB) * out[2][block];
      out[0][block] = static_cast<uint32_t>(b >> 32) ^ out[1][block] ^ key0;
      out[1][block] = static_cast<uint32_t>(b);
      out[2][block] = static_cast<uint32_t>(a >> 32) ^ out[3][block] ^ key1;
      out[3][block] = static_cast<uint32_t>(a);
    }
    key0 += kWeylA;
    key1 += kWeylB;
  }
}

// The chunk of kPerChunk places that begins at kPerChunk · chunk, made into T by `convert`.
template <typename T, typename Convert>
LEANTUNE_INLINE void drawChunk(T* target, int64_t chunk, const StreamKey& key, Convert convert) {
  uint32_t out[4][kBlocks];
  philox(key.words[0], key.words[1], chunk * kBlocks, key.words[2], key.words[3], out);
  for (int block = 0; block < kBlocks; block++) {
    for (int word = 0; word < 4; word++) target[4 * block + word] = convert(out[word][block]);
  }
}

// Places [first, first + count), of which the chunks at both ends may have others.
template <typename T, typename Convert>
LEANTUNE_INLINE void drawPlaces(T* target, int64_t first, int64_t count, const StreamKey& key, Convert convert) {
  T part[kPerChunk];
  const int64_t end = first + count;
  for (int64_t place = first; place < end;) {
    const int64_t chunk = place / kPerChunk;
    const int64_t skipped = place - chunk * kPerChunk;
    const int64_t size = std::min(kPerChunk - skipped, end - place);
    if (size == kPerChunk) {
      drawChunk(target + (place - first), chunk, key, convert);
    } else {
      drawChunk(part, chunk, key, convert);
      std::memcpy(target + (place - first), part + skipped, size * sizeof(T));
    }
    place += size;
  }
}

LEANTUNE_VECTORISED void drawUniformRange(float* numbers, int64_t first, int64_t count, const StreamKey& key) {
  drawPlaces(numbers, first, count, key,
             [](uint32_t word) { return static_cast<float>(static_cast<int32_t>(word & kNumberBits)) * 0x1p-23f; });
}

LEANTUNE_VECTORISED void drawKeepRange(uint8_t* keep, int64_t first, int64_t count, const StreamKey& key, uint32_t least) {
  drawPlaces(keep, first, count, key,
             [least](uint32_t word) { return static_cast<uint8_t>((word & kNumberBits) >= least ? 1 : 0); });
}
}  // namespace

// The two words are sign-extended to 64 bits.
StreamKey keyOf(int32_t seed0, int32_t seed1) {
  uint32_t out[4][kBlocks];
  const auto first = static_cast<uint64_t>(static_cast<int64_t>(seed0));
  const auto second = static_cast<uint64_t>(static_cast<int64_t>(seed1));
  philox(kMixKey0, kMixKey1, first, static_cast<uint32_t>(second), static_cast<uint32_t>(second >> 32), out);
  return {{out[0][0], out[1][0], out[2][0], out[3][0]}};
}

void drawUniform(float* numbers, int64_t first, int64_t count, const StreamKey& key) {
  drawUniformRange(numbers, first, count, key);
}

// bits · 2^-23 ≥ rate is bits ≥ rate · 2^23, a product that is exact.
void drawKeep(uint8_t* keep, int64_t first, int64_t count, const StreamKey& key, float rate) {
  drawKeepRange(keep, first, count, key, static_cast<uint32_t>(std::ceil(rate * 0x1p23f)));
}

at::Tensor uniformAt(const at::Tensor& places, const StreamKey& key) {
  constexpr int64_t mask = 0xffffffff;
  const at::Tensor block = places.bitwise_right_shift(2);
  at::Tensor c0 = block & mask, c1 = block.bitwise_right_shift(32);
  at::Tensor c2 = at::full_like(block, static_cast<int64_t>(key.words[2]));
  at::Tensor c3 = at::full_like(block, static_cast<int64_t>(key.words[3]));
  uint32_t key0 = key.words[0], key1 = key.words[1];
  for (int round = 0; round < kRounds; round++) {
    // Products beyond 2^63 wrap around; their bits are those of the unsigned product.
    const at::Tensor a = c0 * static_cast<int64_t>(kMultiplierA);
    const at::Tensor b = c2 * static_cast<int64_t>(kMultiplierB);
    c0 = (b.bitwise_right_shift(32) & mask).bitwise_xor_(c1).bitwise_xor_(static_cast<int64_t>(key0));
    c1 = b & mask;
    c2 = (a.bitwise_right_shift(32) & mask).bitwise_xor_(c3).bitwise_xor_(static_cast<int64_t>(key1));
    c3 = a & mask;
    key0 += kWeylA;
    key1 += kWeylB;
  }
  const at::Tensor word = places & 3;
  const at::Tensor bits = at::where(word.lt(2), at::where(word.eq(0), c0, c1), at::where(word.eq(2), c2, c3));
  return (bits & static_cast<int64_t>(kNumberBits)).to(at::kFloat).mul_(0x1p-23);
}

at::Tensor keepAt(int64_t count, const std::function<at::Tensor(int64_t, int64_t)>& places, const StreamKey& key, float rate) {
  constexpr int64_t kSlice = 1 << 20;
  at::Tensor keep = at::empty({count}, options(at::kBool));
  for (int64_t begin = 0; begin < count; begin += kSlice) {
    const int64_t end = std::min(count, begin + kSlice);
    keep.narrow(0, begin, end - begin).copy_(uniformAt(places(begin, end), key).ge(rate));
  }
  return keep;
}

}  // namespace leantune
