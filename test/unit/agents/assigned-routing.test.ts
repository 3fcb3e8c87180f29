import { describe, expect, it } from 'vitest';
import { AssignedRouting } from '../../../src/agents/index.ts';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { addNumber, addProject } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { assignmentOf, voiceAgent } from '../../support/voice-agent.ts';

/** A number of the first project, an agent of that one and an agent of another, both assigned to it. */
async function house() {
  const database = await openTestDatabase();
  const { agents, numbers } = database;
  await addNumber(database, PHONE_NUMBER_ID);
  const other = await addProject(database);
  const [ours, theirs] = [voiceAgent(), voiceAgent({ projectId: other.id })];
  for (const agent of [ours, theirs]) await agents.put(agent);
  await agents.putAssignments([assignmentOf(theirs, { isPrimary: true }), assignmentOf(ours)]);
  const routing = new AssignedRouting(numbers, agents);
  const chain = () => routing.rulesOf(PHONE_NUMBER_ID)?.chain.map(({ agent }) => agent.id);
  const choice = (id: string) => routing.choiceOf(id, PHONE_NUMBER_ID)?.agent.id ?? null;
  return { database, other, ours, theirs, chain, choice };
}

describe('the agents of a number', () => {
  it('are of its own project, whatever is assigned', async () => {
    const { ours, theirs, chain, choice } = await house();
    expect(chain()).toEqual([ours.id]);
    expect([choice(ours.id), choice(theirs.id), choice('unknown')]).toEqual([ours.id, null, null]);
  });

  it('are others when the number moves to another project', async () => {
    const { database, other, ours, theirs, chain, choice } = await house();
    await addNumber(database, PHONE_NUMBER_ID, other.id);
    expect(chain()).toEqual([theirs.id]);
    expect([choice(ours.id), choice(theirs.id)]).toEqual([null, theirs.id]);
    await addNumber(database, PHONE_NUMBER_ID, DEFAULT_PROJECT_ID);
    expect(chain()).toEqual([ours.id]);
  });

  it('are none of a number that is not ours', async () => {
    const { database, ours, choice } = await house();
    await database.numbers.remove(PHONE_NUMBER_ID, 1);
    expect(choice(ours.id)).toBeNull();
  });
});
