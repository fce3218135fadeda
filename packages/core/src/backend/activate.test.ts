import { env } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { activateBackend } from './activate.js';

test('a backend that does not come up is an error, where tfjs would stay on another one', async () => {
  env().set('IS_TEST', true); // else tfjs prints the stack as well
  const failing = activateBackend('failing', () => {
    throw new Error('no device');
  });
  await expect(failing).rejects.toMatchObject({
    name: 'EnvironmentError',
    message: expect.stringMatching(/^tfjs did not activate backend failing and stays on /) as string,
    code: 'LEANTUNE_BACKEND_NOT_ACTIVATED',
  });
});
