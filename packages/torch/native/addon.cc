// The Node-API module: tensors go in and out as bytes, kernels are called by number. What a call is about stands in
// one Float64Array that both sides see, which is cheaper than values of JavaScript: going in [wanted dtype or -1,
// arguments…]; coming out [count, (handle, dtype, rank, sizes…)…].
#include <node_api.h>

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <c10/util/accumulate.h>

#include <cstring>
#include <stdexcept>

#include "gpu.h"
#include "kernel.h"
#include "memory.h"
#include "tensorTable.h"
#include "threads.h"

namespace leantune {
namespace {

double* scratch = nullptr;
size_t scratchSize = 0;

void check(napi_status status, const char* what) {
  if (status != napi_ok) throw std::runtime_error(std::string("Node-API failed at ") + what);
}

napi_value text(napi_env env, const std::string& value) {
  napi_value result = nullptr;
  check(napi_create_string_utf8(env, value.data(), value.size(), &result), "a string");
  return result;
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  check(napi_create_double(env, value, &result), "a number");
  return result;
}

// Further lines are libtorch's own lists and addresses.
void throwError(napi_env env, const std::string& message) {
  napi_throw_error(env, nullptr, message.substr(0, message.find('\n')).c_str());
}

// An Error with `requestedBytes` and `freeBytes`, each where it is known.
void throwOutOfMemory(napi_env env, const std::string& message, int64_t requestedBytes) {
  napi_value error = nullptr;
  napi_create_error(env, text(env, "LEANTUNE_OUT_OF_MEMORY"), text(env, message), &error);
  if (requestedBytes >= 0) napi_set_named_property(env, error, "requestedBytes", number(env, requestedBytes));
  const int64_t freeBytes = freeDeviceBytes();
  if (freeBytes >= 0) napi_set_named_property(env, error, "freeBytes", number(env, freeBytes));
  napi_throw(env, error);
}

// Runs one function of the module; an exception of libtorch becomes one of JavaScript.
template <typename Body>
napi_value guarded(napi_env env, Body body) {
  try {
    // Nothing is recorded by libtorch's own autograd.
    const c10::InferenceMode mode;
    return body();
  } catch (const OutOfMemory& error) {
    throwOutOfMemory(env, error.message, error.requestedBytes);
  } catch (const c10::OutOfMemoryError& error) {
    throwOutOfMemory(env, error.what_without_backtrace(), -1);  // the text says how much
  } catch (const c10::Error& error) {
    throwError(env, error.what_without_backtrace());
  } catch (const std::exception& error) {
    throwError(env, error.what());
  }
  return nullptr;
}

template <size_t count>
void parameters(napi_env env, napi_callback_info info, napi_value (&values)[count]) {
  size_t given = count;
  check(napi_get_cb_info(env, info, &given, values, nullptr, nullptr), "arguments");
  if (given < count) throw std::invalid_argument("too few arguments");
}

int64_t integerOf(napi_env env, napi_value value) {
  int64_t result = 0;
  check(napi_get_value_int64(env, value, &result), "an integer");
  return result;
}

std::string textOf(napi_env env, napi_value value) {
  size_t length = 0;
  check(napi_get_value_string_utf8(env, value, nullptr, 0, &length), "a string");
  std::string result(length, '\0');
  check(napi_get_value_string_utf8(env, value, result.data(), length + 1, &length), "a string");
  return result;
}

void* bytesOf(napi_env env, napi_value array, size_t* length) {
  void* data = nullptr;
  check(napi_get_typedarray_info(env, array, nullptr, length, &data, nullptr, nullptr), "a typed array");
  return data;
}

// attach(scratch: Float64Array): the caller keeps the array alive.
napi_value attach(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value values[1];
    parameters(env, info, values);
    scratch = static_cast<double*>(bytesOf(env, values[0], &scratchSize));
    return nullptr;
  });
}

void answer(const Tensors& results) {
  double* next = scratch;
  *next++ = static_cast<double>(results.size());
  for (const Tensor& result : results) {
    if (next + 3 + result.dim() > scratch + scratchSize) throw std::length_error("too many results for one call");
    const int64_t dtype = codeOfDtype(result.scalar_type());
    *next++ = static_cast<double>(table().put(result));
    *next++ = static_cast<double>(dtype);
    *next++ = static_cast<double>(result.dim());
    for (const int64_t size : result.sizes()) *next++ = static_cast<double>(size);
  }
}

// call(kernel: number): arguments and results in the scratch array.
napi_value call(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value values[1];
    parameters(env, info, values);
    const KernelEntry& kernel = kernels().at(integerOf(env, values[0]));
    beginWork();
    Arguments arguments(scratch);
    Tensors results;
    if (kernel.single != nullptr) {
      Tensor result = kernel.single(arguments);
      const at::ScalarType wanted = arguments.wantedOr(result.scalar_type());
      if (wanted != result.scalar_type()) result = result.to(wanted);
      results.push_back(owned(std::move(result)));  // with a second reference here it would be copied
    } else {
      for (Tensor& result : results = kernel.multiple(arguments)) result = owned(std::move(result));
    }
    answer(results);
    return nullptr;
  });
}

// Bytes up to which values go through pinned memory, from which a GPU copies while the host goes on. libtorch keeps such
// memory for the next copy: batches, not models.
constexpr int64_t kMostPinned = 1 << 25;

