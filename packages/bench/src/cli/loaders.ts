/** Each command's code is loaded when it is called: help must not wait for numeric libraries. */
import type { CommandHandler, CommandName } from './table.js';

export const loaders: { readonly [Name in CommandName]: () => Promise<CommandHandler<Name>> } = {
  run: async () => (await import('./commands/run.js')).run,
  report: async () => (await import('./commands/report.js')).report,
  list: async () => (await import('./commands/list.js')).list,
  show: async () => (await import('./commands/show.js')).show,
  setup: async () => (await import('./commands/setup.js')).setup,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
  memory: async () => (await import('./commands/memory.js')).memory,
  gradcheck: async () => (await import('./commands/gradcheck.js')).gradcheck,
  data: async () => (await import('./commands/data.js')).data,
  profile: async () => (await import('./commands/profile.js')).profile,
  bench: async () => (await import('./commands/bench.js')).bench,
  new: async () => (await import('./commands/new.js')).create,
  parity: async () => (await import('./commands/parity.js')).parity,
};
