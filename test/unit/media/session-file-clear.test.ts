import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentWire, WireListener } from '../../../src/agents/index.ts';
import { createAgentWire } from '../../../src/agents/index.ts';
import { sineTone, writeWav } from '../../../src/audio/index.ts';
import { agentTarget } from '../../support/call.ts';
import { TurnedSession } from '../../support/turned-session.ts';

vi.mock('../../../src/agents/create-wire.ts', { spy: true });

const FILE = writeWav(sineTone(44_100, 1_000, 2_000, -12), 44_100);

/** An agent that is ready at once and says what the test makes it say. */
function readyAgent(): { wire: () => WireListener } {
  let says: WireListener | null = null;
  vi.mocked(createAgentWire).mockImplementationOnce((_target, _context, listener): AgentWire => {
    says = listener;
    return {
      connect: () => listener.onReady(),
      start: () => {},
      callerAudio: () => {},
      callerDtmf: () => {},
      marked: () => {},
      cleared: () => {},
      instruct: () => {},
      callEnded: async () => {},
      abort: () => {},
      callerAudioDroppedMs: 0,
    };
  });
  return { wire: () => says! };
}

describe('A sound file that is still being read', () => {
  let call: TurnedSession;
  beforeEach(async () => {
    call = await TurnedSession.open();
  });
  afterEach(() => call.close());

  async function live(): Promise<WireListener> {
    const { wire } = readyAgent();
    await call.session.connectAgent(0, agentTarget(), 0);
    await call.ring();
    call.answer();
    return wire();
  }

  it('is played once it is read', async () => {
    const says = await live();
    expect(await says.onFile(FILE)).toBe(2_000);
    call.clock.turn(110);
    expect((await call.heardDb(110)).filter((db) => db > -30).length).toBeGreaterThan(95);
  });

  it('is not played after a clear', async () => {
    const says = await live();
    const queued = says.onFile(FILE);
    says.onClear();
    expect(await queued).toBe(2_000);
    call.clock.turn(20);
    expect(Math.max(...(await call.heardDb(20)))).toBeLessThan(-60);
  });

  it('is not played when its agent was let go', async () => {
    const says = await live();
    const queued = says.onFile(FILE);
    void call.session.closeAgent('agent_unavailable');
    await queued;
    call.clock.turn(20);
    expect(Math.max(...(await call.heardDb(20)))).toBeLessThan(-60);
  });
});
