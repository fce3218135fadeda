import { taskNames } from '@leantune/tasks';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { shippedSweepNames } from '../../sweep/findSweep.js';
import type { Terminal } from '../table.js';
import { show } from './show.js';

const sweeps = shippedSweepNames(); // one has the name of its task

it.each(taskNames().filter((name) => !sweeps.includes(name)))('shows the task %s as YAML and as JSON', async (name) => {
  const printed: string[] = [];
  const terminal = { out: (text: string) => void printed.push(text) } as unknown as Terminal;
  const commandLine = `npx leantune show ${name}`;
  for (const options of [{}, { json: true }]) await show({ words: [name], options, terminal, commandLine });
  expect(printed).toHaveLength(2);
  const [yaml, json] = [parse(printed[0]!) as unknown, JSON.parse(printed[1]!) as unknown];
  expect(yaml).toEqual(json);
  expect(JSON.stringify(json)).toContain(name);
});
