/** The one table of commands: parser, help and documentation are made from it. No heavy import here. */

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

const json = {
  flags: '--json',
  summary: 'print JSON instead of text',
  kind: 'flag',
} as const satisfies OptionDefinition;

const backend = {
  flags: '--backend <name>',
  summary: 'backend, e.g. torch:cuda:0 (default: LEANTUNE_BACKEND, else the best)',
  kind: 'text',
} as const satisfies OptionDefinition;

/** Loaded before the command runs, whatever it is: see `program.ts`. */
const plugin = {
  flags: '--plugin <path>',
  summary: 'a plugin with methods or tasks: file, folder or package; may be repeated',
  kind: 'list',
} as const satisfies OptionDefinition;

/** Put into the environment before the command runs, whatever it is: see `program.ts`. */
const offline = {
  flags: '--offline',
  summary: 'touch no network, as with HF_HUB_OFFLINE=1: say what is missing and where it belongs',
  kind: 'flag',
} as const satisfies OptionDefinition;

export const commands = {
  run: {
    summary: 'run a sweep, or go on with one: what is finished is kept',
    arguments: [
      { usage: '[sweep]', summary: 'name of a shipped sweep or path of a YAML file (default: quickstart)' },
      {
        usage: '[settings...]',
        summary: 'key=value words that win over the file, e.g. epochs=1 methods=full,lora seeds=0',
      },
    ],
    options: {
      out: { flags: '--out <folder>', summary: 'folder of the run (default: runs/<sweep>)', kind: 'text' },
      backend,
      retry: { flags: '--retry', summary: 'run cells again that failed or ran out of memory', kind: 'flag' },
      force: { flags: '--force', summary: 'run every cell again', kind: 'flag' },
      onError: {
        flags: '--on-error <what>',
        summary: 'after a cell that failed: continue (default) or stop',
        kind: 'text',
        choices: ['continue', 'stop'],
      },
      dryRun: { flags: '--dry-run', summary: 'print the plan and run nothing', kind: 'flag' },
      plugin,
      offline,
      json,
      executor: { flags: '--executor <module>', summary: 'module that runs a cell', kind: 'text', hidden: true },
    },
    examples: [
      'npx leantune run',
      'npx leantune run sentences methods=full,lora seeds=0',
      'npx leantune run my/sweep.yaml --retry',
    ],
  },
  report: {
    summary: 'table and plots of a run',
    arguments: [{ usage: '<run>', summary: 'name of a sweep (its folder runs/<sweep>) or a folder' }],
    options: {
      out: {
        flags: '--out <folder>',
        summary: "where the report goes (default: report/ in the run's folder)",
        kind: 'text',
      },
      json,
    },
    examples: ['npx leantune report quickstart', 'npx leantune report results/sentences'],
  },
  list: {
    summary: 'what there is to choose from',
    arguments: [{ usage: '[what]', summary: 'methods, tasks, models, sweeps or backends (default: all)' }],
    options: { plugin, json },
    examples: ['npx leantune list', 'npx leantune list methods'],
  },
  show: {
    summary: 'one thing in full: a sweep with its cells, a cell, a method, a task, a model',
    arguments: [{ usage: '<name>', summary: "name, or the first digits of a cell's id" }],
    options: {
      backend: { flags: '--backend <name>', summary: 'resolve a sweep for this backend', kind: 'text' },
      plugin,
      offline,
      json,
    },
    examples: ['npx leantune show sentences', 'npx leantune show lora', 'npx leantune show 3f9a'],
  },
  setup: {
    summary: 'provide a native backend below the cache folder',
    arguments: [
      { usage: '[backend]', summary: 'tensorflow (default), or torch: compiled against the torch that is found' },
    ],
    options: {
      force: { flags: '--force', summary: 'throw away an earlier set-up and start afresh', kind: 'flag' },
      official: {
        flags: '--official',
        summary: 'download the official binary of tfjs-node instead of compiling its binding',
        kind: 'flag',
      },
      offline: { ...offline, conflicts: ['official'] },
      json,
    },
    examples: ['npx leantune setup', 'npx leantune setup torch'],
  },
  doctor: {
    summary: 'what is installed here, what each backend needs, and why',
    arguments: [],
    options: { json },
    examples: ['npx leantune doctor'],
  },
  memory: {
    summary: 'exact memory of one training step, from shapes alone: no weights, no data, no GPU',
    arguments: [],
    options: {
      model: {
        flags: '--model <name>',
        summary: "model: a shipped configuration, a folder with config.json, or the hub's name",
        kind: 'text',
      },
      method: {
        flags: '--method <method>',
        summary: 'method, e.g. lora(rank=8)+tokentune (default: full)',
        kind: 'text',
      },
      methods: { flags: '--methods <list>', summary: 'several methods, joined by commas, as a table', kind: 'text' },
      batch: { flags: '--batch <rows>', summary: 'rows of the batch (default: 1)', kind: 'text' },
      seq: {
        flags: '--seq <tokens>',
        summary: "tokens of every row (default: 512, or the model's positions where those are fewer)",
        kind: 'text',
      },
      fit: {
        flags: '--fit <size>',
        summary: 'find the largest batch at --seq, or without --seq the longest sequence, within e.g. 24GiB',
        kind: 'text',
      },
      precision: {
        flags: '--precision <name>',
        summary: 'fp32 (default), bf16 or fp16 for everything; bf16-mixed or fp16-mixed for products only',
        kind: 'text',
      },
      saving: {
        flags: '--saving <policy>',
        summary: 'what ops keep for the backward pass: lean (default) or pytorch',
        kind: 'text',
      },
      optimizer: {
        flags: '--optimizer <name>',
        summary: 'adamw (default), sgd, or with updates during the backward pass: adamw(fused=true)',
        kind: 'text',
      },
      clip: {
        flags: '--clip <norm>',
        summary: 'clip the gradient norm to this, 0: not at all (default: 1, fused: 0)',
        kind: 'text',
      },
      sweep: { flags: '--sweep <file>', summary: 'measure what a sweep of kind memory lists', kind: 'text' },
      backend: {
        flags: '--backend <name>',
        summary: "run the step on a device too, e.g. torch:cuda:0, and compare with its allocator's peak",
        kind: 'text',
      },
      out: {
        flags: '--out <folder>',
        summary: 'with --sweep or --backend: write tables and figures there',
        kind: 'text',
      },
      momentum: { flags: '--momentum <value>', summary: 'momentum of sgd (default: 0)', kind: 'text' },
      accumulate: { flags: '--accumulate <n>', summary: 'micro-batches of the step (default: 1)', kind: 'text' },
      dropout: { flags: '--dropout <rate>', summary: "dropout rate (default: the model's own)", kind: 'text' },
      head: {
        flags: '--head <kind>',
        summary: 'task head (default: causal-lm where the model has it, else classification)',
        kind: 'text',
      },
      plot: {
        flags: '--plot <file>',
        summary: 'draw the timeline of the step into an .svg or .png file',
        kind: 'text',
      },
      plugin,
      offline,
      json,
    },
    examples: [
      'npx leantune memory --model bert-large-uncased --batch 32 --seq 512',
      "npx leantune memory --model bert-base-uncased --methods 'full,lora,tokentune(ratio=0.3)' --seq 512 --fit 24GiB",
      "npx leantune memory --model bert-base-uncased --methods 'full,lora,meft1' --batch 32 --seq 128 --backend torch:cuda:0",
    ],
  },
  gradcheck: {
    summary: 'the gradient of reversible layers beside the ordinary one, layer by layer',
    arguments: [
      { usage: '<model>', summary: 'name or folder of a model' },
      { usage: '<method>', summary: 'method with reversible layers, e.g. meft1 or meft3(gradient=exact)' },
    ],
    options: {
      batch: { flags: '--batch <rows>', summary: 'rows of the batch (default: 16)', kind: 'text' },
      seq: { flags: '--seq <tokens>', summary: 'most tokens of a row (default: 64)', kind: 'text' },
      dropout: { flags: '--dropout <rate>', summary: 'dropout rate (default: 0.1)', kind: 'text' },
      random: { flags: '--random', summary: "random weights instead of the model's own", kind: 'flag' },
      layers: { flags: '--layers <n>', summary: 'with --random: layers of each stack', kind: 'text' },
      seed: { flags: '--seed <n>', summary: 'names random weights, input and dropout (default: 0)', kind: 'text' },
      precision: {
        flags: '--precision <name>',
        summary: 'fp32 (default), bf16, bf16-mixed or fp16-mixed; all but fp32 on the torch backend',
        kind: 'text',
      },
      backend,
      plugin,
      offline,
      json,
    },
    examples: [
      'npx leantune gradcheck minilm-l6 meft3 --dropout 0',
      "npx leantune gradcheck bert-base-uncased 'meft1(gradient=exact)' --random --layers 24 --batch 4 --seq 32",
    ],
  },
  data: {
    summary: 'datasets: what is there, whether it is right, where it comes from',
    arguments: [
      { usage: '<action>', summary: 'verify, show, where, fetch, or clean (removes encoded rows)' },
      { usage: '[what...]', summary: 'names of tasks; for verify, show and where also a folder, e.g. ../shared/data' },
    ],
    options: {
      data: {
        flags: '--data <folder>',
        summary: 'folder to look in (default: LEANTUNE_DATA, then the cache)',
        kind: 'text',
      },
      plugin,
      offline,
      json,
    },
    examples: [
      'npx leantune data verify ../shared/data',
      'npx leantune data fetch cola openbookqa',
      'npx leantune data show mrpc',
    ],
  },
  profile: {
    summary: 'step time and exact memory of methods side by side, on random data',
    arguments: [{ usage: '<method...>', summary: "methods, e.g. full 'lora(rank=8)'; ratios are to the first" }],
    options: {
      model: { flags: '--model <name>', summary: 'name or folder of a model (default: minilm-l6)', kind: 'text' },
      batch: { flags: '--batch <rows>', summary: 'rows of the batch (default: 32)', kind: 'text' },
      seq: { flags: '--seq <tokens>', summary: 'tokens of every row (default: 128)', kind: 'text' },
      dropout: { flags: '--dropout <rate>', summary: "dropout rate (default: the model's own)", kind: 'text' },
      saving: {
        flags: '--saving <policy>',
        summary: 'what ops keep for the backward pass: lean (default) or pytorch',
        kind: 'text',
      },
      backend,
      rounds: {
        flags: '--rounds <n>',
        summary: 'timed steps of each method, taken in turns (default: 5)',
        kind: 'text',
      },
      plugin,
      offline,
      json,
    },
    examples: [
      "npx leantune profile full 'tokentune(tokens=16)'",
      "npx leantune profile full lora 'lora(rank=8)+tokentune' --batch 16 --seq 256 --dropout 0 --saving pytorch",
    ],
  },
  bench: {
    summary: 'times as ratios, side by side: ops, training steps, steps beside transformers',
    arguments: [{ usage: '[suite...]', summary: 'ops, steps, peers (default: all)' }],
    options: {
      model: { flags: '--model <name>', summary: 'model of the steps (default: minilm-l6)', kind: 'text' },
      methods: {
        flags: '--methods <list>',
        summary: 'methods of the steps, joined by commas (default: full,lora,tokentune)',
        kind: 'text',
      },
      batch: { flags: '--batch <rows>', summary: 'rows of the batch (default: 32)', kind: 'text' },
      seq: { flags: '--seq <tokens>', summary: 'tokens of every row (default: 128)', kind: 'text' },
      dropout: { flags: '--dropout <list>', summary: 'dropout rates of the steps (default: 0,0.1)', kind: 'text' },
      ops: { flags: '--ops <list>', summary: 'which ops (default: all)', kind: 'text' },
      backend: {
        flags: '--backend <names>',
        summary: 'backends, joined by commas (default: every one that loads)',
        kind: 'text',
      },
      rounds: {
        flags: '--rounds <n>',
        summary: 'timed turns of each (default: ops 7, steps 5, peers 12)',
        kind: 'text',
      },
      threads: {
        flags: '--threads <n>',
        summary: 'threads of one operation, on both sides (default: LEANTUNE_THREADS, else all cores)',
        kind: 'text',
      },
      out: { flags: '--out <folder>', summary: 'where results go (default: runs/bench)', kind: 'text' },
      offline,
      json,
    },
    examples: [
      'npx leantune bench ops --backend torch,tensorflow --ops linear,attention',
      'npx leantune bench peers --backend torch --threads 2 --out results/bench',
    ],
  },
  new: {
    summary: 'the folder of a new method or task, which passes its battery as it stands',
    arguments: [
      { usage: '<kind>', summary: 'method or task' },
      { usage: '<name>', summary: 'lower-case words joined by hyphens' },
    ],
    options: {
      in: { flags: '--in <folder>', summary: 'where the folder is made (default: here)', kind: 'text' },
      link: { flags: '--link', summary: 'write nothing: link leantune into a folder that exists', kind: 'flag' },
      json,
    },
    examples: ['npx leantune new method my-method', 'npx leantune new task my-task --in ../tasks'],
  },
  parity: {
    summary: 'run reference cases and print the largest error of each tensor',
    arguments: [{ usage: '<case...>', summary: 'folders holding a case.json' }],
    options: {
      backend: {
        flags: '--backend <names>',
        summary: 'backends, joined by commas (default: LEANTUNE_BACKEND, else the best)',
        kind: 'text',
      },
      quiet: { flags: '--quiet', summary: 'one line a run, and the tensors that do not hold', kind: 'flag' },
      offline,
      json,
    },
    examples: ['npx leantune parity ../shared/goldens/cases/model-bert-*'],
  },
} as const satisfies Readonly<Record<string, CommandDefinition>>;

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
