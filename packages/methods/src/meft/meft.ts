import type { TransformerModel } from '@leantune/models';
import { defineMethod, type ApplyContext, type MethodDefinition } from '../contract/method.js';
import { messages } from '../messages.js';
import { assertCombination, makeCombination } from './combine.js';
import { couplingOf, insertInto } from './layers.js';
import { NoiseCheck } from './noise.js';
import { meftOptions, type MeftOptions, type MeftVariant } from './options.js';
import { assertDepth, placementOf } from './placement.js';
import { reachEmbeddings } from './published.js';
import { meftRunner } from './runner.js';

/** Families for which the paper, its code or its successors say where the adapters go. */
const families: readonly string[] = ['bert', 'roberta', 'opt', 'bart', 'llama', 'vit'];

/** Declares one of the three architectures of Liao et al. 2023. */
export function defineMeft(name: MeftVariant, summary: string): MethodDefinition {
  return defineMethod({
    name,
    summary,
    reference:
      'Liao, Tan, Monz 2023, "Make Pre-trained Model Reversible: From Parameter to Memory Efficient Fine-Tuning", section 4; BaohaoLiao/mefts for BERT, Smu-Tan/meft_decoder_only for OPT',
    slots: ['weights', 'stack'],
    memory: {
      layer: [],
      once: 'both streams of the last reversible layer, and what one layer keeps while it runs again (with gradient=exact also the bits that every layer shifts out)',
    },
    options: meftOptions(name),
    recomputes: ({ gradient }) =>
      gradient === 'vanilla' ? undefined : { remedy: messages.notDeterministicRemedy(name) },
    supports,
    apply: (model, options, context) => {
      apply(model, name, options, context);
      return {};
    },
  });
}

function supports(model: TransformerModel): true | string {
  if (!families.includes(model.family)) return messages.noReversibleForm(families);
  const blocks = model.stacks.flatMap(({ layers }) => layers.flatMap((layer) => [layer.attention, layer.feedForward]));
  return blocks.every(({ sum }) => sum === undefined) || messages.hasAdapters();
}

function apply(model: TransformerModel, variant: MeftVariant, options: MeftOptions, context: ApplyContext): void {
  assertDepth(model, options);
  assertCombination(model, variant, options);
  const { seed, onWarning = (message: string) => console.warn(message) } = context;
  model.setTrained((parameter) => model.isHeadParameter(parameter));
  const coupling = couplingOf(variant, options);
  for (const stack of model.stacks) {
    const placement = placementOf(stack.layers.length, options);
    const adapted = stack.layers.slice(placement.frozen);
    const makers = adapted.map((layer) => insertInto(layer, variant, options, model, seed));
    const combine = makeCombination(stack, variant, options, model, seed);
    const setting = messages.meftSetting(variant, coupling.lambda, coupling.beta, placement.reversible);
    stack.runner = meftRunner(stack, {
      placement,
      coupling,
      exact: options.gradient === 'exact',
      recomputesInFloat32: options.reference,
      makers,
      combine,
      noiseCheck: options.gradient === 'reversible' ? new NoiseCheck(setting, coupling, onWarning) : undefined,
    });
    if (placement.frozen > 0) continue;
    const anchor = stack.parameters().find(({ requiresGrad }) => requiresGrad);
    if (isBertLike(model) && anchor !== undefined) reachEmbeddings(model, anchor);
  }
}

const isBertLike = ({ family }: TransformerModel) => family === 'bert' || family === 'roberta';
