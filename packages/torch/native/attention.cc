// The two kernels of attention: arguments, and the choice of how it is computed.
#include "attention.h"

using namespace leantune;

namespace {
Tensor optionalTensor(Arguments& in) { return in.flag() ? in.tensor() : Tensor(); }

// [batch, length, heads · d] → [batch, length, heads, d]
Tensor withHeads(const Tensor& x, int64_t heads) {
  return x.defined() ? x.view({x.size(0), x.size(1), heads, x.size(2) / heads}) : x;
}

// [1 or batch, 1, queries, 1] or [1 or batch, 1, 1, keys] → [1 or batch, n]
Tensor asRows(const Tensor& x) { return x.defined() ? x.view({x.size(0), -1}) : x; }

// [query, key, value?, mask of keys?, positions of queries?, of keys?, heads, key heads, scaling, absolute, rate,
// queries, block size, seeds, selected rows?]
Attention readAttention(Arguments& in) {
  const Tensor query = in.tensor(), key = in.tensor(), value = optionalTensor(in);
  Attention attention;
  attention.maskKeys = asRows(optionalTensor(in));
  attention.causalQueries = asRows(optionalTensor(in));
  attention.causalKeys = asRows(optionalTensor(in));
  const int64_t heads = in.integer(), keyHeads = in.integer();
  attention.query = withHeads(query, heads);
  attention.key = withHeads(key, keyHeads);
  attention.value = withHeads(value, keyHeads);
  attention.scaling = in.number();
  attention.absolute = in.flag();
  AttentionDropout& dropout = attention.dropout;
  dropout.rate = in.number();
  dropout.queries = in.integer();
  dropout.blockSize = in.integer();
  const Sizes seeds = in.integers();
  for (size_t i = 0; i + 1 < seeds.size(); i += 2) {
    dropout.streams.push_back(keyOf(static_cast<int32_t>(seeds[i]), static_cast<int32_t>(seeds[i + 1])));
  }
  dropout.rows = optionalTensor(in);
  return attention;
}


// In the order of `src/kernels/fused.ts`; any but the first is asked for by tests.
enum class Way { best, host, blocks, library };

Way wayOf(Arguments& in, const Attention& attention) {
  const Way way = static_cast<Way>(in.integer());
  if (way != Way::best) return way;
  if (attention.query.is_cpu()) return Way::host;
  return attention.query.is_cuda() ? Way::library : Way::blocks;
}
}  // namespace

// [attention…, way] → [batch, rows, heads · d]
KERNEL(LeantuneAttention) {
  const Attention attention = readAttention(in);
  const Way way = wayOf(in, attention);
  Tensor output;
  if (way == Way::host) {
    output = attentionOnHost(attention);
  } else if (way == Way::blocks || !attentionByLibrary(attention, output)) {
    output = attentionOnDevice(attention);
  }
  return output.view({attention.batch(), attention.rows(), -1});
}

// [attention…, way, gradient of the output, whether the gradients of query, key and value are wanted] → those
MULTI_KERNEL(LeantuneAttentionGradient) {
  const Attention attention = readAttention(in);
  const Way way = wayOf(in, attention);
  const Tensor gradient = withHeads(in.tensor(), attention.heads());
  AttentionGradients result{};
  for (bool* needed : {&result.needsQuery, &result.needsKey, &result.needsValue}) *needed = in.flag();
  if (way == Way::host) {
    attentionGradientsOnHost(attention, gradient, result);
  } else if (way == Way::blocks || !attentionGradientsByLibrary(attention, gradient, result)) {
    attentionGradientsOnDevice(attention, gradient, result);
  }
  Tensors outputs;
  for (const Tensor& each : {result.query, result.key, result.value}) {
    if (each.defined()) outputs.push_back(each.view({each.size(0), each.size(1), -1}));
  }
  return outputs;
}
