/** What the bench needs to know about names that other packages register. */

/** Why a name or spelling is not usable. */
export interface NameProblem {
  readonly message: string;
  readonly expected?: string;
  readonly nearest?: string;
}

/** One line of `leantune list`. */
export interface NamedEntry {
  readonly name: string;
  readonly summary: string;
}

export interface Registry {
  readonly models: () => readonly NamedEntry[];
  readonly tasks: () => readonly NamedEntry[];
  readonly methods: () => readonly NamedEntry[];
  /** undefined where the spelling (composition and options included) is sound. */
  readonly checkMethod: (spelling: string) => NameProblem | undefined;
}
