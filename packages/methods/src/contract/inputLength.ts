import { UsageError } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';

/** @throws UsageError where tokens that a method puts before every input leave too few positions for the longest one */
export function assertRoomBefore(
  method: string,
  length: number,
  { maxPositions }: TransformerModel,
  maxLength: number | undefined,
): void {
  if (maxLength === undefined || length + maxLength <= maxPositions) return;
  throw lengthUnfit(method, `length=${length}`, messages.noRoomBefore(maxLength, maxPositions));
}

/** @throws UsageError where more tokens are asked for than any input has */
export function assertTokensExist(method: string, tokens: number | undefined, maxLength: number | undefined): void {
  if (maxLength === undefined || tokens === undefined || tokens <= maxLength) return;
  throw lengthUnfit(method, `tokens=${tokens}`, messages.moreThanInputs(maxLength));
}

function lengthUnfit(method: string, option: string, reason: string): UsageError {
  return new UsageError(messages.optionUnfit(method, option, reason), {
    code: 'LEANTUNE_OPTION_UNFIT',
    remedy: messages.showMethod(method),
  });
}
