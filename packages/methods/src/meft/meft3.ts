import { defineMeft } from './meft.js';

/** MEFT3 of Liao et al. 2023, figure 4. */
export const meft3 = defineMeft(
  'meft3',
  'Two reversible streams: the attention with an adapter, then the feed-forward block with an adapter.',
);
