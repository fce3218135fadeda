/** `24GiB`, `80 GB`, `512MiB` or a plain number of bytes ↔ bytes. */

const factors: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes of a size as people write it; undefined where it is none. */
export function parseByteSize(text: string): number | undefined {
  const [, figure, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : factors[unit.toLowerCase()];
  if (figure === undefined || factor === undefined) return undefined;
  const bytes = Math.floor(Number(figure) * factor);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `24 GiB`, `1.5 GiB`, `512 MiB` */
export function formatByteSize(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  return `${Number((bytes / size).toFixed(2))} ${unit}`;
}
