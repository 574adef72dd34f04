/** The part of cli-progress that the demo uses; the package brings no types of its own. */
declare module 'cli-progress' {
  interface Options {
    format: string;
    stream: NodeJS.WritableStream;
    barsize: number;
    fps: number;
    hideCursor: boolean;
    clearOnComplete: boolean;
    gracefulExit: boolean;
  }
  class SingleBar {
    constructor(options: Partial<Options>, preset: object);
    start(total: number, startValue: number, payload: Record<string, string>): void;
    update(current: number, payload: Record<string, string>): void;
    stop(): void;
  }
  const Presets: { shades_classic: object };
}
