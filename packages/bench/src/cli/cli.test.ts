/** The real executable: what it prints, and how it ends. Whole outputs, so that a change of words is seen. */
import { readdirSync } from 'node:fs';
import { methodNames } from '@leantune/methods';
import { describe, expect, it } from 'vitest';
import { runCli, workingFolder } from '../testing/runCli.js';

const outside = (words: readonly string[], files: Readonly<Record<string, string>> = {}) =>
  runCli(words, { cwd: workingFolder(files) });

describe('help', () => {
  it('lists the commands and the exit codes', async () => {
    expect(await outside(['--help'])).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "Usage: leantune <command> [options]

      Memory-efficient fine-tuning, measured: scores, exact memory and time of methods side by side.

      Options:
        --debug        print stacks of errors (also LEANTUNE_DEBUG=1)
        -V, --version  print the version
        -h, --help     print this help

      Commands:
        run            run a sweep, or go on with one: what is finished is kept
        report         table and plots of a run
        list           what there is to choose from
        show           one thing in full: a sweep with its cells, a cell, a method, a task, a model
        setup          provide a native backend below the cache folder
        doctor         what is installed here, what each backend needs, and why
        memory         exact memory of one training step, from shapes alone: no weights, no data, no GPU
        gradcheck      the gradient of reversible layers beside the ordinary one, layer by layer
        data           datasets: what is there, whether it is right, where it comes from
        profile        step time and exact memory of methods side by side, on random data
        bench          times as ratios, side by side: ops, training steps, steps beside transformers
        new            the folder of a new method or task, which passes its battery as it stands
        parity         run reference cases and print the largest error of each tensor

      Exit codes:
        0  done
        1  a cell failed, ran out of memory or was interrupted; a reference case or dataset did not hold
        2  usage: unknown names, bad settings, bad sweep file
        3  environment: missing or damaged files, backends that do not load

      Start with:  npx leantune run quickstart
      ",
      }
    `);
  });

  it('shows the same without words', async () => {
    expect(await outside([])).toEqual(await outside(['--help']));
  });

  it.each(['run', 'report', 'list', 'show', 'setup', 'doctor', 'profile', 'bench', 'parity'])(
    'of %s names its use and an example',
    async (command) => {
      const { code, stdout, stderr } = await outside([command, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`^Usage: leantune ${command} `));
      expect(stdout).toContain('Examples:\n  npx leantune ');
    },
  );

  it('of run', async () => {
    expect((await outside(['run', '--help'])).stdout).toMatchInlineSnapshot(`
      "Usage: leantune run [sweep] [settings...] [options]

      Run a sweep, or go on with one: what is finished is kept.

      Arguments:
        sweep              name of a shipped sweep or path of a YAML file (default: quickstart)
        settings           key=value words that win over the file, e.g. epochs=1 methods=full,lora seeds=0

      Options:
        --out <folder>     folder of the run (default: runs/<sweep>)
        --backend <name>   backend, e.g. torch:cuda:0 (default: LEANTUNE_BACKEND, else the best)
        --retry            run cells again that failed or ran out of memory
        --force            run every cell again
        --on-error <what>  after a cell that failed: continue (default) or stop (choices: "continue",
                           "stop")
        --dry-run          print the plan and run nothing
        --plugin <path>    a plugin with methods or tasks: file, folder or package; may be repeated
        --offline          touch no network, as with HF_HUB_OFFLINE=1: say what is missing and where it
                           belongs
        --json             print JSON instead of text
        -h, --help         print this help

      Examples:
        npx leantune run
        npx leantune run sentences methods=full,lora seeds=0
        npx leantune run my/sweep.yaml --retry
      "
    `);
  });
});

describe('--offline', () => {
  // A hub that was asked would refuse the connection, which reads otherwise.
  const environment = {
    HF_ENDPOINT: 'http://127.0.0.1:9',
    HF_HUB_CACHE: '/nonexistent',
    LEANTUNE_CACHE: '/nonexistent',
  };

  it.each([
    ['memory', '--model', 'some/model'],
    ['profile', 'full', '--model', 'some/model'],
    ['gradcheck', 'some/model', 'meft1'],
  ])('%s asks nobody and says what to put where', async (...words) => {
    const { code, stderr } = await runCli([...words, '--offline'], { cwd: workingFolder(), environment });
    expect(code).toBe(3);
    expect(stderr).toContain('not tried: offline');
    expect(stderr).toMatch(/Put .*config\.json.*FOLDER\/some\/model/);
  });

  it('and a download that is asked for exclude each other', async () => {
    const { code, stderr } = await runCli(['setup', '--official', '--offline'], { cwd: workingFolder() });
    expect(code).toBe(2);
    expect(stderr).toContain("'--offline' cannot be used with option '--official'");
  });
});

describe('usage errors end with 2, the nearest name and where to look', () => {
  it.each([
    [['reprt'], 'error: unknown command "reprt": did you mean "report"?\nnpx leantune --help shows what there is.\n'],
    [
      ['run', '--retr'],
      `error: unknown option '--retr': did you mean "--retry"?\nnpx leantune run --help shows what there is.\n`,
    ],
    ...(
      [
        ['report', 'sentences', 'methods=full'],
        ['show', 'lora', 'full'],
        ['list', 'methods', 'tasks'],
      ] as const
    ).map((words): [string[], string] => [
      [...words],
      `error: too many arguments for '${words[0]}'. Expected 1 argument but got 2.\nnpx leantune ${words[0]} --help shows what there is.\n`,
    ]),
    [
      ['doctor', 'foo'],
      "error: too many arguments for 'doctor'. Expected 0 arguments but got 1.\nnpx leantune doctor --help shows what there is.\n",
    ],
    [['show'], "error: missing required argument 'name'\nnpx leantune show --help shows what there is.\n"],
    [
      ['list', 'method5'],
      'error: cannot list "method5": did you mean "methods"?\nnpx leantune list --help shows what there is.\n',
    ],
    [
      ['show', 'sentenses'],
      'error: nothing is called "sentenses": did you mean "sentences"?\nAll names: npx leantune list\n',
    ],
    [
      ['run', 'quikstart'],
      'error: unknown sweep "quikstart": did you mean "quickstart"?\nShipped sweeps: minilm-glue, quickstart, sentences. A sweep of your own is given by its path, ending in .yaml.\n',
    ],
    [
      ['run', 'quickstart', '--on-error', 'ask'],
      "error: option '--on-error <what>' argument 'ask' is invalid. Allowed choices are continue, stop.\nnpx leantune run --help shows what there is.\n",
    ],
    [
      ['run', 'quickstart', 'epoch=2', 'foo'],
      'error: command line: foo: is no setting (expected key=value)\ncommand line: epoch: unknown key (did you mean "epochs"?)\nSettings of the command line: npx leantune run --help\n',
    ],
    [
      ['run', 'quickstart', 'methods=lroa'],
      'error: command line: methods[0].method: unknown method "lroa"; did you mean "lora"?\nAll names: npx leantune list\n',
    ],
  ])('%j', async (words, stderr) => {
    expect(await outside(words)).toEqual({ code: 2, stdout: '', stderr });
  });

  it('a backend that LEANTUNE_BACKEND misspells, leaving nothing behind', async () => {
    const cwd = workingFolder();
    const { code, stderr } = await runCli(['run'], { cwd, environment: { LEANTUNE_BACKEND: 'wsam' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/error: LEANTUNE_BACKEND: .*"wsam".*"wasm"/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('tells all problems of a sweep file at once', async () => {
    const text = 'name: mine\ntitle: Mine\nmodels: minilm-l6\ntasks: sentense\nmethods: [ful]\nsed: 1\n';
    expect(await outside(['run', 'mine.yaml'], { 'mine.yaml': text })).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'error: mine.yaml:4: tasks: unknown task "sentense" (did you mean "sentences"?)',
        'mine.yaml:5: methods[0]: unknown method "ful"; did you mean "full"?',
        'mine.yaml:6: sed: unknown key (did you mean "seeds"?)',
        'Correct mine.yaml and run the command again.',
        '',
      ].join('\n'),
    });
  });
});

describe('environment errors end with 3', () => {
  it('a folder without a run', async () => {
    expect(await outside(['report', 'nowhere'])).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'error: nowhere holds no run: there is no sweep.json in it\nRun the sweep first, or name the folder of a run.\n',
    });
  });

  it('an output folder that cannot be written', async () => {
    const result = await outside(['run', 'quickstart', '--backend', 'wasm', '--out', 'file/run'], { file: '' });
    expect([result.code, result.stdout]).toEqual([3, '']);
    expect(result.stderr).toMatch(
      /\nerror: cannot write into file\/run \(ENOTDIR\)\nChoose another folder with --out\.\n$/,
    );
  });

  it('a reference case that is not there', async () => {
    expect((await outside(['parity', 'nowhere'])).code).toBe(3);
  });
});

describe('names', () => {
  it('list as JSON holds what the text holds', async () => {
    const { stdout } = await outside(['list', 'methods', '--json']);
    const { methods } = JSON.parse(stdout) as { methods: { name: string; summary: string }[] };
    expect(methods.map((method) => method.name)).toEqual(methodNames());
    const width = Math.max(...methodNames().map((name) => name.length));
    const lines = methods.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`);
    expect((await outside(['list', 'methods'])).stdout).toBe(`methods\n${lines.join('')}`);
  });

  it('show prints the options of a method', async () => {
    const { stdout } = await outside(['show', 'lora', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      method: 'lora',
      options: { rank: 'integer, ≥ 1, default 8: rank of the update' },
    });
  });

  it('show resolves the cells of a sweep for a backend', async () => {
    const { stdout } = await outside(['show', 'quickstart', '--backend', 'wasm', '--json']);
    const shown = JSON.parse(stdout) as { cells: { config: { backend: string } }[] };
    expect(shown.cells).toHaveLength(8);
    expect(new Set(shown.cells.map((cell) => cell.config.backend))).toEqual(new Set(['wasm']));
  });
});