// write(values: TypedArray) with [-1, dtype, rank, sizes…] in the scratch array → handle. The values are copied.
napi_value write(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[1];
    parameters(env, info, values);
    Arguments arguments(scratch);
    const at::ScalarType dtype = arguments.dtype();
    const Sizes sizes = arguments.integers();
    const int64_t bytes = c10::multiply_integers(sizes) * static_cast<int64_t>(c10::elementSize(dtype));
    const bool pinned = device().is_cuda() && bytes <= kMostPinned;
    Tensor host = at::empty(sizes, at::TensorOptions().dtype(dtype).pinned_memory(pinned));
    size_t length = 0;
    const void* source = bytesOf(env, values[0], &length);
    if (static_cast<int64_t>(length) != host.numel()) throw std::invalid_argument("values and shape do not agree");
    if (length > 0) std::memcpy(host.data_ptr(), source, bytes);
    return number(env, static_cast<double>(table().put(host.to(device(), dtype, /*non_blocking=*/pinned))));
  });
}

// read(handle, element dtype code) → ArrayBuffer. Waits for the device.
napi_value read(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    napi_value values[2];
    parameters(env, info, values);
    const Tensor host = table().at(integerOf(env, values[0])).to(at::kCPU, dtypeOfCode(integerOf(env, values[1])));
    const size_t bytes = host.numel() * host.element_size();
    void* target = nullptr;
    napi_value buffer = nullptr;
    check(napi_create_arraybuffer(env, bytes, &target, &buffer), "an ArrayBuffer");
    if (bytes > 0) std::memcpy(target, host.data_ptr(), bytes);
    return buffer;
  });
}

// drop(handle): the tensor's memory is free at once.
napi_value drop(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value values[1];
    parameters(env, info, values);
    table().drop(integerOf(env, values[0]));
    return nullptr;
  });
}

// handles() → how many tensors JavaScript holds.
napi_value handles(napi_env env, napi_callback_info) {
  return guarded(env, [&] { return number(env, static_cast<double>(table().size())); });
}

// configure(device: string, threads: number, deterministic: boolean)
napi_value configure(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value values[3];
    parameters(env, info, values);
    at::Device wanted(textOf(env, values[0]));
    bool deterministic = false;
    check(napi_get_value_bool(env, values[2], &deterministic), "a boolean");
    setThreadLimit(static_cast<int>(integerOf(env, values[1])));
    at::globalContext().setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
    countHostMemory();
    // A tensor on the device shows at once whether it can be used.
    at::empty({1}, at::TensorOptions().device(wanted));
    setDevice(wanted);
    return nullptr;
  });
}

// gpus() → [name, capability, name, capability, …]
napi_value listGpus(napi_env env, napi_callback_info) {
  return guarded(env, [&] {
    napi_value list = nullptr;
    check(napi_create_array(env, &list), "an array");
    uint32_t index = 0;
    for (const Gpu& gpu : gpus()) {
      napi_set_element(env, list, index++, text(env, gpu.name));
      napi_set_element(env, list, index++, text(env, gpu.capability));
    }
    return list;
  });
}

// cudaVersion() → 1000 · major + 10 · minor, 0 without CUDA.
napi_value readCudaVersion(napi_env env, napi_callback_info) {
  return guarded(env, [&] { return number(env, static_cast<double>(cudaVersion())); });
}

// memory(): [allocated, peak allocated, reserved, peak reserved] in the scratch array.
napi_value memory(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    const MemoryFigures figures = memoryFigures();
    scratch[0] = static_cast<double>(figures.allocated);
    scratch[1] = static_cast<double>(figures.peakAllocated);
    scratch[2] = static_cast<double>(figures.reserved);
    scratch[3] = static_cast<double>(figures.peakReserved);
    return nullptr;
  });
}

napi_value resetPeak(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    resetMemoryPeak();
    return nullptr;
  });
}

// releaseCached(): what is reserved and not allocated goes back to the device.
napi_value releaseCached(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    releaseCachedMemory();
    return nullptr;
  });
}

// synchronize(): waits until the device has nothing left to do.
napi_value synchronize(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    if (device().is_cuda()) at::detail::getCUDAHooks().deviceSynchronize(device().index());
    return nullptr;
  });
}

napi_value kernelNames(napi_env env) {
  napi_value names = nullptr;
  check(napi_create_array_with_length(env, kernels().size(), &names), "an array");
  for (uint32_t i = 0; i < kernels().size(); i++) napi_set_element(env, names, i, text(env, kernels()[i].name));
  return names;
}

napi_value initialize(napi_env env, napi_value exports) {
  return guarded(env, [&] {
    const std::pair<const char*, napi_callback> functions[] = {
        {"attach", attach}, {"call", call},           {"configure", configure}, {"drop", drop},
        {"gpus", listGpus}, {"handles", handles},     {"memory", memory},       {"read", read},
        {"write", write},   {"resetPeak", resetPeak}, {"synchronize", synchronize}, {"cudaVersion", readCudaVersion},
        {"releaseCached", releaseCached},
    };
    for (const auto& [name, function] : functions) {
      napi_value value = nullptr;
      check(napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value), name);
      check(napi_set_named_property(env, exports, name, value), name);
    }
    check(napi_set_named_property(env, exports, "kernels", kernelNames(env)), "kernels");
    return exports;
  });
}

}  // namespace
}  // namespace leantune

NAPI_MODULE_INIT() { return leantune::initialize(env, exports); }
