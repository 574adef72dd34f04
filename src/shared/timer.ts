/** Runs `task` every `everyMs` milliseconds until the function that it gives is called. */
export type StartTimer = (everyMs: number, task: () => void) => () => void;

/** The machine's timers. They keep no process alive. */
export const startSystemTimer: StartTimer = (everyMs, task) => {
  const timer = setInterval(task, everyMs).unref();
  return () => clearInterval(timer);
};
