import type { TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding.js';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

/** Name of the small addon that `leantune setup` compiles beside the binding. */
export const gateFile = 'standard_error_gate.node';

interface StandardErrorGate {
  close(): boolean;
  open(): string;
}

/**
 * Loads the binding at `path`, wherever it lies; TensorFlow's start-up notes are dropped where the gate lies beside
 * it, its warnings and errors are passed on.
 *
 * @throws Error of the dynamic linker.
 */
export function openAddon(path: string): TFJSBinding {
  const gatePath = join(dirname(path), gateFile);
  if (!existsSync(gatePath)) return openLibrary(path) as TFJSBinding;
  const gate = openLibrary(gatePath) as StandardErrorGate;
  gate.close();
  try {
    return openLibrary(path) as TFJSBinding;
  } finally {
    process.stderr.write(withoutNotes(gate.open()));
  }
}

/** `text` without absl's information lines and without its remark that logging is not initialised yet. */
export function withoutNotes(text: string): string {
  return text
    .split(/(?<=\n)/)
    .filter((line) => !/^I\d{4} |^WARNING: All log messages before absl::InitializeLog/.test(line))
    .join('');
}

function openLibrary(path: string): object {
  const holder = { exports: {} };
  process.dlopen(holder, path, constants.dlopen.RTLD_NOW);
  return holder.exports;
}
