#include "memory.h"

#include <c10/core/CPUAllocator.h>
#if __has_include(<c10/core/CachingDeviceAllocator.h>)
#include <c10/core/CachingDeviceAllocator.h>
#endif

#include <atomic>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "kernel.h"

namespace leantune {

namespace {

std::atomic<int64_t> liveBytes{0};
std::atomic<int64_t> peakBytes{0};

// libtorch's memory and how much it is.
struct HostBlock {
  c10::DataPtr data;
  int64_t bytes;
};

void freeHostBlock(void* context) {
  auto* block = static_cast<HostBlock*>(context);
  liveBytes -= block->bytes;
  delete block;
}

class CountingAllocator : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {}

#if LEANTUNE_TORCH_VERSION >= 20300
  c10::DataPtr allocate(size_t bytes) override {
#else
  c10::DataPtr allocate(size_t bytes) const override {
#endif
    auto* block = new HostBlock{take(bytes), static_cast<int64_t>(bytes)};
    const int64_t live = liveBytes += block->bytes;
    for (int64_t peak = peakBytes; live > peak && !peakBytes.compare_exchange_weak(peak, live);) {
    }
    return {block->data.get(), block, &freeHostBlock, at::Device(at::kCPU)};
  }

#if LEANTUNE_TORCH_VERSION >= 20300
  void copy_data(void* target, const void* source, size_t bytes) const override { std::memcpy(target, source, bytes); }
#endif

 private:
  c10::DataPtr take(size_t bytes) const {
    try {
      return inner_->allocate(bytes);
    } catch (const c10::Error& error) {
      throw OutOfMemory(error.what_without_backtrace(), static_cast<int64_t>(bytes));
    }
  }

  c10::Allocator* inner_;
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
    auto* allocator = new CountingAllocator(c10::GetCPUAllocator());
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
  if (!device().is_cpu()) {
#if LEANTUNE_TORCH_VERSION >= 21000
    try {
      return static_cast<int64_t>(deviceAllocator().getMemoryInfo(device().index()).first);
    } catch (const std::exception&) {
      return -1;
    }
#else
    return -1;
#endif
  }
  std::ifstream file("/proc/meminfo");
  std::string word;
  while (file >> word) {
    int64_t kibibytes = 0;
    if (word == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
  }
  return -1;
}

}  // namespace leantune
