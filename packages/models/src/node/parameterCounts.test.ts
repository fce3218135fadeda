import { metaProvider, RandomParameterSource, isLoaded, useBackend } from '@leantune/core';
import { beforeAll, expect, it } from 'vitest';
import { readModelConfig } from '../architecture/registry.js';
import type { HeadOptions } from '../transformer/head.js';
import { readShippedConfig, shippedConfigNames } from './shippedConfig.js';

/**
 * Scalar parameters without the task head, as `sum(p.numel() for p in model.parameters())` of transformers 4.57.6 counts
 * them in the class named: the counts on the models' cards and in the papers, to the unit. `without` is what that class
 * has and a classifier does not: the pooler of RoBERTa and ViT.
 */
const published: Readonly<Record<string, { readonly of: string; readonly count: number; readonly without?: number }>> =
  {
    'bert-base-uncased': { of: 'BertModel', count: 109_482_240 },
    'bert-large-uncased': { of: 'BertModel', count: 335_141_888 },
    'all-MiniLM-L6-v2': { of: 'BertModel', count: 22_713_216 },
    'MiniLM-L12-H384-uncased': { of: 'BertModel', count: 33_360_000 },
    'roberta-base': { of: 'RobertaModel', count: 124_645_632, without: 768 * 768 + 768 },
    'roberta-large': { of: 'RobertaModel', count: 355_359_744, without: 1024 * 1024 + 1024 },
    'distilbert-base-uncased': { of: 'DistilBertModel', count: 66_362_880 },
    'bart-base': { of: 'BartModel', count: 139_420_416 },
    'bart-large': { of: 'BartModel', count: 406_291_456 },
    'vit-base-patch16-224-in21k': { of: 'ViTModel', count: 86_389_248, without: 768 * 768 + 768 },
    'opt-125m': { of: 'OPTForCausalLM', count: 125_239_296 },
    'opt-350m': { of: 'OPTForCausalLM', count: 331_196_416 },
    'opt-1.3b': { of: 'OPTForCausalLM', count: 1_315_758_080 },
    'opt-2.7b': { of: 'OPTForCausalLM', count: 2_651_596_800 },
    'opt-6.7b': { of: 'OPTForCausalLM', count: 6_658_473_984 },
    gpt2: { of: 'GPT2LMHeadModel', count: 124_439_808 },
    'llama-2-7b': { of: 'LlamaForCausalLM', count: 6_738_415_616 },
    'llama-3-8b': { of: 'LlamaForCausalLM', count: 8_030_261_248 },
    'llama-3.2-1b': { of: 'LlamaForCausalLM', count: 1_235_814_400 },
    'qwen2-0.5b': { of: 'Qwen2ForCausalLM', count: 494_032_768 },
  };

beforeAll(async () => {
  const meta = await metaProvider().load();
  if (!isLoaded(meta)) throw new Error(meta.reason);
  await useBackend(meta);
});

it('states a count for every shipped configuration', () => {
  expect(Object.keys(published).sort()).toEqual(shippedConfigNames().sort());
});

it.each(Object.entries(published))('%s has the published number of parameters', (name, { of, count, without = 0 }) => {
  const blueprint = readModelConfig(readShippedConfig(name)!.config, { file: name });
  const head: HeadOptions = /ForCausalLM|LMHead/.test(of)
    ? { kind: 'causal-lm' }
    : { kind: 'classification', numberOfLabels: 3 };
  const model = blueprint.create(head, new RandomParameterSource(0, 0.02));
  let inHead = 0;
  for (const [parameter, { size }] of model.namedParameters()) if (model.isHeadParameter(parameter)) inHead += size;
  expect(model.parameterCounts().total - inHead).toBe(count - without);
  model.release();
});
