/** A cell's result file `cells/<id>.json`. A union by `status`: numbers exist only where they were measured. */
import { z } from 'zod';
import { cellConfigSchema, cellOutcomeSchema } from '../cell/contract.js';

export const resultSchemaVersion = 1;

const bytes = z.int().nonnegative();

const pluginSchema = z.strictObject({
  /** Package's name, else the file's or folder's. */
  name: z.string(),
  version: z.string().optional(),
  methods: z.array(z.string()),
  /** Absent where it has none. */
  tasks: z.array(z.string()).optional(),
  /** Of its code, see `hashPlugin`. */
  sha256: z.string(),
});

const provenanceSchema = z.strictObject({
  /** Commit of leantune's checkout; absent outside of one. `dirtyHash` hashes uncommitted changes. */
  git: z.strictObject({ commit: z.string(), dirty: z.boolean(), dirtyHash: z.string().optional() }).optional(),
  /** Hash of the compiled code that affects numbers. */
  codeFingerprint: z.string(),
  /** Plugins that the cell's method and tasks come from; absent where they are leantune's own. */
  plugins: z.array(pluginSchema).optional(),
  packages: z.record(z.string(), z.string()),
  node: z.string(),
  os: z.string(),
  cpu: z.strictObject({ model: z.string(), count: z.int().positive() }),
  memoryBytes: bytes,
  command: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
});

/** How far a cell came before it ended early. */
const progressSchema = z.strictObject({
  step: z.int().nonnegative(),
  totalSteps: z.int().nonnegative(),
  phase: z.string().optional(),
  peakBytes: bytes.optional(),
});

const base = {
  schemaVersion: z.literal(resultSchemaVersion),
  id: z.string(),
  sweep: z.string(),
  label: z.string(),
  config: cellConfigSchema,
  provenance: provenanceSchema,
};

const failureSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
});

export const cellResultSchema = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('ok'), ...base, outcome: cellOutcomeSchema }),
  z.strictObject({
    status: z.literal('oom'),
    ...base,
    failure: failureSchema,
    /** Bytes of the allocation that failed, where the backend says. */
    requestedBytes: bytes.optional(),
    /** What the device had left then, where the backend says. */
    freeBytes: bytes.optional(),
    reached: progressSchema.optional(),
  }),
  z.strictObject({ status: z.literal('failed'), ...base, failure: failureSchema, reached: progressSchema.optional() }),
  z.strictObject({ status: z.literal('interrupted'), ...base, reached: progressSchema.optional() }),
]);

export type PluginIdentity = z.infer<typeof pluginSchema>;
export type Provenance = z.infer<typeof provenanceSchema>;
export type CellResult = z.infer<typeof cellResultSchema>;
export type OkResult = Extract<CellResult, { status: 'ok' }>;
export type Reached = z.infer<typeof progressSchema>;

/** What a run folder is about: `sweep.json`, from which reports know order, labels and missing cells. */
export const runManifestSchema = z.strictObject({
  schemaVersion: z.literal(resultSchemaVersion),
  sweep: z.string(),
  title: z.string(),
  description: z.string().optional(),
  size: z.string(),
  command: z.string(),
  backend: z.strictObject({ name: z.string(), reason: z.string() }),
  notes: z.array(z.string()),
  /** Plugins of the run: where they lie, seen from the folder that it was started in. */
  plugins: z
    .array(
      z.strictObject({
        reference: z.string(),
        methods: z.array(z.string()),
        tasks: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  cells: z.array(z.strictObject({ id: z.string(), label: z.string(), config: cellConfigSchema })),
});

export type RunManifest = z.infer<typeof runManifestSchema>;
