import { setTimeout as delay } from 'node:timers/promises';
import type { CheckCall } from './check-call.ts';

/**
 * - `pass`, `fail`
 * - `skip`: nothing was seen that the behaviour could be judged by
 */
export interface Verdict {
  readonly result: 'pass' | 'fail' | 'skip';
  /** What was seen, for a person. */
  readonly detail: string;
}

export interface Behaviour {
  readonly name: string;
  /** The behaviour without which this one cannot be seen; null for none. */
  readonly needs: string | null;
  readonly check: (kit: Kit) => Promise<Verdict>;
}

/** What behaviours are checked with. */
export interface Kit {
  readonly wire: 'raw' | 'twilio' | 'pipecat';
  /** Keys that make the agent hang up; null if it knows none. */
  readonly bye: string | null;
  /** What was learned of the agent so far. */
  readonly seen: { greets: boolean };
  /** A call whose agent is dialled; `attempt` above 0 is a reconnect. */
  dial(options?: { readonly attempt?: number; readonly sampleRate?: 8_000 | 16_000 | 24_000 | 48_000 }): CheckCall;
  /** A short spoken sentence at the call's rate. */
  sentence(call: CheckCall): Int16Array;
}

const TAKES_CALL = 'takes the call';
const IS_HEARD = 'is heard';

const READY_MS = 10_000;
const GREETING_MS = 3_000;
const ANSWER_MS = 10_000;
const HEARD_MS = 200;
/** A bridge waits so long before it dials an agent again that it has lost (src/agents/line/reconnect-delay.ts). */
const RECONNECT_AFTER_MS = 250;

/**
 * From a clear on, the caller says nothing. Within this nobody has thought of an answer yet, so what comes is what was said
 * before; an agent that repeats what it hears may still have a little on the way. Milliseconds.
 */
const AFTER_CLEAR_MS = 400;
const ON_THE_WAY_MS = 160;

export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: TAKES_CALL,
    needs: null,
    async check(kit) {
      const at = performance.now();
      const call = await ready(kit);
      return pass(`ready after ${since(at, call.readyAt)}`);
    },
  },
  {
    name: IS_HEARD,
    needs: TAKES_CALL,
    async check(kit) {
      const call = await answered(kit);
      const at = performance.now();
      if (await call.until(() => call.audibleMs >= HEARD_MS, GREETING_MS)) return pass(`greets, after ${since(at)}`);
      kit.seen.greets = false;
      const spokenTo = performance.now();
      if (await heardAtAll(kit, call)) {
        return pass(`answers, ${since(spokenTo)} after the caller began to speak; it does not greet`);
      }
      return fail(`no sound came, though it was spoken to (${state(call)})`);
    },
  },
  {
    name: 'sounds without gaps',
    needs: IS_HEARD,
    async check(kit) {
      const call = await speaking(kit);
      await call.wait(4_000);
      const { underruns } = call;
      const detail = `${call.audibleMs} ms heard, ran dry ${times(underruns)}, ${Math.round(call.queuedMs)} ms still queued`;
      // One pause of less than 500 ms looks like it, and so does a machine that is busy for a moment.
      return underruns <= 2 ? pass(detail) : fail(`${detail}: it must send at least as fast as it is heard`);
    },
  },
  {
    name: 'is interrupted by the caller',
    needs: IS_HEARD,
    async check(kit) {
      const call = await speaking(kit);
      if (call.speaks) {
        await call.until(() => !call.speaks, ANSWER_MS);
        await call.wait(300);
      }
      if (!call.soundsFor(200)) return skip('it does not speak long enough by itself to be interrupted');
      const at = performance.now();
      call.say(kit.sentence(call));
      const clearAt = () => call.clears.find((time) => time >= at) ?? null;
      const silent = () => performance.now() - at > 400 && !call.soundsFor(400);
      await call.until(() => clearAt() !== null || silent(), 5_000);
      const clear = clearAt();
      if (call.loss !== null) return fail(`gone when it was spoken to (${state(call)})`);
      if (clear === null) return call.over || silent() ? skip(MAYBE_DONE) : fail(NOT_STOPPED);
      call.hush();
      await call.wait(AFTER_CLEAR_MS);
      const staleMs = call.audibleArrivals(clear, clear + AFTER_CLEAR_MS);
      const detail = `clear ${since(at, clear)} after the caller began to speak`;
      if (staleMs <= ON_THE_WAY_MS) return pass(detail);
      return fail(`${detail}, but ${Math.round(staleMs)} ms of sound came after it`);
    },
  },
  {
    name: 'lives with keys',
    needs: TAKES_CALL,
    async check(kit) {
      const call = await answered(kit);
      const keys = [...'123'].filter((key) => kit.bye === null || !kit.bye.includes(key)).join('');
      await call.press(keys);
      await call.wait(1_000);
      return call.over
        ? fail(`gone after the keys ${keys} (${state(call)})`)
        : pass(`still there after the keys ${keys}`);
    },
  },
  {
    name: 'lives with messages it does not know',
    needs: TAKES_CALL,
    async check(kit) {
      if (kit.wire === 'twilio') return skip('Media Streams has no message to an agent that it could not know');
      const call = await answered(kit);
      call.surprise();
      await call.wait(1_000);
      return call.over ? fail(`gone after one (${state(call)})`) : pass('still there after one');
    },
  },
  {
    name: 'takes every rate',
    needs: TAKES_CALL,
    async check(kit) {
      if (kit.wire !== 'raw') return skip('the rate of this wire is fixed by the agent');
      for (const sampleRate of [8_000, 16_000, 24_000, 48_000] as const) {
        const call = kit.dial({ sampleRate });
        if (!(await call.until(() => call.readyAt !== null, READY_MS))) {
          return fail(`not ready at ${sampleRate} Hz (${state(call)})`);
        }
        await call.hangUp();
      }
      return pass('ready at 8, 16, 24 and 48 kHz');
    },
  },
  {
    name: 'takes two calls at once',
    needs: IS_HEARD,
    async check(kit) {
      const first = await answered(kit);
      const second = kit.dial();
      if (!(await second.until(() => second.readyAt !== null, READY_MS))) {
        return skip(`the second was refused (${state(second)}): give the agent max_concurrent_calls 1`);
      }
      second.answer();
      const heard = await Promise.all([first, second].map((call) => heardAtAll(kit, call)));
      return heard.every(Boolean) ? pass('both were heard') : fail('only one of them was heard');
    },
  },
  {
    name: 'comes back after a lost connection',
    needs: IS_HEARD,
    async check(kit) {
      const lost = await answered(kit);
      await lost.wait(300);
      lost.drop();
      await delay(RECONNECT_AFTER_MS);
      const call = kit.dial({ attempt: 1 });
      if (!(await call.until(() => call.readyAt !== null, READY_MS))) return fail(`not ready again (${state(call)})`);
      call.answer();
      return (await heardAtAll(kit, call)) ? pass('ready and heard again') : fail('ready again, but no sound came');
    },
  },
  {
    name: 'hangs up',
    needs: TAKES_CALL,
    async check(kit) {
      if (kit.bye === null) return skip('no keys are known that make it hang up (--bye)');
      const call = await answered(kit);
      await call.press(kit.bye);
      if (!(await call.until(() => call.over, 10_000))) return fail(`it did not within 10 s of the keys ${kit.bye}`);
      return call.hangup === null ? fail(`it broke off instead (${state(call)})`) : pass(state(call));
    },
  },
  {
    name: 'lets go when the caller hangs up',
    needs: TAKES_CALL,
    async check(kit) {
      const call = await answered(kit);
      await call.wait(300);
      if (call.over) return fail(`it was gone before (${state(call)})`);
      const ms = Math.round(await call.hangUp());
      // At 500 ms the connection is cut.
      return ms < 480 ? pass(`closed after ${ms} ms`) : fail('it did not answer the close within 500 ms');
    },
  },
];

