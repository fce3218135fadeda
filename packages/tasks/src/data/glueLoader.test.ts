import { join } from 'node:path';
import { CorruptFileError, EnvironmentError, LeantuneError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
import { textRows } from '../testing/textRows.js';
import { loadMutatedFiles } from '../testing/mutatedFiles.js';

const HEADER = 'sentence\tlabel\n';
const DEV = `${HEADER}fine\t1\n`;

/** SST-2 with the given training file. */
async function loadSst2(train: string | Buffer, dev: string | Buffer = DEV) {
  const folder = dataFolder({ 'SST-2/train.tsv': train, 'SST-2/dev.tsv': dev });
  return { folder, task: await loadTask('sst2', { dataFolder: folder, environment: emptyEnvironment }) };
}

/** The error that loading the file raises; its message with the temporary folder written as DATA. */
async function errorOf(load: Promise<unknown>): Promise<{ error: LeantuneError; message: string }> {
  const error = await load.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LeantuneError);
  const { message } = error as LeantuneError;
  return { error: error as LeantuneError, message: message.replaceAll(/\S*leantune-data-[^/\s]*/g, 'DATA') };
}

describe('files as users have them', () => {
  it('reads both folder layouts and keeps quotation marks, spaces and order', async () => {
    const files = { 'train.tsv': `${HEADER}a "b c \t0\n' d\t1\n`, 'dev.tsv': DEV };
    for (const prefix of ['glue/SST-2', 'SST-2']) {
      const folder = dataFolder(
        Object.fromEntries(Object.entries(files).map(([name, content]) => [`${prefix}/${name}`, content])),
      );
      const task = await loadTask('SST-2', { dataFolder: folder, environment: emptyEnvironment });
      expect(task.rows('train')).toEqual([
        { text: 'a "b c ', label: 0 },
        { text: "' d", label: 1 },
      ]);
    }
  });

  it('takes byte order marks, CRLF, a missing last line end and empty lines', async () => {
    const plain = await loadSst2('sentence\tlabel\ngood\t1\nbad\t0\n');
    for (const content of [
      '\uFEFFsentence\tlabel\ngood\t1\nbad\t0\n',
      'sentence\tlabel\r\ngood\t1\r\nbad\t0\r\n',
      '\uFEFFsentence\tlabel\r\ngood\t1\r\nbad\t0',
      'sentence\tlabel\n\ngood\t1\n\r\nbad\t0\n\n\n',
    ]) {
      const { task } = await loadSst2(content);
      expect(task.rows('train')).toEqual(plain.task.rows('train'));
      expect(task.provenance.datasetSha256).toBe(plain.task.provenance.datasetSha256);
      expect(task.provenance.files).not.toEqual(plain.task.provenance.files);
    }
  });

  it('finds columns by name in any order, among others', async () => {
    const { task } = await loadSst2('label\tsource\tsentence\n1\tx\tgood\n0\ty\tbad\n');
    expect(task.rows('train')).toEqual([
      { text: 'good', label: 1 },
      { text: 'bad', label: 0 },
    ]);
  });

  it('counts lines over block borders and keeps characters that lie across them', async () => {
    const text = `\uFEFFé${'x'.repeat(1018)}`; // 1023 bytes, its mark is text; with "\t1\n" 1026: blocks of 2^20 end inside rows and characters
    const rows = 2500;
    const { task } = await loadSst2(HEADER + `${text}\t1\n`.repeat(rows));
    expect(task.rows('train')).toHaveLength(rows);
    expect(new Set(textRows(task, 'train').map((row) => row.text))).toEqual(new Set([text]));
    const broken = `${HEADER}${`${text}\t1\n`.repeat(rows)}no label\n`;
    expect((await errorOf(loadSst2(broken))).message).toBe(
      `DATA/SST-2/train.tsv:${rows + 2}: 1 column found, expected 2`,
    );
  });

  it('warns that other rows are not the published ones', async () => {
    const { task, folder } = await loadSst2(`${HEADER}good\t1\n`);
    expect(task.provenance.status).toBe('sample');
    expect(task.warnings).toEqual([
      `sst2: ${join(folder, 'SST-2/train.tsv')} is not byte for byte the known file: its size or SHA-256 differs`,
      `sst2: ${join(folder, 'SST-2/dev.tsv')} is not byte for byte the known file: its size or SHA-256 differs`,
      `sst2: split "train" of ${join(folder, 'SST-2')} is a sample: 1 of 67349 published rows; scores are not comparable with published ones`,
      `sst2: split "dev" of ${join(folder, 'SST-2')} is a sample: 1 of 872 published rows; scores are not comparable with published ones`,
    ]);
  });
});

