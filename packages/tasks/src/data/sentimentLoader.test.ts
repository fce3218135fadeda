import { describe, expect, it } from 'vitest';
import { dataFolder } from '../testing/glueFolder.js';
import { loadSentences } from './sentimentLoader.js';

const good = JSON.stringify([
  { text: 'Good.', class: 1 },
  { text: '', class: null },
]);
const reinstall = { remedy: 'install the dependencies again: npm start', exitCode: 3 };

describe('fixtures of the package sentiment', () => {
  it('drops the placeholder at the end of each file', async () => {
    const folder = dataFolder({ 'amazon.json': good, 'imdb.json': good, 'yelp.json': good });
    expect((await loadSentences(folder)).splits.train).toEqual(Array(3).fill({ text: 'Good.', label: 1 }));
  });

  it.each([
    ['[{"text":"Good.","class":2}]', 'imdb.json: record 1 is no { text, class } with class 0 or 1'],
    [
      '[{"text":"Good.","class":1},{"text":"Lost.","class":null}]',
      'imdb.json: record 2 is no { text, class } with class 0 or 1',
    ],
    ['{}', 'imdb.json: content is no { text, class } with class 0 or 1'],
    ['[{"text"', "imdb.json: Expected ':' after property name in JSON at position 8"],
  ])('refuses %s', async (content, message) => {
    const folder = dataFolder({ 'amazon.json': good, 'imdb.json': content, 'yelp.json': good });
    await expect(loadSentences(folder)).rejects.toMatchObject({ ...reinstall, code: 'LEANTUNE_BAD_FIXTURE' });
    await expect(loadSentences(folder)).rejects.toThrow(message);
  });

  it('names a missing file', async () => {
    const folder = dataFolder({ 'amazon.json': good });
    await expect(loadSentences(folder)).rejects.toMatchObject({
      ...reinstall,
      message: `${folder}/imdb.json does not exist`,
    });
  });
});
