// Elements chosen by indices, and elements added up at indices. On the CPU an index out of range is an error; a GPU
// finds out only later, as PyTorch does.
#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>

#include <algorithm>
#include <stdexcept>

#include "kernel.h"

using namespace leantune;

namespace {
// Axes before `axis`, and from there on, as one axis each.
int64_t sizeOf(const Tensor& x, int64_t from, int64_t to) {
  int64_t size = 1;
  for (int64_t axis = from; axis < to; axis++) size *= x.size(axis);
  return size;
}

std::out_of_range outOfRange(const char* kernel, int64_t index, int64_t size) {
  return std::out_of_range(std::string(kernel) + ": the index value " + std::to_string(index) + " is not in [0, " +
                           std::to_string(size - 1) + "]");
}

// Throws std::out_of_range for an index outside [0, size), where the indices can be read without waiting.
void checkIndices(const Tensor& indices, int64_t size, const char* kernel) {
  if (!indices.is_cpu()) return;
  const Tensor rowMajor = indices.contiguous();
  const auto* index = rowMajor.data_ptr<int32_t>();
  for (int64_t i = 0; i < rowMajor.numel(); i++) {
    if (index[i] < 0 || index[i] >= size) throw outOfRange(kernel, index[i], size);
  }
}

// sums[indices[i]] += rows[i]. libtorch's own index_add_ starts an elementwise kernel for every row on the CPU.
template <typename T>
void addRowsOnHost(Tensor& sums, const Tensor& indices, const Tensor& rows) {
  const int64_t width = rows.size(1);
  const auto* index = indices.data_ptr<int32_t>();
  const auto* source = rows.data_ptr<T>();
  auto* target = sums.data_ptr<T>();
  for (int64_t i = 0; i < rows.size(0); i++) {
    if (index[i] < 0) continue;
    if (index[i] >= sums.size(0)) throw outOfRange("UnsortedSegmentSum", index[i], sums.size(0));
    T* sum = target + index[i] * width;
    const T* row = source + i * width;
    for (int64_t column = 0; column < width; column++) sum[column] += row[column];
  }
}

// Zeros [count, width] plus rows [n, width] at indices int32 [n]; equal indices add up, rows at negative ones count
// for nothing.
Tensor sumOfRows(const Tensor& indices, const Tensor& rows, int64_t count) {
  const Tensor source = rows.contiguous();
  if (rows.is_cpu() && (rows.scalar_type() == at::kFloat || rows.scalar_type() == at::kInt)) {
    Tensor sums = at::zeros({count, rows.size(1)}, rows.options());
    const Tensor index = indices.contiguous();
    if (rows.scalar_type() == at::kFloat) {
      addRowsOnHost<float>(sums, index, source);
    } else {
      addRowsOnHost<int32_t>(sums, index, source);
    }
    return sums;
  }
  // Rows at negative indices become zeros, which add nothing to row 0: to look for them would be to wait for the device.
  const Tensor counted = source.masked_fill(indices.lt(0).unsqueeze(1), 0);
  return at::zeros({count, rows.size(1)}, rows.options()).index_add_(0, indices.clamp_min(0), counted);
}

// Coordinates int32 [n, depth] in the first axes of `shape` as places int32 [n] in these axes laid out in a row.
Tensor placesOf(const Tensor& coordinates, const Sizes& shape, const char* kernel) {
  Tensor places = at::zeros({coordinates.size(0)}, coordinates.options());
  for (int64_t axis = 0; axis < coordinates.size(1); axis++) {
    const Tensor coordinate = coordinates.select(1, axis);
    checkIndices(coordinate, shape[axis], kernel);
    places = places * shape[axis] + coordinate;
  }
  return places;
}

// The sum of the rows [first, last) of `order`, in its order and in float32 at least.
template <typename T>
void sumOfSome(const T* rows, int64_t width, const int32_t* first, const int32_t* last, T* sum) {
  using A = at::opmath_type<T>;
  std::vector<A> wide(width, A(0));
  for (const int32_t* row = first; row < last; row++) {
    const T* source = rows + *row * width;
    for (int64_t column = 0; column < width; column++) wide[column] += static_cast<A>(source[column]);
  }
  for (int64_t column = 0; column < width; column++) sum[column] = static_cast<T>(wide[column]);
}

// Rows [n, width] added up by id: each id's rows by one thread, in their order.
Tensor sumOfRowsById(const Tensor& rows, const Tensor& ids, int64_t vocabulary, int64_t paddingIndex) {
  checkIndices(ids, vocabulary, "LeantuneEmbeddingGradient");
  const auto* id = ids.data_ptr<int32_t>();
  std::vector<int32_t> order;
  for (int32_t row = 0; row < ids.numel(); row++) {
    if (id[row] != paddingIndex) order.push_back(row);
  }
  std::stable_sort(order.begin(), order.end(), [id](int32_t a, int32_t b) { return id[a] < id[b]; });
  std::vector<size_t> starts;
  for (size_t i = 0; i < order.size(); i++) {
    if (i == 0 || id[order[i]] != id[order[i - 1]]) starts.push_back(i);
  }
  Tensor sums = at::zeros({vocabulary, rows.size(1)}, rows.options());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, rows.scalar_type(), "LeantuneEmbeddingGradient", [&] {
    const auto* source = rows.data_ptr<scalar_t>();
    auto* target = sums.data_ptr<scalar_t>();
    const int64_t width = rows.size(1);
    at::parallel_for(0, starts.size(), (1 << 13) / width + 1, [&](int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; group++) {
        const size_t last = group + 1 < static_cast<int64_t>(starts.size()) ? starts[group + 1] : order.size();
        const int32_t* first = order.data() + starts[group];
        sumOfSome(source, width, first, order.data() + last, target + id[*first] * width);
      }
    });
  });
  return sums;
}

