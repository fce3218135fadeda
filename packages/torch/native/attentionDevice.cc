#include "attention.h"

namespace leantune {

namespace {
at::ScalarType wideOf(const Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

// A part of the queries [first, first + count) of every row and head.
class Part {
 public:
  Part(const Attention& attention, int64_t first, int64_t count) : attention_(attention), first_(first), count_(count) {}

  // [batch, heads, count, keys]
  Tensor probabilities(const Tensor& query, const Tensor& key) const {
    Tensor scores = at::matmul(query.narrow(2, first_, count_), key.transpose(2, 3)).mul_(attention_.scaling);
    const Tensor bias = attentionBias(attention_, first_, count_);
    if (bias.defined()) scores.add_(bias);
    return at::softmax(scores, -1);
  }

  // x with dropped elements.
  Tensor dropped(const Tensor& x) const {
    if (attention_.dropout.rate == 0) return x;
    const Tensor keep = (attention_.dropout.rows.defined() ? keepOfSelected() : keepOfBlock()).view(x.sizes());
    const Tensor factor = at::full({}, attention_.dropout.factor(), x.options());
    return x * at::where(keep, factor, at::zeros({}, x.options()));
  }

 private:
  int64_t elements() const { return attention_.batch() * attention_.heads() * count_ * attention_.keys(); }

  // Without a selection a part is a block: its elements draw in their order.
  Tensor keepOfBlock() const {
    const AttentionDropout& dropout = attention_.dropout;
    const auto places = [](int64_t begin, int64_t end) { return at::arange(begin, end, options(at::kLong)); };
    return keepAt(elements(), places, dropout.streams[first_ / dropout.blockSize], static_cast<float>(dropout.rate));
  }

  // Selected queries may come from any block.
  Tensor keepOfSelected() const {
    const AttentionDropout& dropout = attention_.dropout;
    const int64_t heads = attention_.heads(), keys = attention_.keys(), count = count_;
    const Tensor rows = dropout.rows.view({attention_.batch(), -1}).narrow(1, first_, count);
    const Tensor positions = rows.to(at::kLong).remainder(dropout.queries).reshape({-1});
    Tensor keep;
    for (size_t block = 0; block < dropout.streams.size(); block++) {
      const int64_t start = static_cast<int64_t>(block) * dropout.blockSize;
      const int64_t size = std::min(dropout.blockSize, dropout.queries - start);
      const auto places = [&](int64_t begin, int64_t end) {
        const Tensor element = at::arange(begin, end, options(at::kLong));
        const Tensor query = element.div(keys, "floor");
        const Tensor pair = query.div(count, "floor");
        const Tensor position = positions.index_select(0, pair.div(heads, "floor") * count + query.remainder(count));
        return (pair * size + (position - start)) * keys + element.remainder(keys);
      };
      const Tensor stays = keepAt(elements(), places, dropout.streams[block], static_cast<float>(dropout.rate));
      const Tensor here = positions.ge(start).view({attention_.batch(), 1, count, 1});
      const Tensor seen = stays.view({attention_.batch(), heads, count, keys});
      keep = keep.defined() ? at::where(here, seen, keep) : seen;
    }
    return keep;
  }

  const Attention& attention_;
  const int64_t first_, count_;
};

template <typename Body>
void inParts(const Attention& attention, Body body) {
  const int64_t size = attention.dropout.blockSize;
  for (int64_t first = 0; first < attention.rows(); first += size) {
    body(Part(attention, first, std::min(size, attention.rows() - first)), first, std::min(size, attention.rows() - first));
  }
}
}  // namespace

Tensor headsFirst(const Tensor& x, int64_t heads, at::ScalarType dtype) {
  const Tensor transposed = x.to(dtype).transpose(1, 2);
  return x.size(2) == heads ? transposed : transposed.repeat_interleave(heads / x.size(2), 1);
}

Tensor ofKeyHeads(const Attention& attention, const Tensor& gradient) {
  const int64_t shared = attention.heads() / attention.keyHeads();
  const Tensor summed =
      shared == 1 ? gradient
                  : gradient.view({gradient.size(0), attention.keyHeads(), shared, gradient.size(2), gradient.size(3)}).sum(2);
  return summed.transpose(1, 2).to(attention.key.scalar_type()).contiguous();
}

Tensor attentionBias(const Attention& attention, int64_t first, int64_t count) {
  const Tensor& mask = attention.maskKeys;
  const Tensor keys = mask.defined() ? mask.view({mask.size(0), 1, 1, -1}) : mask;
  if (!attention.causalQueries.defined()) return keys;
  const Tensor queries = attention.causalQueries.unsqueeze(1).unsqueeze(3).narrow(2, first, count);
  const Tensor later = attention.causalKeys.unsqueeze(1).unsqueeze(1).gt(queries);
  const Tensor hidden = at::where(later, at::full({}, kLowestFloat, queries.options()), at::zeros({}, queries.options()));
  if (!keys.defined()) return hidden;
  const Tensor either = at::minimum(hidden, keys);
  return attention.absolute ? either + hidden : either;
}

Tensor attentionOnDevice(const Attention& attention) {
  const auto wide = wideOf(attention.query);
  const int64_t heads = attention.heads();
  const Tensor query = headsFirst(attention.query, heads, wide), key = headsFirst(attention.key, heads, wide),
               value = headsFirst(attention.value, heads, wide);
  Tensor output = at::empty_like(attention.query);
  inParts(attention, [&](const Part& part, int64_t first, int64_t count) {
    const Tensor mixed = at::matmul(part.dropped(part.probabilities(query, key)), value);
    output.narrow(1, first, count).copy_(mixed.transpose(1, 2));
  });
  return output;
}

void attentionGradientsOnDevice(const Attention& attention, const Tensor& gradient, AttentionGradients& result) {
  const auto wide = wideOf(attention.query);
  const int64_t heads = attention.heads();
  const bool needsScores = result.needsQuery || result.needsKey;
  const Tensor query = headsFirst(attention.query, heads, wide), key = headsFirst(attention.key, heads, wide);
  const Tensor value = needsScores ? headsFirst(attention.value, heads, wide) : Tensor();
  const Tensor grads = headsFirst(gradient, heads, wide);
  if (result.needsQuery) result.query = at::empty_like(attention.query);
  Tensor keySum, valueSum;
  const auto added = [](Tensor& sum, const Tensor& term) { sum = sum.defined() ? sum.add_(term) : term; };
  inParts(attention, [&](const Part& part, int64_t first, int64_t count) {
    const Tensor grad = grads.narrow(2, first, count);
    const Tensor probabilities = part.probabilities(query, key);
    if (result.needsValue) added(valueSum, at::matmul(part.dropped(probabilities).transpose(2, 3), grad));
    if (!needsScores) return;
    const Tensor weighted = probabilities * part.dropped(at::matmul(grad, value.transpose(2, 3)));
    const Tensor scores = (weighted - probabilities * weighted.sum(-1, /*keepdim=*/true)).mul_(attention.scaling);
    if (result.needsQuery) result.query.narrow(1, first, count).copy_(at::matmul(scores, key).transpose(1, 2));
    if (result.needsKey) added(keySum, at::matmul(scores.transpose(2, 3), query.narrow(2, first, count)));
  });
  if (result.needsKey) result.key = ofKeyHeads(attention, keySum);
  if (result.needsValue) result.value = ofKeyHeads(attention, valueSum);
}

}  // namespace leantune
