/** The plugins that a sweep file names, loaded before its names are looked up. */
import { dirname, resolve } from 'node:path';
import { LeantuneError } from '@leantune/core';
import { parse } from 'yaml';
import type { Registry } from '../registry/registry.js';
import { issueAt, type PathIssue } from '../sweep/issues.js';
import { parseSweep, type SweepSource } from '../sweep/parseSweep.js';
import type { Sweep } from '../sweep/sweep.js';
import { loadPlugin } from './loadPlugins.js';

/** Parses a sweep with its plugins, whose paths are relative to the file. @throws ConfigurationError with every problem */
export async function parseSweepWithPlugins(source: SweepSource, registry: Registry): Promise<Sweep> {
  const issues: PathIssue[] = [];
  for (const [index, reference] of writtenPlugins(source.text).entries()) {
    try {
      await loadPlugin(reference, dirname(resolve(source.file)));
    } catch (error) {
      if (!(error instanceof LeantuneError)) throw error;
      issues.push(issueAt(['plugins', index], { message: error.message }));
    }
  }
  return parseSweep(source, registry, issues);
}

/** What is no list of words is the schema's to tell. */
function writtenPlugins(text: string): string[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch {
    return [];
  }
  const plugins = typeof content === 'object' && content !== null && 'plugins' in content ? content.plugins : undefined;
  return Array.isArray(plugins)
    ? plugins.filter((plugin): plugin is string => typeof plugin === 'string' && plugin !== '')
    : [];
}
