#include "memory.h"

#include <c10/core/CPUAllocator.h>
#if __has_include(<c10/core/CachingDeviceAllocator.h>)
#include <c10/core/CachingDeviceAllocator.h>
#endif

#include <atomic>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include "kernel.h"

namespace leantune {

namespace {

std::atomic<int64_t> liveBytes{0};
std::atomic<int64_t> peakBytes{0};

// What there was before; its blocks are their own contexts, as those of ours must be: libtorch's kernels also ask for
// memory by pointer alone (raw_allocate).
c10::Allocator* hostAllocator = nullptr;

std::mutex blocksMutex;
std::unordered_map<void*, int64_t> bytesOfBlocks;

void freeHostBlock(void* pointer) {
  if (pointer == nullptr) return;  // an empty block
  int64_t bytes = 0;
  {
    const std::lock_guard<std::mutex> lock(blocksMutex);
    const auto block = bytesOfBlocks.find(pointer);
    // Not there: it was given out before this allocator came.
    if (block != bytesOfBlocks.end()) {
      bytes = block->second;
      bytesOfBlocks.erase(block);
    }
  }
  liveBytes -= bytes;
  hostAllocator->raw_deallocate(pointer);
}

class CountingAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* pointer = take(bytes);
    if (pointer == nullptr) return {nullptr, nullptr, &c10::detail::deleteNothing, at::Device(at::kCPU)};
    const auto size = static_cast<int64_t>(bytes);
    {
      const std::lock_guard<std::mutex> lock(blocksMutex);
      bytesOfBlocks[pointer] = size;
    }
    const int64_t live = liveBytes += size;
    for (int64_t peak = peakBytes; live > peak && !peakBytes.compare_exchange_weak(peak, live);) {
    }
    return {pointer, pointer, &freeHostBlock, at::Device(at::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &freeHostBlock; }

  void copy_data(void* target, const void* source, size_t bytes) const override { std::memcpy(target, source, bytes); }

 private:
  static void* take(size_t bytes) {
    try {
      return hostAllocator->raw_allocate(bytes);
    } catch (const c10::Error& error) {
      throw OutOfMemory(error.what_without_backtrace(), static_cast<int64_t>(bytes));
    }
  }
};

#if LEANTUNE_TORCH_VERSION >= 20900
c10::DeviceAllocator& deviceAllocator() {
  auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device().type()));
  if (allocator == nullptr) throw std::runtime_error("the allocator of " + device().str() + " has no meter");
  return *allocator;
}
#endif

}  // namespace

void countHostMemory() {
  static const auto* once = [] {
    hostAllocator = c10::GetCPUAllocator();
    auto* allocator = new CountingAllocator();
    c10::SetCPUAllocator(allocator, 1);
    return allocator;
  }();
  (void)once;
}

MemoryFigures memoryFigures() {
  if (device().is_cpu()) return {liveBytes, peakBytes, liveBytes, peakBytes};
#if LEANTUNE_TORCH_VERSION >= 20900
  const auto stats = deviceAllocator().getDeviceStats(device().index());
  // The first entry sums the allocator's large and small pools.
  return {stats.allocated_bytes[0].current, stats.allocated_bytes[0].peak, stats.reserved_bytes[0].current,
          stats.reserved_bytes[0].peak};
#else
  throw std::runtime_error("the memory meter of a GPU needs libtorch 2.9 or later");
#endif
}

void resetMemoryPeak() {
  if (device().is_cpu()) {
    peakBytes = liveBytes.load();
    return;
  }
#if LEANTUNE_TORCH_VERSION >= 20900
  deviceAllocator().resetPeakStats(device().index());
#endif
}

void releaseCachedMemory() {
#if LEANTUNE_TORCH_VERSION >= 20900
  if (!device().is_cpu()) deviceAllocator().emptyCache();
#endif
}

int64_t freeDeviceBytes() {
#if LEANTUNE_TORCH_VERSION >= 21000
  if (device().is_cpu()) return -1;
  try {
    return static_cast<int64_t>(deviceAllocator().getMemoryInfo(device().index()).first);
  } catch (const std::exception&) {
    return -1;
  }
#else
  return -1;
#endif
}

}  // namespace leantune
