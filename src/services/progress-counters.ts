import type { Component } from '../shared/component.js';

/** What the engine tells of its progress, of a backup or a restore. */
export interface ProgressUpdate<Phase extends string> {
  phase: Phase;
  component: Component | null;
  processedBytes: number;
  totalBytes: number;
  /** 0 for a restore. */
  storedBytes: number;
  processedFiles: number;
  totalFiles: number;
}

/** The figures that every progress event carries. */
export interface ProgressFigures {
  percent: number;
  processedBytes: number;
  totalBytes: number;
  storedBytes: number;
  processedFiles: number;
  totalFiles: number;
}

/** How much of the way is behind once every byte is processed; the rest is for making it last. */
const PERCENT_WHEN_ALL_READ = 99;

/**
 * Counters that never go down, whatever is reported: a phase that starts counting anew counts on from the one
 * before, a total that turns out too small grows. `percent` stays below 100 until all is done.
 */
export class ProgressCounters {
  #figures: ProgressFigures;
  #phase: string | null = null;
  #base = { bytes: 0, files: 0 };
  #last = { bytes: 0, files: 0 };

  /** @param reached what an earlier run had come to, which clients have seen */
  constructor(reached: ProgressFigures | null) {
    const none = {
      percent: 0,
      processedBytes: 0,
      totalBytes: 0,
      storedBytes: 0,
      processedFiles: 0,
      totalFiles: 0,
    };
    this.#figures = reached ?? none;
  }

  /** The figures now. */
  get figures(): Readonly<ProgressFigures> {
    return this.#figures;
  }

  /** Takes in one report. */
  add(update: ProgressUpdate<string>): void {
    const reported = { bytes: update.processedBytes, files: update.processedFiles };
    if (update.phase !== this.#phase) {
      if (reported.bytes < this.#last.bytes) this.#base.bytes += this.#last.bytes;
      if (reported.files < this.#last.files) this.#base.files += this.#last.files;
      this.#phase = update.phase;
    }
    this.#last = reported;
    const before = this.#figures;
    const processedBytes = Math.max(before.processedBytes, this.#base.bytes + reported.bytes);
    const processedFiles = Math.max(before.processedFiles, this.#base.files + reported.files);
    const totalBytes = Math.max(before.totalBytes, update.totalBytes, processedBytes);
    const totalFiles = Math.max(before.totalFiles, update.totalFiles, processedFiles);
    const storedBytes = Math.max(before.storedBytes, update.storedBytes);
    const share = totalBytes === 0 ? 0 : processedBytes / totalBytes;
    const percent = Math.max(before.percent, roundDown(share * PERCENT_WHEN_ALL_READ));
    this.#figures = { percent, processedBytes, totalBytes, storedBytes, processedFiles, totalFiles };
  }

  /** The figures when everything is done: what was processed is the whole, totals that were guessed are corrected. */
  completed(final: Partial<ProgressFigures>): ProgressFigures {
    const { processedBytes, processedFiles, storedBytes } = this.#figures;
    const allBytes = Math.max(processedBytes, final.processedBytes ?? 0);
    const allFiles = Math.max(processedFiles, final.processedFiles ?? 0);
    return {
      percent: 100,
      processedBytes: allBytes,
      totalBytes: allBytes,
      storedBytes: Math.max(storedBytes, final.storedBytes ?? 0),
      processedFiles: allFiles,
      totalFiles: allFiles,
    };
  }
}

/** Two places after the point are enough for a bar. */
function roundDown(percent: number): number {
  return Math.floor(percent * 100) / 100;
}
