import { Linear, UsageError } from '@leantune/core';
import type { HeadKind, Site, TransformerModel } from '@leantune/models';
import { DoraLinear } from '../dora/doraLinear.js';
import { Ia3Linear } from '../ia3/ia3Linear.js';
import type { LinearLayer } from '../lora/linearSites.js';
import { LoraLinear, type LoraLinearOptions } from '../lora/loraLinear.js';
import { messages } from '../messages.js';
import { holdsHeadOf, trainedHeadModules } from './savedHead.js';

/** PEFT's configuration of the adapter that stands in a model now, for `adapter_config.json`. */
export function peftConfigOf(model: TransformerModel): Record<string, unknown> {
  const at = (kind: typeof LoraLinear | typeof DoraLinear | typeof Ia3Linear) =>
    model.sites.filter(({ module }) => module instanceof kind);
  const updated = [...at(LoraLinear), ...at(DoraLinear)];
  if (updated.length > 0) return { ...common(model, updated), ...loraKeys(model, updated) };
  const scaled = at(Ia3Linear);
  if (scaled.length > 0) return { ...common(model, scaled), ...ia3Keys(model, scaled) };
  throw new UsageError(messages.adapterNothingTrained(), {
    code: 'LEANTUNE_NO_ADAPTER',
    remedy: messages.adapterNothingTrainedRemedy(),
  });
}

function common(model: TransformerModel, wrapped: readonly Site[]): Record<string, unknown> {
  const bases = wrapped.map(({ module }) => (module as LoraLinear | DoraLinear | Ia3Linear).base);
  return {
    peft_type: 'LORA',
    task_type: peftTaskType(model),
    base_model_name_or_path: null,
    inference_mode: true,
    fan_in_fan_out: bases.some(isConv1D),
    modules_to_save: trainedHeadModules(model),
  };
}

/** PEFT's task types are of texts, and look for a trained head where there is one: without it, a plain model remains. */
export function peftTaskType(model: TransformerModel): string | null {
  if (model.vocabularySize === undefined) return null;
  const type = taskTypes[model.head.kind];
  return holdsHeadOf(model, type) ? type : null;
}

const taskTypes: Readonly<Record<HeadKind, string>> = {
  classification: 'SEQ_CLS',
  regression: 'SEQ_CLS',
  'multiple-choice': 'SEQ_CLS',
  'question-answering': 'QUESTION_ANS',
  'causal-lm': 'CAUSAL_LM',
  'seq2seq-lm': 'SEQ_2_SEQ_LM',
};

/** GPT-2's layers, which store their weight [in, out]. */
function isConv1D(base: LinearLayer): boolean {
  return base instanceof Linear && base.layout === 'in-out';
}

function loraKeys(model: TransformerModel, wrapped: readonly Site[]): Record<string, unknown> {
  const first = wrapped[0]!.module as LoraLinear | DoraLinear;
  const options: LoraLinearOptions = first.options;
  return {
    r: options.rank,
    lora_alpha: options.alpha,
    lora_dropout: options.dropout,
    use_rslora: options.rankStabilized,
    use_dora: first instanceof DoraLinear,
    bias: 'none',
    init_lora_weights: true,
    target_modules: endingsOf(model, wrapped, wrapped),
  };
}

function ia3Keys(model: TransformerModel, wrapped: readonly Site[]): Record<string, unknown> {
  const inputs = wrapped.filter(({ module }) => (module as Ia3Linear).side === 'input');
  const outputs = wrapped.filter((site) => !inputs.includes(site));
  const feedForward = endingsOf(model, inputs, inputs);
  return {
    peft_type: 'IA3',
    init_ia3_weights: true,
    // PEFT wants its feed-forward modules among the targets by the same name.
    target_modules: [...new Set([...feedForward, ...endingsOf(model, outputs, wrapped)])].sort(),
    feedforward_modules: feedForward,
  };
}

/** The shortest path endings that name the sites and, but for `allowed`, no other module that PEFT could take. */
function endingsOf(model: TransformerModel, sites: readonly Site[], allowed: readonly Site[]): string[] {
  const others = model.sites.filter((site) => !allowed.includes(site)).map(({ path }) => path);
  const endings = sites.map(({ path }) => {
    const parts = path.split('.');
    for (let length = 1; length < parts.length; length++) {
      const ending = parts.slice(-length).join('.');
      if (!others.some((other) => other.endsWith(ending))) return ending;
    }
    return path;
  });
  return [...new Set(endings)].sort();
}
