import { findShippedName } from '../../weights/shippedNames.js';

/** A model at the hub, at a revision. */
export interface HubName {
  /** `owner/name`, or one of the hub's old names without owner. */
  readonly id: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Other names under which Python's cache may hold the same model. */
  readonly otherIds: readonly string[];
}

const part = String.raw`[A-Za-z0-9][\w.-]*`;
const pattern = new RegExp(`^(${part}(?:/${part})?)(?:@([^@\\s]+))?$`);

/**
 * Reads `owner/name`, `name` or either with `@revision` (`main` unless told); short names of shipped configurations mean
 * the model at the hub. Undefined where the text can be no name at the hub.
 */
export function parseHubName(text: string): HubName | undefined {
  const [, name, revision = 'main'] = pattern.exec(text) ?? [];
  if (name === undefined || /[\\]|\.\./.test(text) || name.endsWith('.git')) return undefined;
  const shipped = findShippedName(name);
  if (shipped === undefined) return { id: name, revision, otherIds: [] };
  // The hub moved its first models into the folders of their owners; older downloads lie under the bare name.
  return {
    id: shipped.id,
    revision,
    otherIds: [shipped.name, ...shipped.aliases, name].filter((each) => each !== shipped.id),
  };
}
