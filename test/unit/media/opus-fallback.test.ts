import { describe, expect, it, vi } from 'vitest';
import { MediaThread } from '../../../src/media/media-thread.ts';
import type { MediaReport } from '../../../src/media/protocol.ts';
import * as webrtc from '../../../src/webrtc/index.ts';

vi.mock('../../../src/webrtc/index.ts', { spy: true });

const NETWORK = { portRange: null, announcedIp: null, bindAddresses: [], ipv6: false, iceServers: [] };

function logsOfNewThread(backend: 'native' | 'wasm'): MediaReport[] {
  vi.mocked(webrtc.opusBackend).mockReturnValueOnce(backend);
  const reports: MediaReport[] = [];
  const thread = new MediaThread(
    { network: NETWORK, promptsFolder: '.', allowLinkLocalAgents: false },
    (report) => reports.push(report),
    () => {},
  );
  thread.handle({ type: 'shutdown' });
  return reports.filter((report) => report.type === 'log');
}

describe('A media thread whose native Opus encoder does not load', () => {
  it('says in the log what takes its place', () => {
    expect(logsOfNewThread('wasm')).toMatchObject([{ level: 'warn', message: expect.stringContaining('WebAssembly') }]);
  });

  it('says nothing where it loads', () => {
    expect(logsOfNewThread('native')).toEqual([]);
  });
});
