import { bitfit } from './bitfit/bitfit.js';
import { checkpoint } from './checkpoint/checkpoint.js';
import { registerMethod } from './contract/registry.js';
import { fp32 } from './fp32/fp32.js';
import { full } from './full/full.js';
import { houlsby } from './houlsby/houlsby.js';
import { lora } from './lora/lora.js';
import { lst } from './lst/lst.js';
import { mam } from './mam/mam.js';
import { meft1 } from './meft/meft1.js';
import { meft2 } from './meft/meft2.js';
import { meft3 } from './meft/meft3.js';
import { parallelAdapter } from './parallelAdapter/parallelAdapter.js';
import { pfeiffer } from './pfeiffer/pfeiffer.js';
import { prefix } from './prefix/prefix.js';
import { prompt } from './prompt/prompt.js';
import { dora } from './dora/dora.js';
import { headOnly } from './headOnly/headOnly.js';
import { ia3 } from './ia3/ia3.js';
import { nf4 } from './nf4/nf4.js';
import { qlora } from './qlora/qlora.js';
import { tokentune } from './tokentune/tokentune.js';

for (const method of [
  full,
  headOnly,
  bitfit,
  lora,
  dora,
  qlora,
  nf4,
  fp32,
  ia3,
  houlsby,
  pfeiffer,
  parallelAdapter,
  mam,
  prefix,
  prompt,
  lst,
  tokentune,
  checkpoint,
  meft1,
  meft2,
  meft3,
])
  registerMethod(method);

export { applyMethods } from './contract/applyMethods.js';
export type { AppliedMethods } from './contract/applyMethods.js';
export { defineMethod, slots } from './contract/method.js';
export type { AppliedMethod, ApplyContext, MethodDefinition, Recomputation, Slot } from './contract/method.js';
export { methodNamePattern, methodProblems } from './contract/methodProblems.js';
export { optionFacts } from './contract/optionFacts.js';
export type { OptionFacts } from './contract/optionFacts.js';
export { getMethod, methodNames, registerMethod } from './contract/registry.js';
export { passedLayer, trainedLayer } from './memory/bertLayer.js';
export { formulaSizes } from './memory/formula.js';
export { layerBytes, optionsOfMemory } from './memory/layerMemory.js';
export type { KeptTensors, LayerMemory } from './memory/layerMemory.js';
export { parseMethodSpec } from './contract/resolve.js';
export { withOrdinaryGradient } from './meft/ordinary.js';
export type { MethodSpec, ResolvedMethod } from './contract/resolve.js';
export { formatSpelling, parseSpelling } from './spelling/parse.js';
export type { MethodSpelling, OptionValue } from './spelling/parse.js';
