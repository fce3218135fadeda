/** Stops a storm of equal instant failures (a full disk, a missing library) before it eats the whole sweep. */
export const breakerLimit = 3;
export const breakerSeconds = 10;

export class Breaker {
  #last: string | undefined;
  #count = 0;

  /** True when the failures seen so far call for stopping. */
  add(
    end: { readonly status: string; readonly failure?: { readonly code: string; readonly message: string } },
    seconds: number,
  ): boolean {
    if (end.status === 'ok' || end.failure === undefined || seconds >= breakerSeconds) {
      this.#last = undefined;
      this.#count = 0;
      return false;
    }
    const kind = `${end.status} ${end.failure.code} ${end.failure.message}`;
    this.#count = kind === this.#last ? this.#count + 1 : 1;
    this.#last = kind;
    return this.#count >= breakerLimit;
  }
}
