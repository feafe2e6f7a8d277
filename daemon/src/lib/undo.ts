/** Undo steps of one use case: each acquisition pushes how to give it back. */
export class Undo {
  #steps: { what: string; run: () => void | Promise<void> }[] = [];

  push(what: string, run: () => void | Promise<void>): void {
    this.#steps.push({ what, run });
  }

  /** The use case succeeded: forget the steps. */
  commit(): void {
    this.#steps = [];
  }

  /** Runs the steps backwards and never stops at a failure; returns what failed. */
  async unwind(): Promise<Error[]> {
    const failed: Error[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step.run();
      } catch (error) {
        failed.push(new Error(`${step.what}: ${error instanceof Error ? error.message : String(error)}`));
      }
    }
    return failed;
  }
}
