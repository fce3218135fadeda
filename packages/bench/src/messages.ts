/** Every sentence that the bench says to people, as functions of what varies. */

const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;

export const messages = {
  // Configuration
  oneOf: (values: readonly string[]) => (values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`),
  entries: (sign: string, limit: string) => `${sign} ${limit} entries`,
  unknownKey: () => 'unknown key',
  missingKey: () => 'is missing',
  wrongType: () => 'has the wrong type',
  wrongValue: () => 'is out of range',
  unknownName: (kind: string, name: string) => `unknown ${kind} "${name}"`,
  labelTwice: (label: string) => `label "${label}" stands twice: give one of the entries a label of its own`,
  sweepRemedy: (file: string) => `Correct ${file} and run the command again.`,
  notAnOverride: () => 'is no setting',
  commandLine: () => 'command line',
  overridesRemedy: () => 'Settings of the command line: npx leantune run --help',
  listRemedy: () => 'All names: npx leantune list',
  noSweep: (name: string, nearest: string | undefined) =>
    `unknown sweep "${name}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`,
  noSweepFile: (path: string) => `there is no sweep file ${path}`,
  noSweepRemedy: (names: readonly string[]) =>
    `Shipped sweeps: ${names.join(', ')}. A sweep of your own is given by its path, ending in .yaml.`,

  // Files of a run
  notWritable: (path: string, code: string) => `cannot write into ${path} (${code})`,
  notWritableRemedy: () => 'Choose another folder with --out.',
  noRunFolder: (path: string) => `${path} holds no run: there is no sweep.json in it`,
  noRunFolderRemedy: () => 'Run the sweep first, or name the folder of a run.',
  notJson: () => 'is not valid JSON',
  corruptResult: (file: string, detail: string) => `${file} is damaged or of another version: ${detail}`,
  corruptResultRemedy: (file: string) => `Delete ${file} and run the sweep again: only this cell is repeated.`,

  // Ends of cells
  heapExhausted: () => 'the JavaScript heap is exhausted',
  heapRemedy: () => 'Give Node more heap: NODE_OPTIONS=--max-old-space-size=8192',
  killedBySystem: () => 'the operating system killed the process (SIGKILL), as it does when memory runs out',
  killedRemedy: () => 'Use a smaller batch or maximum length, or a method that needs less memory.',
  died: (how: string) => `the process ended with ${how} before it gave a result`,
  outcomeInvalid: (detail: string) => `the cell gave an invalid result: ${detail}`,
  plural,
} as const;
