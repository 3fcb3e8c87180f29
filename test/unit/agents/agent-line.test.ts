import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  AgentLine,
  type AgentLineOptions,
  type AgentWire,
  type CallContext,
  type PlayedItem,
  type WireListener,
} from '../../../src/agents/index.ts';
import { sineTone } from '../../../src/audio/index.ts';
import type { AgentFailure, AgentInstruction } from '../../../src/call/index.ts';
import { RecordingAgentListener } from '../../support/agent-listener.ts';
import { agentTarget } from '../../support/call.ts';
import { callContext } from '../../support/call-context.ts';
import { wireServices } from '../../support/wire-listener.ts';

/** A wire that does nothing but what the test makes it say, and writes down what it is told. */
class ScriptedWire implements AgentWire {
  readonly context: CallContext;
  readonly says: WireListener;
  readonly told: unknown[][] = [];
  callerAudioDroppedMs = 0;

  constructor(context: CallContext, listener: WireListener) {
    this.context = context;
    this.says = listener;
  }

  get toldTypes(): unknown[] {
    return this.told.map(([type]) => type);
  }

  lose(code: AgentFailure = 'socket_lost', retryable = true): void {
    this.says.onLost({ code, retryable, detail: 'gone' });
  }

  connect(): void {
    this.told.push(['connect']);
  }
  start(): void {
    this.told.push(['start']);
  }
  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    this.told.push(['callerAudio', pcm[0], mediaTimeMs]);
  }
  callerDtmf(digit: string, durationMs: number): void {
    this.told.push(['callerDtmf', digit, durationMs]);
  }
  marked(name: string, cleared: boolean): void {
    this.told.push(['marked', name, cleared]);
  }
  cleared(items: readonly PlayedItem[], discardedMs: number): void {
    this.told.push(['cleared', items, discardedMs]);
  }
  instruct(instruction: AgentInstruction): void {
    this.told.push(['instruct', instruction]);
  }
  async callEnded(reason: string): Promise<void> {
    this.told.push(['callEnded', reason]);
  }
  abort(): void {
    this.told.push(['abort']);
  }
}

let wires: ScriptedWire[];
let listener: RecordingAgentListener;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  wires = [];
  listener = new RecordingAgentListener();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Differences extends Partial<AgentLineOptions> {
  readonly speakWithinMs?: number;
}

function lineOf({ speakWithinMs, ...differences }: Differences = {}): AgentLine {
  return new AgentLine({
    target: agentTarget({ connectTimeoutMs: 3_000, speakWithinMs: speakWithinMs ?? null }),
    reconnectAttempts: 0,
    context: (attempt) => callContext({ attempt }),
    listener,
    services: wireServices(),
    createWire: (_target, context, fromWire) => {
      const wire = new ScriptedWire(context, fromWire);
      wires.push(wire);
      return wire;
    },
    ...differences,
  });
}

/** A line whose first connection is ready and has the person on it. */
function liveLine(differences: Differences = {}): AgentLine {
  const line = lineOf(differences);
  line.connect();
  wire(0).says.onReady();
  line.start();
  return line;
}

function wire(n: number): ScriptedWire {
  const found = wires[n];
  if (found === undefined) throw new Error(`there is no wire ${n}`);
  return found;
}

const frame = (value = 1) => new Int16Array(320).fill(value);
const tone = () => sineTone(16_000, 440, 20, -20);

