/**
 * The first key that some object of a JSON text holds twice, with its offset in characters. `JSON.parse` keeps the
 * last one silently, so that a file could show different tensors to different readers. The text must be valid JSON.
 */
export function firstDuplicateKey(text: string): { readonly key: string; readonly offset: number } | undefined {
  const seen: (Set<string> | undefined)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      const end = endOfString(text, i);
      const keys = seen.at(-1);
      if (expectKey && keys !== undefined) {
        const key = JSON.parse(text.slice(i, end + 1)) as string;
        if (keys.has(key)) return { key, offset: i };
        keys.add(key);
        expectKey = false;
      }
      i = end;
    } else if (character === '{') {
      seen.push(new Set());
      expectKey = true;
    } else if (character === '[') {
      seen.push(undefined);
      expectKey = false;
    } else if (character === '}' || character === ']') {
      seen.pop();
    } else if (character === ',') {
      expectKey = seen.at(-1) !== undefined;
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}