int64_t product(const Sizes& shape, int64_t from, int64_t to) {
  int64_t size = 1;
  for (int64_t axis = from; axis < to; axis++) size *= shape[axis];
  return size;
}
}  // namespace

// x [batch…, outer…, n, inner…], indices [batch…, any…] → [batch…, outer…, any…, inner…]
KERNEL(GatherV2) {
  const Tensor x = in.tensor();
  const Tensor indices = in.tensor();
  const int64_t axis = in.integer();
  const int64_t batchDims = in.integer();
  Sizes shape(x.sizes().begin(), x.sizes().begin() + axis);
  shape.insert(shape.end(), indices.sizes().begin() + batchDims, indices.sizes().end());
  shape.insert(shape.end(), x.sizes().begin() + axis + 1, x.sizes().end());
  checkIndices(indices, x.size(axis), "GatherV2");
  if (batchDims == 0) return x.index_select(axis, indices.view({-1})).view(shape);
  const int64_t batch = sizeOf(x, 0, batchDims);
  const int64_t outer = sizeOf(x, batchDims, axis);
  const int64_t inner = sizeOf(x, axis + 1, x.dim());
  const int64_t count = sizeOf(indices, batchDims, indices.dim());
  const Tensor places = indices.view({batch, 1, count, 1}).to(at::kLong).expand({batch, outer, count, inner});
  return x.view({batch, outer, x.size(axis), inner}).gather(2, places).view(shape);
}

// x [a…, inner…], indices [any…, depth] → [any…, inner…]
KERNEL(GatherNd) {
  const Tensor x = in.tensor();
  const Tensor indices = in.tensor();
  const int64_t depth = indices.size(-1);
  const Sizes sizes = x.sizes().vec();
  Sizes shape(indices.sizes().begin(), indices.sizes().end() - 1);
  shape.insert(shape.end(), sizes.begin() + depth, sizes.end());
  const Tensor places = placesOf(indices.view({-1, depth}), sizes, "GatherNd");
  const Tensor rows = x.view({product(sizes, 0, depth), product(sizes, depth, x.dim())});
  return rows.index_select(0, places).view(shape);
}

// indices [any…, depth], updates [any…, inner…] → sums of shape [a…, inner…]
KERNEL(ScatterNd) {
  const Tensor indices = in.tensor();
  const Tensor updates = in.tensor();
  const Sizes shape = in.shape();
  const int64_t depth = indices.dim() < 2 ? 1 : indices.size(-1);
  const Tensor places = placesOf(indices.view({-1, depth}), shape, "ScatterNd");
  const int64_t width = product(shape, depth, static_cast<int64_t>(shape.size()));
  return sumOfRows(places, updates.reshape({-1, width}), product(shape, 0, depth)).view(shape);
}

KERNEL(UnsortedSegmentSum) {
  const Tensor x = in.tensor();
  const Tensor segments = in.tensor();
  const int64_t count = in.integer();
  const int64_t width = sizeOf(x, segments.dim(), x.dim());
  Sizes shape{count};
  shape.insert(shape.end(), x.sizes().begin() + segments.dim(), x.sizes().end());
  return sumOfRows(segments.view({-1}), x.view({-1, width}), count).view(shape);
}

// [gradient [rows, width], ids int32 [rows], vocabulary, id whose rows do not count or -1] → [vocabulary, width]
KERNEL(LeantuneEmbeddingGradient) {
  const Tensor gradient = in.tensor().contiguous();
  const Tensor ids = in.tensor().contiguous();
  const int64_t vocabulary = in.integer();
  const int64_t paddingIndex = in.integer();
  if (gradient.is_cpu()) return sumOfRowsById(gradient, ids, vocabulary, paddingIndex);
  return at::embedding_dense_backward(gradient, ids.to(at::kLong), vocabulary, paddingIndex, /*scale_grad_by_freq=*/false);
}

// An index outside [0, depth) gives a row without a one.
KERNEL(OneHot) {
  const Tensor indices = in.tensor();
  const int64_t depth = in.integer();
  const double on = in.number();
  const double off = in.number();
  const at::TensorOptions target = indices.options().dtype(in.dtype());
  const Tensor hits = indices.unsqueeze(-1).eq(at::arange(depth, indices.options()));
  return at::where(hits, at::full({}, on, target), at::full({}, off, target));
}
