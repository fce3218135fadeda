import type { Tensor } from './tensor.js';

const stack: Tensor[][] = [];

/** The innermost scope takes over the first reference of a new tensor; outside any scope the maker owns it. */
export function trackInScope(tensor: Tensor): void {
  stack.at(-1)?.push(tensor);
}

/**
 * Runs `body` and releases every tensor made in it that is not part of the result; those move to the enclosing
 * scope, as the locals of a PyTorch function die when it returns. Tensors saved for the backward pass live on
 * through the references of their graph nodes.
 */
export function scope<T>(body: () => T): T {
  const created: Tensor[] = [];
  stack.push(created);
  let result: T | undefined;
  let finished = false;
  try {
    result = body();
    finished = true;
    return result;
  } finally {
    stack.pop();
    const kept = new Set<object>();
    if (finished) collectTensors(result, kept);
    const outer = stack.at(-1);
    for (const tensor of created) {
      if (kept.has(tensor)) outer?.push(tensor);
      else tensor.release();
    }
  }
}

/** Takes a tensor out of every scope: the caller becomes its owner and must release it. */
export function keep<T extends Tensor>(tensor: T): T {
  for (let depth = stack.length - 1; depth >= 0; depth--) {
    const created = stack[depth]!;
    const index = created.lastIndexOf(tensor);
    if (index >= 0) {
      created.splice(index, 1);
      return tensor;
    }
  }
  return tensor;
}

/** How many scopes are open; tests use it to prove that errors close them. */
export function openScopes(): number {
  return stack.length;
}

function collectTensors(value: unknown, found: Set<object>): void {
  if (value === null || typeof value !== 'object' || found.has(value)) return;
  found.add(value);
  if ('retain' in value && 'release' in value) return;
  if (Array.isArray(value)) {
    for (const item of value) collectTensors(item, found);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    for (const item of Object.values(value)) collectTensors(item, found);
  }
}
