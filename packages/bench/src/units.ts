/** Raw numbers → text. Bytes and milliseconds are stored raw; units appear only here and in headers. */

export const bytesPerMebibyte = 1024 * 1024;

/** One decimal for every size, so that the numbers of a column line up. */
export function formatMebibytes(bytes: number): string {
  return (bytes / bytesPerMebibyte).toFixed(1);
}

/** `7s`, `1m 20s`, `2h 05m` */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

/** Three significant digits, without exponents for the sizes that occur. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return digits > 8 ? value.toExponential(2) : value.toFixed(Math.min(digits, 8));
}