describe('dialling an agent', () => {
  it('dials once, and says how long it took', () => {
    const line = lineOf();
    line.connect();
    line.connect();
    expect(wires).toHaveLength(1);
    expect(wire(0).told).toEqual([['connect']]);
    expect(wire(0).context.attempt).toBe(0);
    vi.advanceTimersByTime(120);
    wire(0).says.onReady();
    expect(listener.events).toEqual([{ type: 'ready', connectMs: 120 }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is over when the agent is not ready in time', () => {
    lineOf({ reconnectAttempts: 3 }).connect();
    vi.advanceTimersByTime(2_999);
    expect(listener.events).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(listener.events).toEqual([
      { type: 'failed', code: 'connect_timeout', detail: 'the agent was not ready in time' },
    ]);
    expect(wire(0).told).toEqual([['connect'], ['abort']]);
    wire(0).says.onReady();
    expect(listener.types).toEqual(['failed']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not tried again when the first connection fails', () => {
    lineOf({ reconnectAttempts: 3 }).connect();
    wire(0).lose('connect_refused');
    expect(listener.events).toEqual([{ type: 'failed', code: 'connect_refused', detail: 'gone' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with an agent that hangs up before it was ready: it declined', () => {
    lineOf({ reconnectAttempts: 3 }).connect();
    wire(0).says.onHangup(true, 'busy');
    expect(listener.events).toEqual([{ type: 'failed', code: 'agent_error', detail: 'the agent declined the call' }]);
    expect(wire(0).told).toEqual([['connect'], ['callEnded', 'agent_hangup']]);
  });

  it('lets no sound, keys or marks of an agent through before it is ready, and leaves no answer out', async () => {
    lineOf().connect();
    const { says } = wire(0);
    says.onAudio(frame(), null);
    says.onDtmf('1');
    says.onClear();
    says.onMark('early');
    expect(await says.onFile(new Uint8Array(1))).toBe(0);
    says.onMessage('hello');
    expect(listener.types).toEqual(['message']);
    expect(wire(0).told.slice(1)).toEqual([
      ['cleared', [], 0],
      ['marked', 'early', false],
    ]);
  });
});

describe('the person on the line', () => {
  it.each([
    ['before', ['start', 'ready']],
    ['after', ['ready', 'start']],
  ])('is told to the agent once, %s it is ready', (_when, order) => {
    const line = lineOf();
    line.connect();
    for (const step of order) {
      if (step === 'start') line.start();
      else wire(0).says.onReady();
    }
    line.start();
    expect(wire(0).toldTypes).toEqual(['connect', 'start']);
  });

  it('comes after the listener knows that the agent is ready', () => {
    const line = lineOf();
    listener.react = () => expect(wire(0).toldTypes).toEqual(['connect']);
    line.connect();
    line.start();
    wire(0).says.onReady();
    expect(listener.types).toEqual(['ready']);
    expect(wire(0).toldTypes).toEqual(['connect', 'start']);
  });

  it('is heard from then on, and what is said before counts as lost', () => {
    const line = lineOf();
    line.connect();
    line.callerAudio(frame(), 0);
    line.start();
    line.callerAudio(frame(), 20);
    wire(0).says.onReady();
    line.callerAudio(frame(7), 40);
    line.callerAudio(frame(8), 60);
    expect(line.callerAudioDroppedMs).toBe(40);
    // Each connection counts its media time from its own start.
    expect(wire(0).told.slice(2)).toEqual([
      ['callerAudio', 7, 0],
      ['callerAudio', 8, 20],
    ]);
  });

  it('presses keys that reach an agent that is ready', () => {
    const line = lineOf();
    line.connect();
    line.callerDtmf('1', 100);
    wire(0).says.onReady();
    line.callerDtmf('2', 100);
    expect(wire(0).told.slice(1)).toEqual([['callerDtmf', '2', 100]]);
  });
});

describe('a connection that is lost in the call', () => {
  it('is replaced by a new wire after 250 ms, which is put on the line again', () => {
    const line = liveLine({ reconnectAttempts: 2 });
    wire(0).callerAudioDroppedMs = 60;
    wire(0).lose();
    expect(listener.events.at(-1)).toEqual({ type: 'reconnecting', attempt: 1, code: 'socket_lost' });
    line.callerAudio(frame(), 0);
    vi.advanceTimersByTime(249);
    expect(wires).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(wire(1).context.attempt).toBe(1);
    line.callerAudio(frame(), 20);
    wire(1).says.onReady();
    line.callerAudio(frame(9), 40);
    expect(wire(1).told).toEqual([['connect'], ['start'], ['callerAudio', 9, 0]]);
    expect(listener.types).toEqual(['ready', 'reconnecting', 'ready']);
    expect(line.callerAudioDroppedMs).toBe(100);
  });

  it('lets go of the wire that is lost', () => {
    liveLine({ reconnectAttempts: 1 });
    wire(0).lose();
    expect(wire(0).told.at(-1)).toEqual(['callEnded', 'agent_lost']);
  });

  it('does not put an agent on the line that the person is not on', () => {
    const line = lineOf({ reconnectAttempts: 1 });
    line.connect();
    wire(0).says.onReady();
    wire(0).lose();
    vi.advanceTimersByTime(250);
    wire(1).says.onReady();
    expect(wire(1).toldTypes).toEqual(['connect']);
  });

  it('is dialled as often as the call allows, over all losses, then the agent is lost', () => {
    liveLine({ reconnectAttempts: 2 });
    wire(0).lose();
    vi.advanceTimersByTime(250);
    wire(1).says.onReady();
    wire(1).lose('stalled');
    expect(listener.events.at(-1)).toEqual({ type: 'reconnecting', attempt: 2, code: 'stalled' });
    vi.advanceTimersByTime(500);
    wire(2).lose('connect_refused');
    expect(listener.events.at(-1)).toEqual({ type: 'failed', code: 'socket_lost', detail: 'gone' });
    expect(listener.types).toEqual(['ready', 'reconnecting', 'ready', 'reconnecting', 'failed']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has the connect deadline at every attempt', () => {
    liveLine({ reconnectAttempts: 2 });
    wire(0).lose();
    vi.advanceTimersByTime(250 + 3_000);
    expect(wire(1).told.at(-1)).toEqual(['abort']);
    expect(listener.events.at(-1)).toEqual({ type: 'reconnecting', attempt: 2, code: 'connect_timeout' });
    vi.advanceTimersByTime(500 + 3_000);
    expect(listener.events.at(-1)).toMatchObject({ type: 'failed', code: 'socket_lost' });
    expect(wires).toHaveLength(3);
  });

  it.each(['unauthorized', 'stalled', 'protocol_error'] as const)('is not dialled again after %s for good', (code) => {
    liveLine({ reconnectAttempts: 5 });
    wire(0).lose(code, false);
    expect(listener.events.at(-1)).toEqual({ type: 'failed', code, detail: 'gone' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not dialled again by an agent that declines then', () => {
    liveLine({ reconnectAttempts: 5 });
    wire(0).lose();
    vi.advanceTimersByTime(250);
    wire(1).says.onHangup(false, null);
    expect(listener.events.at(-1)).toMatchObject({ type: 'failed', code: 'agent_error' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is heard no more', async () => {
    liveLine({ reconnectAttempts: 1 });
    wire(0).lose();
    vi.advanceTimersByTime(250);
    wire(1).says.onReady();
    const before = listener.types;
    const { says } = wire(0);
    says.onAudio(frame(), null);
    says.onClear();
    says.onMark('late');
    says.onDtmf('1');
    says.onMessage(1);
    says.onTranscript({ party: 'user', text: 'x', final: true });
    says.onHangup(true, null);
    says.onLost({ code: 'socket_lost', retryable: true, detail: '' });
    says.onReady();
    await says.onFile(new Uint8Array(1));
    expect(listener.types).toEqual(before);
    expect(wire(0).told.at(-1)).toEqual(['callEnded', 'agent_lost']);
  });
});

describe('marks and items', () => {
  it('go back to the agent by its own names', () => {
    const line = liveLine();
    wire(0).says.onMark('m 1');
    wire(0).says.onAudio(frame(), 'item');
    const [mark] = listener.events.flatMap((event) => (event.type === 'mark' ? [event.name] : []));
    const [itemId] = listener.events.flatMap((event) => (event.type === 'audio' ? [event.itemId ?? ''] : []));
    line.marked(mark ?? '', true);
    line.cleared([{ itemId: itemId ?? '', playedMs: 40 }], 60);
    expect(wire(0).told.slice(2)).toEqual([
      ['marked', 'm 1', true],
      ['cleared', [{ itemId: 'item', playedMs: 40 }], 60],
    ]);
  });

  it('of a lost connection are not told to the next one, though it uses the same names', () => {
    const line = liveLine({ reconnectAttempts: 1 });
    wire(0).says.onMark('m');
    wire(0).says.onAudio(frame(), 'item');
    wire(0).lose();
    vi.advanceTimersByTime(250);
    wire(1).says.onReady();
    wire(1).says.onMark('m');
    wire(1).says.onAudio(frame(), 'item');
    const marks = listener.events.flatMap((event) => (event.type === 'mark' ? [event.name] : []));
    const items = listener.events.flatMap((event) => (event.type === 'audio' ? [event.itemId ?? ''] : []));
    expect(new Set(marks).size).toBe(2);
    for (const mark of marks) line.marked(mark, false);
    line.cleared(
      items.map((itemId, n) => ({ itemId, playedMs: n })),
      500,
    );
    expect(wire(1).told.slice(2)).toEqual([
      ['marked', 'm', false],
      ['cleared', [{ itemId: 'item', playedMs: 1 }], 500],
    ]);
    expect(wire(0).toldTypes).not.toContain('marked');
  });
});

describe('an agent that hangs up', () => {
  it('is heard no more but for marks, transcripts and messages, and hears no more', () => {
    const line = liveLine({ reconnectAttempts: 3 });
    const { says } = wire(0);
    says.onHangup(true, 'done');
    says.onHangup(false, 'again');
    says.onAudio(frame(), null);
    says.onDtmf('1');
    says.onMark('end');
    says.onMessage(1);
    says.onTranscript({ party: 'agent', text: 'bye', final: true });
    says.onClear();
    line.callerAudio(frame(), 0);
    expect(listener.types).toEqual(['ready', 'hangup', 'mark', 'message', 'transcript']);
    expect(wire(0).toldTypes).toEqual(['connect', 'start', 'cleared']);
    expect(line.callerAudioDroppedMs).toBe(0);
  });

  it('is not lost by closing afterwards', () => {
    liveLine({ reconnectAttempts: 3 });
    wire(0).says.onHangup(true, null);
    wire(0).lose();
    expect(listener.types).toEqual(['ready', 'hangup']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an agent that must speak', () => {
  it('is lost when it says nothing in its time', () => {
    liveLine({ speakWithinMs: 2_000, reconnectAttempts: 3 });
    vi.advanceTimersByTime(1_999);
    wire(0).says.onAudio(frame(0), null);
    expect(listener.types).toEqual(['ready', 'audio']);
    vi.advanceTimersByTime(1);
    expect(listener.events.at(-1)).toMatchObject({ type: 'failed', code: 'silent' });
    expect(wire(0).told.at(-1)).toEqual(['callEnded', 'agent_lost']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has its time from when it is ready and the person is there, whichever comes last', () => {
    const line = lineOf({ speakWithinMs: 2_000 });
    line.connect();
    line.start();
    vi.advanceTimersByTime(2_500);
    wire(0).says.onReady();
    vi.advanceTimersByTime(1_999);
    expect(listener.types).toEqual(['ready']);
    vi.advanceTimersByTime(1);
    expect(listener.types).toEqual(['ready', 'failed']);
  });

  it.each([
    ['sound', () => wire(0).says.onAudio(tone(), null)],
    ['a file', () => wire(0).says.onFile(new Uint8Array(1))],
    ['a hang-up', () => wire(0).says.onHangup(true, null)],
  ])('has done so by %s', async (_what, speak) => {
    liveLine({ speakWithinMs: 2_000 });
    await speak();
    vi.advanceTimersByTime(10_000);
    expect(listener.types).not.toContain('failed');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('need not do so again after a reconnect', () => {
    liveLine({ speakWithinMs: 2_000, reconnectAttempts: 1 });
    wire(0).says.onAudio(tone(), null);
    wire(0).lose();
    vi.advanceTimersByTime(250);
    wire(1).says.onReady();
    vi.advanceTimersByTime(10_000);
    expect(listener.types).toEqual(['ready', 'audio', 'reconnecting', 'ready']);
  });

  it('has its time anew on a connection after one that was lost before it spoke', () => {
    liveLine({ speakWithinMs: 2_000, reconnectAttempts: 1 });
    vi.advanceTimersByTime(1_500);
    wire(0).lose();
    vi.advanceTimersByTime(1_000);
    wire(1).says.onReady();
    vi.advanceTimersByTime(1_999);
    expect(listener.types).toEqual(['ready', 'reconnecting', 'ready']);
    vi.advanceTimersByTime(1);
    expect(listener.types.at(-1)).toBe('failed');
  });
});

describe('a file', () => {
  it('is played by the listener, and its error reaches the wire', async () => {
    liveLine();
    listener.fileMs = 1_234;
    expect(await wire(0).says.onFile(new Uint8Array([1, 2]))).toBe(1_234);
    expect(listener.types).toEqual(['ready', 'file']);
    listener.onFile = () => Promise.reject(new Error('the sound file is broken'));
    await expect(wire(0).says.onFile(new Uint8Array(1))).rejects.toThrow('the sound file is broken');
  });
});

describe('a word from outside', () => {
  it('goes to the connection of the moment', () => {
    const line = liveLine({ reconnectAttempts: 1 });
    line.instruct({ type: 'message', data: 1 });
    wire(0).lose();
    line.instruct({ type: 'message', data: 2 });
    vi.advanceTimersByTime(250);
    line.instruct({ type: 'message', data: 3 });
    expect(wire(0).told).toContainEqual(['instruct', { type: 'message', data: 1 }]);
    expect(wire(1).told).toEqual([['connect'], ['instruct', { type: 'message', data: 3 }]]);
  });
});

describe('the end of a line', () => {
  const ENDS = ['callEnded', 'abort'] as const;

  it.each(ENDS)('by %s is told to the wire once, and nothing is emitted after it', async (end) => {
    const line = liveLine({ reconnectAttempts: 3, speakWithinMs: 1_000 });
    await line[end]('user_hangup');
    await line.callEnded('service_drained');
    wire(0).says.onAudio(frame(), null);
    wire(0).says.onMessage(1);
    wire(0).says.onHangup(true, null);
    wire(0).lose();
    expect(listener.types).toEqual(['ready']);
    expect(wire(0).told.slice(2)).toEqual([end === 'abort' ? ['abort'] : ['callEnded', 'user_hangup']]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(ENDS)('by %s comes while it waits to dial again', async (end) => {
    const line = liveLine({ reconnectAttempts: 3 });
    wire(0).lose();
    await line[end]('user_hangup');
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(wires).toHaveLength(1);
    expect(listener.types).toEqual(['ready', 'reconnecting']);
  });

  it.each(ENDS)('by %s comes in the middle of dialling', async (end) => {
    const line = lineOf();
    line.connect();
    await line[end]('user_hangup');
    wire(0).says.onReady();
    expect(vi.getTimerCount()).toBe(0);
    expect(listener.events).toEqual([]);
  });

  it.each(ENDS)('by %s comes before anything was dialled, and nothing is', async (end) => {
    const line = lineOf();
    await line[end]('user_hangup');
    line.connect();
    line.start();
    expect(wires).toEqual([]);
  });

  it.each(['ready', 'reconnecting', 'failed', 'hangup'])('may be decided while it says %s', (type) => {
    const line = lineOf({ reconnectAttempts: type === 'failed' ? 0 : 1 });
    listener.react = (event) => {
      if (event.type === type) line.abort();
    };
    line.connect();
    line.start();
    wire(0).says.onReady();
    if (type === 'hangup') wire(0).says.onHangup(true, null);
    wire(0).lose();
    vi.advanceTimersByTime(10_000);
    expect(listener.types.at(-1)).toBe(type);
    expect(wires).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits until the wires of all its connections are gone', async () => {
    const line = liveLine({ reconnectAttempts: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    wire(0).callEnded = () => promise;
    wire(0).lose();
    let gone = false;
    const ended = line.callEnded('user_hangup').then(() => {
      gone = true;
    });
    await Promise.resolve();
    expect(gone).toBe(false);
    resolve();
    await ended;
    expect(gone).toBe(true);
  });

  it('keeps its count of what the agent did not hear', async () => {
    const line = liveLine();
    wire(0).callerAudioDroppedMs = 80;
    await line.callEnded('user_hangup');
    line.callerAudio(frame(), 0);
    expect(line.callerAudioDroppedMs).toBe(80);
  });
});
