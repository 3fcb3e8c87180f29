import type { Kysely } from 'kysely';
import type { Payload, PayloadMore } from '../events/ports.ts';
import type { ArtifactEvent, ArtifactSink } from '../signaling/ports.ts';
import { callDetail } from './call-detail.ts';
import { appendEvent } from './call-row.ts';
import type { GroupCommit } from './group-commit.ts';
import { lookUpProject } from './project-of-number.ts';
import type { Schema } from './schema.ts';
import { tell } from './tell.ts';

/** What WhatsApp made of a call: a line in its timeline, and word to others, also of a call that has no record here. */
export class CallArtifacts implements ArtifactSink {
  readonly #writes: GroupCommit;

  constructor(writes: GroupCommit) {
    this.#writes = writes;
  }

  async handle(artifact: ArtifactEvent): Promise<void> {
    await this.#writes.run(async (db) => {
      const call = await db
        .selectFrom('calls')
        .select(['id', 'project_id'])
        .where('call_id', '=', artifact.callId)
        .where('phone_number_id', '=', artifact.phoneNumberId)
        .executeTakeFirst();
      if (call !== undefined) await note(db, call.id, artifact);
      await tellReady(db, call ?? null, artifact);
    });
  }
}

/** Once: Meta repeats its webhooks. */
async function note(
  db: Kysely<Schema>,
  id: string,
  { kind, mediaId, mimeType, sha256, at }: ArtifactEvent,
): Promise<void> {
  const type = `${kind}_ready`;
  const data = { mediaId, mimeType, sha256 };
  const line = await db
    .selectFrom('call_events')
    .select('id')
    .where('call_key', '=', id)
    .where('type', '=', type)
    .where('data', '=', JSON.stringify(data))
    .executeTakeFirst();
  if (line === undefined) await appendEvent(db, id, at, type, data);
}

async function tellReady(
  db: Kysely<Schema>,
  call: { readonly id: string; readonly project_id: string } | null,
  artifact: ArtifactEvent,
): Promise<void> {
  const { kind, phoneNumberId, callId, mediaId, at } = artifact;
  const type = `whatsapp.call.${kind}_ready` as const;
  const about = {
    projectId: call?.project_id ?? (await lookUpProject(db, phoneNumberId)),
    phoneNumberId,
    orderingKey: call?.id ?? callId,
    idempotencyKey: `${type}:${callId}:${mediaId}`,
    at,
  };
  await tell(db, type, about, async () => {
    // As in call-events.ts: the record is that part of the payload.
    const detail = call === null ? null : ((await callDetail(db, call.id)) as Payload<typeof type>['call']);
    const parties = {
      contact: detail?.whatsapp_contact ?? null,
      conversation: detail?.whatsapp_conversation ?? null,
    };
    const file = { call_id: callId, media_id: mediaId, sha256: artifact.sha256, mime_type: artifact.mimeType };
    return { call: detail, ...parties, [kind]: file } as PayloadMore<typeof type>;
  });
}
