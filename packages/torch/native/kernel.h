// How a kernel is written: a function of the arguments of one call that answers one tensor or several, and a line
// that registers it under the name that TypeScript calls it by.
#pragma once

#include "torch.h"

namespace leantune {

using at::Tensor;
using Tensors = std::vector<Tensor>;
using Sizes = std::vector<int64_t>;

// Reads the arguments of one call in the order in which TypeScript (src/backend/call.ts) wrote them.
class Arguments {
 public:
  explicit Arguments(const double* values) : wanted_(static_cast<int64_t>(*values)), next_(values + 1) {}

  // The storage dtype that the caller wants of the result, where it wants one; else `otherwise`. A kernel that sums up
  // asks for it, so that it rounds once; the results of others are converted.
  at::ScalarType wantedOr(at::ScalarType otherwise) const;

  double number() { return *next_++; }
  int64_t integer() { return static_cast<int64_t>(number()); }
  bool flag() { return number() != 0; }
  at::ScalarType dtype();
  // [count, values…]
  Sizes integers();
  // [rank, sizes…] of a result.
  Sizes shape();
  // [handle, rank, sizes…]: the tensor behind the handle, seen in that shape.
  Tensor tensor();
  // [count, tensors…]
  Tensors tensors();

 private:
  int64_t wanted_;
  const double* next_;
};

using Kernel = Tensor (*)(Arguments&);
using MultiKernel = Tensors (*)(Arguments&);

struct KernelEntry {
  std::string name;
  Kernel single;
  MultiKernel multiple;
};

// All kernels, in the order in which their files were loaded: a kernel's number is its place.
std::vector<KernelEntry>& kernels();

struct Registration {
  Registration(const char* name, Kernel kernel) { kernels().push_back({name, kernel, nullptr}); }
  Registration(const char* name, MultiKernel kernel) { kernels().push_back({name, nullptr, kernel}); }
};

// Where tensors are made.
at::Device device();
void setDevice(at::Device device);
// Options of a new tensor there.
at::TensorOptions options(at::ScalarType dtype);

}  // namespace leantune

#define LEANTUNE_REGISTERED(Result, name)                                     \
  static ::leantune::Result kernel##name(::leantune::Arguments&);             \
  static const ::leantune::Registration registration##name(#name, kernel##name); \
  static ::leantune::Result kernel##name([[maybe_unused]] ::leantune::Arguments& in)

#define KERNEL(name) LEANTUNE_REGISTERED(Tensor, name)
#define MULTI_KERNEL(name) LEANTUNE_REGISTERED(Tensors, name)
