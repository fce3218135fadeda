import * as messages from '../messages.js';
import { namedSpecialTokens } from './specialTokens.js';
import type { TokenizerSettings } from './specialTokens.js';
import type { Template } from './template.js';

/** Families whose Python class builds the template anew, whatever tokenizer.json says. */
const rebuilt = /^(Llama|CodeLlama|Gemma)Tokenizer(Fast)?$/;

/**
 * The template of `LlamaTokenizerFast`: `<s> A` and `<s> A <s> B`, where `add_bos_token` (true unless told) and
 * `add_eos_token` (false unless told) of tokenizer_config.json say so (`update_post_processor` of transformers). Undefined
 * for other families, whose tokenizer.json is right.
 */
export function llamaTemplate(
  settings: TokenizerSettings,
  idOf: (token: string) => number | undefined,
): Template | undefined {
  const config = settings.tokenizerConfig as Record<string, unknown> | null | undefined;
  const family = config?.['tokenizer_class'];
  if (typeof family !== 'string' || !rebuilt.test(family)) return undefined;
  const named = namedSpecialTokens(config, settings.specialTokensMap);
  const special = (token: string, typeId: number) => {
    const id = idOf(token);
    if (id === undefined) throw new Error(messages.tokenAbsent(token));
    return { specialIds: [id], typeId };
  };
  const frame = (text: 'A' | 'B', typeId: number) => [
    ...(config?.['add_bos_token'] === false ? [] : [special(named.bos_token ?? '<s>', typeId)]),
    { text, typeId },
    ...(config?.['add_eos_token'] === true ? [special(named.eos_token ?? '</s>', typeId)] : []),
  ];
  return { single: frame('A', 0), pair: [...frame('A', 0), ...frame('B', 1)] };
}
