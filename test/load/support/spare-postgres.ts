import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** Makes a database on this server, gives its URL to `work`, and drops it again. */
export async function withPostgres<T>(server: string, work: (url: string) => Promise<T>): Promise<T> {
  const name = `talkwire_bench_${randomBytes(6).toString('hex')}`;
  await run(server, `create database ${name}`);
  try {
    const own = new URL(server);
    own.pathname = `/${name}`;
    return await work(own.href);
  } finally {
    await run(server, `drop database ${name} with (force)`);
  }
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
