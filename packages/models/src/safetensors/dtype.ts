/** Element types of the safetensors format: bytes an element, and what leantune reads them as. */

interface DtypeLayout {
  readonly bytes: number;
  /** How `read` gives it back; absent for types that the format knows and leantune does not read. */
  readonly host?: 'float32' | 'int32';
}

export const dtypeLayouts = {
  F64: { bytes: 8, host: 'float32' },
  F32: { bytes: 4, host: 'float32' },
  F16: { bytes: 2, host: 'float32' },
  BF16: { bytes: 2, host: 'float32' },
  I64: { bytes: 8, host: 'int32' },
  I32: { bytes: 4, host: 'int32' },
  I16: { bytes: 2, host: 'int32' },
  I8: { bytes: 1, host: 'int32' },
  U8: { bytes: 1, host: 'int32' },
  BOOL: { bytes: 1, host: 'int32' },
  U16: { bytes: 2 },
  U32: { bytes: 4 },
  U64: { bytes: 8 },
  F8_E4M3: { bytes: 1 },
  F8_E5M2: { bytes: 1 },
  F8_E8M0: { bytes: 1 },
  F8_E4M3FNUZ: { bytes: 1 },
  F8_E5M2FNUZ: { bytes: 1 },
  F6_E2M3: { bytes: 0.75 },
  F6_E3M2: { bytes: 0.75 },
  F4: { bytes: 0.5 },
  C64: { bytes: 8 },
} as const satisfies Record<string, DtypeLayout>;

export type SafetensorsDtype = keyof typeof dtypeLayouts;

export function isDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === 'string' && Object.hasOwn(dtypeLayouts, name);
}

/** Bytes an element of this type takes in the file. */
export function bytesPerElement(dtype: SafetensorsDtype): number {
  return dtypeLayouts[dtype].bytes;
}

/** What `read` gives this type back as; undefined where leantune does not read it. */
export function hostDtype(dtype: SafetensorsDtype): 'float32' | 'int32' | undefined {
  const layout: DtypeLayout = dtypeLayouts[dtype];
  return layout.host;
}
