/** Command table → commander program. */
import { Command, CommanderError, Option } from 'commander';
import type { UsageError } from '@leantune/core';
import { messages } from '../messages.js';
import { loaders } from './loaders.js';
import { commandNames, commands } from './table.js';
import type { CommandDefinition, CommandHandler, CommandInput, CommandName, Terminal } from './table.js';

/** Width of help texts: the same on every terminal, so that they can be quoted. */
const helpWidth = 100;

/** What `--offline` means, here and in every process that is started: for the hub, and for pip. */
const offlineEnvironment = { HF_HUB_OFFLINE: '1', PIP_NO_INDEX: '1' };

export interface ProgramOptions {
  readonly terminal: Terminal;
  readonly version: string;
  readonly words: readonly string[];
}

/** Parses the words, runs the command and resolves to the exit code. @throws UsageError for words it cannot place. */
export async function runProgram({ terminal, version, words }: ProgramOptions): Promise<number> {
  let exitCode = 0;
  const program = new Command('leantune')
    .description(messages.programSummary())
    .option('--debug', messages.debugOption())
    .version(version, '-V, --version', messages.versionOption())
    .helpOption('-h, --help', messages.helpOption())
    .helpCommand(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: () => undefined, getOutHelpWidth: () => helpWidth })
    .addHelpText('after', `\n${messages.helpFooter()}`)
    .action(async () => {
      const typed = words.find((word) => !word.startsWith('-'));
      if (typed !== undefined) throw await unknownCommand(typed);
      program.outputHelp();
    })
    .allowExcessArguments()
    .usage('<command> [options]')
    .configureHelp({ helpWidth, subcommandTerm: (command) => command.name() });

  for (const name of commandNames) {
    addCommand(program, name, async (input) => {
      const handler: CommandHandler<never> = await loaders[name]();
      const { plugin, offline, ...options } = input.options as Readonly<Record<string, unknown>>;
      // Every source looks there, and so do the processes that compute cells, pip and Python's libraries.
      if (offline === true) Object.assign(process.env, offlineEnvironment);
      await loadPlugins(plugin);
      exitCode = await handler({
        ...input,
        options,
        terminal,
        commandLine: ['npx leantune', ...words.map(quoted)].join(' '),
      });
    });
  }
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    const command = words.find((word): word is CommandName => commandNames.some((name) => name === word));
    throw await usageError(error, command, words);
  }
  return exitCode;
}

type Parsed = { readonly words: readonly string[]; readonly options: CommandInput<never>['options'] };

function addCommand(program: Command, name: CommandName, action: (input: Parsed) => Promise<void>): void {
  const definition: CommandDefinition = commands[name];
  const command = program
    .command(name)
    .summary(definition.summary)
    .description(`${definition.summary[0]?.toUpperCase() ?? ''}${definition.summary.slice(1)}.`)
    .helpOption('-h, --help', messages.helpOption())
    .usage(usageOf(definition))
    .allowExcessArguments(false);
  for (const { usage, summary } of definition.arguments) command.argument(usage, summary);
  for (const { flags, summary, kind, choices, hidden, conflicts } of Object.values(definition.options)) {
    const option = new Option(flags, summary);
    if (kind === 'list') option.argParser((value, previous: readonly string[] = []) => [...previous, value]);
    if (choices !== undefined) option.choices([...choices]);
    if (hidden) option.hideHelp();
    if (conflicts !== undefined) option.conflicts([...conflicts]);
    command.addOption(option);
  }
  command.addHelpText('after', `\n${messages.examples(definition.examples)}`);
  command.action(async (...received: unknown[]) => {
    // commander passes the arguments, then the options, then the command.
    const options = received.at(-2) as CommandInput<never>['options'];
    const words = received
      .slice(0, -2)
      .flat()
      .filter((word) => typeof word === 'string');
    await action({ words, options });
  });
}

/** Plugins of the command line: before the command runs, so that it finds their methods among all others. */
async function loadPlugins(references: unknown): Promise<void> {
  if (!Array.isArray(references)) return;
  const { loadPlugin } = await import('../plugins/loadPlugins.js');
  for (const reference of references) await loadPlugin(String(reference), process.cwd());
}

function usageOf(definition: CommandDefinition): string {
  return [...definition.arguments.map(({ usage }) => usage), '[options]'].join(' ');
}

async function unknownCommand(typed: string): Promise<UsageError> {
  const { UsageError, nearestName } = await import('@leantune/core');
  return new UsageError(messages.unknownCommand(typed, nearestName(typed, commandNames)), {
    code: 'LEANTUNE_UNKNOWN_COMMAND',
    remedy: messages.helpRemedy(undefined),
  });
}

async function usageError(
  error: CommanderError,
  command: CommandName | undefined,
  words: readonly string[],
): Promise<UsageError> {
  // Not at the top: the numeric libraries behind it would slow down every help text.
  const { UsageError, nearestName } = await import('@leantune/core');
  const text = error.message.replace(/^error: /, '');
  const unknownOption = /^unknown option '(--?[^']*)'/.exec(text)?.[1];
  const definition: CommandDefinition | undefined = command === undefined ? undefined : commands[command];
  const flags = Object.values(definition?.options ?? {}).flatMap((option) => option.flags.match(/--[a-z-]+/g) ?? []);
  const nearest = unknownOption === undefined ? undefined : nearestName(unknownOption, [...flags, '--help']);
  const first = words.find((word) => !word.startsWith('-'));
  if (command === undefined && first !== undefined) return unknownCommand(first);
  return new UsageError(nearest === undefined ? text : messages.didYouMean(text, nearest), {
    code: 'LEANTUNE_USAGE',
    remedy: messages.helpRemedy(command),
    cause: error,
  });
}

function quoted(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
