/** The engine's only public door: what the rest of the server may import of it. */
export type * from './engine.js';
export type * from './journal.js';
export { LocalEngine, type LocalEngineDeps } from './local-engine.js';
export type { ScratchPlace } from './operations/test-restore.js';
export {
  assertSafePath,
  comparePaths,
  isPathWithin,
  MAX_PATH_BYTES,
  parentPath,
  parsePath,
  printPath,
} from './snapshot/paths.js';
export type * from './source.js';
export type * from './target.js';
export type { FromEngine } from './worker/protocol.js';
export { currentCall, serveEngine } from './worker/serve-engine.js';
export { WorkerEngine, type WorkerEngineDeps } from './worker/worker-engine.js';
