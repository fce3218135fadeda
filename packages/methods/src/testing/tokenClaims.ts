/** All defaults of `tokentune` but the number of tokens. */
export const tokentuneDefaults = {
  head: 'mean',
  among: 'all',
  redraw: true,
  scaleGradient: false,
  reference: false,
} as const;

/** The mean over tokens replaces the first one, so the model computes something else from the start. */
export const subsetOfTokens = { startsUnchanged: false, selection: 'subset', gradientOfLoss: false } as const;

/** Rows of at most 9 tokens are selected whole: the gradient is that of the loss. */
export const allTokens = { startsUnchanged: false, selection: 'all' } as const;
