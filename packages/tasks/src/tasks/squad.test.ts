/** Answers of SQuAD that are not as published: the question is named, and the line only where it is known. */
import { writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';

async function messageOf(folder: string): Promise<string> {
  const error: unknown = await loadTask('squad', { dataFolder: folder, environment: emptyEnvironment }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'LEANTUNE_RECORD', exitCode: 3 });
  return (error as Error).message.replace(`${folder}/`, '');
}

it('names the question whose answer is elsewhere', async () => {
  const qas = [
    { id: '56be', question: 'q?', answers: [{ text: 'cat', answer_start: 2 }] },
    { id: '57cf', question: 'q?', answers: [{ text: 'dog', answer_start: 2 }] },
  ];
  const content = { data: [{ paragraphs: [{ context: 'A cat', qas }] }] };
  expect(await messageOf(dataFolder({ 'squad/dev-v1.1.json': JSON.stringify(content, null, 1) }))).toBe(
    'squad/dev-v1.1.json: question "57cf": answer "dog" does not stand at its place in the text',
  );
  const missing = { data: [{ paragraphs: [{ context: 'A cat', qas: [{ ...qas[0], answers: [] }] }] }] };
  expect(await messageOf(dataFolder({ 'squad/dev-v1.1.json': JSON.stringify(missing) }))).toMatch(
    /^squad\/dev-v1\.1\.json: field "data\.0\.paragraphs\.0\.qas\.0\.answers": /,
  );
});

it('names the row of the hub, whose answers have a start each', async () => {
  const file = 'squad/plain_text/validation-00000-of-00001.parquet';
  const hub = async (second: { readonly text: string[]; readonly answer_start: number[] }) => {
    const folder = dataFolder({});
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    const columnData = [
      { name: 'id', data: ['56be', '57cf'], type: 'STRING' as const },
      { name: 'context', data: ['A cat', 'A cat'], type: 'STRING' as const },
      { name: 'question', data: ['q?', 'q?'], type: 'STRING' as const },
      { name: 'answers', data: [{ text: ['cat'], answer_start: [2] }, second], type: 'JSON' as const },
    ];
    writeFileSync(join(folder, file), new Uint8Array(parquetWriteBuffer({ columnData })));
    return messageOf(folder);
  };
  expect(await hub({ text: ['dog'], answer_start: [2] })).toBe(
    `${file}:2: question "57cf": answer "dog" does not stand at its place in the text`,
  );
  for (const starts of [[2], [2, 2, 2]]) {
    expect(await hub({ text: ['cat', 'cat'], answer_start: starts })).toBe(
      `${file}:2: "answers.answer_start" has ${starts.length} ${starts.length === 1 ? 'item' : 'items'}, expected 2 as "answers.text" has`,
    );
  }
});
