// The GPUs that this libtorch can use, by the CUDA driver, which needs no CUDA headers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace leantune {

struct Gpu {
  std::string name;        // e.g. NVIDIA H100 80GB HBM3
  std::string capability;  // e.g. 9.0
};

// Empty where libtorch was built without CUDA or finds no GPU.
std::vector<Gpu> gpus();

// The CUDA runtime's version as 1000 · major + 10 · minor; 0 without CUDA.
int64_t cudaVersion();

}  // namespace leantune
