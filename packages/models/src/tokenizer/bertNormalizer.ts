import { z } from 'zod';

/** The keys of a `BertNormalizer` in tokenizer.json. */
export const bertNormalizerSchema = z.object({
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().default(true),
});

// Blocks that the Rust tokenizers set apart; the gap from 2b820 to 2b91f is theirs.
const ideographs =
  /[\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{f900}-\u{faff}\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
const invisible = /[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/** BERT's clean-up of text as the Rust tokenizers do it (`normalizers/bert.rs` of huggingface/tokenizers). */
export function bertNormalizer(config: z.infer<typeof bertNormalizerSchema>): (text: string) => string {
  const { clean_text: clean, handle_chinese_chars: separate, lowercase } = config;
  const stripAccents = config.strip_accents ?? lowercase;
  return (text) => {
    let out = text;
    if (clean) out = out.replace(invisible, '').replace(/\p{White_Space}/gu, ' ');
    if (separate) out = out.replace(ideographs, ' $& ');
    if (stripAccents) out = out.normalize('NFD').replace(/\p{Mn}/gu, '');
    // Every character by itself: JavaScript looks around a capital sigma.
    if (lowercase) out = out.replaceAll('Σ', 'σ').toLowerCase();
    return out;
  };
}
