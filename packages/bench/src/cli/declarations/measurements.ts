/** Commands that measure single steps: memory, gradients, time. */
import { backend, json, offline, plugin, type CommandDefinition } from './definition.js';

export const measurementCommands = {
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
} as const satisfies Readonly<Record<string, CommandDefinition>>;
