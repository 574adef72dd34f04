/** The engine's only public door: what the rest of the server may import of it. */
export type * from './engine.js';
export { LocalEngine, type LocalEngineDeps } from './local-engine.js';
export { assertSafePath, comparePaths, parentPath, printPath } from './snapshot/paths.js';
export type * from './source.js';
export type * from './target.js';
export { serveEngine } from './worker/serve-engine.js';
export { WorkerEngine, type WorkerEngineDeps } from './worker/worker-engine.js';
