import type { TransformerModel } from '@leantune/models';

/** Sites whose output, and sites whose input is scaled. */
export interface Ia3Sites {
  readonly outputs: readonly string[];
  readonly inputs: readonly string[];
}

/** Liu et al. 2022: keys, values, and what goes into the second feed-forward projection. */
const paper: Ia3Sites = { outputs: ['attention.key', 'attention.value'], inputs: ['ffn.down'] };
/** PEFT's suffix `output.dense` names both output projections of such a layer. */
const bertLike: Ia3Sites = { ...paper, inputs: ['attention.output', 'ffn.down'] };

/** What PEFT scales by default (TRANSFORMERS_MODELS_TO_IA3_*_MODULES_MAPPING), by `model_type`. */
const byFamily: Readonly<Record<string, Ia3Sites>> = {
  bert: bertLike,
  roberta: bertLike,
  gpt2: { outputs: ['attention.queryKeyValue'], inputs: ['ffn.down'] },
  opt: { outputs: ['attention.query', 'attention.key'], inputs: ['ffn.down'] },
  bart: {
    outputs: ['attention.query', 'attention.value', 'crossAttention.query', 'crossAttention.value'],
    inputs: ['ffn.down'],
  },
  llama: paper,
  qwen2: { outputs: ['attention.query', 'attention.value'], inputs: ['ffn.down'] },
};

/** PEFT's sites; the paper's for families that PEFT has no default for. */
export function defaultIa3Sites({ family }: TransformerModel): Ia3Sites {
  return byFamily[family] ?? paper;
}
