// The tensors that JavaScript holds, by number. An entry is one reference: it lives until it is dropped, whatever
// the garbage collector does.
#pragma once

#include "torch.h"

namespace leantune {

class TensorTable {
 public:
  int64_t put(at::Tensor tensor);
  // Throws std::out_of_range for a number that holds nothing.
  at::Tensor& at(int64_t handle);
  void drop(int64_t handle);
  int64_t size() const { return static_cast<int64_t>(entries_.size() - free_.size()); }

 private:
  std::vector<at::Tensor> entries_;
  std::vector<int64_t> free_;
};

TensorTable& table();

// Codes of storage dtypes between the two languages, in the order of src/backend/call.ts.
at::ScalarType dtypeOfCode(int64_t code);
// Throws std::invalid_argument for a dtype that JavaScript does not know.
int64_t codeOfDtype(at::ScalarType dtype);

// A kernel's result as JavaScript may hold it: of a known dtype, row-major, alone in its storage. A view of an input
// would keep the input's whole storage and change with it.
at::Tensor owned(at::Tensor result);

}  // namespace leantune
