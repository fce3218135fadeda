/** Sentences about plugins, and about the folders that `leantune new` writes. */

/** What a plugin may bring. */
export type PluginPart = 'method' | 'task';

export const pluginMessages = {
  pluginNotFound: (reference: string, path: string, isPath: boolean, nearest: string | undefined) =>
    `plugin "${reference}" is not there: ${isPath ? `no file or folder ${path}` : `no package of that name in a node_modules, no path ${path}`}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  pluginNotFoundRemedy: (reference: string, isPath: boolean) =>
    isPath
      ? 'Paths of plugins are relative to the sweep file, or to the current folder after --plugin.'
      : `Install the package (npm install ${reference}), or give a path such as ./${reference}.`,
  pluginScript: (extensions: readonly string[]) => `a file ending in ${extensions.join(', ')}`,
  pluginNoEntry: (reference: string, candidates: readonly string[]) =>
    `plugin "${reference}" has no module to load: expected ${candidates.join(', ')}`,
  pluginManifest: (file: string) => `${file} is not valid JSON`,
  pluginRemedy: () =>
    "A plugin exports methods made by defineMethod of '@leantune/methods' or tasks made by defineTask of '@leantune/tasks'; working ones: npx leantune new method NAME, npx leantune new task NAME",
  pluginNothing: (reference: string, exported: readonly string[]) =>
    `plugin "${reference}" exports no method and no task (${exported.length === 0 ? 'it exports nothing' : `its exports: ${exported.join(', ')}`})`,
  pluginExportProblem: (name: string, problem: string) => `export "${name}": ${problem}`,
  pluginInvalid: (reference: string, problems: readonly string[]) =>
    `plugin "${reference}" exports what is no method or task: ${problems.join('; ')}`,
  pluginNameTaken: (reference: string, what: PluginPart, name: string, owner: string | undefined) =>
    `plugin "${reference}": the name "${name}" is taken by ${owner === undefined ? `leantune's own ${what}` : `plugin "${owner}"`}`,
  pluginNameRemedy: (what: PluginPart) => `Give the ${what} another name.`,
  pluginIncompatible: (reference: string, unmet: readonly (readonly [string, string])[], version: string) =>
    `plugin "${reference}" is written for ${unmet.map(([name, range]) => `${name} ${range}`).join(', ')}; this is ${version}`,
  pluginIncompatibleRemedy: () =>
    'Take a version of the plugin for this leantune, or widen the range in its package.json if it works.',
  pluginFailed: (reference: string, reason: string) => `plugin "${reference}" cannot be loaded: ${reason}`,

  newKind: (typed: string, nearest: string | undefined, kinds: readonly string[]) =>
    `cannot make a new "${typed}": ${nearest === undefined ? `expected ${kinds.join(' or ')}` : `did you mean "${nearest}"?`}`,
  newName: (what: PluginPart, name: string, nearest: string) =>
    `"${name}" cannot name a ${what}: expected lower-case words joined by hyphens, like "${nearest}"`,
  newTaken: (what: PluginPart, name: string, nearest: string) =>
    `"${name}" is a ${what} already: take another name, like "${nearest}"`,
  newNameRemedy: (what: PluginPart, nearest: string) => `npx leantune new ${what} ${nearest}`,
  newExists: (folder: string) => `${folder} exists, and nothing is overwritten`,
  newExistsRemedy: (what: PluginPart, name: string) =>
    `Take another folder: npx leantune new ${what} ${name} --in FOLDER`,
  newLinked: (folder: string, names: readonly string[]) =>
    names.length === 0
      ? `nothing had to be linked in ${folder}`
      : `linked into ${folder}/node_modules: ${names.join(', ')}`,
  newMethodNext: (folder: string, name: string) =>
    `Next:  cd ${folder}  then  npx vitest run  (the contract battery)  and  npx leantune run sweep.yaml  (${name} beside full and lora)`,
  newTaskNext: (folder: string, name: string) =>
    `Next:  cd ${folder}  then  npx vitest run  (the battery of tasks)  and  npx leantune run sweep.yaml  (full and lora on ${name})`,
};
