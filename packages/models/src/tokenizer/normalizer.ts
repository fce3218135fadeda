import { z } from 'zod';
import * as messages from '../messages.js';
import { alignLocally, alignPrefix, alignReplacement, chain, stretch, unchanged } from './aligned.js';
import type { AlignedText } from './aligned.js';
import { bertNormalizer, bertNormalizerSchema } from './bertNormalizer.js';
import { patternSchema, replaceMatches } from './pattern.js';

/** Text as it comes to text as the model's words are made of. */
export interface Normalizer {
  (text: string): string;
  /** The same with the origin of every character. @throws UsageError where that cannot be known. */
  readonly align: (text: string) => AlignedText;
}

const normalizer = (apply: (text: string) => string, align: (text: string) => AlignedText): Normalizer =>
  Object.assign((text: string) => apply(text), { align });
/** One that looks at each character with its marks alone. */
const local = (apply: (text: string) => string): Normalizer => normalizer(apply, (text) => alignLocally(text, apply));

const strip = z.object({ strip_left: z.boolean().default(true), strip_right: z.boolean().default(true) });
const replace = z.object({ pattern: patternSchema, content: z.string() });

const builders: Readonly<Record<string, (config: unknown) => Normalizer>> = {
  NFC: () => local((text) => text.normalize('NFC')),
  NFD: () => local((text) => text.normalize('NFD')),
  NFKC: () => local((text) => text.normalize('NFKC')),
  NFKD: () => local((text) => text.normalize('NFKD')),
  // Every character by itself: JavaScript looks around a capital sigma.
  Lowercase: () => local((text) => text.replaceAll('Σ', 'σ').toLowerCase()),
  StripAccents: () => local((text) => text.replace(/\p{M}/gu, '')),
  Strip: (config) => {
    const { strip_left: left, strip_right: right } = strip.parse(config);
    const apply = (text: string) => {
      const shorter = left ? text.replace(/^\p{White_Space}+/u, '') : text;
      return right ? trimEnd(shorter) : shorter;
    };
    return normalizer(apply, (text) => {
      const start = left ? text.length - text.replace(/^\p{White_Space}+/u, '').length : 0;
      return stretch(text, start, start + apply(text).length);
    });
  },
  Prepend: (config) => {
    const { prepend } = z.object({ prepend: z.string() }).parse(config);
    return normalizer(
      (text) => (text === '' ? '' : prepend + text),
      (text) => alignPrefix(text, prepend),
    );
  },
  Replace: (config) => {
    const { pattern, content } = replace.parse(config);
    return normalizer(
      (text) => replaceMatches(text, pattern, content),
      (text) => alignReplacement(text, pattern, content),
    );
  },
  BertNormalizer: (config) => local(bertNormalizer(bertNormalizerSchema.parse(config))),
  Sequence: (config) => {
    const steps = z
      .object({ normalizers: z.array(z.unknown()) })
      .parse(config)
      .normalizers.map(createNormalizer);
    return normalizer(
      (text) => steps.reduce((done, step) => step(done), text),
      (text) => steps.reduce((done, step) => chain(done, step.align(done.text)), unchanged(text)),
    );
  },
};

/** The `normalizer` of a tokenizer.json. @throws Error where it is of an unknown kind or lacks something. */
export function createNormalizer(config: unknown): Normalizer {
  if (config === null || config === undefined) return normalizer((text) => text, unchanged);
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
