/** What is wanted of a zip or tar.gz archive. One bad name, and nothing of it is taken. */
import { unzipSync } from 'fflate';
import { CorruptFileError } from '@leantune/core';
import { messages } from '../../messages.js';
import { isGzip, readTarball } from './tarball.js';

/**
 * The files named by `places` (path in the archive → path below the dataset's folder).
 * @param url as messages call the archive
 * @param remedy what helps against an archive that is not as it should be
 * @throws CorruptFileError for an archive that is damaged, lacks a file, or holds a path that leads out of its folder
 */
export async function unpack(
  archive: Uint8Array,
  places: Readonly<Record<string, string>>,
  url: string,
  remedy = messages.restoreFileRemedy(),
): Promise<Map<string, Uint8Array>> {
  const refuse = (reason: string): never => {
    throw new CorruptFileError(messages.badArchive(url, reason), { file: url, code: 'LEANTUNE_ARCHIVE', remedy });
  };
  const read = isGzip(archive) ? readTarball : readZip;
  let members: Awaited<ReturnType<typeof readTarball>>;
  try {
    members = await read(archive, (name) => Object.hasOwn(places, name));
  } catch (error) {
    return refuse(messages.archiveDamaged((error as Error).message));
  }
  const { names, files: found } = members;
  const outside = names.find((name) => /^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes('..'));
  if (outside !== undefined) return refuse(messages.archivePath(outside));
  const lacking = Object.keys(places).filter((name) => found[name] === undefined);
  if (lacking.length > 0) return refuse(messages.archiveLacks(lacking));
  return new Map(Object.entries(places).map(([name, place]) => [place, found[name]!]));
}

function readZip(archive: Uint8Array, wanted: (name: string) => boolean) {
  const names: string[] = [];
  const files = unzipSync(archive, { filter: ({ name }) => names.push(name) > 0 && wanted(name) });
  return { names, files };
}
