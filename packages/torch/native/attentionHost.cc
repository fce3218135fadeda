#include "attention.h"

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <c10/core/InferenceMode.h>

#include "vectorise.h"

namespace leantune {

namespace {
// Scores that are held at a time: 256 KiB of float32, about a second-level cache together with what they meet.
constexpr int64_t kScores = 1 << 16;
// Products of fewer rows would be slow.
constexpr int64_t kLeastRows = 32;

// s ← softmax(s · scaling + bias); no bias where it is null.
template <typename A>
LEANTUNE_INLINE void softmaxBody(A* s, int64_t count, A scaling, const float* bias) {
  if (bias == nullptr) {
    for (int64_t i = 0; i < count; i++) s[i] = s[i] * scaling;
  } else {
    for (int64_t i = 0; i < count; i++) s[i] = s[i] * scaling + bias[i];
  }
  const A largest = largestOver<A>(count, [s](int64_t i) { return s[i]; });
  for (int64_t i = 0; i < count; i++) s[i] = exponential(s[i] - largest);
  const A inverse = 1 / sumOver<A>(count, [s](int64_t i) { return s[i]; });
  for (int64_t i = 0; i < count; i++) s[i] *= inverse;
}

LEANTUNE_VECTORISED void softmaxRow(float* s, int64_t count, float scaling, const float* bias) {
  softmaxBody(s, count, scaling, bias);
}
void softmaxRow(double* s, int64_t count, double scaling, const float* bias) { softmaxBody(s, count, scaling, bias); }

// What is added to the scores of one query in an order: the lower of the key's mask and that of later keys.
LEANTUNE_VECTORISED void causalBias(float* bias, int64_t count, const float* keys, const float* positions, float position,
                                    bool absolute) {
  if (keys == nullptr) {
    for (int64_t i = 0; i < count; i++) bias[i] = positions[i] > position ? kLowestFloat : 0.0f;
  } else if (absolute) {
    // Twice the lowest float32.
    for (int64_t i = 0; i < count; i++) bias[i] = positions[i] > position ? -INFINITY : keys[i];
  } else {
    for (int64_t i = 0; i < count; i++) {
      const float later = positions[i] > position ? kLowestFloat : 0.0f;
      bias[i] = later < keys[i] ? later : keys[i];
    }
  }
}

// target ← source ∘ keep · factor
template <typename A>
LEANTUNE_INLINE void dropBody(const A* source, A* target, const uint8_t* keep, int64_t count, A factor) {
  for (int64_t i = 0; i < count; i++) target[i] = source[i] * (keep[i] != 0 ? factor : A(0));
}

LEANTUNE_VECTORISED void drop(const float* source, float* target, const uint8_t* keep, int64_t count, float factor) {
  dropBody(source, target, keep, count, factor);
}
void drop(const double* source, double* target, const uint8_t* keep, int64_t count, double factor) {
  dropBody(source, target, keep, count, factor);
}

// g ← p ∘ (g - Σ p ∘ g), the gradient of the scores.
template <typename A>
LEANTUNE_INLINE void scoreGradientBody(const A* p, A* g, int64_t count) {
  const A along = sumOver<A>(count, [=](int64_t i) { return p[i] * g[i]; });
  for (int64_t i = 0; i < count; i++) g[i] = p[i] * (g[i] - along);
}

LEANTUNE_VECTORISED void scoreGradient(const float* p, float* g, int64_t count) { scoreGradientBody(p, g, count); }
void scoreGradient(const double* p, double* g, int64_t count) { scoreGradientBody(p, g, count); }

// [rows, d] of one head, in the dtype that is computed in: a view, or a copy of half precision.
Tensor headOf(const Tensor& x, int64_t row, int64_t head, at::ScalarType dtype) {
  return x.select(0, row).select(1, head).to(dtype);
}

int64_t rowsPerTile(const Attention& attention) {
  const int64_t fitting = std::max(kLeastRows, kScores / std::max<int64_t>(1, attention.keys()));
  return std::min(attention.rows(), fitting);
}

Tensor floatRows(const Tensor& x) { return x.defined() ? x.to(at::kFloat).contiguous() : x; }

const float* rowOf(const Tensor& x, int64_t row) {
  if (!x.defined()) return nullptr;
  return x.data_ptr<float>() + (x.size(0) == 1 ? 0 : row) * x.size(1);
}

// What a thread works with: probabilities of a tile of queries of one head, and the mask of those that stay.
template <typename A>
class Tile {
 public:
  explicit Tile(const Attention& attention)
      : attention_(attention),
        keys_(attention.keys()),
        bias_(attention.causalQueries.defined() ? keys_ : 0),
        keep_(attention.dropout.rate > 0 ? rowsPerTile(attention) * keys_ : 0),
        maskKeys_(attention.maskKeys),
        causalQueries_(attention.causalQueries),
        causalKeys_(attention.causalKeys) {}

