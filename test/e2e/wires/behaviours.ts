import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { resample, samplesToMs } from '../../../src/audio/index.ts';
import {
  type Line,
  type Outcome,
  type PlaceOptions,
  type ScriptedAgent,
  trace,
  unixNow,
  voice,
  type WireHouse,
} from '../../support/scripted-agents/index.ts';
import { Recording, type Utterance } from './judge.ts';

/** A frame that is being sent, and the one before it. */
const FRAME_MS = 20;
/**
 * What two busy cores add to a moment that is measured over a socket: phone and agent live in one thread, which may be
 * doing something else when either is told.
 */
const MACHINE_MS = 40;

/** What is played on a call; judged when all calls are over, because judging takes time from those that are not. */
export interface Behaviour {
  readonly name: string;
  /** Whether the agent's protocol has a word for it. Default: every one has. */
  readonly suits?: (agent: ScriptedAgent) => boolean;
  readonly place?: (agent: ScriptedAgent) => PlaceOptions;
  /** All that the agent says. */
  readonly says?: readonly Utterance[];
  play(scene: Scene): Promise<Judge>;
}

export interface Scene extends Line {
  readonly house: WireHouse;
  /** Another call on the same bridge. */
  readonly other: Line;
}

export type Judge = (outcome: Outcome & { readonly heard: Recording; readonly other: Recording }) => void;

/** As the agent says it. */
function sound(agent: ScriptedAgent, { seed, ms }: Utterance): Int16Array {
  return voice(seed, ms, agent.agentRate);
}

const GREETING: Utterance = { seed: 0, ms: 1_500 };

