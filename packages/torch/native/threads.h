// How many threads libtorch uses: one for small work, since its softmax, for one, starts a team for four rows and then
// waits for it, a thousand times longer than the rows take where other programs use the cores.
#pragma once

#include <cstdint>

namespace leantune {

// The most threads that one kernel may use.
void setThreadLimit(int limit);

// A kernel begins: one thread, until it sees enough elements.
void beginWork();

// It works on so many elements.
void expectElements(int64_t count);

}  // namespace leantune
