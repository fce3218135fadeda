/** The one table of commands: parser, help and documentation are made from it. No heavy import here. */
import { authoringCommands } from './declarations/authoring.js';
import { installationCommands } from './declarations/installation.js';
import { measurementCommands } from './declarations/measurements.js';
import { sweepCommands } from './declarations/sweeps.js';

export type { CommandDefinition } from './declarations/definition.js';

/** In the order of the help. */
export const commands = {
  run: sweepCommands.run,
  report: sweepCommands.report,
  list: installationCommands.list,
  show: installationCommands.show,
  setup: installationCommands.setup,
  doctor: installationCommands.doctor,
  memory: measurementCommands.memory,
  gradcheck: measurementCommands.gradcheck,
  data: authoringCommands.data,
  profile: measurementCommands.profile,
  bench: measurementCommands.bench,
  new: authoringCommands.new,
  parity: authoringCommands.parity,
};

export type CommandName = keyof typeof commands;

export const commandNames = Object.keys(commands) as CommandName[];

type OptionsOf<Name extends CommandName> = {
  readonly [Key in keyof (typeof commands)[Name]['options']]?: (typeof commands)[Name]['options'][Key] extends {
    readonly kind: 'flag';
  }
    ? boolean
    : (typeof commands)[Name]['options'][Key] extends { readonly kind: 'list' }
      ? readonly string[]
      : string;
};

export interface CommandInput<Name extends CommandName> {
  /** Positional words in order; optional ones may be missing. */
  readonly words: readonly string[];
  readonly options: OptionsOf<Name>;
  readonly terminal: Terminal;
  /** The command as the user would repeat it, without machine paths. */
  readonly commandLine: string;
}

/** Resolves to the exit code. */
export type CommandHandler<Name extends CommandName> = (input: CommandInput<Name>) => Promise<number>;

/** Where data and progress go. */
export interface Terminal {
  /** Data: stdout. */
  readonly out: (text: string) => void;
  /** Progress and remarks for people: stderr. */
  readonly err: (text: string) => void;
  readonly outColour: boolean;
  readonly errColour: boolean;
  /** stderr is a terminal: lines may be redrawn. */
  readonly live: boolean;
  readonly columns: number;
}
