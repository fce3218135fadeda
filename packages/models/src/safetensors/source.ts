/** Bytes that can be read in ranges: a file, a buffer, a remote object. */
export interface ByteSource {
  /** What error messages call it: usually the file's path. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`, in a buffer of their own (aligned for every typed array). */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** A file that already lies in memory. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    // Not `slice`: Node's Buffer overrides it with a view.
    read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
    close: async () => {},
  };
}
