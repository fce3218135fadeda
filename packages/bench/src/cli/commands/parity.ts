/** `leantune parity`: the largest error of each tensor; 0 only if every run of every case holds. */
import { existsSync } from 'node:fs';
import { messages } from '../../messages.js';
import { splitTopLevel } from '../../sweep/splitTopLevel.js';
import { EnvironmentError } from '@leantune/core';
import { formatParityResult, formatParitySummary, runParity } from '../../parity/parity.js';
import type { CommandHandler } from '../table.js';

export const parity: CommandHandler<'parity'> = async ({ words, options, terminal }) => {
  const missing = words.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new EnvironmentError(missing.map(messages.noSuchFolder).join('\n'), {
      code: 'LEANTUNE_NO_CASE',
      remedy: messages.parityRemedy(),
    });
  }
  const report = await runParity(words, {
    ...(options.backend === undefined ? {} : { backends: splitTopLevel(options.backend) }),
    onResult: (result) => {
      if (options.json !== true) terminal.out(`${formatParityResult(result, options.quiet !== true)}\n`);
    },
  });
  if (options.json === true) {
    terminal.out(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    terminal.out(`${formatParitySummary(report)}\n`);
  }
  return report.holds ? 0 : 1;
};
