/** What a command declares, and the options that several share. No heavy import in this folder: help must not wait. */

interface ArgumentDefinition {
  /** `<name>` required, `[name]` optional, `...` for many. */
  readonly usage: string;
  readonly summary: string;
}

interface OptionDefinition {
  readonly flags: string;
  readonly summary: string;
  /** `flag` is true or absent, `text` a string or absent, `list` all values of an option that may stand several times. */
  readonly kind: 'flag' | 'text' | 'list';
  readonly choices?: readonly string[];
  readonly hidden?: true;
  /** Keys of options that it cannot stand beside. */
  readonly conflicts?: readonly string[];
}

export interface CommandDefinition {
  readonly summary: string;
  readonly arguments: readonly ArgumentDefinition[];
  /** Keys are the camel-case names of the flags. */
  readonly options: Readonly<Record<string, OptionDefinition>>;
  readonly examples: readonly string[];
}

export const json = {
  flags: '--json',
  summary: 'print JSON instead of text',
  kind: 'flag',
} as const satisfies OptionDefinition;

export const backend = {
  flags: '--backend <name>',
  summary: 'backend, e.g. torch:cuda:0 (default: LEANTUNE_BACKEND, else the best)',
  kind: 'text',
} as const satisfies OptionDefinition;

/** Loaded before the command runs, whatever it is: see `program.ts`. */
export const plugin = {
  flags: '--plugin <path>',
  summary: 'a plugin with methods or tasks: file, folder or package; may be repeated',
  kind: 'list',
} as const satisfies OptionDefinition;

/** Put into the environment before the command runs, whatever it is: see `program.ts`. */
export const offline = {
  flags: '--offline',
  summary: 'touch no network, as with HF_HUB_OFFLINE=1: say what is missing and where it belongs',
  kind: 'flag',
} as const satisfies OptionDefinition;
