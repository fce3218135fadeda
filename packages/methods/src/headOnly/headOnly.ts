import type { TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { messages } from '../messages.js';

/**
 * The task head alone, on frozen features. Of a language model that is its output matrix, unless that is the embedding
 * of the tokens as well.
 */
export const headOnly = defineMethod({
  name: 'head-only',
  summary: 'Trains the task head only.',
  reference: 'Devlin et al. 2019, section 5.3 (feature-based approach); what PEFT calls modules_to_save',
  slots: ['weights'],
  memory: { layer: [], once: 'the input of the head' },
  options: z.object({}),
  supports: (model) => [...model.namedParameters()].some(([name]) => isHead(model)(name)) || messages.tiedHead(),
  apply: (model) => {
    model.setTrained(isHead(model));
    return {};
  },
});

function isHead(model: TransformerModel): (name: string) => boolean {
  if (model.headNames.length > 0) return (name) => model.isHeadParameter(name);
  const paths = model.sites.filter(({ address }) => address.name === 'head').map(({ path }) => `${path}.`);
  return (name) => paths.some((path) => name.startsWith(path));
}
