import { trainedParameters } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { DoraLinear } from '../dora/doraLinear.js';
import { Ia3Linear } from '../ia3/ia3Linear.js';
import { LoraLinear } from '../lora/loraLinear.js';
import { promptEncoderName } from '../prefix/insertPrefix.js';
import { hasPrompt } from './prompt.js';

/** What PEFT's LoRA, DoRA and (IA)³ train at a linear layer, behind its path. */
const ofLayer = /^\.(lora_[AB]\.weight|lora_magnitude_vector\.weight|ia3_l)$/;

/** Names of what is trained and would be no part of the adapter in a folder of PEFT: neither of it nor of the head. */
export function parametersWithoutPlace(model: TransformerModel): string[] {
  const hasPlace = hasPrompt(model) ? isOfPrompt : isOfLayers(model);
  return trainedParameters(model)
    .map(([name]) => name)
    .filter((name) => !model.isHeadParameter(name) && !hasPlace(name));
}

const isOfPrompt = (name: string) => name.startsWith(`${promptEncoderName}.`);

function isOfLayers(model: TransformerModel): (name: string) => boolean {
  const paths = model.sites
    .filter(({ module }) => [LoraLinear, DoraLinear, Ia3Linear].some((kind) => module instanceof kind))
    .map(({ path }) => path);
  return (name) => paths.some((path) => name.startsWith(path) && ofLayer.test(name.slice(path.length)));
}
