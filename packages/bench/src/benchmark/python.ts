/** The Python that peers run in: `LEANTUNE_PYTHON`, else `python3`. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { benchMessages } from '../messages/bench.js';

const run = promisify(execFile);

export interface Python {
  readonly executable: string;
}

/** Why there is no peer, and the command that changes it. */
export interface AbsentPeer {
  readonly reason: string;
  readonly remedy: string;
}

const modules = ['torch', 'transformers', 'peft'];

/** Asks Python whether it finds the libraries, without importing them: that alone takes seconds. */
const question = `import importlib.util as u, json; print(json.dumps([m for m in ${JSON.stringify(modules)} if u.find_spec(m) is None]))`;

export async function findPython(environment: NodeJS.ProcessEnv = process.env): Promise<Python | AbsentPeer> {
  const executable = environment.LEANTUNE_PYTHON || 'python3';
  const remedy = benchMessages.peerRemedy(modules);
  try {
    const { stdout } = await run(executable, ['-c', question], { env: environment });
    const missing = JSON.parse(stdout) as string[];
    return missing.length === 0 ? { executable } : { reason: benchMessages.lacksModules(executable, missing), remedy };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { reason: benchMessages.noPython(executable, code === 'ENOENT' ? 'not found' : message), remedy };
  }
}
