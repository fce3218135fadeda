import { z } from 'zod';

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
}

/** The keys that `schema` knows at `path`, over all branches of unions; for nearest-key hints. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  // JSON Schema is zod's own public description of a schema; walking it keeps us off zod's internals.
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema;
  let nodes = branches(root);
  for (const key of path) nodes = nodes.flatMap((node) => step(node, key)).flatMap(branches);
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function branches(node: JsonSchema): JsonSchema[] {
  return [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(branches)];
}

function step(node: JsonSchema, key: PropertyKey): JsonSchema[] {
  const candidates: (JsonSchema | boolean | undefined)[] =
    typeof key === 'number'
      ? [node.items]
      : [node.properties?.[String(key)] ?? (node.properties === undefined ? node.additionalProperties : undefined)];
  return candidates.filter((candidate) => typeof candidate === 'object');
}
