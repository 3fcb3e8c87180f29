/** A receiver of events in a process of its own, so that its CPU is not the sender's. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end('ok'));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
