/** A value as short JSON, so that an error stays on one line. */
export function showValue(value: unknown): string {
  // JSON has no infinite numbers: it would say null.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