  // Scores [count, keys] of the queries from `first` on become their probabilities.
  void normalise(Tensor& scores, int64_t row, int64_t first) {
    A* s = scores.data_ptr<A>();
    const float* mask = rowOf(maskKeys_, row);
    const float* queries = rowOf(causalQueries_, row);
    const float* positions = rowOf(causalKeys_, row);
    for (int64_t i = 0; i < scores.size(0); i++) {
      if (queries != nullptr) {
        causalBias(bias_.data(), keys_, mask, positions, queries[first + i], attention_.absolute);
      }
      softmaxRow(s + i * keys_, keys_, static_cast<A>(attention_.scaling), queries != nullptr ? bias_.data() : mask);
    }
  }

  // Draws which probabilities of `count` queries stay; queries that follow each other are drawn together.
  void drawKeep(int64_t row, int64_t head, int64_t first, int64_t count) {
    const AttentionDropout& dropout = attention_.dropout;
    const int32_t* rows = dropout.rows.defined() ? dropout.rows.template data_ptr<int32_t>() : nullptr;
    const auto position = [&](int64_t i) -> int64_t {
      return rows == nullptr ? first + i : rows[row * attention_.rows() + first + i] % dropout.queries;
    };
    for (int64_t i = 0; i < count;) {
      const int64_t begin = position(i);
      const int64_t block = begin / dropout.blockSize;
      int64_t length = 1;
      while (i + length < count && position(i + length) == begin + length &&
             (begin + length) / dropout.blockSize == block) {
        length++;
      }
      const int64_t start = block * dropout.blockSize;
      const int64_t blockRows = std::min(dropout.blockSize, dropout.queries - start);
      const int64_t place = ((row * attention_.heads() + head) * blockRows + begin - start) * keys_;
      leantune::drawKeep(keep_.data() + i * keys_, place, length * keys_, dropout.streams[block],
                         static_cast<float>(dropout.rate));
      i += length;
    }
  }

  // target ← source with dropped elements.
  void dropInto(const Tensor& source, Tensor& target) const {
    drop(source.data_ptr<A>(), target.data_ptr<A>(), keep_.data(), source.numel(),
         static_cast<A>(attention_.dropout.factor()));
  }

