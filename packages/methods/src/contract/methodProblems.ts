import { z } from 'zod';
import { evaluateFormula, formulaSizes } from '../memory/formula.js';
import { messages } from '../messages.js';
import { slots } from './method.js';

/** Names that the spelling of methods can hold and that look like their own. */
export const methodNamePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const isFunction = (value: unknown) => typeof value === 'function';

/** zod's objects of any copy of zod: a package of its own may bring one. */
function isOptionsSchema(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'shape' in value && typeof value.shape === 'object' && 'safeParse' in value && isFunction(value.safeParse);
}

const kept = z.object({ what: z.string().min(1), lean: z.string(), pytorch: z.string().optional() });
const memory = z.object({
  layer: z.array(kept),
  defaults: z.record(z.string(), z.number()).optional(),
  once: z.string().min(1).optional(),
});

const definitionSchema = z
  .object({
    name: z.string().regex(methodNamePattern, { error: messages.methodNameForm() }),
    summary: z.string().min(1),
    reference: z.string().min(1),
    slots: z.array(z.enum(slots)).min(1),
    options: z.custom(isOptionsSchema, { error: messages.needsOptionsSchema() }),
    supports: z.custom(isFunction, { error: messages.needsFunction('(model) => true | string') }),
    apply: z.custom(isFunction, { error: messages.needsFunction('(model, options, context) => ({ merge? })') }),
    recomputes: z
      .custom(isFunction, { error: messages.needsFunction('(options) => { remedy } | undefined') })
      .optional(),
    memory: memory.optional(),
  })
  .superRefine(({ memory, options }, context) => {
    if (!isOptionsSchema(options)) return;
    const names = [...Object.keys(formulaSizes), ...Object.keys((options as z.ZodObject).shape)];
    const ones = Object.fromEntries(names.map((name) => [name, 1]));
    memory?.layer.forEach(({ lean, pytorch = lean }, index) => {
      for (const formula of new Set([lean, pytorch])) {
        try {
          evaluateFormula(formula, ones);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          context.addIssue({ code: 'custom', path: ['memory', 'layer', index], message: error.message });
        }
      }
    });
  });

/** Everything that keeps a value from being a method, one line each; nothing where it is one. */
export function methodProblems(value: unknown): string[] {
  const parsed = definitionSchema.safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : messages.methodProblem(path.join('.'), message),
  );
}
