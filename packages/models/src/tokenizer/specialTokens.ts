import { z } from 'zod';
import * as messages from '../messages.js';

/** A special token in tokenizer_config.json or special_tokens_map.json: its text, or an object that holds it. */
const token = z.union([z.string(), z.looseObject({ content: z.string() }).transform((each) => each.content)]);

const specialTokenKeys = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;
type SpecialTokenKey = (typeof specialTokenKeys)[number];

/** The special tokens that the files beside a vocabulary name; tokenizer_config.json wins. */
export function namedSpecialTokens(...files: readonly unknown[]): Partial<Record<SpecialTokenKey, string>> {
  const named: Partial<Record<SpecialTokenKey, string>> = {};
  for (const file of files) {
    for (const key of specialTokenKeys) {
      const found = token.safeParse((file as Record<string, unknown> | null | undefined)?.[key]);
      if (found.success) named[key] ??= found.data;
    }
  }
  return named;
}

/** What tokenizer.json says about padding. */
const paddingOf = z.looseObject({ padding: z.looseObject({ pad_token: z.string() }) });

/** The padding token: named by the files, else the file's own padding, else the usual spelling where it is a token. */
export function padTokenOf(
  tokenizer: { readonly added_tokens?: readonly { readonly content: string }[] | null | undefined },
  settings: { readonly tokenizerConfig?: unknown; readonly specialTokensMap?: unknown },
): string {
  const named = namedSpecialTokens(settings.tokenizerConfig, settings.specialTokensMap).pad_token;
  if (named !== undefined) return named;
  const own = paddingOf.safeParse(tokenizer);
  if (own.success) return own.data.padding.pad_token;
  const usual = ['[PAD]', '<pad>'].find((each) => tokenizer.added_tokens?.some((added) => added.content === each));
  if (usual === undefined) throw new Error(messages.noPadToken());
  return usual;
}
