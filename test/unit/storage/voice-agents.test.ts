import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PrimaryTaken } from '../../../src/agents/ports.ts';
import { openDatabase, SealError } from '../../../src/storage/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, everythingIn } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { assignmentOf, voiceAgent } from '../../support/voice-agent.ts';

/** A new database for each run costs PostgreSQL much more. */
const RUNS = { SQLite: 15, PostgreSQL: 4 } as const;

describe.each(DATABASES)('voice agents ($name)', ({ fresh }) => {
  it('and their assignments are the same after a restart, secrets included', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const [a, b] = [voiceAgent({ createdAt: 1 }), voiceAgent({ createdAt: 2, name: 'Second' })];
    const changed = { ...a, name: 'Renamed', updatedAt: 9 };
    const primary = assignmentOf(a, { isPrimary: true });
    const fallback = assignmentOf(b, {
      createdAt: 2,
      enabled: false,
      position: 4,
      onLost: { reconnectAttempts: 0, then: { action: 'prompt', prompt: 'sorry.ogg' } },
    });
    await first.agents.put(a);
    await first.agents.put(b);
    await first.agents.put(changed);
    await first.agents.putAssignments([primary, fallback]);
    const seen = [first.agents.list(), first.agents.assignments()];
    expect(seen).toEqual([
      [changed, b],
      [primary, fallback],
    ]);
    await first.close();
    const { agents } = await openTestDatabase(place);
    expect([agents.list(), agents.assignments()]).toEqual(seen);
    expect(agents.get(a.id)).toEqual(changed);
    expect(agents.get('unknown')).toBeNull();
    expect(agents.assignment(fallback.id)).toEqual(fallback);
    expect(agents.assignment('unknown')).toBeNull();
  });

  it('are never in the database as they are reached', async () => {
    const place = await fresh();
    const { agents } = await openTestDatabase(place);
    await agents.put(voiceAgent({ name: 'The name in clear' }));
    const stored = await everythingIn(place);
    expect(stored).toContain('The name in clear');
    expect(stored).not.toContain('the-agent-token-in-clear');
  });

  it('do not open with another master key', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    await first.agents.put(voiceAgent());
    await first.close();
    await expect(openDatabase({ ...place, masterKey: Buffer.alloc(32, 9) })).rejects.toThrow(SealError);
  });

  it('take their assignments with them when they are removed', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const [a, b] = [voiceAgent(), voiceAgent()];
    const kept = assignmentOf(b);
    await first.agents.put(a);
    await first.agents.put(b);
    await first.agents.putAssignments([assignmentOf(a), assignmentOf(a, { phoneNumberId: '2' }), kept]);
    expect(await first.agents.remove(a.id)).toBe(true);
    expect(await first.agents.remove(a.id)).toBe(false);
    expect(first.agents.assignments()).toEqual([kept]);
    await first.close();
    const { agents } = await openTestDatabase(place);
    expect(agents.list()).toEqual([b]);
    expect(agents.assignments()).toEqual([kept]);
    expect(await agents.removeAssignment(kept.id)).toBe(true);
    expect(await agents.removeAssignment(kept.id)).toBe(false);
    expect((await openTestDatabase(place)).agents.assignments()).toEqual([]);
  });

  it('are found by their agent and by their number', async () => {
    const { agents } = await openTestDatabase(await fresh());
    const [a, b] = [voiceAgent(), voiceAgent()];
    const [one, two, three] = [assignmentOf(a), assignmentOf(a, { phoneNumberId: '2' }), assignmentOf(b)];
    await agents.put(a);
    await agents.put(b);
    await agents.putAssignments([one, two, three]);
    expect(agents.assignments({ voiceAgentId: a.id })).toEqual([one, two]);
    expect(agents.assignments({ phoneNumberId: one.phoneNumberId })).toEqual([one, three]);
    expect(agents.assignments({ voiceAgentId: a.id, phoneNumberId: '2' })).toEqual([two]);
  });
});

describe.each(DATABASES)('a number ($name)', ({ name, fresh }) => {
  async function twoAgents() {
    const place = await fresh();
    const { agents } = await openTestDatabase(place);
    const [a, b] = [voiceAgent(), voiceAgent()];
    await agents.put(a);
    await agents.put(b);
    return { place, agents, a: assignmentOf(a, { isPrimary: true }), b: assignmentOf(b, { isPrimary: true }) };
  }

  it('has one enabled primary at most, and nothing is kept of a write that would give it two', async () => {
    const { place, agents, a, b } = await twoAgents();
    await agents.putAssignments([a]);
    const elsewhere = { ...b, id: 'elsewhere', phoneNumberId: '2' };
    await expect(agents.putAssignments([elsewhere, b])).rejects.toThrow(PrimaryTaken);
    await expect(agents.putAssignments([b])).rejects.toMatchObject({ phoneNumberId: b.phoneNumberId });
    expect(agents.assignments()).toEqual([a]);
    expect((await openTestDatabase(place)).agents.assignments()).toEqual([a]);
    // One that is not enabled is no rival.
    await agents.putAssignments([{ ...b, enabled: false }]);
    await expect(agents.putAssignments([b])).rejects.toThrow(PrimaryTaken);
  });

  it('may get another primary in one write, in whatever order it is said', async () => {
    const { agents, a, b } = await twoAgents();
    await agents.putAssignments([a]);
    await agents.putAssignments([b, { ...a, isPrimary: false }]);
    await agents.putAssignments([{ ...b, enabled: false }, a]);
    expect(agents.assignments().map(({ isPrimary, enabled }) => isPrimary && enabled)).toEqual([true, false]);
  });

  it('has one primary at most when two are made at once', async () => {
    const { place, agents, a, b } = await twoAgents();
    const outcomes = await Promise.allSettled([agents.putAssignments([a]), agents.putAssignments([b])]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(agents.assignments()).toEqual([a]);
    expect((await openTestDatabase(place)).agents.assignments()).toEqual([a]);
  });

  it('never has two, whatever is written, and memory is as the rows are', async () => {
    const write = fc.record({
      index: fc.integer({ min: 0, max: 3 }),
      number: fc.constantFrom('1', '2'),
      isPrimary: fc.boolean(),
      enabled: fc.boolean(),
      remove: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(write, { maxLength: 3 }), { maxLength: 12 }), async (steps) => {
        const place = await fresh();
        const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
        const { agents } = database;
        const made = [0, 1, 2, 3].map((at) => voiceAgent({ createdAt: at }));
        for (const agent of made) await agents.put(agent);
        for (const step of steps) {
          const [first] = step;
          if (first?.remove === true && step.length === 1) {
            await agents.removeAssignment(`${first.index} at ${first.number}`);
            continue;
          }
          const assignments = step.map(({ index, number, isPrimary, enabled }) =>
            assignmentOf(made[index]!, { id: `${index} at ${number}`, phoneNumberId: number, isPrimary, enabled }),
          );
          await agents.putAssignments(assignments).catch((fault: unknown) => {
            if (!(fault instanceof PrimaryTaken)) throw fault;
          });
          for (const phoneNumberId of ['1', '2']) {
            const answering = agents.assignments({ phoneNumberId }).filter((each) => each.isPrimary && each.enabled);
            expect(answering.length).toBeLessThan(2);
          }
        }
        const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
        const inMemory = agents.assignments().toSorted(byId);
        await database.close();
        const again = await openDatabase({ ...place, masterKey: MASTER_KEY });
        expect(again.agents.assignments().toSorted(byId)).toEqual(inMemory);
        await again.close();
      }),
      { numRuns: RUNS[name] },
    );
  });
});
