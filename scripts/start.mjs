// npm start: sets the clone up and runs the quickstart sweep. Plain Node, no dependency; every step is reused when
// it was done before. The exit code is that of the step that failed, else that of the sweep.
import { phase, runScript } from './lib/phases.mjs';
import { build, installPackages, provisionBackend, runLeantune } from './lib/setUp.mjs';

await runScript(async () => {
  await phase('packages', installPackages);
  await phase('build', build);
  await phase('native backend', provisionBackend, { talking: true });
  let code = 0;
  const quickstart = async () => {
    ({ code } = await runLeantune('run', 'quickstart'));
  };
  await phase('quickstart', quickstart, { talking: true });
  return code;
});
