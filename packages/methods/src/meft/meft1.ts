import { defineMeft } from './meft.js';

/** MEFT1 of Liao et al. 2023, figure 4. */
export const meft1 = defineMeft('meft1', 'Two reversible streams: the frozen layer with an adapter, then an adapter.');
