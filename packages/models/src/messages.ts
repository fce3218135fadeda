/** Every sentence that this package says to its users, in one place. */

// ── configuration files of checkpoints ──────────────────────────────────────────────────────────────────────

export function configKeyMissing(): string {
  return 'is missing';
}

export function configKeyInvalid(found: unknown): string {
  return `has the value ${showValue(found)}`;
}

export function configNotAnObject(found: unknown): string {
  return `the file holds ${showValue(found)}`;
}

export function headsDoNotDivide(hiddenSize: number, heads: number): string {
  return `hidden_size ${hiddenSize} does not split into ${heads} attention heads`;
}

/** A value as short JSON, so that an error stays on one line. */
export function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
