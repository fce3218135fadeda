/** What a live buffer is for. Every buffer has exactly one category at a time. */
export const memoryCategories = [
  'parameters',
  'gradients',
  'optimizerState',
  'savedActivations',
  'batch',
  'workspace',
] as const;

export type MemoryCategory = (typeof memoryCategories)[number];

/** Categories that a buffer can be born with; `savedActivations` is what a workspace buffer becomes while saved. */
export type BirthCategory = Exclude<MemoryCategory, 'savedActivations'>;

/** The part of the training step that is running. */
export type MemoryPhase = 'setup' | 'forward' | 'backward' | 'update' | 'evaluation';

export type CategoryBytes = Readonly<Record<MemoryCategory, number>>;

export function emptyCategoryBytes(): Record<MemoryCategory, number> {
  return { parameters: 0, gradients: 0, optimizerState: 0, savedActivations: 0, batch: 0, workspace: 0 };
}
