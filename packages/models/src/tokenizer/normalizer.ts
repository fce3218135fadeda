import { z } from 'zod';
import * as messages from '../messages.js';
import { bertNormalizer, bertNormalizerSchema } from './bertNormalizer.js';
import { patternSchema, replaceMatches } from './pattern.js';

/** Text as it comes to text as the model's words are made of. */
export type Normalizer = (text: string) => string;

const strip = z.object({ strip_left: z.boolean().default(true), strip_right: z.boolean().default(true) });
const replace = z.object({ pattern: patternSchema, content: z.string() });

const builders: Readonly<Record<string, (config: unknown) => Normalizer>> = {
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  // Every character by itself: JavaScript looks around a capital sigma.
  Lowercase: () => (text) => text.replaceAll('Σ', 'σ').toLowerCase(),
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Strip: (config) => {
    const { strip_left: left, strip_right: right } = strip.parse(config);
    return (text) => {
      const shorter = left ? text.replace(/^\p{White_Space}+/u, '') : text;
      return right ? trimEnd(shorter) : shorter;
    };
  },
  Prepend: (config) => {
    const { prepend } = z.object({ prepend: z.string() }).parse(config);
    return (text) => (text === '' ? '' : prepend + text);
  },
  Replace: (config) => {
    const { pattern, content } = replace.parse(config);
    return (text) => replaceMatches(text, pattern, content);
  },
  BertNormalizer: (config) => bertNormalizer(bertNormalizerSchema.parse(config)),
  Sequence: (config) => {
    const steps = z
      .object({ normalizers: z.array(z.unknown()) })
      .parse(config)
      .normalizers.map(createNormalizer);
    return (text) => steps.reduce((done, step) => step(done), text);
  },
};

/** The `normalizer` of a tokenizer.json. @throws Error where it is of an unknown kind or lacks something. */
export function createNormalizer(config: unknown): Normalizer {
  if (config === null || config === undefined) return (text) => text;
  const { type } = config as { readonly type?: unknown };
  if (typeof type === 'string' && Object.hasOwn(builders, type)) return builders[type]!(config);
  throw new Error(messages.componentUnknown('normalizer', Object.keys(builders), type));
}

/** Without white space at the end; an expression ending in `$` would start anew at every space of a long run. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}
