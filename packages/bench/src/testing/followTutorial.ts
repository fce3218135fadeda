/** Does what a page of `docs` says: its files written, its commands run, in a folder of its own. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { workingFolder } from './runCli.js';
import { writeTinyCheckpoint } from './tinyCheckpoint.js';

const run = promisify(execFile);
const leantune = fileURLToPath(new URL('../../bin/leantune.js', import.meta.url));

/** A fenced block: shell commands, or a file with its name. */
interface Block {
  readonly language: string;
  readonly file: string;
  readonly content: string;
}

interface FollowedTutorial {
  readonly blocks: readonly Block[];
  /** What each command printed. */
  readonly printed: ReadonlyMap<string, string>;
  /** Where the last command ran. */
  readonly cwd: string;
}

/** @param page name of a file below `docs`, without its ending */
export async function followTutorial(page: string): Promise<FollowedTutorial> {
  const tutorial = readFileSync(new URL(`../../../../docs/${page}.md`, import.meta.url), 'utf8');
  const blocks = [...tutorial.matchAll(/^```(\w+) ?(\S*)\n(.*?)^```$/gms)].map(([, language, file, content]) => ({
    language: language!,
    file: file!,
    content: content!,
  }));
  let cwd = workingFolder();
  // In place of the tutorial's model a small one: seconds, and nothing to download.
  const model = join(cwd, 'tiny');
  await writeTinyCheckpoint(model);
  // As in a shell of the author's: nothing of the run around it.
  const env = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_ENV|LEANTUNE_TEST)/.test(name)),
    ),
    LEANTUNE_BACKEND: 'wasm',
    NO_COLOR: '1',
  };
  const printed = new Map<string, string>();
  for (const { language, file, content } of blocks) {
    if (file !== '') writeFileSync(join(cwd, file), content.replace('minilm-l6', model));
    else if (language === 'sh') {
      for (const command of content.trim().split('\n')) {
        const words = command.split(' ');
        if (words[0] === 'cd') {
          cwd = join(cwd, words[1]!);
          continue;
        }
        const [script, ...rest] = words.slice(1);
        const program = script === 'leantune' ? leantune : join(cwd, 'node_modules/.bin', script!);
        const { stdout } = await run(process.execPath, [program, ...rest], { cwd, env, maxBuffer: 2 ** 26 });
        printed.set(command, stdout);
      }
    }
  }
  return { blocks, printed, cwd };
}