const columnRemedy =
  'correct the row (one row a line, one tab between columns, no tab or line break inside a text), or put the published file in its place';
const headerRemedy = "correct the file's first line, or put the published file in its place";
const rowRemedy = 'correct or remove the row, or put the published file in its place';
const fileRemedy = 'put the published file in its place';
const utf8Remedy = 'convert the file to UTF-8 (iconv -f ENCODING -t UTF-8), or put the published file in its place';

describe('malformed files', () => {
  it.each<[string, string | Buffer, string, string, string]>([
    ['too few columns', `${HEADER}a\t1\nb\n`, ':3: 1 column found, expected 2', 'LEANTUNE_COLUMN_COUNT', columnRemedy],
    ['embedded tab', `${HEADER}a\tb\t1\n`, ':2: 3 columns found, expected 2', 'LEANTUNE_COLUMN_COUNT', columnRemedy],
    ['broken line', `${HEADER}a\n\t1\n`, ':2: 1 column found, expected 2', 'LEANTUNE_COLUMN_COUNT', columnRemedy],
    [
      'missing column',
      'sentense\tlabel\na\t1\n',
      ':1: no column "sentence"; found "sentense", "label"; did you mean "sentense"?',
      'LEANTUNE_MISSING_COLUMN',
      headerRemedy,
    ],
    ['no header', 'a\t1\nb\t0\n', ':1: no column "sentence"; found "a", "1"', 'LEANTUNE_MISSING_COLUMN', headerRemedy],
    [
      'doubled column',
      'label\tsentence\tlabel\n1\ta\t0\n',
      ':1: column "label" occurs more than once; expected it once',
      'LEANTUNE_DOUBLED_COLUMN',
      headerRemedy,
    ],
    [
      'many long columns',
      `${Array.from({ length: 30 }, (_, column) => `${column}`.padEnd(60, 'x')).join('\t')}\n`,
      `:1: no column "sentence"; found ${Array.from({ length: 10 }, (_, column) => `"${column}${'x'.repeat(38)}…"`).join(', ')}, … (30 in all)`,
      'LEANTUNE_MISSING_COLUMN',
      headerRemedy,
    ],
    [
      'carriage returns only',
      `${HEADER}${'a\t1\n'.repeat(100_000)}`.replaceAll('\n', '\r'),
      ':1: lines end in carriage returns only; expected line feeds',
      'LEANTUNE_CARRIAGE_RETURNS',
      "convert the line ends (tr '\\r' '\\n'), or put the published file in its place",
    ],
    [
      'long label',
      `${HEADER}a\t${'2'.repeat(5000)}\n`,
      `:2: label "${'2'.repeat(39)}…" found, expected one of 0, 1`,
      'LEANTUNE_BAD_LABEL',
      rowRemedy,
    ],
    [
      'empty text',
      `${HEADER}a\t1\n \t1\n`,
      ':3: column "sentence" is empty, expected a text',
      'LEANTUNE_EMPTY_TEXT',
      rowRemedy,
    ],
    ['foreign label', `${HEADER}a\t2\n`, ':2: label "2" found, expected one of 0, 1', 'LEANTUNE_BAD_LABEL', rowRemedy],
    ['missing label', `${HEADER}a\t\n`, ':2: label "" found, expected one of 0, 1', 'LEANTUNE_BAD_LABEL', rowRemedy],
    ['empty file', '', ' (0 bytes): no rows found, expected at least one', 'LEANTUNE_EMPTY_FILE', fileRemedy],
    ['only a mark', '\uFEFF', ' (3 bytes): no rows found, expected at least one', 'LEANTUNE_EMPTY_FILE', fileRemedy],
    ['only a header', HEADER, ' (15 bytes): no rows found, expected at least one', 'LEANTUNE_EMPTY_FILE', fileRemedy],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from(`${HEADER}a\t1\nb`), Buffer.from([0xe9]), Buffer.from('\t1\nc\t0\n')]),
      ':3: invalid UTF-8; expected UTF-8 text',
      'LEANTUNE_INVALID_UTF8',
      utf8Remedy,
    ],
    [
      'UTF-16',
      Buffer.from(`\uFEFF${HEADER}a\t1\n`, 'utf16le'),
      ':1: invalid UTF-8; expected UTF-8 text',
      'LEANTUNE_INVALID_UTF8',
      utf8Remedy,
    ],
    [
      'endless line',
      Buffer.alloc(2 ** 24 + 2 ** 20, 'x'),
      ':1: line longer than 16777216 bytes; expected one row a line',
      'LEANTUNE_LINE_LENGTH',
      fileRemedy,
    ],
  ])('%s', async (_name, content, expected, code, remedy) => {
    const { error, message } = await errorOf(loadSst2(content));
    expect(message).toBe(`DATA/SST-2/train.tsv${expected}`);
    expect(error).toBeInstanceOf(CorruptFileError);
    expect((error as CorruptFileError).file).toMatch(/SST-2\/train\.tsv$/);
    expect({ code: error.code, remedy: error.remedy, exitCode: error.exitCode }).toEqual({ code, remedy, exitCode: 3 });
  });

  it('counts the header and empty lines of the development file too', async () => {
    const { message } = await errorOf(loadSst2(DEV, `${HEADER}\r\na\t1\r\nb\tyes\r\n`));
    expect(message).toBe('DATA/SST-2/dev.tsv:4: label "yes" found, expected one of 0, 1');
  });

  it('names the nearest label', async () => {
    const folder = dataFolder({ 'RTE/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot_entailement\n' });
    const { message } = await errorOf(loadTask('rte', { dataFolder: folder, environment: emptyEnvironment }));
    expect(message).toBe(
      'DATA/RTE/train.tsv:2: label "not_entailement" found, expected one of entailment, not_entailment; did you mean "not_entailment"?',
    );
  });

  it.each(['5.001', '-1', 'NaN', '', '1,5', '0x1', 'Infinity'])('target "%s" of STS-B', async (target) => {
    const header = 'index\tsentence1\tsentence2\tscore\n';
    const folder = dataFolder({ 'STS-B/train.tsv': `${header}0\ta\tb\t5.000\n1\ta\tb\t${target}\n` });
    const { message } = await errorOf(loadTask('stsb', { dataFolder: folder, environment: emptyEnvironment }));
    expect(message).toBe(`DATA/STS-B/train.tsv:3: label "${target}" found, expected a number from 0 to 5`);
  });

  it('checks the columns of a file without header from its first line', async () => {
    const folder = dataFolder({ 'CoLA/train.tsv': 'gj04\t1\tA sentence.\n' });
    const { message } = await errorOf(loadTask('cola', { dataFolder: folder, environment: emptyEnvironment }));
    expect(message).toBe('DATA/CoLA/train.tsv:1: 3 columns found, expected 4');
  });
});

