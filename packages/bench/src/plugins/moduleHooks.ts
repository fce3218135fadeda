/**
 * Module hooks for the code of plugins, run by Node in a thread of its own. A plugin may lie anywhere: what it imports
 * from leantune is the copy that runs it (two copies would not know each other's methods), and TypeScript is compiled.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What every plugin may import without installing it. */
const shared = /^zod(\/|$)/;
const isTypeScript = (url: string) => url.startsWith('file:') && /\.m?ts$/.test(url);

export const resolve: ResolveHook = async (specifier, context, next) => {
  const asOurs = () => next(specifier, { ...context, parentURL: import.meta.url });
  if (specifier.startsWith('@leantune/')) return asOurs();
  try {
    return await next(specifier, context);
  } catch (error) {
    if (shared.test(specifier)) return asOurs();
    // TypeScript's own spelling: `./x.js` stands for `./x.ts`.
    const source = /^\.{1,2}\/.*\.m?js$/.test(specifier) ? specifier.replace(/js$/, 'ts') : undefined;
    if (source !== undefined && context.parentURL !== undefined) {
      if (existsSync(fileURLToPath(new URL(source, context.parentURL)))) return next(source, context);
    }
    throw error;
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!isTypeScript(url)) return next(url, context);
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(readFileSync(fileURLToPath(url), 'utf8'), {
    fileName: fileURLToPath(url),
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  return { format: 'module', source: outputText, shortCircuit: true };
};
