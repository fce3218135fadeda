// Random bits by place: Philox4x32-10 (Salmon et al., SC 2011) in the order of TensorFlow's StatelessRandomUniform. The
// float32 number at a place is the low 23 bits of its word times 2^-23.
#pragma once

#include <functional>

#include "torch.h"

namespace leantune {

// Key and upper half of the counter that a seed of two 32-bit words stands for.
struct StreamKey {
  uint32_t words[4];
};

StreamKey keyOf(int32_t seed0, int32_t seed1);

// The numbers at places [first, first + count).
void drawUniform(float* numbers, int64_t first, int64_t count, const StreamKey& key);

// 1 where the number at a place is not below the rate, else 0, for places [first, first + count).
void drawKeep(uint8_t* keep, int64_t first, int64_t count, const StreamKey& key, float rate);

// The numbers at `places`, int64 of any shape, with tensors of 64-bit integers: for every device.
at::Tensor uniformAt(const at::Tensor& places, const StreamKey& key);

// Which of `count` elements stay, bool [count]: those whose number is not below the rate. `places(begin, end)` says where
// the elements [begin, end) draw. In slices, for every device: 64-bit integers take many times the room of the answer.
at::Tensor keepAt(int64_t count, const std::function<at::Tensor(int64_t, int64_t)>& places, const StreamKey& key, float rate);

}  // namespace leantune
