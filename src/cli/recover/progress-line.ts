import { Presets, SingleBar } from 'cli-progress';
import { formatBytes } from '../demo/figures.js';

/** Where an operation stands. */
export interface Progress {
  phase: string;
  component: string | null;
  processedBytes: number;
  totalBytes: number;
}

/**
 * Shows the progress of `work` on standard error as a bar; where that is no terminal, shows nothing.
 * @param label what is worked on
 */
export async function showProgress<T>(
  label: string,
  work: (onProgress: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return work(() => {});
  const bar = new SingleBar(
    {
      format: '{label} [{bar}] {percentage}%  {bytes}  {step}',
      stream: process.stderr,
      barsize: 30,
      fps: 10,
      hideCursor: true,
      gracefulExit: false,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  bar.start(100, 0, { label, bytes: '', step: '' });
  try {
    return await work(({ phase, component, processedBytes, totalBytes }) => {
      const percent = totalBytes === 0 ? 0 : Math.floor((processedBytes / totalBytes) * 100);
      bar.update(Math.min(100, percent), {
        bytes: `${formatBytes(processedBytes)} of ${formatBytes(totalBytes)}`,
        step: `${phase.toLowerCase()}${component ? ` ${component.toLowerCase()}` : ''}`,
      });
    });
  } finally {
    bar.stop();
  }
}
