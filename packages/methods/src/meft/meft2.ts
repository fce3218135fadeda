import { defineMeft } from './meft.js';

/** MEFT2 of Liao et al. 2023, figure 4. */
export const meft2 = defineMeft('meft2', 'Two reversible streams: an adapter, then the frozen layer with an adapter.');
