import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sineTone, writeWav } from '../../../src/audio/index.ts';
import type { AgentInput, MediaInput, RawAgent as RawTarget } from '../../../src/call/index.ts';
import { MediaThread } from '../../../src/media/media-thread.ts';
import type { MediaReport } from '../../../src/media/protocol.ts';
import { identity } from '../../support/call.ts';
import { offerSdp } from '../../support/offer-sdp.ts';
import { openThings } from '../../support/open-things.ts';
import { RawAgent } from '../../support/raw-agent.ts';
import { rawTarget } from '../../support/raw-calls.ts';

const KEY = 'the call';
const NETWORK = { portRange: null, announcedIp: null, bindAddresses: ['127.0.0.1'], ipv6: false, iceServers: [] };

describe('a media thread', () => {
  let agent: RawAgent;
  let prompts: string;
  let thread: MediaThread;
  let inputs: (MediaInput | AgentInput)[];
  let told: () => void;
  beforeEach(async () => {
    agent = await RawAgent.start();
    prompts = await mkdtemp(join(tmpdir(), 'talkwire-prompts-'));
    inputs = [];
    told = () => {};
    thread = new MediaThread(
      { network: NETWORK, promptsFolder: prompts, allowLinkLocalAgents: false },
      (report: MediaReport) => {
        if (report.type === 'input') inputs.push(report.input);
        told();
      },
      () => {},
    );
  });
  afterEach(async () => {
    thread.handle({ type: 'shutdown' });
    await agent.stop();
    await rm(prompts, { recursive: true });
  });

  function open(): void {
    const timeouts = { firstMediaTimeoutMs: 60_000, mediaGapTimeoutMs: 60_000 };
    thread.handle({ type: 'open', key: KEY, offer: offerSdp(), identity: identity(), ...timeouts });
  }

  function close(): void {
    thread.handle({ type: 'close', key: KEY, reason: 'user_hangup' });
  }

  async function heard<T extends (MediaInput | AgentInput)['type']>(type: T) {
    for (;;) {
      const found = inputs.find((input) => input.type === type);
      if (found !== undefined) return found;
      await new Promise<void>((wake) => {
        told = wake;
      });
    }
  }

  function connect(target: RawTarget = rawTarget(agent.url)): void {
    const about = { key: KEY, identity: identity({ callId: 'wacid.named' }) };
    thread.handle({ type: 'agent.connect', ...about, seat: 0, agent: target, reconnectAttempts: 0 });
  }

  it('does not dial an agent that was let go before its codecs were there', async () => {
    let dials = 0;
    const target = rawTarget(agent.url);
    const watched: RawTarget = {
      ...target,
      get entry() {
        dials += 1;
        return target.entry;
      },
    };
    open();
    connect(watched);
    thread.handle({ type: 'agent.close', key: KEY, reason: 'agent_unavailable' });
    thread.handle({ type: 'play', key: KEY, prompt: 'not-there.wav' });
    expect(await heard('media.prompt_done')).toMatchObject({ played: false });
    expect(dials).toBe(0);
    close();
    await heard('media.closed');
  });

  it('plays a prompt whose codecs were asked for while those of an agent were still loading', async () => {
    await writeFile(join(prompts, 'sorry.wav'), writeWav(sineTone(16_000, 440, 60), 16_000));
    open();
    connect();
    thread.handle({ type: 'agent.close', key: KEY, reason: 'agent_unavailable' });
    thread.handle({ type: 'play', key: KEY, prompt: 'sorry.wav' });
    thread.handle({ type: 'ungate', key: KEY });
    expect(await heard('media.prompt_done')).toMatchObject({ prompt: 'sorry.wav', played: true });
    close();
    await heard('media.closed');
  });

  it('has no socket any more when it says so, even if the call ended while they were being opened', async () => {
    const before = openThings().udpSockets;
    open();
    close();
    await heard('media.closed');
    expect(openThings().udpSockets).toBe(before);
    expect(inputs.map(({ type }) => type)).toEqual(['media.closed']);
  });
});
