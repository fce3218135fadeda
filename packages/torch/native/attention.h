// softmax(scaling · Q Kᵀ + mask) V head by head, without the scores of all queries at once.
#pragma once

#include "kernel.h"
#include "philox.h"

namespace leantune {

// Dropout of the probabilities. Queries are drawn for in blocks, each with a stream of its own; a place in a stream is
// that of the element in [batch, heads, queries of the block, keys].
struct AttentionDropout {
  double rate = 0;
  int64_t queries = 0;  // of one row of the batch, whichever are selected
  int64_t blockSize = 0;
  std::vector<StreamKey> streams;
  Tensor rows;  // int32 [batch · selected queries], row · queries + position; undefined where all are there

  float factor() const { return static_cast<float>(1 / (1 - rate)); }
};

struct Attention {
  Tensor query;  // [batch, rows, heads, d]
  Tensor key;    // [batch, keys, key heads, d]; each key head serves heads / key heads heads in a row
  Tensor value;  // like key; may be undefined where nobody asks for the gradients of query and key
  Tensor maskKeys;       // float32 [batch, keys], added to the scores; undefined: nothing is hidden
  Tensor causalQueries;  // float32 [1 or batch, rows]: positions; undefined: no order
  Tensor causalKeys;     // float32 [1 or batch, keys]
  bool absolute = false;  // later keys are hidden even where no key is visible
  double scaling = 1;
  AttentionDropout dropout;

  int64_t batch() const { return query.size(0); }
  int64_t rows() const { return query.size(1); }
  int64_t heads() const { return query.size(2); }
  int64_t width() const { return query.size(3); }
  int64_t keys() const { return key.size(1); }
  int64_t keyHeads() const { return key.size(2); }
};

struct AttentionGradients {
  bool needsQuery, needsKey, needsValue;
  Tensor query, key, value;
};

// The lowest float32, which Hugging Face adds to the scores of hidden keys.
constexpr float kLowestFloat = -3.4028234663852886e38f;

// What is added to the scores of the queries [first, first + count): float32 [1 or batch, 1, 1 or count, keys]; undefined
// where nothing is hidden.
Tensor attentionBias(const Attention& attention, int64_t first, int64_t count);

// [batch, length, heads of x, d] → [batch, heads, length, d] held as `dtype`, each head as often in a row as queries meet it.
Tensor headsFirst(const Tensor& x, int64_t heads, at::ScalarType dtype);
// The gradients of all heads [batch, heads, keys, d] → those of `attention.key` or `.value`, summed over heads that share one.
Tensor ofKeyHeads(const Attention& attention, const Tensor& gradient);

// In blocks that fit into caches, for the CPU.
Tensor attentionOnHost(const Attention& attention);
void attentionGradientsOnHost(const Attention& attention, const Tensor& gradient, AttentionGradients& result);

// With tensor operations, in the blocks of queries that dropout draws by, for every device.
Tensor attentionOnDevice(const Attention& attention);
void attentionGradientsOnDevice(const Attention& attention, const Tensor& gradient, AttentionGradients& result);

// By libtorch's own kernels (flash, memory-efficient, cuDNN), which widen nothing and keep no scores. False where it has
// none for these tensors, or none that draws the same dropout.
bool attentionByLibrary(const Attention& attention, Tensor& output);
bool attentionGradientsByLibrary(const Attention& attention, const Tensor& gradient, AttentionGradients& result);

}  // namespace leantune
