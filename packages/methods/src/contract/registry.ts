import { UsageError, nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import type { MethodDefinition } from './method.js';

const methods = new Map<string, MethodDefinition>();

/** Makes a method known by its name. @throws UsageError where another method has it; `methodProblems` checks shapes. */
export function registerMethod(method: MethodDefinition): void {
  const known = methods.get(method.name);
  if (known !== undefined && known !== method) {
    throw new UsageError(messages.nameTaken(method.name), { code: 'LEANTUNE_METHOD_NAME_TAKEN' });
  }
  methods.set(method.name, method);
}

/** Registered names, in order of registration. */
export function methodNames(): string[] {
  return [...methods.keys()];
}

/** @throws UsageError naming the nearest method. */
export function getMethod(name: string): MethodDefinition {
  const method = methods.get(name);
  if (method !== undefined) return method;
  throw new UsageError(messages.unknownMethod(name, nearestName(name, methodNames()), methodNames()), {
    code: 'LEANTUNE_UNKNOWN_METHOD',
    remedy: messages.listMethods(),
  });
}
