import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/fakeTensorflow.js';
import { openAddon, withoutNotes } from './addon.js';

test('notes of the start-up are dropped, warnings and errors stay', () => {
  // The first two lines as TensorFlow 2.21 prints them.
  const text = [
    'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n',
    'I0000 00:00:1795266118.427732    7410 port.cc:153] oneDNN custom operations are on.\n',
    'E0000 00:00:1795266118.500000    7410 cuda_dnn.cc:8310] Unable to register cuDNN factory\n',
    'something else',
  ].join('');
  expect(withoutNotes(text)).toBe(text.split('\n').slice(2).join('\n'));
});

test('what is no addon is an error of the dynamic linker', () => {
  const path = join(temporaryFolder(), 'tfjs_binding.node');
  writeFileSync(path, 'not an addon at all, but longer than a header has to be');
  expect(() => openAddon(path)).toThrow(/file too short|invalid ELF header/);
});