const greeting: Behaviour = {
  name: 'a greeting is heard whole',
  says: [GREETING],
  place: (agent) => ({ onConnected: (call) => call.say(sound(agent, GREETING)) }),
  async play() {
    await sleep(GREETING.ms + 600);
    return ({ heard, record }) => {
      heard.expectWhole(GREETING);
      expect(record.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
    };
  },
};

const OLD: Utterance = { seed: 1, ms: 12_000 };
const ANSWER: Utterance = { seed: 2, ms: 800 };

const bargeIn: Behaviour = {
  name: 'after an interruption nothing old is heard, and what is new is heard whole',
  says: [OLD, ANSWER],
  async play({ house: { agent }, call }) {
    call.say(sound(agent, OLD), 'old');
    const mark = agent.can.marks ? call.mark('end-of-old') : null;
    await sleep(1_500);
    const clearedAt = unixNow();
    call.clear();
    call.say(sound(agent, ANSWER), 'answer');
    const marked = await mark;
    const playedMs = agent.can.accounts ? await call.playedMs('old') : null;
    await sleep(ANSWER.ms + 700);
    return ({ heard }) => {
      const answerAt = heard.expectWhole(ANSWER);
      const oldAt = heard.expectWhole({ ...OLD, ms: 600 });
      const heardMs = answerAt - oldAt;
      heard.expectWhole({ ...OLD, ms: Math.floor(heardMs / 200) * 200 - 200 });
      heard.expectSilence(answerAt + ANSWER.ms + FRAME_MS);
      expect(heard.dueOf(answerAt) - clearedAt).toBeLessThan(2 * FRAME_MS + MACHINE_MS);
      if (marked !== null) expect(marked.at - clearedAt).toBeLessThan(FRAME_MS + MACHINE_MS);
      if (playedMs !== null) expect(Math.abs(playedMs - heardMs)).toBeLessThan(FRAME_MS + 1);
    };
  },
};

const WORDS: readonly Utterance[] = [1, 2, 3, 4, 5].map((seed) => ({ seed, ms: 400 }));

const marks: Behaviour = {
  name: 'a mark is told within 20 ms of the packet that carried the sound before it',
  suits: ({ can }) => can.marks,
  says: WORDS,
  async play({ house: { agent }, call }) {
    const told = await Promise.all(
      WORDS.map((word) => {
        call.say(sound(agent, word));
        return call.mark(`after-${word.seed}`);
      }),
    );
    await sleep(300);
    return ({ heard }) => {
      const off = WORDS.map((word, n) => told[n]!.at - heard.arrivalOf(heard.expectWhole(word) + word.ms - 1));
      // One may be late by the machine, which has other work; most are not.
      expect(off.toSorted((a, b) => a - b)[2], `late by ${off}`).toBeLessThan(FRAME_MS);
      expect(Math.min(...off), `late by ${off}`).toBeGreaterThan(-FRAME_MS);
      expect(Math.max(...off), `late by ${off}`).toBeLessThan(FRAME_MS + MACHINE_MS);
      expect(told.map(({ cleared }) => cleared)).toEqual(WORDS.map(() => false));
    };
  },
};

const keys: Behaviour = {
  name: 'keys that the person presses reach the agent',
  async play({ call, phone }) {
    phone.press('12#');
    const pressed = await call.keys(3);
    return () => expect(pressed).toBe('12#');
  },
};

const CALLER: Utterance = { seed: 6, ms: 2_000 };
/** The phone is picked up a moment before the agent is put on the line. */
const BREATH_MS = 1_000;

const caller: Behaviour = {
  name: 'the agent hears the person',
  place: () => ({
    audio: Int16Array.of(...new Int16Array(BREATH_MS * 16), ...voice(CALLER.seed, CALLER.ms, 16_000)),
  }),
  async play({ house: { agent }, call, phone }) {
    await phone.waitFor('spoken', 15_000);
    await sleep(500);
    const pcm = call.heard;
    return () => {
      const pieces = trace(voice(CALLER.seed, CALLER.ms, 16_000), resample(pcm, agent.callerRate, 16_000));
      // The phone speaks on time only as far as this machine lets it, and its jitter is what the bridge must even out.
      const same = pieces.filter(({ match }) => match > 0.7);
      expect(same.length, `${pieces.map(({ match }) => match.toFixed(2))}`).toBeGreaterThan(pieces.length / 2);
      expect(samplesToMs(pcm.length, agent.callerRate)).toBeGreaterThan(CALLER.ms);
    };
  },
};

const GOODBYE: Utterance = { seed: 3, ms: 1_500 };

const farewell: Behaviour = {
  name: 'an agent that hangs up is heard to its last word',
  says: [GOODBYE],
  async play({ house: { agent }, call, phone }) {
    call.say(sound(agent, GOODBYE));
    call.hangUp();
    await phone.waitFor('closed', 10_000);
    return ({ heard, record }) => {
      heard.expectWhole(GOODBYE);
      expect(record.ending).toMatchObject({ class: 'completed', reason: 'agent_hangup', ended_by: 'agent' });
    };
  },
};

const callerHangUp: Behaviour = {
  name: 'a person who hangs up is told to the agent within 500 ms',
  async play({ call, phone }) {
    // Most other calls are over by then.
    await sleep(4_500);
    const hungUpAt = unixNow();
    phone.hangUp();
    const toldMs = (await call.ended) - hungUpAt;
    return ({ record }) => {
      expect(toldMs).toBeLessThan(500);
      expect(record.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
    };
  },
};

const BEFORE: Utterance = { seed: 1, ms: 800 };
const AFTER: Utterance = { seed: 2, ms: 800 };

const comesBack: Behaviour = {
  name: 'an agent that is lost and comes back is heard again, with the comfort tone between',
  says: [BEFORE, AFTER],
  async play({ house, call }) {
    call.say(sound(house.agent, BEFORE), 'before');
    await sleep(1_000);
    const resumed = await house.redial(() => call.kill(), 2_500);
    resumed.say(sound(house.agent, AFTER), 'after');
    await resumed.answered;
    await sleep(AFTER.ms + 600);
    return ({ heard, record }) => {
      const beforeAt = heard.expectWhole(BEFORE);
      const afterAt = heard.expectWhole(AFTER, beforeAt + BEFORE.ms);
      heard.expectComfortTone(beforeAt + BEFORE.ms, afterAt);
      expect(record.timeline.map(({ type }) => type)).toContain('agent_reconnecting');
      expect(record.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
    };
  },
};

const givenUp: Behaviour = {
  name: 'an agent that is lost more often than it may ends the call',
  async play({ house, call, phone }) {
    const again = await house.redial(() => call.kill());
    await again.answered;
    again.kill();
    await phone.waitFor('closed', 10_000);
    return ({ record }) => {
      expect(record.ending).toMatchObject({ class: 'dropped', reason: 'agent_lost', detail: 'socket_lost' });
    };
  },
};

const STALL_MS = 300;
const STALLS = [500, 3_000, 5_500].map((from) => [from, from + STALL_MS] as const);

const SPEECH: Utterance = { seed: 4, ms: 6_400 };

const stalls: Behaviour = {
  name: 'an agent that stalls 300 ms every 2.5 s is late by it once, and nothing is lost',
  says: [SPEECH],
  async play({ house: { agent }, call }) {
    await call.sayPaced(sound(agent, SPEECH), STALLS);
    await sleep(700);
    return ({ heard, record }) => {
      expect(record.quality?.['playout_underruns']).toBeGreaterThan(0);
      const pieces = heard.piecesOf(SPEECH, STALL_MS + 200);
      // What was late once waits from then on: the stalls after it make no hole.
      const [, second] = STALLS[1]!;
      expect(pieces.filter(({ saidMs, whole }) => saidMs > second && !whole)).toEqual([]);
      const delays = pieces.filter(({ whole }) => whole).map(({ delayMs }) => Math.round(delayMs));
      const steps = delays.slice(1).map((delay, n) => delay - delays[n]!);
      expect(Math.min(...steps), `nothing is thrown away: ${delays}`).toBeGreaterThan(-5);
      expect(delays.at(-1)! - delays[0]!, `${delays}`).toBeLessThan(STALL_MS + STALL_MS / 2);
    };
  },
};

const LECTURE: Utterance = { seed: 5, ms: 30_000 };

const dump: Behaviour = {
  name: 'half a minute said at once is played without a break',
  says: [LECTURE],
  async play({ house: { agent }, call }) {
    call.say(sound(agent, LECTURE));
    await sleep(4_000);
    return ({ heard, record }) => {
      heard.expectWhole({ ...LECTURE, ms: 3_400 });
      expect(record.quality).toMatchObject({ playout_underruns: 0, agent_audio_dropped_ms: 0 });
    };
  },
};

const malformed: Behaviour = {
  name: 'messages that are not valid leave the call alone',
  says: [BEFORE],
  async play({ house: { agent }, call }) {
    await call.garble();
    call.say(sound(agent, BEFORE));
    await sleep(BEFORE.ms + 600);
    return ({ heard, record }) => {
      heard.expectWhole(BEFORE);
      expect(record.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
    };
  },
};

const flood: Behaviour = {
  name: 'an agent that sends nothing else is given up',
  async play({ call, phone }) {
    await call.flood(150);
    await phone.waitFor('closed', 10_000);
    return ({ record }) => {
      expect(record.ending).toMatchObject({ class: 'dropped', reason: 'agent_lost', detail: 'protocol_error' });
    };
  },
};

const LONG: Utterance = { seed: 2, ms: 2_000 };

const oversized: Behaviour = {
  name: 'a message that is too long costs the agent its call, and no other call anything',
  says: [LONG],
  async play({ house: { agent }, call, phone, other }) {
    other.call.say(sound(agent, LONG));
    await sleep(500);
    call.oversize();
    await phone.waitFor('closed', 10_000);
    await sleep(LONG.ms);
    return ({ record, other: heard }) => {
      expect(record.ending).toMatchObject({ class: 'dropped', reason: 'agent_lost', detail: 'protocol_error' });
      heard.expectWhole(LONG);
    };
  },
};

export const SAME_AT_EVERY_RATE: readonly Behaviour[] = [greeting, bargeIn, caller];

export const BEHAVIOURS: readonly Behaviour[] = [
  ...SAME_AT_EVERY_RATE,
  stalls,
  marks,
  keys,
  farewell,
  callerHangUp,
  comesBack,
  givenUp,
  dump,
  malformed,
  flood,
  oversized,
];

/** Plays every behaviour on calls of their own, all at once. What fails, fails in its judge. */
export async function playAll(
  house: WireHouse,
  behaviours: readonly Behaviour[],
): Promise<ReadonlyMap<string, Judgement>> {
  const { agent } = house;
  const suited = behaviours.filter(({ suits }) => suits?.(agent) ?? true);
  // Sound is made before the calls, which it would hold up.
  for (const utterance of suited.flatMap(({ says }) => says ?? [])) sound(agent, utterance);
  const other = await house.place();
  const lines = await Promise.all(suited.map(({ place }) => house.place(place?.(agent))));
  const played = await Promise.allSettled(
    suited.map(async (behaviour, n) => {
      const line = lines[n]!;
      const judge = await behaviour.play({ ...line, house, other });
      await house.end(line);
      return judge;
    }),
  );
  await house.end(other);
  const besides = new Recording((await house.outcomeOf(other)).phone);
  return new Map(
    suited.map(({ name }, n) => [
      name,
      async () => {
        const play = played[n]!;
        if (play.status === 'rejected') throw play.reason;
        const outcome = await house.outcomeOf(lines[n]!);
        play.value({ ...outcome, heard: new Recording(outcome.phone), other: besides });
      },
    ]),
  );
}

export type Judgement = () => Promise<void>;
