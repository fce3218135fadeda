#include "tensorTable.h"

#include <stdexcept>

#include "kernel.h"
#include "threads.h"

namespace leantune {

int64_t TensorTable::put(at::Tensor tensor) {
  if (free_.empty()) {
    entries_.push_back(std::move(tensor));
    return static_cast<int64_t>(entries_.size()) - 1;
  }
  const int64_t handle = free_.back();
  free_.pop_back();
  entries_[handle] = std::move(tensor);
  return handle;
}

at::Tensor& TensorTable::at(int64_t handle) {
  if (handle < 0 || handle >= static_cast<int64_t>(entries_.size()) || !entries_[handle].defined()) {
    throw std::out_of_range("no tensor has the handle " + std::to_string(handle));
  }
  return entries_[handle];
}

void TensorTable::drop(int64_t handle) {
  at(handle) = at::Tensor();
  free_.push_back(handle);
}

// Never destroyed: at exit the libraries that own the memory may be gone.
TensorTable& table() {
  static auto* instance = new TensorTable();
  return *instance;
}

// float32, int32, bool, bfloat16, float16, float64, int8, uint8
static constexpr at::ScalarType dtypes[] = {at::kFloat, at::kInt,    at::kBool, at::kBFloat16,
                                            at::kHalf,  at::kDouble, at::kChar, at::kByte};

at::ScalarType dtypeOfCode(int64_t code) {
  if (code < 0 || code >= static_cast<int64_t>(std::size(dtypes))) {
    throw std::invalid_argument("no dtype has the code " + std::to_string(code));
  }
  return dtypes[code];
}

int64_t codeOfDtype(at::ScalarType dtype) {
  const auto* found = std::find(std::begin(dtypes), std::end(dtypes), dtype);
  if (found == std::end(dtypes)) throw std::invalid_argument(std::string("a result has the dtype ") + c10::toString(dtype));
  return found - std::begin(dtypes);
}

at::Tensor owned(at::Tensor result) {
  if (result.scalar_type() == at::kLong) result = result.to(at::kInt);
  const size_t bytes = result.numel() * result.element_size();
  const bool alone =
      result.use_count() == 1 && result.storage().use_count() == 1 && result.storage().nbytes() == bytes;
  if (alone && result.is_contiguous()) return result;
  return result.clone(at::MemoryFormat::Contiguous);
}

at::ScalarType Arguments::wantedOr(at::ScalarType otherwise) const {
  return wanted_ < 0 ? otherwise : dtypeOfCode(wanted_);
}

at::ScalarType Arguments::dtype() { return dtypeOfCode(integer()); }

Sizes Arguments::integers() {
  Sizes values(integer());
  for (auto& value : values) value = integer();
  return values;
}

Sizes Arguments::shape() {
  const Sizes sizes = integers();
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  expectElements(count);
  return sizes;
}

Tensor Arguments::tensor() {
  const Tensor& stored = table().at(integer());
  expectElements(stored.numel());
  const Sizes sizes = integers();
  return stored.sizes() == at::IntArrayRef(sizes) ? stored : stored.view(sizes);
}

Tensors Arguments::tensors() {
  Tensors values(integer());
  for (auto& value : values) value = tensor();
  return values;
}

std::vector<KernelEntry>& kernels() {
  static auto* instance = new std::vector<KernelEntry>();
  return *instance;
}

static at::Device current(at::kCPU);

at::Device device() { return current; }
void setDevice(at::Device device) { current = device; }
at::TensorOptions options(at::ScalarType dtype) { return at::TensorOptions().dtype(dtype).device(current); }

}  // namespace leantune
