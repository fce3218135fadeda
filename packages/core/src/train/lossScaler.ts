/**
 * Dynamic loss scaling (Micikevicius et al. 2018, section 3.2), as torch.amp.GradScaler with its defaults: gradients of
 * float16 that would vanish are kept by a factor on the loss. A step whose gradients overflow is skipped and the factor
 * halved; after 2000 steps without overflow it is doubled.
 */
export class LossScaler {
  private factor: number;
  private goodSteps = 0;

  constructor(
    initial = 65_536,
    private readonly growthInterval = 2000,
  ) {
    this.factor = initial;
  }

  /** Factor on the loss of the running step. */
  get scale(): number {
    return this.factor;
  }

  /** Ends a step. @param overflowed whether a gradient was infinite or no number, so that nothing was updated */
  update(overflowed: boolean): void {
    this.goodSteps = overflowed ? 0 : this.goodSteps + 1;
    if (overflowed) this.factor /= 2;
    else if (this.goodSteps === this.growthInterval) {
      this.factor *= 2;
      this.goodSteps = 0;
    }
  }
}
