// What the device's memory holds: the caching allocator's own figures on a GPU, every storage exactly on the CPU.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

namespace leantune {

// In bytes. `reserved` is what the allocator has taken from the device; on the CPU it equals `allocated`.
struct MemoryFigures {
  int64_t allocated, peakAllocated, reserved, peakReserved;
};

MemoryFigures memoryFigures();
void resetMemoryPeak();
// Gives back to the device what is reserved and not allocated.
void releaseCachedMemory();

// Puts an allocator that counts before libtorch's own on the CPU; before the first tensor is made.
void countHostMemory();

struct OutOfMemory : std::exception {
  std::string message;
  int64_t requestedBytes;
  OutOfMemory(std::string text, int64_t requested) : message(std::move(text)), requestedBytes(requested) {}
  const char* what() const noexcept override { return message.c_str(); }
};

// Bytes that the GPU has free; -1 where it does not say, and on the CPU, of which Node knows.
int64_t freeDeviceBytes();

}  // namespace leantune