describe('empty texts', () => {
  it('names the second column of a pair', async () => {
    const folder = dataFolder({ 'RTE/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\t\tentailment\n' });
    const { message } = await errorOf(loadTask('rte', { dataFolder: folder, environment: emptyEnvironment }));
    expect(message).toBe('DATA/RTE/train.tsv:2: column "sentence2" is empty, expected a text');
  });

  it('warns where not all published rows could be read', async () => {
    const table = 'question1\tquestion2\tis_duplicate\na\t\t0\nb\tc\t1\n';
    const folder = dataFolder({ 'QQP/train.tsv': table, 'QQP/dev.tsv': table });
    const task = await loadTask('qqp', { dataFolder: folder, environment: emptyEnvironment });
    expect(task.warnings).toContain(`qqp: split "train" of ${join(folder, 'QQP')} has 1 row with an empty text`);
  });

  it('names the field of a question', async () => {
    const choices = ['x', ''].map((text, index) => ({ text, label: 'AB'[index] }));
    const record = JSON.stringify({ question: { stem: 'q', choices }, answerKey: 'A' });
    const folder = dataFolder({ 'openbookqa/train.jsonl': record });
    const { message } = await errorOf(loadTask('openbookqa', { dataFolder: folder, environment: emptyEnvironment }));
    expect(message).toBe('DATA/openbookqa/train.jsonl:1: field "question.choices.1.text": is empty, expected a text');
  });
});

