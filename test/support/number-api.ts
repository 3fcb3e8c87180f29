import { onTestFinished } from 'vitest';
import type { Database, DatabasePlace } from '../../src/storage/index.ts';
import { addProject, apiKeyOf, type TestApi, testApi } from './api-server.ts';
import { openTestDatabase } from './database.ts';
import { clientOf, GraphServer } from './graph-server.ts';
import { hearAll } from './told.ts';

export const NUMBERS = '/platform/v1/whatsapp/phone_numbers';

export interface NumberApi extends TestApi {
  readonly graph: GraphServer;
  readonly database: Database;
  /** A key that opens everything of another project. */
  readonly otherKey: string;
}

/**
 * The HTTP server with a Graph that answers by a script and is asked with the tokens of the numbers.
 *
 * @param patienceMs for one thing that is asked of it
 */
export async function numberApi(place?: DatabasePlace, patienceMs = 15_000): Promise<NumberApi> {
  const graph = await GraphServer.start();
  const database = await openTestDatabase(place);
  await hearAll(database);
  const client = clientOf(graph, {
    directory: database.numbers,
    budgetsMs: { read: patienceMs, forward: patienceMs },
    timeoutMs: patienceMs / 2,
  });
  onTestFinished(async () => {
    await client.close();
    await graph.stop();
  });
  const api = await testApi({ database, numberGraph: client.numbers });
  const other = await addProject(database);
  return { ...api, graph, database, otherKey: await apiKeyOf(database, { projectId: other.id }) };
}
