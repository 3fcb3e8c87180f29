import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll } from 'vitest';
import { MediaThreads } from '../../support/media-threads.ts';

/** Somebody else's UDP port; asked for an address, it says nothing. */
const foreign = createSocket('udp4');
/** Of the bridges. */
export const threads = new MediaThreads();

/** For the tests of a describe. */
export function haveNeighbours(): void {
  beforeAll(async () => {
    foreign.bind(0, '127.0.0.1');
    await once(foreign, 'listening');
  });
  afterAll(() => {
    foreign.close();
    threads.close();
  });
}

/** The environment of a bridge that has no UDP port left. */
export function noPortLeft() {
  const { port } = foreign.address();
  return { TALKWIRE_UDP_PORTS: `${port}-${port}` };
}

/** The environment of a bridge that waits long for its own address. */
export function askingForAnAddress() {
  return { TALKWIRE_ICE_SERVERS: `stun:127.0.0.1:${foreign.address().port}` };
}
