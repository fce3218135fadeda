#include "gpu.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

namespace leantune {

namespace {
// Numbers of the driver's interface, which never change (cuda.h, CUdevice_attribute).
constexpr int kMajor = 75, kMinor = 76;

template <typename Function>
Function* driverFunction(void* driver, const char* name) {
  return reinterpret_cast<Function*>(dlsym(driver, name));
}

Gpu describe(void* driver, int number) {
  auto* get = driverFunction<int(int*, int)>(driver, "cuDeviceGet");
  auto* nameOf = driverFunction<int(char*, int, int)>(driver, "cuDeviceGetName");
  auto* attribute = driverFunction<int(int*, int, int)>(driver, "cuDeviceGetAttribute");
  int id = 0, major = 0, minor = 0;
  char name[256] = "";
  if (get == nullptr || nameOf == nullptr || attribute == nullptr || get(&id, number) != 0) return {"GPU", ""};
  nameOf(name, sizeof name, id);
  attribute(&major, kMajor, id);
  attribute(&minor, kMinor, id);
  return {name, std::to_string(major) + "." + std::to_string(minor)};
}
}  // namespace

std::vector<Gpu> gpus() {
  if (!at::hasCUDA()) return {};
  const int count = at::detail::getCUDAHooks().getNumGPUs();
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY);
  std::vector<Gpu> found;
  for (int number = 0; number < count; number++) {
    found.push_back(driver == nullptr ? Gpu{"GPU", ""} : describe(driver, number));
  }
  return found;
}

int64_t cudaVersion() { return at::hasCUDA() ? at::detail::getCUDAHooks().versionCUDART() : 0; }

}  // namespace leantune
