/** Entry of a media thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { goFirst } from './go-first.ts';
import { MediaThread } from './media-thread.ts';
import type { MediaCommand, MediaThreadOptions } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('thread-main.ts runs only as a worker thread');
goFirst();
const thread = new MediaThread(
  workerData as MediaThreadOptions,
  (report) => port.postMessage(report),
  () => port.close(),
);
port.on('message', (command: MediaCommand) => thread.handle(command));