 private:
  const Attention& attention_;
  const int64_t keys_;
  std::vector<float> bias_;
  std::vector<uint8_t> keep_;
  const Tensor maskKeys_, causalQueries_, causalKeys_;
};

template <typename T>
void forward(const Attention& attention, Tensor& output) {
  using A = at::opmath_type<T>;
  constexpr auto wide = c10::CppTypeToScalarType<A>::value;
  const int64_t heads = attention.heads(), group = heads / attention.keyHeads();
  const bool drops = attention.dropout.rate > 0;
  const int64_t tileRows = rowsPerTile(attention);
  at::parallel_for(0, attention.batch() * heads, 1, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode mode;
    Tile<A> tile(attention);
    const Tensor buffer = at::empty({tileRows, attention.keys()}, at::TensorOptions(wide));
    for (int64_t task = begin; task < end; task++) {
      const int64_t row = task / heads, head = task % heads;
      const Tensor query = headOf(attention.query, row, head, wide);
      const Tensor key = headOf(attention.key, row, head / group, wide).t();
      const Tensor value = headOf(attention.value, row, head / group, wide);
      Tensor target = output.select(0, row).select(1, head);
      for (int64_t first = 0; first < attention.rows(); first += tileRows) {
        const int64_t count = std::min(tileRows, attention.rows() - first);
        Tensor scores = buffer.narrow(0, 0, count);
        at::mm_out(scores, query.narrow(0, first, count), key);
        tile.normalise(scores, row, first);
        if (drops) {
          tile.drawKeep(row, head, first, count);
          tile.dropInto(scores, scores);
        }
        Tensor part = target.narrow(0, first, count);
        if (std::is_same_v<T, A>) {
          at::mm_out(part, scores, value);
        } else {
          part.copy_(at::mm(scores, value));
        }
      }
    }
  });
}

template <typename T>
void backward(const Attention& attention, const Tensor& gradient, AttentionGradients& result) {
  using A = at::opmath_type<T>;
  constexpr auto wide = c10::CppTypeToScalarType<A>::value;
  const int64_t keyHeads = attention.keyHeads(), group = attention.heads() / keyHeads;
  const bool drops = attention.dropout.rate > 0;
  const bool needsScores = result.needsQuery || result.needsKey;
  const int64_t tileRows = rowsPerTile(attention);
  const auto wideOptions = at::TensorOptions(wide);
  // A key head is one thread's, with all queries that meet it: sums do not depend on the number of threads.
  at::parallel_for(0, attention.batch() * keyHeads, 1, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode mode;
    Tile<A> tile(attention);
    const Tensor probabilityBuffer = at::empty({tileRows, attention.keys()}, wideOptions);
    const Tensor otherBuffer = at::empty({tileRows, attention.keys()}, wideOptions);
    for (int64_t task = begin; task < end; task++) {
      const int64_t row = task / keyHeads, keyHead = task % keyHeads;
      const Tensor key = headOf(attention.key, row, keyHead, wide);
      const Tensor value = needsScores ? headOf(attention.value, row, keyHead, wide) : Tensor();
      const auto sums = [&](bool needed) {
        return needed ? at::zeros({attention.keys(), attention.width()}, wideOptions) : Tensor();
      };
      Tensor keySum = sums(result.needsKey), valueSum = sums(result.needsValue);
      for (int64_t head = keyHead * group; head < (keyHead + 1) * group; head++) {
        const Tensor queries = headOf(attention.query, row, head, wide);
        const Tensor gradients = headOf(gradient, row, head, wide);
        for (int64_t first = 0; first < attention.rows(); first += tileRows) {
          const int64_t count = std::min(tileRows, attention.rows() - first);
          const Tensor query = queries.narrow(0, first, count);
          const Tensor grad = gradients.narrow(0, first, count);
          Tensor probabilities = probabilityBuffer.narrow(0, 0, count);
          Tensor other = otherBuffer.narrow(0, 0, count);
          at::mm_out(probabilities, query, key.t());
          tile.normalise(probabilities, row, first);
          if (drops) tile.drawKeep(row, head, first, count);
          if (result.needsValue) {
            if (drops) tile.dropInto(probabilities, other);
            valueSum.addmm_((drops ? other : probabilities).t(), grad);
          }
          if (!needsScores) continue;
          at::mm_out(other, grad, value.t());
          if (drops) tile.dropInto(other, other);
          const A* p = probabilities.data_ptr<A>();
          A* g = other.data_ptr<A>();
          for (int64_t i = 0; i < count; i++) scoreGradient(p + i * key.size(0), g + i * key.size(0), key.size(0));
          if (result.needsQuery) {
            Tensor part = result.query.select(0, row).select(1, head).narrow(0, first, count);
            part.copy_(at::mm(other, key).mul_(attention.scaling));
          }
          if (result.needsKey) keySum.addmm_(other.t(), query, 1, attention.scaling);
        }
      }
      if (result.needsKey) result.key.select(0, row).select(1, keyHead).copy_(keySum);
      if (result.needsValue) result.value.select(0, row).select(1, keyHead).copy_(valueSum);
    }
  });
}

Attention readable(const Attention& attention) {
  Attention result = attention;
  for (Tensor* each : {&result.maskKeys, &result.causalQueries, &result.causalKeys}) *each = floatRows(*each);
  if (result.dropout.rows.defined()) result.dropout.rows = result.dropout.rows.contiguous();
  return result;
}
}  // namespace

Tensor attentionOnHost(const Attention& attention) {
  Tensor output = at::empty_like(attention.query);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, output.scalar_type(), "LeantuneAttention", [&] {
    forward<scalar_t>(readable(attention), output);
  });
  return output;
}

void attentionGradientsOnHost(const Attention& attention, const Tensor& gradient, AttentionGradients& result) {
  if (result.needsQuery) result.query = at::empty_like(attention.query);
  if (result.needsKey) result.key = at::empty_like(attention.key);
  if (result.needsValue) result.value = at::empty_like(attention.key);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, attention.query.scalar_type(), "LeantuneAttentionGradient", [&] {
    backward<scalar_t>(readable(attention), gradient, result);
  });
}

}  // namespace leantune
