import type { JournalEntry, RestoreJournal } from '../../src/engine/index.js';

/** A journal in memory. */
export class MemoryJournal implements RestoreJournal {
  readonly entries = new Map<string, JournalEntry>();
  /** Called before each step with its name, or the state to be written; may throw to make it fail. */
  onStep: (step: string) => void = () => {};

  async write(entry: JournalEntry): Promise<void> {
    this.onStep(entry.state);
    this.entries.set(entry.restoreId, structuredClone(entry));
  }

  async remove(restoreId: string): Promise<void> {
    this.onStep('remove');
    this.entries.delete(restoreId);
  }

  async list(): Promise<JournalEntry[]> {
    return [...this.entries.values()];
  }
}
