/**
 * What ops keep for the backward pass. `pytorch` keeps what PyTorch eager keeps on CUDA, so that published tables
 * can be compared like for like; `lean` keeps the least that leaves the gradient exact: dropout masks are replayed
 * from their random streams, activations recomputed from pre-activations, attention probabilities from queries and
 * keys. The gradients are the same.
 */
export type SavingPolicy = 'pytorch' | 'lean';

let current: SavingPolicy = 'lean';

export function savingPolicy(): SavingPolicy {
  return current;
}

export function withSavingPolicy<T>(policy: SavingPolicy, body: () => T): T {
  const before = current;
  current = policy;
  try {
    return body();
  } finally {
    current = before;
  }
}
