let recording = true;

/** Whether operations on tensors that require gradients are recorded. */
export function isRecording(): boolean {
  return recording;
}

function withRecording<T>(value: boolean, body: () => T): T {
  const before = recording;
  recording = value;
  try {
    return body();
  } finally {
    recording = before;
  }
}

/** Runs `body` without recording: nothing is saved and the results require no gradient. */
export function noGrad<T>(body: () => T): T {
  return withRecording(false, body);
}

/** Runs `body` with recording on, also inside `noGrad`: how regions recompute. */
export function enableGrad<T>(body: () => T): T {
  return withRecording(true, body);
}
