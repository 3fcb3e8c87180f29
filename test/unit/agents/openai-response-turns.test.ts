import { beforeEach, describe, expect, it } from 'vitest';
import { ResponseTurns } from '../../../src/agents/wires/openai-realtime/response-turns.ts';

let asked: (string | null)[];
let eventId: string;
let waits: boolean;
let turns: ResponseTurns;

beforeEach(() => {
  asked = [];
  waits = false;
  turns = new ResponseTurns(
    ({ instructions }, id) => {
      asked.push(instructions);
      eventId = id;
    },
    () => waits,
  );
});

const refusal = (about: string | null, code = 'conversation_already_has_active_response') =>
  turns.refused({ kind: 'error', code, about });

describe('asking for responses', () => {
  it('is done one after the other', () => {
    turns.want('a');
    turns.want('b');
    expect(asked).toEqual(['a']);
    turns.created('r1');
    expect(asked).toEqual(['a']);
    turns.done();
    expect(asked).toEqual(['a', 'b']);
  });

  it('is done once for all who want one while another is made', () => {
    turns.created('r1');
    turns.want(null);
    turns.want(null);
    turns.done();
    expect(asked).toEqual([null]);
  });

  it('waits for what the response must know', () => {
    waits = true;
    turns.want(null);
    turns.next();
    expect(asked).toEqual([]);
    waits = false;
    turns.next();
    expect(asked).toEqual([null]);
  });

  it('is done again, once the response that was in the way is done', () => {
    turns.want('greet');
    turns.created('of the service');
    expect(refusal(eventId)).toBe(true);
    expect(asked).toEqual(['greet']);
    turns.done();
    expect(asked).toEqual(['greet', 'greet']);
  });

  it('is done again also if the refusal comes first, or names nobody', () => {
    turns.want('greet');
    expect(refusal(null)).toBe(true);
    expect(asked).toEqual(['greet']);
    turns.created('of the service');
    turns.done();
    expect(asked).toEqual(['greet', 'greet']);
  });

  it('is given up when it is refused for another reason, and does not stand in the way', () => {
    turns.want('greet');
    expect(refusal(eventId, 'invalid_value')).toBe(true);
    turns.want('other');
    expect(asked).toEqual(['greet', 'other']);
  });

  it('is not confused by errors about something else', () => {
    turns.want('greet');
    expect(refusal('talkwire-session', 'invalid_value')).toBe(false);
    expect(refusal(null, 'invalid_value')).toBe(false);
    turns.created('r1');
    turns.done();
    expect(asked).toEqual(['greet']);
  });

  it('is needless once the person speaks', () => {
    turns.created('r1');
    turns.want('tool');
    turns.forget();
    turns.done();
    expect(asked).toEqual([]);
  });

  it('is possible again when the person spoke before an answer came', () => {
    turns.want('greet');
    turns.forget();
    turns.want('tool');
    expect(asked).toEqual(['greet', 'tool']);
  });
});
