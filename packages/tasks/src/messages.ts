/** Every user-facing message of this package. */

const didYouMean = (nearest: string | undefined): string =>
  nearest === undefined ? '' : `; did you mean "${nearest}"?`;

const SHOWN_NAMES = 10;
const SHOWN_CHARACTERS = 40;

/** What stands in a file, short enough for a line of a message: a broken file may be one cell. */
const shorten = (text: string): string =>
  text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS - 1)}…`;

const shortList = (names: readonly string[]): string => {
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `"${shorten(name)}"`);
  return names.length <= SHOWN_NAMES ? shown.join(', ') : `${shown.join(', ')}, … (${names.length} in all)`;
};

interface PixelSize {
  readonly height: number;
  readonly width: number;
}

export const messages = {
  knownNames: (what: string, names: readonly string[]) => `known ${what}: ${names.join(', ')}`,

  unreadableFile: (file: string, reason: string) => `${file} cannot be read: ${reason}`,
  unreadableFileRemedy: () =>
    'give the process the right to read the file, or name another folder with LEANTUNE_DATA=FOLDER',
  missingFile: (file: string, nearest: string | undefined) => `${file} does not exist${didYouMean(nearest)}`,
  missingFileRemedy: () => 'place the published file there, or name a folder that has it with LEANTUNE_DATA=FOLDER',
  noDataFolder: (folder: string, origin: string) => `data folder ${folder} (${origin}) does not exist or is no folder`,
  noDataFolderRemedy: (origin: string) => `name an existing folder with ${origin}, or leave it out`,
  noDataset: (task: string, tried: readonly string[]) =>
    `data of task "${task}" not found; tried:\n${tried.map((folder) => `  ${folder}`).join('\n')}`,
  noDatasetRemedy: (task: string, variant: string, files: readonly string[]) =>
    `npx leantune data fetch ${task} where its publisher serves it, or place ${files.join(' and ')} of the published archive in FOLDER/${variant} and name FOLDER with LEANTUNE_DATA=FOLDER`,

  restoreFileRemedy: () => 'put the published file in its place',
  emptyFile: (file: string, bytes: number) => `${file} (${bytes} bytes): no rows found, expected at least one`,
  endlessLine: (file: string, line: number, limitBytes: number) =>
    `${file}:${line}: line longer than ${limitBytes} bytes; expected one row a line`,
  carriageReturnsOnly: (file: string) => `${file}:1: lines end in carriage returns only; expected line feeds`,
  carriageReturnsOnlyRemedy: () => "convert the line ends (tr '\\r' '\\n'), or put the published file in its place",
  invalidUtf8: (file: string, line: number) => `${file}:${line}: invalid UTF-8; expected UTF-8 text`,
  invalidUtf8Remedy: () =>
    'convert the file to UTF-8 (iconv -f ENCODING -t UTF-8), or put the published file in its place',
  columnCount: (file: string, line: number, expected: number, found: number) =>
    `${file}:${line}: ${found} ${found === 1 ? 'column' : 'columns'} found, expected ${expected}`,
  columnCountRemedy: () =>
    'correct the row (one row a line, one tab between columns, no tab or line break inside a text), or put the published file in its place',
  missingColumn: (file: string, line: number, name: string, header: readonly string[], nearest: string | undefined) =>
    `${file}:${line}: no column "${name}"; found ${shortList(header)}${didYouMean(nearest && shorten(nearest))}`,
  doubledColumn: (file: string, line: number, name: string) =>
    `${file}:${line}: column "${name}" occurs more than once; expected it once`,
  missingColumnRemedy: () => "correct the file's first line, or put the published file in its place",
  labelOutsideSet: (
    file: string,
    line: number,
    found: string,
    expected: readonly string[],
    nearest: string | undefined,
  ) => `${file}:${line}: label "${shorten(found)}" found, expected one of ${expected.join(', ')}${didYouMean(nearest)}`,
  targetOutsideRange: (file: string, line: number, found: string, minimum: number, maximum: number) =>
    `${file}:${line}: label "${shorten(found)}" found, expected a number from ${minimum} to ${maximum}`,
  badLabelRemedy: () => 'correct or remove the row, or put the published file in its place',
  emptyText: (file: string, line: number, column: string) =>
    `${file}:${line}: column "${column}" is empty, expected a text`,
  emptyField: () => 'is empty, expected a text',
  badQuotes: (file: string, line: number, reason: string) => `${file}:${line}: ${reason}`,
  badQuotesRemedy: () =>
    'put a text with quotation marks between quotation marks and double those inside it, or put the published file in its place',
  noJson: (file: string, line: number, reason: string) => `${file}:${line}: no JSON: ${reason.replaceAll('\n', ' ')}`,
  rowOf: (file: string, row: number) => `${file}:${row}`,
  badRecordAt: (place: string, problem: string) => `${place}: ${problem}`,
  fieldProblem: (field: string, problem: string) => (field === '' ? problem : `field "${field}": ${problem}`),
  listExpected: () => 'no list found, expected a list of records',
  badParquet: (file: string, reason: string) => `${file}: cannot be read as Parquet: ${reason}`,
  parquetCodec: (found: string, expected: readonly string[]) =>
    `compressed with ${found}, expected ${expected.join(', ')} or no compression`,
  parquetCodecRemedy: () =>
    "put the published file in its place, or rewrite it with snappy (pyarrow: compression='snappy')",
  noUtf8: () => 'invalid UTF-8, expected UTF-8 text',
  parquetUtf8Remedy: () => 'put the published file in its place, or rewrite it with texts in UTF-8',
  damagedParquet: (what: 'columns' | 'rows' | 'sizes' | 'values' | 'encoding' | 'runs' | 'compression') =>
    ({
      columns: 'the columns of a row group are not those of the schema',
      rows: 'the numbers of rows and of values contradict each other',
      sizes: 'the size of a page does not fit into its column',
      values: 'the header of a page has an impossible number of values',
      encoding: 'the values of a page have an unknown encoding',
      runs: 'the runs of a page do not make up its values',
      compression: 'the compression of a page is damaged',
    })[what],
  pixels: (height: number, width: number) => `${height} × ${width} pixels`,
  noPng: () => 'no PNG image found',
  damagedPng: (reason: string) => `the PNG image is damaged: ${reason}`,
  pixelBytes: (found: number, expected: number) => `${found} bytes of pixels found, expected ${expected}`,
  pngDepth: (bits: number) => `the PNG image has ${bits} bits a channel, expected at most 8`,
  imageSize: (found: PixelSize, expected: PixelSize) =>
    `an image of ${found.height} × ${found.width} pixels found, expected ${expected.height} × ${expected.width}`,
  imageTooLarge: (found: PixelSize, most: number) =>
    `an image of ${found.height} × ${found.width} pixels found, expected at most ${most} pixels`,
  insideOf: (archive: string, name: string) => `${archive}/${name}`,
  recordBytes: (found: number, expected: number) => `the record ends after ${found} of ${expected} bytes`,
  classOutsideSet: (found: number, classes: number) => `label ${found} found, expected 0 to ${classes - 1}`,
  missingShards: (folder: string, found: number, expected: number) =>
    `${folder}: ${found} of ${expected} Parquet files of a split found`,
  answerOutside: (answer: string, choices: readonly string[]) =>
    `answer "${shorten(answer)}" found, expected one of ${shortList(choices)}`,
  noGap: () => 'no gap "_" in the sentence',
  noChoiceIndex: (found: unknown) =>
    `${found === undefined ? 'nothing' : shorten(JSON.stringify(found))} found, expected the number of the right choice, counted from 0`,
  listLengths: (name: string, found: number, other: string, expected: number) =>
    `"${name}" has ${found} ${found === 1 ? 'item' : 'items'}, expected ${expected} as "${other}" has`,
  tooFewChoices: (found: number) => `${found} ${found === 1 ? 'choice' : 'choices'} found, expected at least 2`,
  doubledLabel: (label: string) => `two choices have the label "${shorten(label)}", expected different ones`,
  noRightChoice: () => 'no right choice',
  labelsAndRows: (found: number, rows: number) => `${found} labels found for ${rows} questions`,
  subjectUnknown: (subject: string, nearest: string | undefined) =>
    `unknown subject "${shorten(subject)}"${didYouMean(nearest)}`,
  answerNotInText: (id: string, answer: string) =>
    `question "${shorten(id)}": answer "${shorten(answer)}" does not stand at its place in the text`,
  badFixture: (file: string, reason: string) => `${file}: ${reason}`,
  badRecord: (index: number | undefined) =>
    `${index === undefined ? 'content' : `record ${index + 1}`} is no { text, class } with class 0 or 1`,
  reinstallRemedy: () => 'install the dependencies again: npm start',

  manifestContradicted: (task: string, split: string, expected: number | undefined, found: number) =>
    `${task}: the files are the published ones, but split "${split}" has ${found} rows that are not the ${expected ?? 0} of the manifest`,
  otherRows: (task: string, split: string, folder: string, expected: number | undefined, found: number) =>
    `${task}: split "${split}" of ${folder} is not the published data: ${found} rows, published ${expected ?? 0}; scores are not comparable with published ones`,
  sampleOfRows: (task: string, split: string, folder: string, expected: number | undefined, found: number) =>
    `${task}: split "${split}" of ${folder} is a sample: ${found} of ${expected ?? 0} published rows; scores are not comparable with published ones`,

  emptyTexts: (task: string, split: string, folder: string, rows: number) =>
    `${task}: split "${split}" of ${folder} has ${rows} ${rows === 1 ? 'row' : 'rows'} with an empty text`,
  otherFile: (task: string, file: string) =>
    `${task}: ${file} is not byte for byte the known file: its size or SHA-256 differs`,

  otherContent: (file: string) => `${file} (there with other content than published)`,
  noDownload: (task: string, homepage: string) =>
    `${task}: there is no public address that serves its files as published; its page is ${homepage}`,
  offline: (task: string, files: readonly string[], folder: string) =>
    `${task}: offline, and these files are not in ${folder}:\n${files.map((file) => `  ${file}`).join('\n')}`,
  offlineRemedy: (urls: readonly string[], folder: string) =>
    `fetch ${urls.join(' and ')} elsewhere and place the files in ${folder}`,
  downloadFailed: (url: string, reason: string) => `${url} cannot be downloaded: ${reason}`,
  otherDownload: (problem: string) => `${problem}; nothing of it was kept`,
  otherDownloadRemedy: (folder: string) =>
    `the publisher serves other content now, or something on the way changed it: fetch the published file in another way and place its files in ${folder}`,
  downloadFailedRemedy: (folder: string) =>
    `try again later, or fetch it in another way and place its files in ${folder}`,
  badArchive: (url: string, reason: string) => `${url}: ${reason}; nothing of it was kept`,
  archivePath: (name: string) => `the archive has a file named "${name}", which would lie outside of its folder`,
  archiveLacks: (names: readonly string[]) => `the archive lacks ${names.join(', ')}`,
  archiveDamaged: (reason: string) => `the archive cannot be unpacked: ${reason}`,

  unknownMetric: (name: string, nearest: string | undefined) => `unknown metric "${name}"${didYouMean(nearest)}`,
  metricLengths: (name: string, predictions: number, labels: number) =>
    `${name}: ${predictions} predictions for ${labels} labels`,

  notPositiveInteger: (option: string, found: unknown) =>
    `${option}: ${String(found)} found, expected a positive integer`,
  notBatchCount: (found: unknown) => `${String(found)} batches found, expected 0 or more`,
  exampleTooLong: (index: number, length: number, maxLength: number) =>
    `row ${index} has ${length} tokens, more than maxLength ${maxLength}`,
  batchOutOfRange: (position: number, batches: number) => `batch ${position} asked for, the epoch has ${batches}`,
  outputCount: (found: number, rows: number, width: number) =>
    `${found} output values found, expected ${rows} rows of ${width}`,
  rowTwiceOrUnknown: (row: number, rows: number) =>
    `outputs of row ${row} came twice, or there is no such row (${rows} rows, counted from 0)`,
  rowMissing: (row: number, rows: number) => `outputs of row ${row} (of ${rows}, counted from 0) are missing`,

  emptyContinuations: (task: string, split: string, count: number) =>
    `${task}, split "${split}": ${count} answers have no token of their own with this tokenizer, since one crosses the border to the question; their likelihood counts as 1, so that such a choice wins by likelihood; lm-evaluation-harness stops here`,
  unanswerable: (task: string, split: string, count: number) =>
    `${task}, split "${split}": ${count} rows whose right choice is missing are left out`,
  continuationTooLong: (tokens: number, maxLength: number) =>
    `an answer of ${tokens} tokens found, the model reads ${maxLength}`,
  tooFewExamples: (shots: number, found: number, subject: string | undefined) =>
    `${shots} solved examples asked for, ${found} found${subject === undefined ? '' : ` for subject ${subject}`}`,
  noShots: (task: string, shots: number) => `${task}: ${shots} solved examples asked for, the task has none`,
  noPrompts: (task: string, option: string) =>
    `${task}: ${option} is for language models; an encoder reads each choice with its question`,
  noSuchHead: (task: string, found: string, heads: readonly string[]) =>
    `${task} is learnt with a head for ${heads.join(' or ')}, the model has one for ${found}`,
  noSuchHeadRemedy: () => 'take a model that has the head, or leave the task out',
  unknownTemplate: (task: string, template: string, nearest: string | undefined) =>
    `${task}: unknown template "${template}"${didYouMean(nearest)}`,
  questionTooLong: (id: string, tokens: number, maxLength: number) =>
    `question ${id} takes ${tokens} of ${maxLength} tokens: no room for the text`,
  noTokenOffsets: () =>
    'the tokenizer does not say which characters its tokens stand for, as questions on a text need it',
  otherReader: (task: string, reads: 'text' | 'images', given: 'text' | 'images') =>
    `${task}: its rows are ${reads}, the model reads ${given}`,
  nothingToTrainOn: (task: string, wanted: readonly string[]) =>
    wanted.length === 0
      ? `${task} is for evaluation only: it has no training rows`
      : `${task}: there are no training rows (split ${wanted.join(' or ')})`,
  nothingToTrainOnRemedy: (task: string, wanted: readonly string[]) =>
    wanted.length === 0
      ? `train on another task and name ${task} in its "evaluate"`
      : `put the published files in their place: npx leantune data where ${task}`,

  unknownTask: (name: string, nearest: string | undefined) => `unknown task "${name}"${didYouMean(nearest)}`,
  taskNameTaken: (spelling: string, owner: string) => `task name "${spelling}" is taken by task "${owner}"`,
  unknownSplit: (task: string, split: string, nearest: string | undefined) =>
    `${task}: unknown split "${split}"${didYouMean(nearest)}`,
  fewerRows: (task: string, split: string, option: string, asked: number, found: number) =>
    `${task}: ${option}=${asked} asked for, split "${split}" has ${found} rows; all are used`,
  needsFunction: (form: string) => `expected a function ${form}`,
  needsKind: (kinds: readonly string[]) => `expected one of ${kinds.join(', ')}`,
  fieldIs: (field: string, problem: string) => `${field}: ${problem}`,
  badDeclaration: (task: string, problem: string) => `declaration of task "${task}": ${problem}`,
  badTaskName: (spelling: string) => `name "${spelling}"; expected lower-case letters, digits, ".", "_" and "-"`,
  tooFewLabels: () => 'labels: expected at least two different ones',
  metricOfOtherKind: (metric: string, found: string, expected: string) =>
    `metrics: "${metric}" scores a ${found}, expected one for a ${expected}`,
  splitNotInManifest: (split: string) => `splits: "${split}" is not in the manifest`,
};