const MAYBE_DONE =
  'it fell silent without a clear; whether it was interrupted or had said all, nobody can tell from outside';
const NOT_STOPPED = 'it went on speaking for 5 s: no clear came, and it did not stop by itself';

async function ready(kit: Kit): Promise<CheckCall> {
  const call = kit.dial();
  if (!(await call.until(() => call.readyAt !== null, READY_MS))) throw new NoCall(state(call));
  return call;
}

async function answered(kit: Kit): Promise<CheckCall> {
  const call = await ready(kit);
  call.answer();
  return call;
}

/** A call in which the agent has begun to speak. */
async function speaking(kit: Kit): Promise<CheckCall> {
  const call = await answered(kit);
  if (!(await heardAtAll(kit, call))) throw new NoCall(`no sound came this time (${state(call)})`);
  return call;
}

async function heardAtAll(kit: Kit, call: CheckCall): Promise<boolean> {
  const heard = () => call.audibleMs >= HEARD_MS;
  if (kit.seen.greets && (await call.until(heard, GREETING_MS))) return true;
  const sentence = kit.sentence(call);
  call.say(sentence);
  return await call.until(heard, (sentence.length * 1_000) / call.rates.callerRate + ANSWER_MS);
}

/** There was no call that the behaviour could be seen in. */
export class NoCall extends Error {
  override readonly name = 'NoCall';
}

function state({ loss, hangup, readyAt }: CheckCall): string {
  if (loss !== null) return `${loss.code}: ${loss.detail}`;
  if (hangup !== null) return hangup.drain ? 'it hung up, last words first' : 'it hung up at once';
  return readyAt === null ? 'it was not ready within 10 s' : 'it is there and says nothing';
}

function since(from: number, to: number | null = null): string {
  return `${Math.round((to ?? performance.now()) - from)} ms`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function pass(detail: string): Verdict {
  return { result: 'pass', detail };
}

function fail(detail: string): Verdict {
  return { result: 'fail', detail };
}

function skip(detail: string): Verdict {
  return { result: 'skip', detail };
}
