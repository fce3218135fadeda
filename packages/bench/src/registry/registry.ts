/** What the bench needs to know about names that other packages register. */

/** Why a name or spelling is not usable. */
export interface NameProblem {
  readonly message: string;
  readonly expected?: string;
  readonly nearest?: string;
}

/** The canonical name, so that aliases and spaces do not make different cells; or what is wrong with it. */
export type Resolved = { readonly name: string } | { readonly problem: NameProblem };

/** One line of `leantune list`. */
export interface NamedEntry {
  readonly name: string;
  readonly summary: string;
}

export interface Registry {
  readonly models: () => readonly NamedEntry[];
  readonly tasks: () => readonly NamedEntry[];
  readonly methods: () => readonly NamedEntry[];
  readonly backendNames: () => readonly string[];
  /** @param base folder that the path of a model's folder starts from; default: the current one */
  readonly resolveModel: (name: string, base?: string) => Resolved;
  readonly resolveTask: (name: string) => Resolved;
  /** Checks composition and options too. */
  readonly resolveMethod: (spelling: string) => Resolved;
  /** Everything there is to say about a method, task or model; undefined where nothing has that name. */
  readonly describe: (name: string) => unknown;
}