describe('missing data', () => {
  it('goes on to the next folder where one has no split of the dataset', async () => {
    const named = dataFolder({ 'SST-2/test.tsv': 'not read' });
    const cache = dataFolder({ 'data/SST-2/train.tsv': DEV, 'data/SST-2/dev.tsv': DEV });
    const task = await loadTask('sst2', { dataFolder: named, environment: { LEANTUNE_CACHE: cache } });
    expect(textRows(task, 'train')).toEqual([{ text: 'fine', label: 1 }]);
    const { message } = await errorOf(loadTask('sst2', { dataFolder: named, environment: emptyEnvironment }));
    expect(message).toMatch(/^DATA\/SST-2\/train\.tsv does not exist/);
  });

  it('names a missing file and the nearest one there', async () => {
    const folder = dataFolder({ 'SST-2/train.tsv': DEV, 'SST-2/dev.tsv.gz': '' });
    const { error, message } = await errorOf(loadTask('sst2', { dataFolder: folder, environment: emptyEnvironment }));
    expect(message).toBe('DATA/SST-2/dev.tsv does not exist; did you mean "dev.tsv.gz"?');
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.remedy).toBe('place the published file there, or name a folder that has it with LEANTUNE_DATA=FOLDER');
  });

  it('names every place that was tried', async () => {
    const named = dataFolder({});
    const fromEnvironment = dataFolder({ 'glue/SST-2/train.tsv': DEV });
    const environment = { LEANTUNE_DATA: fromEnvironment, LEANTUNE_CACHE: '/no/such/cache' };
    const { error } = await errorOf(loadTask('mrpc', { dataFolder: named, environment }));
    expect(error.message).toBe(
      [
        'data of task "mrpc" not found; tried:',
        ...[named, fromEnvironment, '/no/such/cache/data'].flatMap((root) =>
          ['glue/MRPC', 'MRPC', 'glue/mrpc', 'mrpc'].map((folder) => `  ${root}/${folder}`),
        ),
      ].join('\n'),
    );
    expect(error.remedy).toBe(
      'npx leantune data fetch mrpc where its publisher serves it, or place train.tsv and dev.tsv of the published archive in FOLDER/glue/MRPC and name FOLDER with LEANTUNE_DATA=FOLDER',
    );
    expect(error.exitCode).toBe(3);
  });

  it('finds data by LEANTUNE_DATA and in the cache', async () => {
    const files = { 'SST-2/train.tsv': DEV, 'SST-2/dev.tsv': DEV };
    const environment = { LEANTUNE_DATA: dataFolder(files), LEANTUNE_CACHE: '/no/such/cache' };
    expect((await loadTask('sst2', { environment })).rows('train')).toHaveLength(1);
    const cache = dataFolder({ 'data/glue/SST-2/train.tsv': DEV, 'data/glue/SST-2/dev.tsv': DEV });
    expect((await loadTask('sst2', { environment: { LEANTUNE_CACHE: cache } })).rows('train')).toHaveLength(1);
  });

  it('refuses a named folder that is not there, although the cache has the data', async () => {
    const cache = dataFolder({ 'data/glue/SST-2/train.tsv': DEV, 'data/glue/SST-2/dev.tsv': DEV });
    const { error } = await errorOf(
      loadTask('sst2', { dataFolder: '/no/such/folder', environment: { LEANTUNE_CACHE: cache } }),
    );
    expect(error.message).toBe('data folder /no/such/folder (--data) does not exist or is no folder');
    expect(error.remedy).toBe('name an existing folder with --data, or leave it out');
  });

  it('says why a file cannot be read', async () => {
    const folder = dataFolder({ 'SST-2/train.tsv/x': '', 'SST-2/dev.tsv': DEV });
    const { error, message } = await errorOf(loadTask('sst2', { dataFolder: folder, environment: emptyEnvironment }));
    expect(message).toBe('DATA/SST-2/train.tsv cannot be read: EISDIR: illegal operation on a directory, read');
    expect(error.code).toBe('LEANTUNE_FILE_UNREADABLE');
  });
});

describe('mutated files', () => {
  it('of every format load, or fail with a typed error that names file and line', async () => {
    // Every way to fail is met, so that the loop does try something.
    expect(Object.keys(await loadMutatedFiles(300)).sort()).toEqual([
      'LEANTUNE_ARCHIVE',
      'LEANTUNE_COLUMN_COUNT',
      'LEANTUNE_INVALID_UTF8',
      'LEANTUNE_JSON',
      'LEANTUNE_QUOTES',
      'LEANTUNE_RECORD',
      'loaded',
    ]);
  });
});
