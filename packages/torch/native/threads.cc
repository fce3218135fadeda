#include "threads.h"

#include "torch.h"

namespace leantune {

namespace {
// Elements from which libtorch's own elementwise kernels use threads.
[[maybe_unused]] constexpr int64_t kEnough = 32768;

int limit = 1;
int current = 0;

void use(int threads) {
  if (threads == current) return;
  at::set_num_threads(threads);
  current = threads;
}
}  // namespace

void setThreadLimit(int threads) {
  limit = threads;
  use(threads);
}

#if AT_PARALLEL_OPENMP
void beginWork() { use(1); }

void expectElements(int64_t count) {
  if (count >= kEnough) use(limit);
}
#else
// Other thread pools cannot be resized once they run.
void beginWork() {}
void expectElements(int64_t) {}
#endif

}  // namespace leantune
