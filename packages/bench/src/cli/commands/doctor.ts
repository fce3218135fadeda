import { formatDoctor, inspectEnvironment } from '@leantune/core/node';
import type { CommandHandler } from '../table.js';
import '../../registry/backends.js';

export const doctor: CommandHandler<'doctor'> = async ({ options, terminal }) => {
  const report = await inspectEnvironment();
  terminal.out(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : `${formatDoctor(report)}\n`);
  // Something must be able to compute.
  return report.backends.some((backend) => backend.loads) ? 0 : 3;
};
