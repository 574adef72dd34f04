/** Entry of the server process: prepares the process, then loads the server and runs it. No logic of its own. */
import { prepareProcess } from './process-settings.js';

prepareProcess();
// Loaded only now, so that what is set above counts for all of it.
const { runServer } = await import('./run-server.js');
await runServer();
