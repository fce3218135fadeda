import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What became of one of tfjs-core's own specs. */
export interface SpecOutcome {
  readonly name: string;
  readonly passed: boolean;
  /** Messages of the expectations that did not hold. */
  readonly failures: readonly string[];
}

interface JasmineResult {
  readonly fullName: string;
  readonly status: string;
  readonly failedExpectations: readonly { readonly message: string }[];
}

interface Jasmine {
  getEnv(): {
    configure(settings: { random: boolean }): void;
    addReporter(reporter: { specDone(result: JasmineResult): void }): void;
    execute(): Promise<unknown>;
  };
}

const require = createRequire(import.meta.url);
const distribution = dirname(require.resolve('@tensorflow/tfjs-core'));

/** Files besides those of `ops` whose specs compute with the backend. */
const otherFiles = ['gradients_test.js', 'tensor_test.js', 'variable_test.js'];

/**
 * Runs the op tests that tfjs-core's npm package ships against the backend named `backendName`, which must be
 * registered. They are written for jasmine and for the package's ES modules, of which this makes a second copy; both
 * copies share tfjs's engine and kernels, which are global.
 */
export async function runTfjsSpecs(backendName: string): Promise<SpecOutcome[]> {
  const load = (file: string): Promise<unknown> => import(/* @vite-ignore */ join(distribution, file));
  const jasmine = (require('jasmine-core') as { boot(): Jasmine }).boot();
  const outcomes: SpecOutcome[] = [];
  const environment = jasmine.getEnv();
  environment.configure({ random: false });
  environment.addReporter({
    specDone: ({ fullName, status, failedExpectations }) => {
      if (status !== 'passed' && status !== 'failed') return; // left out by its author
      const failures = failedExpectations.map(({ message }) => message);
      outcomes.push({ name: fullName, passed: status === 'passed', failures });
    },
  });
  const { setTestEnvs } = (await load('jasmine_util.js')) as {
    readonly setTestEnvs: (environments: readonly { name: string; backendName: string; isDataSync: boolean }[]) => void;
  };
  setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);
  await load('public/chained_ops/register_all_chained_ops.js');
  await load('register_all_gradients.js');
  const tests = readdirSync(join(distribution, 'ops'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('_test.js'))
    .sort()
    .map((name) => join('ops', name));
  for (const file of [...tests, ...otherFiles]) await load(file);
  await environment.execute();
  return outcomes;
}
